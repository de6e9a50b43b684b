// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/ml/evaluation.hpp>

#include <algorithm>
#include <cmath>
#include <limits>

#include "host_math.hpp"

namespace kramers::ml {

std::vector<double> probabilities(std::span<double const> logits, int classes) {
  auto const k = static_cast<std::size_t>(classes);
  std::vector<double> result(logits.begin(), logits.end());
  for (std::size_t row = 0; row + k <= result.size(); row += k) {
    auto const values = std::span(result).subspan(row, k);
    double const highest = *std::ranges::max_element(values);
    double sum = 0;
    for (double& value : values) sum += value = detail::host_exp(value - highest);
    for (double& value : values) value /= sum;
  }
  return result;
}

std::vector<int> most_likely(std::span<double const> rows, int classes) {
  auto const k = static_cast<std::size_t>(classes);
  std::vector<int> result;
  result.reserve(rows.size() / k);
  for (std::size_t row = 0; row + k <= rows.size(); row += k) {
    auto const values = rows.subspan(row, k);
    result.push_back(static_cast<int>(std::ranges::max_element(values) - values.begin()));
  }
  return result;
}

Evaluation evaluate(std::span<double const> probabilities, std::span<int const> labels, int classes) {
  auto const k = static_cast<std::size_t>(classes), n = labels.size();
  expects_extent("probabilities", std::ssize(probabilities), static_cast<std::int64_t>(n * k));
  Evaluation result;
  result.samples = static_cast<std::int64_t>(n);
  result.classes = classes;
  result.confusion.assign(k * k, 0);
  for (int b = 0; b < reliability_bins; ++b) {
    result.bins.push_back({static_cast<double>(b) / reliability_bins, static_cast<double>(b + 1) / reliability_bins});
  }
  auto const chosen = most_likely(probabilities, classes);
  std::vector<std::int64_t> right(result.bins.size(), 0);
  for (std::size_t i = 0; i < n; ++i) {
    expects(labels[i] >= 0 && labels[i] < classes, "label", labels[i], "0 <= label < classes");
    auto const label = static_cast<std::size_t>(labels[i]), guess = static_cast<std::size_t>(chosen[i]);
    double const confidence = probabilities[i * k + guess];
    auto const bin = std::min(static_cast<std::size_t>(confidence * reliability_bins), result.bins.size() - 1);
    ++result.confusion[label * k + guess];
    ++result.bins[bin].count;
    result.bins[bin].confidence += confidence;
    if (label == guess) ++right[bin], ++result.correct;
    // A probability that has vanished counts as the smallest number, so that one sample does not hide all others.
    result.negative_log_likelihood -=
        detail::host_log(std::max(probabilities[i * k + label], std::numeric_limits<double>::min()));
  }
  if (n == 0) return result;
  auto const count = static_cast<double>(n);
  result.accuracy = static_cast<double>(result.correct) / count;
  result.negative_log_likelihood /= count;
  for (std::size_t b = 0; b < result.bins.size(); ++b) {
    ReliabilityBin& bin = result.bins[b];
    if (bin.count == 0) continue;
    bin.confidence /= static_cast<double>(bin.count);
    bin.accuracy = static_cast<double>(right[b]) / static_cast<double>(bin.count);
    result.calibration_error += static_cast<double>(bin.count) / count * std::abs(bin.accuracy - bin.confidence);
  }
  return result;
}

}  // namespace kramers::ml
