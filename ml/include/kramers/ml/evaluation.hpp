// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace kramers::ml {

/// Softmax of each row of logits (N, classes).
std::vector<double> probabilities(std::span<double const> logits, int classes);
/// The class of the highest value of each row, the first one among equals.
std::vector<int> most_likely(std::span<double const> rows, int classes);

/// Samples whose highest probability falls into one interval.
struct ReliabilityBin {
  double lower, upper;
  std::int64_t count = 0;
  double confidence = 0;  ///< mean of the highest probability; 0 where count is 0
  double accuracy = 0;    ///< share of samples whose most likely class is right
};

/// How well probabilities tell the classes of N samples.
struct Evaluation {
  std::int64_t samples = 0;
  int classes = 0;
  std::int64_t correct = 0;
  double accuracy = 0;                  ///< correct / samples
  double negative_log_likelihood = 0;   ///< mean of -ln p(label)
  double calibration_error = 0;         ///< expected: sum over bins of count / samples |accuracy - confidence|
  std::vector<std::int64_t> confusion;  ///< (classes, classes): [label][most likely]
  std::vector<ReliabilityBin> bins;     ///< of equal width over [0, 1]
};

/// Number of bins of the reliability.
inline constexpr int reliability_bins = 10;

/// @param[in] probabilities  (N, classes), N >= 0; all measures of no samples are zero
/// @param[in] labels         (N), in [0, classes)
/// @see  Source  Guo, Pleiss, Sun, Weinberger, ICML (2017), equation 5
Evaluation evaluate(std::span<double const> probabilities, std::span<int const> labels, int classes);

}  // namespace kramers::ml
