// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/core/math.hpp>
#include <kramers/dynamics/rare/grid_committor.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <queue>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

namespace kramers::dynamics {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr int most_cells = 160;
// A rate is told where these grids agree with it so well.
constexpr int coarser[] = {113, 80};
constexpr double resolved = 0.03;
// Above the saddle [kT]: paths seldom come higher on the way, and what they would find there changes the level little.
constexpr double margin = 8;
// Beyond these [kT above the saddle] weights are alike: far below and above all that count, far from where doubles end.
constexpr double highest = 80, lowest = -600;

bool holds(Region const& r, PathPoint const& axis, PathPoint const& x, double energy) {
  double const s = axis[0] * x[0] + axis[1] * x[1], dx = x[0] - r.centre[0], dy = x[1] - r.centre[1];
  return s >= r.lower && s <= r.upper && dx * dx + dy * dy <= r.radius * r.radius && energy <= r.energy;
}

struct Extent {
  PathPoint lower, upper;
  double saddle;  // [energy]
};

/// Water that rises from the bottom of A on a lattice, until it stands `margin` above the last saddle to a target.
Extent flood(PlaneStates const& states) {
  double const step = states.way / 32;
  constexpr std::size_t most = std::size_t{1} << 18;
  using Place = std::pair<int, int>;
  auto const point = [&](Place const& p) {
    return PathPoint{states.a.bottom[0] + step * p.first, states.a.bottom[1] + step * p.second};
  };
  std::set<Place> goals;
  for (PlaneState const& target : states.targets) {
    auto const nearest = [&](std::size_t d) {
      return static_cast<int>(std::floor((target.bottom[d] - states.a.bottom[d]) / step + 0.5));
    };
    goals.emplace(nearest(0), nearest(1));
  }
  using Wet = std::tuple<double, int, int>;
  std::priority_queue<Wet, std::vector<Wet>, std::greater<>> shore;
  std::set<Place> seen;
  auto const touch = [&](Place const& p) {
    if (!seen.insert(p).second) return;
    double const energy = states.energy(point(p));
    if (energy < infinity) shore.emplace(energy, p.first, p.second);
  };
  touch({0, 0});
  Extent extent{states.a.bottom, states.a.bottom, -infinity};
  while (!shore.empty()) {
    auto const [energy, i, j] = shore.top();
    shore.pop();
    if (goals.empty() && energy > extent.saddle + margin * states.kT) break;
    if (!goals.empty()) extent.saddle = std::max(extent.saddle, energy);
    goals.erase({i, j});
    PathPoint const at = point({i, j});
    for (std::size_t d = 0; d < 2; ++d) {
      extent.lower[d] = std::min(extent.lower[d], at[d] - step);
      extent.upper[d] = std::max(extent.upper[d], at[d] + step);
    }
    for (Place const& next : {Place{i - 1, j}, Place{i + 1, j}, Place{i, j - 1}, Place{i, j + 1}}) touch(next);
    expects(seen.size() <= most, "committor", "a surface that is not closed below 8 kT above the saddle",
            "one whose walkers stay within some hundred times the way from A to B");
  }
  expects(goals.empty(), "committor", "a state that no path on a grid reaches", "states that one surface connects");
  return extent;
}

/// The points of the grid, and what they weigh.
class Grid {
 public:
  Grid(PlaneStates const& states, Extent const& extent, int cells) : m_lower(extent.lower) {
    double const sides[2] = {extent.upper[0] - extent.lower[0], extent.upper[1] - extent.lower[1]};
    m_spacing = std::max(sides[0], sides[1]) / cells;
    for (std::size_t d = 0; d < 2; ++d) m_points[d] = static_cast<int>(std::ceil(sides[d] / m_spacing - 1e-9)) + 1;
    // Neighbours along the shorter side are next to each other: the band of the equations is as wide as that is long.
    m_short = m_points[1] <= m_points[0] ? 1 : 0;
    m_energy.resize(size());
    m_state.assign(size(), 0);
    std::vector<PlaneState> all{states.a};
    all.insert(all.end(), states.targets.begin(), states.targets.end());
    std::vector<double> nearest(all.size(), infinity);
    std::vector<std::size_t> at_bottom(all.size(), 0);
    for (std::size_t k = 0; k < size(); ++k) {
      PathPoint const x = point(k);
      double const energy = states.energy(x), above = (energy - extent.saddle) / states.kT;
      m_energy[k] = above < highest ? std::max(above, lowest) : highest;
      for (std::size_t s = 0; s < all.size(); ++s) {
        if (holds(all[s].region, states.axis, x, energy)) m_state[k] = static_cast<int>(s) + 1;
        double const dx = x[0] - all[s].bottom[0], dy = x[1] - all[s].bottom[1], apart = dx * dx + dy * dy;
        if (apart < nearest[s]) {
          nearest[s] = apart;
          at_bottom[s] = k;
        }
      }
    }
    for (std::size_t s = 0; s < all.size(); ++s) m_state[at_bottom[s]] = static_cast<int>(s) + 1;
  }

