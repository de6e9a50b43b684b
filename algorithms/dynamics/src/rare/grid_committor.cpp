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
// Above the saddle [kT]: paths seldom come higher on the way, and what they would find there changes the level little.
constexpr double margin = 8;
// Beyond these [kT above the saddle] weights are alike: far below and above all that count, and far from where doubles end.
constexpr double highest = 80, lowest = -600;

bool holds(Region const& r, PathPoint const& axis, PathPoint const& x, double energy) {
  double const s = axis[0] * x[0] + axis[1] * x[1], dx = x[0] - r.centre[0], dy = x[1] - r.centre[1];
  return s >= r.lower && s <= r.upper && dx * dx + dy * dy <= r.radius * r.radius && energy <= r.energy;
}

struct Extent {
  PathPoint lower, upper;
  double saddle;  // [energy]
};

/// Water that rises from the bottom of A on a lattice, until it stands `margin` above the saddle to B.
Extent flood(PlaneStates const& states) {
  double const step = states.way / 32;
  constexpr std::size_t most = std::size_t{1} << 18;
  using Place = std::pair<int, int>;
  auto const point = [&](Place const& p) {
    return PathPoint{states.bottom_a[0] + step * p.first, states.bottom_a[1] + step * p.second};
  };
  auto const nearest = [&](std::size_t d) {
    return static_cast<int>(std::floor((states.bottom_b[d] - states.bottom_a[d]) / step + 0.5));
  };
  Place const goal{nearest(0), nearest(1)};
  using Wet = std::tuple<double, int, int>;
  std::priority_queue<Wet, std::vector<Wet>, std::greater<>> shore;
  std::set<Place> seen;
  auto const touch = [&](Place const& p) {
    if (!seen.insert(p).second) return;
    double const energy = states.energy(point(p));
    if (energy < infinity) shore.emplace(energy, p.first, p.second);
  };
  touch({0, 0});
  Extent extent{states.bottom_a, states.bottom_a, -infinity};
  bool arrived = false;
  while (!shore.empty()) {
    auto const [energy, i, j] = shore.top();
    shore.pop();
    if (arrived && energy > extent.saddle + margin * states.kT) break;
    if (!arrived) extent.saddle = std::max(extent.saddle, energy);
    arrived = arrived || Place{i, j} == goal;
    PathPoint const at = point({i, j});
    for (std::size_t d = 0; d < 2; ++d) {
      extent.lower[d] = std::min(extent.lower[d], at[d] - step);
      extent.upper[d] = std::max(extent.upper[d], at[d] + step);
    }
    for (Place const& next : {Place{i - 1, j}, Place{i + 1, j}, Place{i, j - 1}, Place{i, j + 1}}) touch(next);
    expects(seen.size() <= most, "committor", "a surface that is not closed below 8 kT above the saddle",
            "one whose walkers stay within some hundred times the way from A to B");
  }
  expects(arrived, "committor", "a state B that no path on a grid reaches", "states that one surface connects");
  return extent;
}

/// The points of the grid, and what they weigh.
class Grid {
 public:
  Grid(PlaneStates const& states, Extent const& extent) : m_states(states), m_lower(extent.lower) {
    double const sides[2] = {extent.upper[0] - extent.lower[0], extent.upper[1] - extent.lower[1]};
    m_spacing = std::max(sides[0], sides[1]) / most_cells;
    for (std::size_t d = 0; d < 2; ++d) m_points[d] = static_cast<int>(std::ceil(sides[d] / m_spacing - 1e-9)) + 1;
    // Neighbours along the shorter side are next to each other: the band of the equations is as wide as that is long.
    m_short = m_points[1] <= m_points[0] ? 1 : 0;
    m_energy.resize(size());
    m_state.assign(size(), 0);
    double nearest[2] = {infinity, infinity};
    std::size_t at_bottom[2] = {0, 0};
    for (std::size_t k = 0; k < size(); ++k) {
      PathPoint const x = point(k);
      double const energy = states.energy(x), above = (energy - extent.saddle) / states.kT;
      m_energy[k] = above < highest ? std::max(above, lowest) : highest;
      if (holds(states.a, states.axis, x, energy)) m_state[k] = -1;
      if (holds(states.b, states.axis, x, energy)) m_state[k] = 1;
      for (int s = 0; s < 2; ++s) {
        PathPoint const& bottom = s == 0 ? states.bottom_a : states.bottom_b;
        double const dx = x[0] - bottom[0], dy = x[1] - bottom[1], apart = dx * dx + dy * dy;
        if (apart < nearest[s]) {
          nearest[s] = apart;
          at_bottom[s] = k;
        }
      }
    }
    m_state[at_bottom[0]] = -1;
    m_state[at_bottom[1]] = 1;
  }

