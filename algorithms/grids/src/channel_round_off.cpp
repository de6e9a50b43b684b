// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/grids/studies/channel_study.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>

namespace kramers::grids {
namespace {

/// Slope of the logarithms, by least squares.
double slope_of(std::span<double const> series) {
  double const middle = 0.5 * (static_cast<double>(series.size()) - 1);
  double sum = 0, squares = 0;
  for (std::size_t k = 0; k < series.size(); ++k) {
    double const x = static_cast<double>(k) - middle;
    sum += x * std::log(series[k]);
    squares += x * x;
  }
  return sum / squares;
}

}  // namespace

std::optional<double> exponential_growth(std::span<double const> series) {
  constexpr std::size_t fewest = 8;
  constexpr double least_growth = 10, alike = 1.25;
  if (series.size() < fewest || !std::ranges::all_of(series, [](double d) { return d > 0; })) return std::nullopt;
  double const slope = slope_of(series);
  if (!(slope * static_cast<double>(series.size() - 1) >= std::log(least_growth))) return std::nullopt;
  std::size_t const half = series.size() / 2;
  double const early = slope_of(series.first(half)), late = slope_of(series.last(half));
  if (!(early < alike * late && late < alike * early)) return std::nullopt;
  return std::exp(slope);
}

RoundOffTwin::RoundOffTwin(ChannelRequest const& request, Communicator const& comm)
    : m_flow(make_channel(request.space, request.precision, request.params, comm)),
      m_cells(static_cast<double>(request.params.rows * request.params.columns)) {
  m_found.row = request.params.rows / 2;
  m_found.column = request.params.columns / 2;
  m_found.amount = request.precision == "f32" ? double{std::numeric_limits<float>::epsilon()}
                                              : std::numeric_limits<double>::epsilon();
  ChannelFields fields = m_flow->fields();
  Block const& block = m_flow->block();
  if (block.first <= m_found.row && m_found.row < block.last) {
    fields.u[static_cast<std::size_t>((m_found.row - block.first) * block.columns + m_found.column)] += m_found.amount;
  }
  m_flow->restore(fields, 0);
}

void RoundOffTwin::follow(AnyChannel& first) {
  std::int64_t const followed = std::ssize(m_found.differences);
  if (followed + 1 != first.step()) return;  // the second flow has left the finite numbers
  m_flow->advance(1, -std::numeric_limits<double>::infinity());
  double const difference = m_flow->largest_difference(first);
  if (difference >= double{std::numeric_limits<float>::max()}) return;
  m_found.differences.push_back(difference);
  m_means.push_back(std::abs(first.sum_u()) / m_cells);
}

RoundOff RoundOffTwin::found() const {
  constexpr double above_rounding = 100, of_mean = 1e-3;
  RoundOff found = m_found;
  std::vector<double> const& series = found.differences;
  auto const begin = static_cast<std::size_t>(
      std::ranges::find_if(series, [&](double d) { return d > above_rounding * found.amount; }) - series.begin());
  std::size_t end = begin;
  while (end < series.size() && series[end] < of_mean * m_means[end]) ++end;
  found.growth = exponential_growth(std::span(series).subspan(begin, end - begin));
  if (!found.growth) return found;
  found.first = static_cast<std::int64_t>(begin) + 1;
  found.last = static_cast<std::int64_t>(end);
  return found;
}

}  // namespace kramers::grids
