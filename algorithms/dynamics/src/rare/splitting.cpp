// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/estimators/confidence.hpp>
#include <kramers/dynamics/rare/splitting.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <string>
#include <utility>

namespace kramers::dynamics {
namespace {

/// The work was left.
struct Stopped {};

using Stop = std::function<bool()>;
void leave_if(Stop const& stop) {
  if (stop && stop()) throw Stopped();
}

/// Advance until all paths have ended.
void finish(AnyPaths& paths, SplittingParams const& params, Stop const& stop) {
  std::int64_t done = 0;
  while (std::int64_t const left = paths.advance()) {
    leave_if(stop);
    done += AnyPaths::segment;
    if (done < params.max_steps) continue;
    throw DomainError("max_steps", std::to_string(params.max_steps),
                      "more than any path takes to A or B; " + std::to_string(left) +
                          " have not arrived: make it larger, or choose states that walkers reach");
  }
}

void require_finite(PathStates const& states, SplittingParams const& params, std::span<std::int64_t const> numbers,
                    std::int64_t each) {
  auto const lost = std::ranges::find(states.end, PathEnd::diverged);
  if (lost == states.end.end()) return;
  auto const slot = lost - states.end.begin();
  std::int64_t const repeat = numbers[static_cast<std::size_t>(slot / each)];
  throw DivergedError(path_id(repeat, slot % each), states.time[static_cast<std::size_t>(slot)], std::nan(""),
                      params.langevin.dt);
}

/// Of the whole line of a path that has ended.
std::uint32_t duration(PathStates const& states, std::size_t slot) {
  return static_cast<std::uint32_t>(std::min<std::int64_t>(states.age[slot] + states.time[slot], longest_age));
}

std::int64_t segments(std::int64_t steps) {
  return (steps + AnyPaths::segment - 1) / AnyPaths::segment;
}

/// Follow the walkers of all repeats in A; what each repeat has crossed, walker by walker.
std::vector<Crossings> count_flux(AnyPaths& paths, SplittingParams const& params, std::span<std::int64_t const> numbers,
                                  Stop const& stop, std::vector<SplittingRepeat>& repeats) {
  std::int64_t const each = params.flux.walkers;
  auto const count = std::ssize(repeats);
  double const speed = params.overdamped ? 1 : std::sqrt(params.langevin.temperature / params.langevin.mass);
  std::vector<PathStart> starts;
  for (std::int64_t r = 0; r < count; ++r) {
    for (std::int64_t w = 0; w < each; ++w) {
      std::uint64_t const id = path_id(numbers[static_cast<std::size_t>(r)], w);
      PathPoint velocity{};
      std::array<double, 2> const normals = draw_normals(params.seed, id, RareStream::flux_start);
      for (std::size_t d = 0; d < static_cast<std::size_t>(params.coordinates); ++d) velocity[d] = speed * normals[d];
      starts.push_back({static_cast<std::int32_t>(r * each + w), id, params.flux.start, velocity});
    }
  }
  paths.set(params.passage, PathKind::counted, RareStream::flux_dynamics);
  paths.start(starts);

  std::vector<Crossings> by_walker(starts.size());
  auto const take = [&](bool keep) {
    std::vector<Crossings> const taken = paths.take_crossings(std::ssize(starts));
    for (std::size_t w = 0; keep && w < taken.size(); ++w) {
      by_walker[w].x.insert(by_walker[w].x.end(), taken[w].x.begin(), taken[w].x.end());
      by_walker[w].v.insert(by_walker[w].v.end(), taken[w].v.begin(), taken[w].v.end());
    }
  };
  auto const advance = [&](std::int64_t steps, bool keep) {
    for (std::int64_t s = 0; s < segments(steps); ++s) {
      if (paths.crossings_are_full(std::ssize(starts))) take(keep);
      if (paths.advance() < std::ssize(starts)) require_finite(paths.states(), params, numbers, each);
      leave_if(stop);
    }
    take(keep);
    return paths.states();
  };
  PathStates const before = advance(params.flux.equilibrate, false), after = advance(params.flux.steps, true);

  std::vector<Crossings> bank(repeats.size());
  for (std::int64_t r = 0; r < count; ++r) {
    auto const repeat = static_cast<std::size_t>(r);
    std::int64_t time = 0;
    for (auto w = static_cast<std::size_t>(r * each); w < static_cast<std::size_t>((r + 1) * each); ++w) {
      time += after.time[w] - before.time[w];
      bank[repeat].x.insert(bank[repeat].x.end(), by_walker[w].x.begin(), by_walker[w].x.end());
      bank[repeat].v.insert(bank[repeat].v.end(), by_walker[w].v.begin(), by_walker[w].v.end());
    }
    SplittingRepeat& one = repeats[repeat];
    one.crossings = std::ssize(bank[repeat].x);
    one.flux_steps = (segments(params.flux.equilibrate) + segments(params.flux.steps)) * AnyPaths::segment * each;
    one.flux = time > 0 ? static_cast<double>(one.crossings) / (static_cast<double>(time) * params.langevin.dt) : 0;
  }
  return bank;
}

}  // namespace

void check(SplittingParams const& params) {
  check(params.selection);
  constexpr std::int64_t most = std::int64_t{1} << 20;
  expects(params.repeats >= 2 && params.repeats <= most, "repeats", params.repeats, "2 to 2^20");
  expects(params.flux.walkers >= 1 && params.flux.walkers <= most, "flux walkers", params.flux.walkers, "1 to 2^20");
  expects(params.flux.steps >= 1, "flux steps", params.flux.steps, "> 0");
  expects(params.flux.equilibrate >= 0, "flux equilibrate", params.flux.equilibrate, ">= 0");
  expects(params.kept_paths >= 0 && params.kept_paths <= most, "kept paths", params.kept_paths, "0 to 2^20");
  expects(params.max_steps >= 1, "max_steps", params.max_steps, "> 0");
  expects(params.passage.level.first < params.passage.level.last, "first", params.passage.level.first, "< last");
}

PathsParams paths_for(SplittingParams const& params, std::int64_t repeats) {
  std::int64_t const each = std::max(params.selection.replicas, params.flux.walkers);
  auto const& table = params.passage.level.table;
  return {params.langevin, repeats * each,     params.passage.bins(),
          params.seed,     params.coordinates, table ? std::ssize(table->value) : 0};
}

namespace {

/// Lines of the first paths of each repeat that have come to B, but of those whose length nobody knows.
class KeptLines {
 public:
  KeptLines(SplittingParams const& params, std::span<std::int64_t const> numbers, std::vector<Crossings> const& bank)
      : m_params(params), m_numbers(numbers), m_bank(bank) {
    for (std::int64_t const number : numbers) {
      m_genealogies.emplace_back(paths_of_repeat(params, number) > 0 ? params.selection.replicas : 0);
    }
  }

