// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/estimators/diagnostics.hpp>

#include <cmath>
#include <limits>

namespace kramers::dynamics {
namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

}  // namespace

Drift drift(SampleTable const& frames, int first) {
  int const half = (frames.columns() - first) / 2;
  expects(first >= 0 && half > 0, "first", first, "two frames before the end or earlier");
  Estimate const change = jackknife(frames, [&](std::span<double const> totals, double walkers) {
    double difference = 0;
    for (int n = first, m = frames.columns() - 1; n < first + half; ++n, --m) {
      difference += totals[static_cast<std::size_t>(m)] - totals[static_cast<std::size_t>(n)];
    }
    return std::vector{difference / (half * walkers)};
  })[0];
  return {change, z_score(change, 0)};
}

double effective_samples(SampleTable const& cells, double samples, Column value, Column square) {
  Estimate const average = mean(cells, value, samples);
  double const variance = cells.total(square) / (cells.walkers() * samples) - average.value * average.value;
  double const of_mean = average.stderr_ * average.stderr_;
  return variance > 0 && of_mean > 0 ? variance / of_mean : nan;
}

double z_score(Estimate const& estimate, double exact) {
  return estimate.stderr_ > 0 ? (estimate.value - exact) / estimate.stderr_ : nan;
}

bool undersampled(SampleTable const& products, SampleTable const* positions) {
  constexpr double least = 0.6;
  if (products.columns() < 2) return true;
  std::vector<Estimate> const c = correlation(products, positions);
  return c[1].value < least * c[0].value;
}

}  // namespace kramers::dynamics
