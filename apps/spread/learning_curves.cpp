// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "learning_curves.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

namespace kramers::spread {
namespace {

/// Steps at which a curve first reaches the target.
double steps_until(std::vector<double> const& accuracy, std::vector<std::int64_t> const& steps, double target) {
  auto const place = std::ranges::find_if(accuracy, [&](double a) { return a >= target; }) - accuracy.begin();
  auto const i = static_cast<std::size_t>(place);
  if (i == 0) return static_cast<double>(steps[0]);
  double const share = (target - accuracy[i - 1]) / (accuracy[i] - accuracy[i - 1]);
  return std::lerp(static_cast<double>(steps[i - 1]), static_cast<double>(steps[i]), share);
}

}  // namespace

std::vector<double> mean_of(Repeats const& repeats, std::size_t without) {
  std::vector<double> mean(repeats[0].size(), 0.0);
  double const n = static_cast<double>(repeats.size()) - (without < repeats.size() ? 1 : 0);
  for (std::size_t r = 0; r < repeats.size(); ++r) {
    for (std::size_t round = 0; round < mean.size() && r != without; ++round) mean[round] += repeats[r][round] / n;
  }
  return mean;
}

std::vector<double> error_of(Repeats const& repeats, std::vector<double> const& mean) {
  auto const n = static_cast<double>(repeats.size());
  std::vector<double> error(mean.size(), 0.0);
  for (std::size_t round = 0; round < mean.size() && repeats.size() > 1; ++round) {
    double squares = 0;
    for (auto const& one : repeats) squares += (one[round] - mean[round]) * (one[round] - mean[round]);
    error[round] = std::sqrt(squares / (n * (n - 1)));
  }
  return error;
}

Comparison compare(std::vector<double> const& uniform, std::vector<double> const& adaptive,
                   std::vector<std::int64_t> const& steps) {
  double const target = std::min(*std::ranges::max_element(uniform), *std::ranges::max_element(adaptive));
  return {target, steps_until(uniform, steps, target), steps_until(adaptive, steps, target)};
}

double saving_error(Repeats const& uniform, Repeats const& adaptive, std::vector<std::int64_t> const& steps) {
  auto const n = static_cast<double>(uniform.size());
  std::vector<double> savings;
  for (std::size_t r = 0; r < uniform.size() && uniform.size() > 1; ++r) {
    savings.push_back(compare(mean_of(uniform, r), mean_of(adaptive, r), steps).saving());
  }
  double const mean = std::accumulate(savings.begin(), savings.end(), 0.0) / n;
  double squares = 0;
  for (double const saving : savings) squares += (saving - mean) * (saving - mean);
  return std::sqrt(squares * (n - 1) / n);
}

}  // namespace kramers::spread
