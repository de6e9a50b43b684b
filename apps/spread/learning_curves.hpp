// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace kramers::spread {

/// Held-out accuracies [repeat][round].
using Repeats = std::vector<std::vector<double>>;

/// Mean over all repeats but one (or none, if `without` is none of them), round by round.
std::vector<double> mean_of(Repeats const& repeats, std::size_t without);
/// Standard error of the mean over all repeats; 0 where there is one repeat only.
std::vector<double> error_of(Repeats const& repeats, std::vector<double> const& mean);

/// The highest accuracy that both means reach, and the steps each needs for it, on straight lines between rounds.
struct Comparison {
  double target, uniform_steps, adaptive_steps;
  double saving() const { return uniform_steps / adaptive_steps; }
};
/// @param steps  of the members so far, after each round
Comparison compare(std::vector<double> const& uniform, std::vector<double> const& adaptive,
                   std::vector<std::int64_t> const& steps);

/// Standard error of the saving between the means, by the jackknife over repeats: sqrt((n - 1) / n sum (s_i - mean)^2)
/// with s_i the saving without repeat i (Efron and Stein 1981, eq. 1.4). 0 where there is one repeat only.
double saving_error(Repeats const& uniform, Repeats const& adaptive, std::vector<std::int64_t> const& steps);

}  // namespace kramers::spread