  std::size_t size() const { return static_cast<std::size_t>(m_points[0]) * static_cast<std::size_t>(m_points[1]); }
  std::size_t band() const { return static_cast<std::size_t>(m_points[m_short]); }
  double spacing() const { return m_spacing; }
  double energy(std::size_t k) const { return m_energy[k]; }  // above the saddle [kT]
  double weight(std::size_t k) const { return math::exp(-m_energy[k]); }
  double link(std::size_t i, std::size_t k) const { return math::exp(-0.5 * (m_energy[i] + m_energy[k])); }
  bool is_a(std::size_t k) const { return m_state[k] < 0; }
  bool is_b(std::size_t k) const { return m_state[k] > 0; }
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

  PlaneStates const& m_states;
  PathPoint m_lower;
  double m_spacing = 1;
  std::array<int, 2> m_points{};
  std::size_t m_short = 1;
  std::vector<double> m_energy;
  std::vector<int> m_state;
};

/// The chance of each point to come to B first, of a walk that takes links by their weights.
///
/// Points leave the walk one by one, and their neighbours are linked past them: nothing is ever subtracted.
std::vector<double> committor(Grid const& grid) {
  std::size_t const n = grid.size(), band = grid.band();
  std::vector<double> later(n * band, 0.0);  // of point k, to the points k + 1 ... k + band
  std::vector<double> to_a(n, 0.0), to_b(n, 0.0), all(n, 0.0), q(n, 0.0);
  grid.each_link([&](std::size_t i, std::size_t k) {
    double const weight = grid.link(i, k);
    if (grid.is_free(i) && grid.is_free(k)) later[i * band + (k - i - 1)] = weight;
    for (auto const& [from, to] : {std::pair(i, k), std::pair(k, i)}) {
      if (grid.is_a(to)) to_a[from] += weight;
      if (grid.is_b(to)) to_b[from] += weight;
    }
  });
  for (std::size_t k = 0; k < n; ++k) {
    if (!grid.is_free(k)) continue;
    double const* const row = &later[k * band];
    std::size_t const reach = std::min(band, n - 1 - k);
    double sum = to_a[k] + to_b[k];
    for (std::size_t j = 0; j < reach; ++j) sum += row[j];
    all[k] = sum;
    for (std::size_t j = 0; j < reach; ++j) {
      if (!(row[j] > 0)) continue;
      double const share = row[j] / sum;
      std::size_t const other = k + 1 + j;
      double* const target = &later[other * band];
      for (std::size_t i = j + 1; i < reach; ++i) target[i - j - 1] += share * row[i];
      to_a[other] += share * to_a[k];
      to_b[other] += share * to_b[k];
    }
  }
  for (std::size_t k = n; k-- > 0;) {
    if (grid.is_b(k)) q[k] = 1;
    if (!(all[k] > 0)) continue;
    double const* const row = &later[k * band];
    std::size_t const reach = std::min(band, n - 1 - k);
    double sum = to_b[k];
    for (std::size_t j = 0; j < reach; ++j) sum += row[j] * q[k + 1 + j];
    q[k] = sum / all[k];
  }
  return q;
}

double rate(Grid const& grid, std::vector<double> const& q) {
  double current = 0, waiting = 0;
  grid.each_link([&](std::size_t i, std::size_t k) {
    current += grid.link(i, k) * (q[i] - q[k]) * (q[i] - q[k]);
  });
  for (std::size_t k = 0; k < grid.size(); ++k) waiting += grid.weight(k) * (1 - q[k]);
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

}  // namespace

GridCommittor solve_committor(PlaneStates const& states) {
  Grid const grid(states, flood(states));
  std::vector<double> const q = committor(grid);
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
  // From a state whose edge is near B's all bins would be gone.
  double const start = std::min(level_around(grid, level), math::log(0.25));
  return {grid.table(level), start, rate(grid, q)};
}

}  // namespace kramers::dynamics
