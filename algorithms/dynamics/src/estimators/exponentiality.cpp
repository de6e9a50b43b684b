// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/estimators/events.hpp>

#include <algorithm>
#include <cmath>
#include <random>

namespace kramers::dynamics {
namespace {

// The standard library's distributions differ between libraries; its engines do not.
class Draws {
 public:
  double uniform() { return (static_cast<double>(m_engine() >> 11) + 0.5) * 0x1p-53; }

  // Exact. Hoermann's transformed rejection (BTRS); where few are expected, by adding up probabilities.
  double binomial(double n, double p) {
    if (p > 0.5) return n - binomial(n, 1 - p);
    return n * p < 10 ? few(n, p) : many(n, p);
  }

 private:
  double few(double n, double p) {
    double const odds = p / (1 - p);
    double weight = std::exp(n * std::log1p(-p)), u = uniform(), k = 0;
    while (u > weight && k < n) {
      u -= weight;
      ++k;
      weight *= odds * (n - k + 1) / k;
    }
    return k;
  }

  double many(double n, double p) {
    double const spread = std::sqrt(n * p * (1 - p)), b = 1.15 + 2.53 * spread;
    double const a = -0.0873 + 0.0248 * b + 0.01 * p, centre = n * p + 0.5, sure = 0.92 - 4.2 / b;
    for (;;) {
      double const u = uniform() - 0.5, v = uniform(), us = 0.5 - std::abs(u);
      double const k = std::floor((2 * a / us + b) * u + centre);
      if (us >= 0.07 && v <= sure) return k;
      if (k < 0 || k > n) continue;
      double const m = std::floor((n + 1) * p), odds = p / (1 - p), alpha = (2.83 + 5.1 / b) * spread;
      double const log_ratio =
          (m + 0.5) * std::log((m + 1) / (odds * (n - m + 1))) + (n + 1) * std::log((n - m + 1) / (n - k + 1)) +
          (k + 0.5) * std::log(odds * (n - k + 1) / (k + 1)) + rest(m) + rest(n - m) - rest(k) - rest(n - k);
      if (std::log(v * alpha / (a / (us * us) + b)) <= log_ratio) return k;
    }
  }

  // What Stirling's formula in k + 1 leaves of log(k!).
  static double rest(double k) {
    if (k < 10) return std::lgamma(k + 1) - (k + 0.5) * std::log(k + 1) + k + 1 - 0.91893853320467274;
    double const x = 1 / (k + 1), x2 = x * x;
    return x * (1.0 / 12 - x2 * (1.0 / 360 - x2 / 1260));
  }

  std::mt19937_64 m_engine;
};

struct Fit {
  double passing;    // probability per interval
  double statistic;  // D
};

// `survivors` of each time, the first of which is the number that the test begins with.
Fit fit(std::vector<double> const& survivors) {
  double at_risk = 0;
  for (std::size_t k = 0; k + 1 < survivors.size(); ++k) at_risk += survivors[k];
  double const passing = (survivors.front() - survivors.back()) / at_risk;
  double expected = 1, statistic = 0;
  for (double const count : survivors) {
    statistic = std::max(statistic, std::abs(count / survivors.front() - expected));
    expected *= 1 - passing;
  }
  return {passing, statistic};
}

}  // namespace

std::optional<Exponentiality> exponentiality(SampleTable const& passed, FrameTimes const& times) {
  constexpr int most_intervals = 64, draws = 999, fewest_events = 5;
  expects(times.interval > 0, "interval", times.interval, "> 0");
  int const last = passed.columns() - 1;
  int const stride = std::max(1, (last + most_intervals - 1) / most_intervals);
  std::vector<double> const totals = passed.totals();
  std::vector<double> survivors;
  for (int n = 0; n <= last; n += stride) {
    survivors.push_back(std::round(passed.walkers() - totals[static_cast<std::size_t>(n)]));
  }
  double const events = survivors.front() - survivors.back();
  int const intervals = static_cast<int>(survivors.size()) - 1;
  if (intervals < 2 || events < fewest_events) return std::nullopt;
  Fit const data = fit(survivors);
  if (!(data.passing < 1)) return std::nullopt;

  Draws random;
  int as_large = 0;
  for (int i = 0; i < draws; ++i) {
    for (std::size_t k = 1; k < survivors.size(); ++k) {
      survivors[k] = survivors[k - 1] - random.binomial(survivors[k - 1], data.passing);
    }
    // D is a quotient of whole numbers; equal ones may differ by rounding.
    as_large += fit(survivors).statistic >= data.statistic * (1 - 1e-12) ? 1 : 0;
  }
  return Exponentiality{data.statistic, (1.0 + as_large) / (draws + 1),
                        -std::log1p(-data.passing) / (times.interval * stride), intervals,
                        static_cast<std::int64_t>(events)};
}

}  // namespace kramers::dynamics