  void replace(std::size_t r, std::vector<Replacement> const& replaced) {
    if (paths_of_repeat(m_params, m_numbers[r]) == 0) return;
    for (Replacement const& one : replaced) m_genealogies[r].replace(one);
  }

  /// The path in this slot has come to B.
  void arrive(std::size_t r, std::int32_t slot, std::uint32_t steps, SplittingRepeat& repeat) {
    std::int64_t const number = m_numbers[r];
    if (std::ssize(repeat.lines) == paths_of_repeat(m_params, number) || steps == longest_age) return;
    PathLine line;
    line.legs = m_genealogies[r].legs(slot - static_cast<std::int32_t>(r) * each());
    std::uint64_t const root = path_id(number, line.legs.front().replica);
    auto const start = static_cast<std::size_t>(draw_below(repeat.crossings, m_params.seed, root, RareStream::start));
    line.x = m_bank[r].x[start];
    line.v = m_bank[r].v[start];
    line.duration = steps;
    m_ends.push_back({slot, slot, m_params.passage.bins(), 0});
    m_places.push_back({r, repeat.lines.size()});
    repeat.lines.push_back(std::move(line));
  }

  /// Where all of them have ended, once no path goes on.
  void finish(AnyPaths& paths, std::vector<SplittingRepeat>& repeats) const {
    if (m_ends.empty()) return;
    paths.branch(m_ends);  // each to where it was first in B
    PathPlaces const places = paths.places();
    for (std::size_t i = 0; i < m_ends.size(); ++i) {
      auto const slot = static_cast<std::size_t>(m_ends[i].slot);
      PathLine& line = repeats[m_places[i].first].lines[m_places[i].second];
      line.end_x = places.x[slot];
      line.end_v = places.v[slot];
    }
  }

 private:
  std::int32_t each() const { return static_cast<std::int32_t>(m_params.selection.replicas); }

  SplittingParams const& m_params;
  std::span<std::int64_t const> m_numbers;
  std::vector<Crossings> const& m_bank;
  std::vector<Genealogy> m_genealogies;
  std::vector<PathBranch> m_ends;
  std::vector<std::pair<std::size_t, std::size_t>> m_places;  // repeat and line of each
};

/// How far a place is outside of a state, negative inside: of states that are apart rounding cannot change the nearest.
double distance_to(Region const& region, PathPoint const& axis, PathPoint const& x) {
  double const s = axis[0] * x[0] + axis[1] * x[1], dx = x[0] - region.centre[0], dy = x[1] - region.centre[1];
  return std::max({region.lower - s, s - region.upper, std::sqrt(dx * dx + dy * dy) - region.radius});
}

/// In which of the states that end paths those have arrived that have.
class Arrivals {
 public:
  explicit Arrivals(Passage const& passage) : m_passage(passage) {}

