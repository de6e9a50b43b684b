// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/rare/weighted.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string>

namespace kramers::dynamics {
namespace {

struct Walker {
  PathPoint x, v;
  double weight;
  int bin;
  std::int64_t rested = 0;  // steps since it came to B
};

std::int64_t even(std::int64_t steps) {
  return (steps + 1) / 2 * 2;
}

/// The bin of a place, -1 before the first.
class Bins {
 public:
  Bins(SplittingParams const& params, PlaceEnergy const& energy)
      : m_passage(params.passage), m_energy(energy), m_half_mass(params.overdamped ? 0 : 0.5 * params.langevin.mass) {}

  int operator()(PathPoint const& x, PathPoint const& v) const {
    Level const& level = m_passage.level;
    double const value = level_of(x, v);
    if (!level.fixed.empty()) {
      return static_cast<int>(std::ranges::upper_bound(level.fixed, value) - level.fixed.begin()) - 1;
    }
    double const place = (value - level.first) / (level.last - level.first) * level.bins;
    return static_cast<int>(std::clamp(std::floor(place), -1.0, level.bins - 1.0));
  }

 private:
  double along(PathPoint const& vector) const { return m_passage.axis[0] * vector[0] + m_passage.axis[1] * vector[1]; }
  double level_of(PathPoint const& x, PathPoint const& v) const {
    Level const& level = m_passage.level;
    if (level.of_energy) {
      double const energy = m_energy(x) + m_half_mass * (v[0] * v[0] + v[1] * v[1]);
      double const below = std::max(0.0, level.top_energy - energy);
      return level.top_energy + ((along(x) - level.top) * level.direction < 0 ? -below : below);
    }
    double value = level.position * along(x) + level.velocity * along(v);
    if (level.table) {
      value += level.share * level.table->at(x);
    } else if (level.share != 0) {
      double const d = distance(x, level.from);
      value += level.share * d / (d + distance(x, level.to));
    }
    return value;
  }
  static double distance(PathPoint const& a, PathPoint const& b) {
    double const dx = a[0] - b[0], dy = a[1] - b[1];
    return std::sqrt(dx * dx + dy * dy);
  }

  Passage const& m_passage;
  PlaceEnergy const& m_energy;
  double m_half_mass;
};

/// One repeat.
struct Cloud {
  std::int64_t number;
  std::int64_t children = 0;
  std::vector<Walker> bank;     // where walkers begin anew
  std::vector<Walker> walkers;  // in the order of their slots
  double early = 0, late = 0;   // weight that has come to B in either half of the counted intervals
  double rested = 0;            // weight times steps that it has rested in B, in these
  std::vector<double> weights;  // sum over intervals of the weight in each bin
  std::int64_t crossings = 0, steps = 0;

  std::uint64_t next_id() { return path_id(number, children++); }
};

/// `count` copies of the walkers of each bin, of equal weight.
void resample(Cloud& cloud, std::int64_t count, std::uint64_t seed, std::int64_t cycle) {
  std::ranges::stable_sort(cloud.walkers, {}, &Walker::bin);
  std::vector<Walker> next;
  for (std::size_t first = 0; first < cloud.walkers.size();) {
    std::size_t last = first;
    double all = 0;
    while (last < cloud.walkers.size() && cloud.walkers[last].bin == cloud.walkers[first].bin) {
      all += cloud.walkers[last++].weight;
    }
    std::uint64_t const id = path_id(cloud.number, cycle << 13 | (cloud.walkers[first].bin + 1));
    double const start =
        (static_cast<double>(draw_below(std::int64_t{1} << 52, seed, id, RareStream::resampling)) + 0.5) * 0x1p-52;
    double const each = all / static_cast<double>(count);
    double so_far = cloud.walkers[first].weight;
    std::size_t parent = first;
    for (std::int64_t j = 0; j < count && all > 0; ++j) {
      double const target = (start + static_cast<double>(j)) * each;
      while (so_far < target && parent + 1 < last) so_far += cloud.walkers[++parent].weight;
      next.push_back(cloud.walkers[parent]);
      next.back().weight = each;
    }
    first = last;
  }
  cloud.walkers.swap(next);
}

/// All repeats of a call, side by side.
class Clouds {
 public:
  Clouds(AnyPaths& paths, SplittingParams const& params, WeightedParams const& weighted, PlaceEnergy const& energy,
         std::span<std::int64_t const> numbers, std::function<bool()> const& stop)
      : m_paths(paths),
        m_params(params),
        m_weighted(weighted),
        m_bins(params, energy),
        m_stop(stop),
        m_each(paths_for(params, weighted, 1).slots) {
    for (std::int64_t const number : numbers)
      m_clouds.push_back({.number = number, .bank = {}, .walkers = {}, .weights = {}});
    // Nothing ends a path but B; one bin is noted, in vain.
    Passage free;
    free.axis = params.passage.axis;
    free.b = params.passage.b;
    free.a.lower = std::numeric_limits<double>::infinity();
    free.level.bins = 1;
    paths.set(free, PathKind::passage, RareStream::weighted_dynamics);
  }

