// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "sweep_table.hpp"

#include <kramers/base/error.hpp>
#include <kramers/dynamics/studies/study_units.hpp>
#include <kramers/runtime/h5.hpp>
#include <kramers/runtime/kokkos_session.hpp>
#include <kramers/runtime/provenance.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>
#include <set>
#include <string>
#include <utility>

namespace kramers::langevin {

namespace {

using Rows = nlohmann::json;
using Pointer = nlohmann::json::json_pointer;

double number(nlohmann::json const& row, Pointer const& place) {
  constexpr double unknown = std::numeric_limits<double>::quiet_NaN();
  return row.contains(place) && row.at(place).is_number() ? row.at(place).get<double>() : unknown;
}

bool is_known(nlohmann::json const& row, Pointer const& place) {
  return row.contains(place) && row.at(place).is_number();
}

/// What stands at this place of each row; NaN where that is no number.
std::vector<double> column(Rows const& rows, Pointer const& place) {
  std::vector<double> values;
  for (auto const& row : rows) values.push_back(number(row, place));
  return values;
}

void write_column(h5::Writer& file, std::string const& name, Rows const& rows, Pointer const& place) {
  file.write(name, column(rows, place), {rows.size()});
}

/// The same of a result, with its unit.
void write_result(h5::Writer& file, UnitSystem const& units, std::string const& result, std::string const& name,
                  Rows const& rows, Pointer const& place) {
  write_column(file, name, rows, place);
  auto const dimension = result_dimension(result);
  if (units.is_reduced() || !dimension || dimension->empty()) return;
  file.attribute(name, "unit", units.h5md_unit(*dimension));
}

/// Names that any of the rows has in this table of it.
std::set<std::string> names_in(Rows const& rows, std::string const& table) {
  std::set<std::string> names;
  for (auto const& row : rows) {
    if (!row.contains(table)) continue;  // of a point that failed
    for (auto const& [name, value] : row[table].items()) names.insert(name);
  }
  return names;
}

bool any(Rows const& rows, Pointer const& place) {
  return std::ranges::any_of(rows, [&](auto const& row) { return row.contains(place); });
}

void write_observables(h5::Writer& file, UnitSystem const& units, Rows const& rows) {
  for (std::string const& name : names_in(rows, "observables")) {
    std::string const group = "sweep/observables/" + name;
    Pointer const place("/observables/" + name);
    auto const write = [&](char const* part, Pointer const& at) {
      write_result(file, units, name, group + part, rows, at);
    };
    write("/value", place / "value");
    write("/error", place / "stderr");
    if (!any(rows, place / "interval")) continue;
    write("/lower", place / "interval" / 0);
    write("/upper", place / "interval" / 1);
  }
}

void write_references(h5::Writer& file, UnitSystem const& units, Rows const& rows) {
  for (std::string const& name : names_in(rows, "references")) {
    Pointer const place("/references/" + name);
    bool const has_numbers = std::ranges::any_of(rows, [&](auto const& row) { return is_known(row, place); });
    if (has_numbers) write_result(file, units, name, "sweep/references/" + name, rows, place);
  }
}

/// What a row says of itself: why it has no rate, or what is to be known of it.
std::string note_of(nlohmann::json const& row) {
  if (row.contains("note")) return row["note"];
  for (std::string const name :
       {"spectral_amplification", "response_in_phase", "rate"}) {  // of driven walkers, of others
    Pointer const place("/observables/" + name);
    if (row.contains(place)) return row.at(place).value("note", std::string());
  }
  return {};
}

/// Parameters that all points share, as attributes of /parameters that a file of one run has too.
void write_parameters(h5::Writer& file, std::vector<StudyParams> const& points) {
  file.group("parameters");
  auto const share = [&](char const* name, auto const& of) {
    auto const value = of(points.front());
    bool const shared = std::ranges::all_of(points, [&](StudyParams const& point) { return of(point) == value; });
    if (shared) file.attribute("parameters", name, value);
  };
  share("kT", [](StudyParams const& point) { return point.request.params.langevin.temperature; });
  share("friction", [](StudyParams const& point) { return point.request.params.langevin.friction; });
  share("mass", [](StudyParams const& point) { return point.request.params.langevin.mass; });
  share("dt", [](StudyParams const& point) { return point.request.params.langevin.dt; });
  share("walkers", [](StudyParams const& point) { return point.request.params.walkers; });
  share("steps", [](StudyParams const& point) { return point.steps; });
  file.attribute("parameters", "scheme", points.front().request.scheme);
  file.attribute("parameters", "potential", points.front().request.potential->kind());
}

std::string cell(nlohmann::json const& row, Pointer const& place, char const* format) {
  if (!is_known(row, place)) return "-";
  char text[40];
  std::snprintf(text, sizeof text, format, number(row, place));
  return text;
}

/// The best theory of the rate that the rows have.
std::string theory_in(Rows const& rows) {
  for (char const* const name : {"rate_turnover", "rate_kramers_grote_hynes", "rate_kramers_overdamped"}) {
    if (any(rows, Pointer(std::string("/references/") + name))) return name;
  }
  return {};
}

}  // namespace

nlohmann::json summarise(AppRun const& run, Sweep const& sweep, UnitSystem const& units,
                         std::vector<nlohmann::json> const& rows, double seconds) {
  nlohmann::json summary = {{"app", run.app},
                            {"version", version()},
                            {"space", run.options.space},
                            {"precision", run.options.precision},
                            {"ranks", run.comm.size()},
                            {"threads", thread_count(run.options.space)},
                            {"wall_s", seconds},
                            {"rows", rows},
                            {"warnings", nlohmann::json::array()}};
  for (SweepAxis const& axis : sweep.axes()) {
    summary["sweep"].push_back(
        {{"key", axis.key}, {"values", axis.values}, {"scale", axis.is_logarithmic ? "log" : "linear"}});
  }
  nlohmann::json found = nlohmann::json::object();  // of any row: each has numbers that others may lack
  for (auto const& row : rows) found.merge_patch(row);
  summary["units"] = units_json(units, found);
  for (std::size_t point = 0; point < rows.size(); ++point) {
    std::string const name = sweep.name(static_cast<std::int64_t>(point)) + ": ";
    if (rows[point].contains("note")) summary["warnings"].push_back(name + rows[point]["note"].get<std::string>());
    if (!rows[point].contains("warnings")) continue;
    for (auto const& warning : rows[point]["warnings"]) {
      summary["warnings"].push_back(name + warning.get<std::string>());
    }
  }
  return summary;
}

void write_sweep(std::filesystem::path const& path, Sweep const& sweep, std::vector<StudyParams> const& points,
                 nlohmann::json const& summary, nlohmann::json const& provenance, InputRecord const& input) {
  UnitSystem const& units = points.front().units;
  Rows const& rows = summary["rows"];
  h5::Writer file(path, Communicator::self());
  file.attribute("/", "app", "kramers-langevin");
  file.attribute("/", "version", version());
  nlohmann::json head = summary;
  head.erase("rows");  // which are the table
  file.attribute("/", "summary", head.dump());
  file.attribute("/", "provenance", provenance.dump());
  write_input(file, input);
  write_parameters(file, points);

  std::vector<std::string> keys, scales;
  std::vector<std::int64_t> counts;
  file.group("sweep");
  for (SweepAxis const& axis : sweep.axes()) {
    keys.push_back(axis.key);
    scales.emplace_back(axis.is_logarithmic ? "log" : "linear");
    counts.push_back(std::ssize(axis.values));
    write_column(file, "sweep/values/" + axis.key, rows, Pointer("/values") / axis.key);
  }
  file.attribute("sweep", "keys", keys);
  file.attribute("sweep", "scales", scales);
  file.attribute("sweep", "counts", counts);
  std::vector<std::uint64_t> hashes;
  nlohmann::json notes = nlohmann::json::array();
  for (auto const& row : rows) {
    hashes.push_back(row.contains("state_hash") ? std::stoull(row["state_hash"].get<std::string>(), nullptr, 16) : 0);
    notes.push_back(note_of(row));
  }
  file.write("sweep/state_hash", hashes, {hashes.size()});
  file.write("sweep/notes", std::string_view(notes.dump()));
  write_observables(file, units, rows);
  write_references(file, units, rows);
  file.commit();
}

void print_sweep(nlohmann::json const& summary) {
  Rows const& rows = summary["rows"];
  std::printf("%zu points on %s (%s), %d ranks x %d threads: %.2f s\n\n", rows.size(),
              summary["space"].get<std::string>().c_str(), summary["precision"].get<std::string>().c_str(),
              summary["ranks"].get<int>(), summary["threads"].get<int>(), summary["wall_s"].get<double>());
  bool const is_driven = any(rows, Pointer("/observables/spectral_amplification"));
  std::string const observed = is_driven                                 ? "spectral_amplification"
                               : any(rows, Pointer("/observables/rate")) ? "rate"
                                                                         : "potential_energy";
  std::string const theory = theory_in(rows);
  std::vector<std::array<std::string, 3>> columns;  // heading, place, format
  for (auto const& axis : summary["sweep"]) {
    std::string const key = axis["key"];
    columns.push_back({key, "/values/" + key, "%.6g"});
  }
  columns.push_back({observed, "/observables/" + observed + "/value", "%.7g"});
  columns.push_back({"stderr", "/observables/" + observed + "/stderr", "%.2g"});
  if (is_driven) columns.push_back({"phase_lag", "/observables/response_phase_lag/value", "%.4g"});
  if (any(rows, Pointer("/references/rate_exact"))) columns.push_back({"rate_exact", "/references/rate_exact", "%.7g"});
  if (!theory.empty()) columns.push_back({theory, "/references/" + theory, "%.7g"});
  auto const width = [](std::string const& heading) { return std::max(14, static_cast<int>(heading.size())); };
  for (auto const& [heading, place, format] : columns) std::printf("  %*s", width(heading), heading.c_str());
  std::printf("\n");
  for (auto const& row : rows) {
    for (auto const& [heading, place, format] : columns) {
      std::printf("  %*s", width(heading), cell(row, Pointer(place), format.c_str()).c_str());
    }
    std::printf("\n");
    if (std::string const note = note_of(row); !note.empty()) std::printf("      %s\n", note.c_str());
  }
}

}  // namespace kramers::langevin
