// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/rare/shooting.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>

namespace kramers::dynamics {
namespace {

// Legs of a pair, for the identity of their noise.
enum Leg : std::int64_t { forward, backward, core_forward, core_backward, legs };

struct Batch {
  AnyPaths& paths;
  ShootingParams const& params;
  std::int64_t first, last;
  std::int64_t steps = 0;

  /// Shoot all pairs of the batch with velocities times `sign`; which ended in B.
  std::vector<bool> run(Passage const& passage, Leg leg, double sign) {
    double const speed = std::sqrt(params.langevin.temperature / params.langevin.mass);
    std::vector<PathStart> starts;
    for (std::int64_t pair = first; pair < last; ++pair) {
      auto const [z0, z1] = draw_normals(params.seed, static_cast<std::uint64_t>(pair), RareStream::shooting_velocity);
      double const v = speed * std::sqrt(z0 * z0 + z1 * z1);
      starts.push_back({static_cast<std::int32_t>(pair - first),
                        static_cast<std::uint64_t>(legs * pair + leg),
                        {params.top},
                        {sign * params.direction * v}});
    }
    paths.set(passage, PathKind::passage, RareStream::shooting_dynamics);
    paths.start(starts);
    std::int64_t done = 0;
    while (std::int64_t const left = paths.advance()) {
      done += AnyPaths::segment;
      if (done < params.max_steps) continue;
      throw DomainError("max_steps", std::to_string(params.max_steps),
                        "more than any path takes to a state; " + std::to_string(left) +
                            " have not arrived: make it larger, or choose states that walkers reach");
    }
    PathStates const states = paths.states();
    std::vector<bool> in_b;
    for (std::size_t i = 0; i < starts.size(); ++i) {
      if (states.end[i] == PathEnd::diverged) {
        throw DivergedError(starts[i].id, states.time[i], std::nan(""), params.langevin.dt);
      }
      in_b.push_back(states.end[i] == PathEnd::in_b);
      steps += states.time[i];
    }
    return in_b;
  }
};

}  // namespace

PathsParams paths_for(ShootingParams const& params) {
  return {params.langevin, std::min(params.pairs, shooting_batch), 1, params.seed};
}

ShootingCounts shoot(AnyPaths& paths, ShootingParams const& params, std::int64_t first, std::int64_t last) {
  expects(params.pairs >= 2 && params.pairs <= (std::int64_t{1} << 44), "pairs", params.pairs, "2 to 2^44");
  ShootingCounts counts;
  counts.pairs = last - first;
  // Backwards in time a path runs as forwards with the velocity reversed. It starts at the top, which it must not touch
  // again on its way to core A.
  Passage cores, from_core;
  if (params.core_a && params.core_b) {
    cores = {*params.core_a, *params.core_b, {}, {}};
    Region beyond;
    double const next = std::nextafter(params.top, params.direction * std::numeric_limits<double>::infinity());
    (params.direction > 0 ? beyond.lower : beyond.upper) = next;
    from_core = {*params.core_a, beyond, {}, {}};
  }
  for (Passage* const one : {&cores, &from_core}) one->level.bins = 1;
  for (std::int64_t begin = first; begin < last; begin += paths.slots()) {
    Batch batch{paths, params, begin, std::min(last, begin + paths.slots())};
    std::vector<bool> const towards_b = batch.run(params.committed, forward, 1);
    std::vector<bool> const towards_a = batch.run(params.committed, backward, -1);
    for (std::size_t i = 0; i < towards_b.size(); ++i) {
      counts.committed += (towards_b[i] ? 1 : 0) - (towards_a[i] ? 1 : 0);
      counts.decided += towards_b[i] != towards_a[i] ? 1 : 0;
    }
    counts.steps += batch.steps;
    if (!params.core_a || !params.core_b) continue;
    batch.steps = 0;
    std::vector<bool> const to_b = batch.run(cores, core_forward, 1);
    std::vector<bool> const touched = batch.run(from_core, core_backward, -1);
    for (std::size_t i = 0; i < to_b.size(); ++i) counts.effective += to_b[i] && !touched[i] ? 1 : 0;
    counts.core_steps += batch.steps;
  }
  return counts;
}

Estimate transmission(ShootingCounts const& counts) {
  auto const n = static_cast<double>(counts.pairs);
  double const mean = static_cast<double>(counts.committed) / n;
  return {mean, std::sqrt((static_cast<double>(counts.decided) / n - mean * mean) / (n - 1))};
}

Estimate effective_transmission(ShootingCounts const& counts) {
  auto const n = static_cast<double>(counts.pairs);
  double const mean = static_cast<double>(counts.effective) / n;
  return {mean, std::sqrt(mean * (1 - mean) / (n - 1))};
}

}  // namespace kramers::dynamics
