// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/base/hash.hpp>
#include <kramers/dynamics/engine/any_spread_map.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>
#include <numeric>

namespace kramers::dynamics {

void check(SpreadParams const& p, bool overdamped, int dimension) {
  EnsembleParams trunk;
  trunk.walkers = 1;
  trunk.langevin = p.langevin;
  check(trunk, overdamped, dimension);
  expects(p.walker >= 0 && p.walker < max_member_id, "walker", p.walker, "0 <= walker < 2^16");
  expects(p.steps > 0, "steps", p.steps, "steps > 0");
  expects(p.equilibrate >= 0, "equilibrate", p.equilibrate, "equilibrate >= 0");
  expects(p.equilibrate + p.steps < std::int64_t{1} << 32, "equilibrate + steps", p.equilibrate + p.steps, "< 2^32");
  expects(p.every > 0 && p.every <= p.steps, "every", p.every, "0 < every <= steps");
  expects(p.members >= 2 && p.members <= max_member_id, "members", p.members, "2 <= members <= 2^16");
  expects(p.member_steps > 0, "member_steps", p.member_steps, "member_steps > 0");
  expects(std::isfinite(p.sigma_position) && p.sigma_position >= 0, "sigma_position", p.sigma_position,
          "sigma_position >= 0 and finite");
  expects(std::isfinite(p.sigma_velocity) && p.sigma_velocity >= 0, "sigma_velocity", p.sigma_velocity,
          "sigma_velocity >= 0 and finite");
  expects(!overdamped || p.sigma_velocity == 0, "sigma_velocity", p.sigma_velocity,
          "sigma_velocity = 0 for an overdamped scheme");
  expects(p.coordinate >= 0 && p.coordinate < dimension, "coordinate", p.coordinate, "0 <= coordinate < dimension");
  expects(std::isfinite(p.tolerance) && p.tolerance >= 0, "tolerance", p.tolerance, "tolerance >= 0 and finite");
  expects(!p.adaptive() || (p.max_members >= first_batches * p.members && p.max_members <= max_member_id),
          "max_members", p.max_members, "4 * members <= max_members <= 2^16");
}

PointRange points_of(std::int64_t points, int rank, int ranks) {
  return {points * rank / ranks, points * (rank + 1) / ranks};
}

std::vector<double> time_derivative(std::span<double const> values, double spacing) {
  std::size_t const n = values.size();
  std::vector<double> slope(n, std::numeric_limits<double>::quiet_NaN());
  for (std::size_t i = 0; n > 1 && i < n; ++i) {
    std::size_t const before = i == 0 ? 0 : i - 1, after = i + 1 == n ? i : i + 1;
    slope[i] = (values[after] - values[before]) / (static_cast<double>(after - before) * spacing);
  }
  return slope;
}

std::vector<double> spread_of(SpreadPoints const& points) {
  std::vector<double> spread(points.lo.size());
  for (std::size_t i = 0; i < spread.size(); ++i) spread[i] = points.hi[i] - points.lo[i];
  return spread;
}

AdaptiveReport report_adaptive(SpreadParams const& params, SpreadPoints const& points) {
  auto const& members = points.members;
  std::int64_t const all = std::accumulate(members.begin(), members.end(), std::int64_t{0});
  std::int64_t const most = *std::max_element(members.begin(), members.end()) * std::ssize(members);
  auto const uncertain =
      std::count_if(points.error.begin(), points.error.end(), [&](double error) { return error > params.tolerance; });
  return {all * params.member_steps, most * params.member_steps, uncertain};
}

std::uint64_t spread_hash(SpreadPoints const& points, std::int64_t first_point) {
  std::uint64_t sum = 0;
  for (std::size_t i = 0; i < points.lo.size(); ++i) {
    std::uint64_t const place = 2 * (static_cast<std::uint64_t>(first_point) + i);
    sum += hash_element(place, std::bit_cast<std::uint64_t>(points.lo[i]));
    sum += hash_element(place + 1, std::bit_cast<std::uint64_t>(points.hi[i]));
  }
  return sum;
}

}  // namespace kramers::dynamics