  /// False where the work was left.
  bool fill_banks() {
    double const speed = m_params.overdamped ? 1 : std::sqrt(m_params.langevin.temperature / m_params.langevin.mass);
    double const weight = 1 / static_cast<double>(m_params.flux.walkers);
    for (Cloud& cloud : m_clouds) {
      for (std::int64_t w = 0; w < m_params.flux.walkers; ++w) {
        PathPoint v{};
        auto const normals = draw_normals(m_params.seed, path_id(cloud.number, w), RareStream::flux_start);
        for (std::size_t d = 0; d < static_cast<std::size_t>(m_params.coordinates); ++d) v[d] = speed * normals[d];
        cloud.walkers.push_back({m_params.flux.start, v, weight, -1});
      }
    }
    if (!advance(even(m_params.flux.equilibrate))) return false;
    for (Cloud& cloud : m_clouds) {
      std::erase_if(cloud.walkers, [](Walker const& walker) { return walker.bin == in_b; });
      expects(!cloud.walkers.empty(), "flux equilibrate", m_params.flux.equilibrate,
              "so few steps that walkers of A do not all come to B");
      for (Walker& walker : cloud.walkers) walker.weight = 1 / static_cast<double>(cloud.walkers.size());
      cloud.bank = cloud.walkers;
      cloud.weights.assign(static_cast<std::size_t>(m_params.passage.bins()), 0.0);
    }
    return true;
  }

  /// One interval. False where the work was left.
  bool run(std::int64_t cycle) {
    for (Cloud& cloud : m_clouds) resample(cloud, m_weighted.per_bin, m_params.seed, cycle);
    if (!advance(even(m_weighted.interval))) return false;
    std::int64_t const counted = cycle - m_weighted.warm_up;
    for (Cloud& cloud : m_clouds) {
      for (Walker& walker : cloud.walkers) {
        if (walker.bin == in_b) begin_anew(cloud, walker, counted);
        if (counted >= 0 && walker.bin >= 0) cloud.weights[static_cast<std::size_t>(walker.bin)] += walker.weight;
      }
    }
    return true;
  }

  std::vector<SplittingRepeat> repeats() const {
    std::vector<SplittingRepeat> all;
    auto const cycles = static_cast<double>(m_weighted.cycles);
    double const steps = cycles * static_cast<double>(even(m_weighted.interval));
    for (Cloud const& cloud : m_clouds) {
      SplittingRepeat one;
      double const whole = cloud.early + cloud.late;
      one.flux = whole / ((steps - cloud.rested) * m_params.langevin.dt);
      one.probability = 1;
      one.late_share = whole > 0 ? cloud.late / whole : 0.5;
      one.crossings = cloud.crossings;
      one.path_steps = cloud.steps;
      one.stages = m_weighted.cycles;
      one.extinct = !(whole > 0);
      for (double const weight : cloud.weights) one.reached.push_back(weight / cycles);
      one.reached.push_back(0);
      all.push_back(std::move(one));
    }
    return all;
  }

 private:
  static constexpr int in_b = std::numeric_limits<int>::max();

