// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/rare/draws.hpp>
#include <kramers/dynamics/rare/population.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>

namespace kramers::dynamics {

void check(SelectionParams const& params) {
  expects(params.replicas >= 2 && params.replicas <= (std::int64_t{1} << 30), "replicas", params.replicas, "2 to 2^30");
  expects(params.kill > 0 && params.kill < 1, "kill", params.kill, "between 0 and 1");
  expects(params.bins >= 1, "bins", params.bins, ">= 1");
}

Population::Population(SelectionParams const& params, std::uint64_t seed, std::int64_t repeat)
    : m_params((check(params), params)),
      m_seed(seed),
      m_repeat(repeat),
      m_children(params.replicas),
      m_unrelated(1 - 1 / static_cast<double>(params.replicas)),
      m_root(static_cast<std::size_t>(params.replicas)),
      m_reached(static_cast<std::size_t>(params.bins) + 1, 0.0) {
  std::iota(m_root.begin(), m_root.end(), 0);
}

std::vector<Replacement> Population::select(std::span<std::int32_t const> top) {
  auto const bins = static_cast<std::size_t>(m_params.bins);
  auto const n = static_cast<double>(m_params.replicas);
  expects_extent("top", static_cast<std::int64_t>(top.size()), m_params.replicas);
  // How many have reached each bin, and where those of a bin begin when sorted by bin and then by number.
  std::vector<std::int64_t> at_least(bins + 2, 0), place(bins + 2, 0);
  for (std::int32_t const t : top) ++at_least[static_cast<std::size_t>(std::max(t, 0))];
  for (std::size_t b = 0; b <= bins; ++b) place[b + 1] = place[b] + at_least[b];
  for (std::size_t b = bins; b-- > 0;) at_least[b] += at_least[b + 1];

  auto const least = static_cast<std::int64_t>(std::ceil(m_params.kill * n));
  int killed_below = m_stage + 1;
  if (!m_params.fixed) {
    while (place[static_cast<std::size_t>(killed_below) + 1] < least) ++killed_below;
  }
  auto const z = static_cast<std::size_t>(killed_below);
  for (auto b = static_cast<std::size_t>(m_stage + 1); b <= std::min(z, bins); ++b) {
    m_reached[b] = m_share * static_cast<double>(at_least[b]) / n;
  }
  if (z >= bins) {
    finish(at_least, top);
    return {};
  }
  std::int64_t const killed = place[z + 1], left = m_params.replicas - killed;
  ++m_stages;
  m_stage = killed_below;
  m_share *= 1 - static_cast<double>(killed) / n;
  m_unrelated *= 1 - static_cast<double>(killed) / (n * n);
  if (left == 0) {
    m_extinct = true;
    return {};
  }
  std::vector<std::int32_t> survivors;
  std::vector<Replacement> replaced(static_cast<std::size_t>(killed));
  for (std::size_t i = 0; i < top.size(); ++i) {
    auto const t = static_cast<std::size_t>(std::max(top[i], 0));
    if (t > z) {
      survivors.push_back(static_cast<std::int32_t>(i));
    } else {
      replaced[static_cast<std::size_t>(place[t]++)].replica = static_cast<std::int32_t>(i);
    }
  }
  for (Replacement& one : replaced) {
    one.child = m_children++;
    std::int64_t const chosen = draw_below(left, m_seed, path_id(m_repeat, one.child), RareStream::parent);
    one.parent = survivors[static_cast<std::size_t>(chosen)];
    one.bin = m_stage + 1;
    m_root[static_cast<std::size_t>(one.replica)] = m_root[static_cast<std::size_t>(one.parent)];
  }
  // A stage of a list at which all have come further: nothing is replaced, which would read as the end.
  return replaced.empty() ? select(top) : replaced;
}

void Population::finish(std::vector<std::int64_t> const& at_least, std::span<std::int32_t const> top) {
  auto const bins = static_cast<std::size_t>(m_params.bins);
  m_probability = m_share * static_cast<double>(at_least[bins]) / static_cast<double>(m_params.replicas);
  m_descendants.assign(m_root.size(), 0);
  for (std::size_t i = 0; i < top.size(); ++i) {
    if (top[i] >= m_params.bins) ++m_descendants[static_cast<std::size_t>(m_root[i])];
  }
}

std::int64_t Population::roots() const {
  return std::ranges::count_if(m_descendants, [](std::int64_t n) { return n > 0; });
}

double Population::relative_variance() const {
  double const all = static_cast<double>(std::accumulate(m_descendants.begin(), m_descendants.end(), std::int64_t{0}));
  if (all == 0) return std::numeric_limits<double>::infinity();
  double sum = 0;
  for (std::int64_t const n : m_descendants) sum += static_cast<double>(n) / all * (static_cast<double>(n) / all);
  return std::max(0.0, 1 - (1 - sum) / m_unrelated);
}

}  // namespace kramers::dynamics