  std::size_t size() const { return static_cast<std::size_t>(m_points[0]) * static_cast<std::size_t>(m_points[1]); }
  std::size_t band() const { return static_cast<std::size_t>(m_points[m_short]); }
  double spacing() const { return m_spacing; }
  double energy(std::size_t k) const { return m_energy[k]; }  // above the saddle [kT]
  double weight(std::size_t k) const { return math::exp(-m_energy[k]); }
  double link(std::size_t i, std::size_t k) const { return math::exp(-0.5 * (m_energy[i] + m_energy[k])); }
  int state(std::size_t k) const { return m_state[k]; }  // 0: none, 1: A, then the targets
  bool is_a(std::size_t k) const { return m_state[k] == 1; }
  bool is_free(std::size_t k) const { return m_state[k] == 0; }

  /// visit(i, k) for all neighbours i < k.
  template <class Visit>
  void each_link(Visit const& visit) const {
    for (std::size_t k = 0; k < size(); ++k) {
      if (k % band() > 0) visit(k - 1, k);
      if (k >= band()) visit(k - band(), k);
    }
  }

  LevelTable table(std::vector<double> const& value) const {
    LevelTable table{m_lower, m_spacing, m_points, std::vector<double>(size())};
    for (std::size_t k = 0; k < size(); ++k) {
      auto const [i, j] = place(k);
      table.value[i * static_cast<std::size_t>(m_points[1]) + j] = value[k];
    }
    return table;
  }

 private:
  std::pair<std::size_t, std::size_t> place(std::size_t k) const {
    std::size_t const fast = k % band(), slow = k / band();
    return m_short == 1 ? std::pair(slow, fast) : std::pair(fast, slow);
  }
  PathPoint point(std::size_t k) const {
    auto const [i, j] = place(k);
    return {m_lower[0] + m_spacing * static_cast<double>(i), m_lower[1] + m_spacing * static_cast<double>(j)};
  }

