// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>

namespace kramers::dynamics {

/// Two ends between which a number lies with the stated confidence.
struct ConfidenceInterval {
  double lower, upper;
};

/// Exact interval of the mean of a Poisson law of which `events` were counted once (Garwood's). Of no events the upper
/// end is the one-sided limit, -log(1 - confidence): 2.996 at 95 %, the "rule of three".
///
/// Two-sided intervals hold the mean at least as often as `confidence` says. The one-sided limit for no events costs a
/// little of that for means just above it: never below 92.5 % at 95 %.
///
/// @throws DomainError  events < 0 or confidence not in (0, 1)
/// @note   Accuracy     1e-9 of the width of the interval up to 1e12 events
/// @see    Source       Garwood, Biometrika 28, 437 (1936); checked against SciPy, tests/.../oracles/intervals.py
ConfidenceInterval poisson_interval(std::int64_t events, double confidence = 0.95);

/// Exact interval of the probability of an outcome seen `hits` times in `trials` independent trials (Clopper and
/// Pearson's). Of no hits, and of hits alone, the interval is one-sided, as above.
///
/// Where hits and misses are more than 1e4 each, Wilson's interval with the correction for continuity stands for it;
/// they differ by less than 5e-4 of the width there.
///
/// @throws DomainError  trials < 1, hits not in [0, trials] or confidence not in (0, 1)
/// @see    Source       Clopper and Pearson, Biometrika 26, 404 (1934); Newcombe, Stat. Med. 17, 857 (1998), method 4
ConfidenceInterval binomial_interval(std::int64_t hits, std::int64_t trials, double confidence = 0.95);

/// z of which the standard normal law has the probability p below it, p in (0, 1).
double normal_quantile(double p);

/// 95 % of Student's law with so many degrees of freedom >= 1 lie between minus and plus this.
/// @see Source  Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4
double student_95(std::int64_t freedom);

}  // namespace kramers::dynamics