  void add(std::size_t repeat, std::int32_t slot) {
    if (m_passage.others.empty()) return;
    m_ends.push_back({slot, slot, m_passage.bins(), 0});
    m_repeats.push_back(repeat);
  }

  /// Once no path goes on.
  void finish(AnyPaths& paths, std::vector<SplittingRepeat>& repeats) const {
    if (m_passage.others.empty()) return;
    for (SplittingRepeat& one : repeats) one.shares.assign(m_passage.others.size() + 1, 0.0);
    if (m_ends.empty()) return;
    paths.branch(m_ends);  // each to where it was first in a state
    PathPlaces const places = paths.places();
    for (std::size_t i = 0; i < m_ends.size(); ++i) {
      SplittingRepeat& one = repeats[m_repeats[i]];
      PathPoint const& at = places.x[static_cast<std::size_t>(m_ends[i].slot)];
      std::size_t nearest = 0;
      double least = distance_to(m_passage.b, m_passage.axis, at);
      for (std::size_t s = 0; s < m_passage.others.size(); ++s) {
        double const distance = distance_to(m_passage.others[s], m_passage.axis, at);
        if (distance >= least) continue;
        least = distance;
        nearest = s + 1;
      }
      ++one.shares[nearest];
    }
    for (SplittingRepeat& one : repeats) {
      for (double& share : one.shares) {
        if (share > 0) share /= static_cast<double>(one.durations.size());
      }
    }
  }

 private:
  Passage const& m_passage;
  std::vector<PathBranch> m_ends;
  std::vector<std::size_t> m_repeats;
};

std::vector<SplittingRepeat> split(AnyPaths& paths, SplittingParams const& params,
                                   std::span<std::int64_t const> numbers, Stop const& stop) {
  std::vector<SplittingRepeat> repeats(numbers.size());
  std::vector<Crossings> const bank = count_flux(paths, params, numbers, stop, repeats);

  std::int64_t const each = params.selection.replicas;
  KeptLines lines(params, numbers, bank);
  Arrivals arrivals(params.passage);
  std::vector<Population> populations;
  std::vector<PathStart> starts;
  for (std::size_t r = 0; r < repeats.size(); ++r) {
    std::int64_t const repeat = numbers[r];
    populations.emplace_back(params.selection, params.seed, repeat);
    if (repeats[r].crossings == 0) continue;
    for (std::int64_t i = 0; i < each; ++i) {
      std::uint64_t const id = path_id(repeat, i);
      auto const chosen =
          static_cast<std::size_t>(draw_below(repeats[r].crossings, params.seed, id, RareStream::start));
      auto const slot = static_cast<std::int32_t>(static_cast<std::int64_t>(r) * each + i);
      starts.push_back({slot, id, bank[r].x[chosen], bank[r].v[chosen]});
    }
  }
  paths.set(params.passage, PathKind::passage, RareStream::dynamics);
  paths.start(starts);
  std::vector<std::size_t> going, next;
  for (std::size_t r = 0; r < repeats.size(); ++r) {
    if (repeats[r].crossings > 0) going.push_back(r);
  }
  std::vector<std::int32_t> begun;  // the slots of the paths that are being advanced
  for (PathStart const& one : starts) begun.push_back(one.slot);
  std::vector<PathBranch> branches;
  while (!going.empty()) {
    finish(paths, params, stop);
    PathStates const states = paths.states();
    require_finite(states, params, numbers, each);
    for (std::int32_t const slot : begun) {
      repeats[static_cast<std::size_t>(slot / each)].path_steps += states.time[static_cast<std::size_t>(slot)];
    }
    branches.clear();
    begun.clear();
    next.clear();
    for (std::size_t const r : going) {
      auto const offset = r * static_cast<std::size_t>(each);
      auto const replaced =
          populations[r].select(std::span(states.top).subspan(offset, static_cast<std::size_t>(each)));
      auto const base = static_cast<std::int32_t>(offset);
      for (Replacement const& one : replaced) {
        branches.push_back({base + one.replica, base + one.parent, one.bin, path_id(numbers[r], one.child)});
        begun.push_back(base + one.replica);
      }
      lines.replace(r, replaced);
      if (!replaced.empty()) {
        next.push_back(r);
        continue;
      }
      for (std::size_t i = offset; i < offset + static_cast<std::size_t>(each); ++i) {
        if (states.end[i] != PathEnd::in_b) continue;
        repeats[r].durations.push_back(duration(states, i));
        arrivals.add(r, static_cast<std::int32_t>(i));
        lines.arrive(r, static_cast<std::int32_t>(i), repeats[r].durations.back(), repeats[r]);
      }
    }
    going.swap(next);
    paths.branch(branches);
  }
  lines.finish(paths, repeats);
  arrivals.finish(paths, repeats);

  for (std::size_t r = 0; r < repeats.size(); ++r) {
    Population const& population = populations[r];
    SplittingRepeat& one = repeats[r];
    one.probability = population.probability();
    one.relative_variance = one.probability > 0 ? population.relative_variance() : 0;
    one.stages = population.stages();
    one.roots = population.roots();
    one.extinct = population.extinct();
    one.reached = population.reached();
  }
  return repeats;
}

}  // namespace

std::vector<SplittingRepeat> run_splitting(AnyPaths& paths, SplittingParams const& params,
                                           std::span<std::int64_t const> numbers, std::function<bool()> const& stop) {
  check(params);
  if (numbers.empty()) return {};
  try {
    return split(paths, params, numbers, stop);
  } catch (Stopped const&) {
    return {};
  }
}

std::vector<SplittingRepeat> run_splitting(AnyPaths& paths, SplittingParams const& params, std::int64_t first,
                                           std::int64_t last) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(std::max<std::int64_t>(last - first, 0)));
  std::iota(numbers.begin(), numbers.end(), first);
  return run_splitting(paths, params, numbers);
}