  PathPoint m_lower;
  double m_spacing = 1;
  std::array<int, 2> m_points{};
  std::size_t m_short = 1;
  std::vector<double> m_energy;
  std::vector<int> m_state;
};

/// The chance of each point to come to each state before the others, A first, of a walk that takes links by weights.
///
/// Points leave the walk one by one, and their neighbours are linked past them: nothing is ever subtracted.
std::vector<std::vector<double>> committors(Grid const& grid, std::size_t states) {
  std::size_t const n = grid.size(), band = grid.band();
  std::vector<double> later(n * band, 0.0);  // of point k, to k + 1 ... k + band
  std::vector<std::vector<double>> to(states, std::vector<double>(n, 0.0)), q = to;
  std::vector<double> all(n, 0.0);
  grid.each_link([&](std::size_t i, std::size_t k) {
    double const weight = grid.link(i, k);
    if (grid.is_free(i) && grid.is_free(k)) later[i * band + (k - i - 1)] = weight;
    for (auto const& [from, end] : {std::pair(i, k), std::pair(k, i)}) {
      if (!grid.is_free(end)) to[static_cast<std::size_t>(grid.state(end) - 1)][from] += weight;
    }
  });
  for (std::size_t k = 0; k < n; ++k) {
    if (!grid.is_free(k)) continue;
    double const* const row = &later[k * band];
    std::size_t const reach = std::min(band, n - 1 - k);
    for (std::vector<double> const& one : to) all[k] += one[k];
    for (std::size_t j = 0; j < reach; ++j) all[k] += row[j];
    for (std::size_t j = 0; j < reach; ++j) {
      if (!(row[j] > 0)) continue;
      double const share = row[j] / all[k];
      std::size_t const other = k + 1 + j;
      double* const target = &later[other * band];
      for (std::size_t i = j + 1; i < reach; ++i) target[i - j - 1] += share * row[i];
      for (std::vector<double>& one : to) one[other] += share * one[k];
    }
  }
  for (std::size_t s = 0; s < states; ++s) {
    for (std::size_t k = n; k-- > 0;) {
      if (grid.state(k) == static_cast<int>(s) + 1) q[s][k] = 1;
      if (!(all[k] > 0)) continue;
      double const* const row = &later[k * band];
      std::size_t const reach = std::min(band, n - 1 - k);
      double sum = to[s][k];
      for (std::size_t j = 0; j < reach; ++j) sum += row[j] * q[s][k + 1 + j];
      q[s][k] = sum / all[k];
    }
  }
  return q;
}

/// Walkers that leave A and come to a target first, per time in which A was visited last, which the chance to come to A
/// first tells backwards in time. Counted at the edge of A, where the smallest chances are.
double rate(Grid const& grid, std::vector<double> const& to_target, std::vector<double> const& to_a) {
  double current = 0, waiting = 0;
  grid.each_link([&](std::size_t i, std::size_t k) {
    if (grid.is_a(i) != grid.is_a(k)) current += grid.link(i, k) * to_target[grid.is_a(i) ? k : i];
  });
  for (std::size_t k = 0; k < grid.size(); ++k) waiting += grid.weight(k) * to_a[k];
  return current / (waiting * grid.spacing() * grid.spacing());
}

/// The mean of ln q over what walkers find around A: what is connected with it up to 1 kT above its lowest neighbour.
double level_around(Grid const& grid, std::vector<double> const& level) {
  double edge = infinity;
  std::vector<std::vector<std::size_t>> beside(grid.size());
  grid.each_link([&](std::size_t i, std::size_t k) {
    for (auto const& [from, to] : {std::pair(i, k), std::pair(k, i)}) {
      if (!grid.is_free(to)) continue;
      beside[from].push_back(to);
      if (grid.is_a(from)) edge = std::min(edge, grid.energy(to));
    }
  });
  std::vector<std::size_t> found;
  std::vector<bool> seen(grid.size(), false);
  auto const spread = [&](std::size_t from) {
    for (std::size_t const to : beside[from]) {
      if (seen[to] || grid.energy(to) > edge + 1) continue;
      seen[to] = true;
      found.push_back(to);
    }
  };
  for (std::size_t k = 0; k < grid.size(); ++k) {
    if (grid.is_a(k)) spread(k);
  }
  for (std::size_t i = 0; i < found.size(); ++i) spread(found[i]);
  double sum = 0, all = 0;
  std::ranges::sort(found);
  for (std::size_t const k : found) {
    double const weight = math::exp(edge - grid.energy(k));
    sum += weight * level[k];
    all += weight;
  }
  return all > 0 ? sum / all : -1;
}

/// Rates from A to each target, of the committors of all.
std::vector<double> rates(Grid const& grid, std::vector<std::vector<double>> const& each) {
  std::vector<double> found;
  for (std::size_t s = 1; s < each.size(); ++s) found.push_back(rate(grid, each[s], each[0]));
  return found;
}

}  // namespace

GridCommittor solve_committor(PlaneStates const& states) {
  Extent const extent = flood(states);
  Grid const grid(states, extent, most_cells);
  auto const each = committors(grid, states.targets.size() + 1);
  std::vector<double> q(grid.size(), 0.0);
  for (std::size_t s = 1; s < each.size(); ++s) {
    for (std::size_t k = 0; k < q.size(); ++k) q[k] += each[s][k];
  }
  double least = 0;
  std::vector<double> level(q.size());
  for (std::size_t k = 0; k < q.size(); ++k) {
    if (!(q[k] > 0)) continue;
    level[k] = math::log(q[k]);
    least = std::min(least, level[k]);
  }
  for (std::size_t k = 0; k < q.size(); ++k) {
    if (!(q[k] > 0)) level[k] = least - 1;
  }
  // From a state whose edge is near another's all bins would be gone.
  GridCommittor found{grid.table(level), std::min(level_around(grid, level), math::log(0.25)), {}};
  for (double const rate : rates(grid, each)) found.rates.emplace_back(rate);
  for (int const cells : coarser) {
    Grid const coarse(states, extent, cells);
    auto const others = rates(coarse, committors(coarse, states.targets.size() + 1));
    for (std::size_t s = 0; s < others.size(); ++s) {
      if (found.rates[s] && std::abs(others[s] / *found.rates[s] - 1) > resolved) found.rates[s].reset();
    }
  }
  return found;
}

}  // namespace kramers::dynamics
