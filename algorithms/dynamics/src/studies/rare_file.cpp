// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/studies/rare_study.hpp>
#include <kramers/dynamics/studies/study_units.hpp>
#include <kramers/runtime/h5.hpp>
#include <kramers/runtime/provenance.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <ranges>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace kramers::dynamics {
namespace {

void write_parameters(h5::Writer& file, RareRequest const& request, nlohmann::json const& summary) {
  file.group("/parameters");
  auto const put = [&](char const* name, auto const& value) { file.attribute("/parameters", name, value); };
  put("potential", request.potential->kind());
  put("scheme", request.scheme);
  put("method", summary.at("method").get<std::string>());
  put("kT", request.langevin.temperature);
  put("friction", request.langevin.friction);
  put("mass", request.langevin.mass);
  put("dt", request.langevin.dt);
  put("seed", request.splitting.seed);
  write_attribute_units(file, request.units, "parameters");
}

/// Where each bin begins, and at last B, which has no level of its own: the end of the last bin.
std::vector<double> bin_levels(Level const& level) {
  std::vector<double> levels = level.fixed;
  if (levels.empty()) {
    for (int b = 0; b <= level.bins; ++b) levels.push_back(level.first + (level.last - level.first) * b / level.bins);
  } else {
    levels.push_back(level.last);
  }
  return levels;
}

void write_splitting(h5::Writer& file, RareRequest const& request, RareResult const& result, bool root) {
  SplittingParams const& p = request.splitting;
  auto const rows = static_cast<std::uint64_t>(p.repeats);
  auto const columns = static_cast<std::uint64_t>(p.passage.bins()) + 1;
  std::vector<double> flux, probability, rate, variance, reached, shares;
  std::vector<std::int64_t> crossings, path_steps, stages, roots, extinct;
  for (SplittingRepeat const& one : result.repeats) {
    flux.push_back(one.flux);
    probability.push_back(one.probability);
    rate.push_back(one.rate());
    variance.push_back(one.relative_variance);
    crossings.push_back(one.crossings);
    path_steps.push_back(one.path_steps);
    stages.push_back(one.stages);
    roots.push_back(one.roots);
    extinct.push_back(one.extinct ? 1 : 0);
    reached.insert(reached.end(), one.reached.begin(), one.reached.end());
    shares.insert(shares.end(), one.shares.begin(), one.shares.end());
  }
  SplittingResult const found = root ? summarise(result.repeats) : SplittingResult{};
  auto const write = [&](std::string const& name, auto const& values, h5::Extents const& extents) {
    std::string const dataset = "kramers/rare/" + name;
    file.write(dataset, values, extents);
    write_unit(file, request.units, dataset);
  };
  write("level", bin_levels(p.passage.level), {columns});
  write("probability", found.reached, {columns});
  write("probability_error", found.reached_error, {columns});
  write("repeats/rate", rate, {rows});
  write("repeats/flux", flux, {rows});
  write("repeats/probability", probability, {rows});
  write("repeats/relative_variance", variance, {rows});
  write("repeats/reached", reached, {rows, columns});
  write("repeats/crossings", crossings, {rows});
  write("repeats/path_steps", path_steps, {rows});
  write("repeats/stages", stages, {rows});
  write("repeats/roots", roots, {rows});
  write("repeats/extinct", extinct, {rows});
  std::uint64_t const others = p.passage.others.size();
  if (others > 0) write("repeats/share", shares, {rows, others + 1});
}

/// Of a weighted ensemble: the rates, and the mean weight in each bin.
void write_weighted(h5::Writer& file, RareRequest const& request, RareResult const& result) {
  Passage const& passage = request.splitting.passage;
  auto const rows = static_cast<std::uint64_t>(request.splitting.repeats);
  auto const bins = static_cast<std::uint64_t>(passage.bins());
  std::vector<double> rate, weight(bins, 0.0);
  std::vector<std::int64_t> crossings, path_steps;
  for (SplittingRepeat const& one : result.repeats) {
    rate.push_back(one.rate());
    crossings.push_back(one.crossings);
    path_steps.push_back(one.path_steps);
    for (std::size_t b = 0; b < weight.size(); ++b) weight[b] += one.reached[b] / static_cast<double>(rows);
  }
  auto const write = [&](std::string const& name, auto const& values, h5::Extents const& extents) {
    std::string const dataset = "kramers/rare/" + name;
    file.write(dataset, values, extents);
    write_unit(file, request.units, dataset);
  };
  write("level", bin_levels(passage.level), {bins + 1});
  write("weight", weight, {bins});
  write("repeats/rate", rate, {rows});
  write("repeats/crossings", crossings, {rows});
  write("repeats/path_steps", path_steps, {rows});
}

/// Paths to B: their states one after the other as an H5MD element, and where each begins, what it weighs and who has
/// followed it.
void write_paths(h5::Writer& file, Communicator const& comm, RareRequest const& request, ReactivePaths const& paths) {
  std::array<std::uint64_t, 3> sizes{paths.repeat.size(), paths.step.size(), paths.replica.size()};
  comm.broadcast(std::span<std::uint64_t>(sizes));
  auto const [count, states, legs] = sizes;
  if (count == 0) return;
  bool const one = request.splitting.coordinates == 1;
  auto const dimension = static_cast<std::uint64_t>(request.splitting.coordinates);
  auto const put = [&](std::string const& dataset, auto const& values, h5::Extents const& extents) {
    file.write(dataset, values, extents);
    write_unit(file, request.units, dataset);
  };
  std::vector<double> times, numbers;
  for (std::int64_t const step : paths.step) times.push_back(static_cast<double>(step) * request.langevin.dt);
  write_h5md(file, request.units, "kramers-rare");
  std::string const box = "particles/paths/box";
  file.group(box);
  file.attribute(box, "dimension", static_cast<std::int64_t>(dimension));
  file.attribute(box, "boundary", std::vector<std::string>(dimension, "none"));
  for (auto const& [name, points] : {std::pair{"position", &paths.x}, {"velocity", &paths.v}}) {
    if (points == &paths.v && request.overdamped) continue;  // there are none
    std::string const element = std::string("particles/paths/") + name;
    numbers.clear();
    for (PathPoint const& point : *points) {
      numbers.insert(numbers.end(), point.begin(), point.begin() + static_cast<std::ptrdiff_t>(dimension));
    }
    put(element + "/step", paths.step, {states});
    put(element + "/time", times, {states});
    file.attribute(element + "/time", "unit", request.units.h5md_unit("time"));
    put(element + "/value", numbers, {states, 1, dimension});
  }
  std::string const group = "kramers/rare/paths/";
  put(group + "offset", paths.offset, {count + 1});
  put(group + "repeat", paths.repeat, {count});
  put(group + "weight", paths.weight, {count});
  put(group + "branch_offset", paths.leg_offset, {count + 1});
  put(group + "branch/replica", paths.replica, {legs});
  put(group + "branch/parent", paths.parent, {legs});
  put(group + "branch/step", paths.leg_step, {legs});
  put(group + "branch/bin", paths.leg_bin, {legs});

  // The potential where paths are, and a tenth beyond.
  constexpr std::size_t points = 101;
  std::array<std::vector<double>, most_path_coordinates> grid;
  for (std::size_t d = 0; d < dimension && comm.is_root(); ++d) {
    auto const [low, high] =
        std::ranges::minmax(paths.x | std::views::transform([d](PathPoint const& x) { return x[d]; }));
    for (std::size_t i = 0; i < points; ++i) {
      grid[d].push_back(low + (high - low) * (1.2 * static_cast<double>(i) / (points - 1) - 0.1));
    }
  }
  for (std::size_t d = 0; d < dimension; ++d) {
    put(group + (d == 0 ? "position_x" : "position_y"), grid[d], {points});
  }
  std::vector<double> energy;
  for (double const x : grid[0]) {
    if (one) energy.push_back(request.potential->energy(std::array{x}));
    for (double const y : grid[1]) energy.push_back(request.potential->energy(std::array{x, y}));
  }
  put(group + "energy", energy, one ? h5::Extents{points} : h5::Extents{points, points});
}

}  // namespace