  void begin_anew(Cloud& cloud, Walker& walker, std::int64_t counted) {
    if (counted >= 0) {
      (2 * counted < m_weighted.cycles ? cloud.early : cloud.late) += walker.weight;
      cloud.rested += walker.weight * static_cast<double>(walker.rested);
      ++cloud.crossings;
    }
    auto const chosen = draw_below(std::ssize(cloud.bank), m_params.seed, cloud.next_id(), RareStream::recycled);
    Walker const& from = cloud.bank[static_cast<std::size_t>(chosen)];
    walker = {from.x, from.v, walker.weight, from.bin};
  }

  /// All walkers so many steps; then their bins, in_b for those that have come there. False where the work was left.
  bool advance(std::int64_t steps) {
    m_starts.clear();
    for (std::size_t c = 0; c < m_clouds.size(); ++c) {
      auto const offset = static_cast<std::int64_t>(c) * m_each;
      for (std::size_t i = 0; i < m_clouds[c].walkers.size(); ++i) {
        Walker const& walker = m_clouds[c].walkers[i];
        m_starts.push_back({static_cast<std::int32_t>(offset + static_cast<std::int64_t>(i)), m_clouds[c].next_id(),
                            walker.x, walker.v});
      }
    }
    m_paths.start(m_starts);
    for (std::int64_t left = steps; left > 0; left -= AnyPaths::segment) {
      if (m_paths.advance(std::min(left, AnyPaths::segment)) == 0) break;
      if (m_stop && m_stop()) return false;
    }
    PathStates const states = m_paths.states();
    PathPlaces const places = m_paths.places();
    for (std::size_t c = 0; c < m_clouds.size(); ++c) {
      Cloud& cloud = m_clouds[c];
      for (std::size_t i = 0; i < cloud.walkers.size(); ++i) {
        std::size_t const slot = c * static_cast<std::size_t>(m_each) + i;
        Walker& walker = cloud.walkers[i];
        if (states.end[slot] == PathEnd::diverged) {
          throw DivergedError(path_id(cloud.number, static_cast<std::int64_t>(i)), steps, std::nan(""),
                              m_params.langevin.dt);
        }
        bool const arrived = states.end[slot] == PathEnd::in_b;
        cloud.steps += arrived ? states.time[slot] : steps;
        walker.x = places.x[slot];
        walker.v = places.v[slot];
        walker.bin = arrived ? in_b : m_bins(walker.x, walker.v);
        walker.rested = arrived ? steps - states.time[slot] : 0;
      }
    }
    return true;
  }

  AnyPaths& m_paths;
  SplittingParams const& m_params;
  WeightedParams const& m_weighted;
  Bins m_bins;
  std::function<bool()> const& m_stop;
  std::int64_t m_each;
  std::vector<Cloud> m_clouds;
  std::vector<PathStart> m_starts;  // kept: page faults of a new list in each interval would double the time
};

}  // namespace

void check(WeightedParams const& params) {
  expects(params.per_bin >= 1 && params.per_bin <= (std::int64_t{1} << 20), "per bin", params.per_bin, "1 to 2^20");
  expects(params.interval >= 1, "interval", params.interval, "> 0");
  constexpr std::int64_t most = std::int64_t{1} << 30;
  expects(params.cycles >= 2 && params.cycles < most, "cycles", params.cycles, "2 to 2^30");
  expects(params.warm_up >= 0 && params.warm_up < most, "warm up", params.warm_up, "0 to 2^30");
}

PathsParams paths_for(SplittingParams const& params, WeightedParams const& weighted, std::int64_t repeats) {
  std::int64_t const most = std::max(weighted.per_bin * (params.passage.bins() + 1), params.flux.walkers);
  return {params.langevin, repeats * most, 1, params.seed, params.coordinates};
}

std::vector<SplittingRepeat> run_weighted(AnyPaths& paths, SplittingParams const& params,
                                          WeightedParams const& weighted, PlaceEnergy const& energy,
                                          std::span<std::int64_t const> numbers, std::function<bool()> const& stop) {
  check(params);
  check(weighted);
  if (numbers.empty()) return {};
  Clouds clouds(paths, params, weighted, energy, numbers, stop);
  if (!clouds.fill_banks()) return {};
  for (std::int64_t cycle = 0; cycle < weighted.warm_up + weighted.cycles; ++cycle) {
    if (!clouds.run(cycle)) return {};
  }
  return clouds.repeats();
}

}  // namespace kramers::dynamics
