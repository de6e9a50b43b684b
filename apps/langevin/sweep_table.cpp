// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "sweep_table.hpp"

#include <kramers/base/error.hpp>
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

void write_observables(h5::Writer& file, Rows const& rows) {
  for (std::string const& name : names_in(rows, "observables")) {
    std::string const group = "sweep/observables/" + name;
    Pointer const place("/observables/" + name);
    write_column(file, group + "/value", rows, place / "value");
    write_column(file, group + "/error", rows, place / "stderr");
    if (!any(rows, place / "interval")) continue;
    write_column(file, group + "/lower", rows, place / "interval" / 0);
    write_column(file, group + "/upper", rows, place / "interval" / 1);
  }
}

void write_references(h5::Writer& file, Rows const& rows) {
  for (std::string const& name : names_in(rows, "references")) {
    Pointer const place("/references/" + name);
    bool const has_numbers = std::ranges::any_of(rows, [&](auto const& row) { return is_known(row, place); });
    if (has_numbers) write_column(file, "sweep/references/" + name, rows, place);
  }
}

/// What a row says of itself: why it has no rate, or what is to be known of it.
std::string note_of(nlohmann::json const& row) {
  if (row.contains("note")) return row["note"];
  Pointer const place("/observables/rate/note");
  return row.contains(place) ? row.at(place).get<std::string>() : std::string();
}

/// Parameters that all points share, as attributes of /parameters that a file of one run has too.
void write_parameters(h5::Writer& file, Sweep const& sweep, nlohmann::json const& input) {
  constexpr std::array shared = {
      std::pair{"kT", "integrator.temperature"}, std::pair{"friction", "integrator.friction"},
      std::pair{"mass", "integrator.mass"},      std::pair{"dt", "integrator.dt"},
      std::pair{"walkers", "ensemble.walkers"},  std::pair{"steps", "run.steps"}};
  auto const axes = sweep.axes();
  file.group("parameters");
  for (auto const& [name, key] : shared) {
    if (std::ranges::find(axes, key, &SweepAxis::key) != axes.end()) continue;
    std::string path = std::string("/") + key;
    std::ranges::replace(path, '.', '/');
    file.attribute("parameters", name, number(input, Pointer(path)));
  }
  for (auto const& [name, path] :
       {std::pair{"scheme", "/integrator/scheme"}, std::pair{"potential", "/potential/kind"}}) {
    file.attribute("parameters", name, input.at(Pointer(path)).get<std::string>());
  }
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

nlohmann::json summarise(AppRun const& run, Sweep const& sweep, std::vector<nlohmann::json> const& rows,
                         double seconds) {
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

void write_sweep(std::filesystem::path const& path, Sweep const& sweep, nlohmann::json const& summary,
                 nlohmann::json const& provenance, InputRecord const& input) {
  Rows const& rows = summary["rows"];
  h5::Writer file(path, Communicator::self());
  file.attribute("/", "app", "kramers-langevin");
  file.attribute("/", "version", version());
  nlohmann::json head = summary;
  head.erase("rows");  // which are the table
  file.attribute("/", "summary", head.dump());
  file.attribute("/", "provenance", provenance.dump());
  write_input(file, input);
  write_parameters(file, sweep, summary["input"]);

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
  write_observables(file, rows);
  write_references(file, rows);
  file.commit();
}

void print_sweep(nlohmann::json const& summary) {
  Rows const& rows = summary["rows"];
  std::printf("%zu points on %s (%s), %d ranks x %d threads: %.2f s\n\n", rows.size(),
              summary["space"].get<std::string>().c_str(), summary["precision"].get<std::string>().c_str(),
              summary["ranks"].get<int>(), summary["threads"].get<int>(), summary["wall_s"].get<double>());
  std::string const observed = any(rows, Pointer("/observables/rate")) ? "rate" : "potential_energy";
  std::string const theory = theory_in(rows);
  std::vector<std::array<std::string, 3>> columns;  // heading, place, format
  for (auto const& axis : summary["sweep"]) {
    std::string const key = axis["key"];
    columns.push_back({key, "/values/" + key, "%.6g"});
  }
  columns.push_back({observed, "/observables/" + observed + "/value", "%.7g"});
  columns.push_back({"stderr", "/observables/" + observed + "/stderr", "%.2g"});
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