std::vector<RateInto> rates_into(std::vector<SplittingRepeat> const& repeats) {
  expects(repeats.size() >= 2, "repeats", std::ssize(repeats), ">= 2");
  auto const n = static_cast<double>(repeats.size());
  double const t = student_95(std::ssize(repeats) - 1);
  std::vector<RateInto> all;
  for (std::size_t s = 0; s < repeats.front().shares.size(); ++s) {
    double mean = 0, squares = 0;
    for (SplittingRepeat const& one : repeats) mean += one.rate() * one.shares[s] / n;
    for (SplittingRepeat const& one : repeats) squares += std::pow(one.rate() * one.shares[s] - mean, 2);
    double const error = std::sqrt(squares / (n * (n - 1)));
    all.push_back({mean, error, std::max(0.0, mean - t * error), mean + t * error});
  }
  return all;
}

SplittingResult summarise(std::vector<SplittingRepeat> const& repeats) {
  expects(repeats.size() >= 2, "repeats", std::ssize(repeats), ">= 2");
  auto const n = static_cast<double>(repeats.size());
  struct Mean {
    double value, error;
  };
  auto const mean_of = [&](auto const& number) -> Mean {
    double sum = 0, squares = 0;
    for (SplittingRepeat const& one : repeats) sum += number(one);
    double const mean = sum / n;
    for (SplittingRepeat const& one : repeats) squares += (number(one) - mean) * (number(one) - mean);
    return {mean, std::sqrt(squares / (n * (n - 1)))};
  };
  SplittingResult result{};
  auto const [rate, rate_error] = mean_of([](SplittingRepeat const& one) { return one.rate(); });
  auto const [flux, flux_error] = mean_of([](SplittingRepeat const& one) { return one.flux; });
  double const t = student_95(std::ssize(repeats) - 1);
  result.rate = rate;
  result.rate_error = rate_error;
  result.lower = std::max(0.0, rate - t * rate_error);
  result.upper = rate + t * rate_error;
  result.flux = flux;
  result.flux_error = flux_error;
  // A ratio of means of the same repeats: its error is that of the differences from the line through the origin.
  auto const per_flux = [&](auto const& number) -> Mean {
    auto const [above, unused] = mean_of(number);
    double const ratio = above / flux;
    auto const [zero, error] = mean_of([&](SplittingRepeat const& one) { return number(one) - ratio * one.flux; });
    return {ratio, error / flux};
  };
  auto const [probability, probability_error] = per_flux([](SplittingRepeat const& one) { return one.rate(); });
  result.probability = probability;
  result.probability_error = probability_error;
  result.spread = rate_error * std::sqrt(n) / rate;
  for (SplittingRepeat const& one : repeats) {
    result.genealogical_error += one.rate() * one.rate() * one.relative_variance;
    result.roots += static_cast<double>(one.roots) / n;
    result.flux_steps += one.flux_steps;
    result.path_steps += one.path_steps;
    result.extinct += one.extinct ? 1 : 0;
  }
  result.genealogical_error = std::sqrt(result.genealogical_error) / n;
  for (std::size_t b = 0; b < repeats.front().reached.size(); ++b) {
    auto const [value, error] = per_flux([b](SplittingRepeat const& one) { return one.flux * one.reached[b]; });
    result.reached.push_back(value);
    result.reached_error.push_back(value > 0 ? error : std::nan(""));
  }
  return result;
}

}  // namespace kramers::dynamics
