// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/rare/splitting.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace kramers::dynamics {
namespace {

constexpr double shares[] = {0.05, 0.5, 0.95};

/// A path that has come to B.
struct Weighed {
  std::uint32_t duration;
  std::size_t group;
  double weight;
};

/// Mean and quantiles of all paths, sorted by duration, but those of one group. Nothing where none is left.
std::vector<double> statistics(std::vector<Weighed> const& paths, std::size_t without) {
  double all = 0, sum = 0;
  for (Weighed const& one : paths) {
    if (one.group == without) continue;
    all += one.weight;
    sum += one.weight * one.duration;
  }
  if (!(all > 0)) return {};
  std::vector<double> found{sum / all};
  double so_far = 0;
  for (Weighed const& one : paths) {
    if (one.group == without) continue;
    so_far += one.weight;
    while (found.size() <= std::size(shares) && so_far >= shares[found.size() - 1] * all) {
      found.push_back(one.duration);
    }
  }
  // What rounding has left of the last ones.
  while (found.size() <= std::size(shares)) found.push_back(paths.back().duration);
  return found;
}

}  // namespace

std::optional<ReactiveTimes> reactive_times(std::vector<SplittingRepeat> const& repeats) {
  std::size_t const groups = std::min<std::size_t>(20, repeats.size());
  std::vector<Weighed> paths;
  for (std::size_t r = 0; r < repeats.size(); ++r) {
    SplittingRepeat const& one = repeats[r];
    for (std::uint32_t const duration : one.durations) {
      if (duration == longest_age) return std::nullopt;
      paths.push_back({duration, r * groups / repeats.size(), one.rate() / static_cast<double>(one.durations.size())});
    }
  }
  std::ranges::stable_sort(paths, {}, &Weighed::duration);
  std::vector<double> const whole = statistics(paths, groups);
  if (whole.empty()) return std::nullopt;
  std::vector<double> sum(whole.size(), 0.0), squares(whole.size(), 0.0);
  for (std::size_t g = 0; g < groups; ++g) {
    std::vector<double> const part = statistics(paths, g);
    if (part.empty()) return std::nullopt;
    for (std::size_t i = 0; i < whole.size(); ++i) {
      double const change = part[i] - whole[i];
      sum[i] += change;
      squares[i] += change * change;
    }
  }
  auto const n = static_cast<double>(groups);
  auto const estimate = [&](std::size_t i) {
    double const spread = std::max(0.0, squares[i] - sum[i] * sum[i] / n);
    return Estimate{whole[i], std::sqrt((n - 1) / n * spread)};
  };
  ReactiveTimes times{estimate(0), {}};
  for (std::size_t i = 0; i < std::size(shares); ++i) times.quantiles.emplace_back(shares[i], estimate(i + 1));
  return times;
}

}  // namespace kramers::dynamics