void write_rare(std::filesystem::path const& path, Communicator const& comm, RareRequest const& request,
                RareResult const& result, nlohmann::json const& summary, InputRecord const& input) {
  h5::Writer file(path, comm);
  file.attribute("/", "app", "kramers-rare");
  file.attribute("/", "version", version());
  file.attribute("/", "provenance", summary.at("provenance").dump());
  write_input(file, input);
  file.attribute("/", "summary", summary.dump());
  write_parameters(file, request, summary);
  file.group("kramers/rare");
  auto const put = [&](char const* name, nlohmann::json const& from, char const* key) {
    if (from.contains(key) && from.at(key).is_number())
      file.attribute("kramers/rare", name, from.at(key).get<double>());
  };
  if (request.method != RareMethod::exact) {
    nlohmann::json const& rate = summary.at("observables").at("rate");
    put("rate", rate, "value");
    put("rate_error", rate, "stderr");
    if (rate.contains("compared_with")) {
      put("exact_rate", summary.at("references"), rate.at("compared_with").get<std::string>().c_str());
    }
  }
  write_attribute_units(file, request.units, "kramers/rare");
  if (request.method == RareMethod::splitting) write_splitting(file, request, result, comm.is_root());
  if (request.splitting.kept_paths > 0) write_paths(file, comm, request, result.paths);
  if (request.method == RareMethod::weighted_ensemble) write_weighted(file, request, result);
  file.commit();
}

}  // namespace kramers::dynamics
