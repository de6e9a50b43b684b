// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/estimators/confidence.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace kramers::dynamics {
namespace {

// Beyond so many events, expansions are as exact as sums and cheaper.
constexpr double many = 1e4;

// log(n!) - log(sqrt(2 pi n) (n / e)^n).
double stirling_rest(double n) {
  if (n < 16) return std::lgamma(n + 1) - (n + 0.5) * std::log(n) + n - 0.5 * std::log(2 * std::numbers::pi);
  double const m = 1 / (n * n);
  return (1.0 / 12 - m * (1.0 / 360 - m * (1.0 / 1260 - m * (1.0 / 1680 - m / 1188)))) / n;
}

// n log(n / mean) + mean - n, without cancellation where n is near the mean. Source: Loader, "Fast and accurate
// computation of binomial probabilities" (2000).
double deviance(double n, double mean) {
  double const v = (n - mean) / (n + mean);
  if (std::abs(v) > 0.1) return n * std::log(n / mean) + mean - n;
  double sum = (n - mean) * v, term = 2 * n * v;
  for (int j = 1; j < 100; ++j) {
    term *= v * v;
    double const next = sum + term / (2 * j + 1);
    if (next == sum) break;
    sum = next;
  }
  return sum;
}

// mean^n exp(-mean) / n!, n any number >= 0.
double poisson_weight(double n, double mean) {
  if (n == 0) return std::exp(-mean);
  return std::exp(-stirling_rest(n) - deviance(n, mean)) / std::sqrt(2 * std::numbers::pi * n);
}

struct Tails {
  double below, above;
};

// Regularised incomplete gamma functions P(a, x) and Q(a, x), a >= 1; the smaller of the two is summed.
Tails gamma_tails(double a, double x) {
  constexpr double epsilon = std::numeric_limits<double>::epsilon();
  if (x < a + 1) {
    double sum = 1, term = 1;
    for (double n = a + 1; term > epsilon * sum; ++n) sum += term *= x / n;
    double const below = poisson_weight(a, x) * sum;
    return {below, 1 - below};
  }
  // Lentz's continued fraction of Q(a, x) = x^a exp(-x) / Gamma(a) / (x + 1 - a - ...).
  constexpr double tiny = 1e-300;
  double b = x + 1 - a, c = 1 / tiny, d = 1 / b, h = d;
  for (int i = 1; i < 100000; ++i) {
    double const an = -i * (i - a);
    b += 2;
    d = an * d + b;
    c = b + an / c;
    d = 1 / (std::abs(d) < tiny ? tiny : d);
    if (std::abs(c) < tiny) c = tiny;
    h *= d * c;
    if (std::abs(d * c - 1) < epsilon) break;
  }
  double const above = a * poisson_weight(a, x) * h;
  return {1 - above, above};
}

// Regularised incomplete beta function I_x(a, b) and its complement, by Lentz's continued fraction.
Tails beta_tails(double a, double b, double x) {
  if (x > (a + 1) / (a + b + 2)) {
    Tails const mirrored = beta_tails(b, a, 1 - x);
    return {mirrored.above, mirrored.below};
  }
  constexpr double tiny = 1e-300, epsilon = std::numeric_limits<double>::epsilon();
  double const n = a + b;
  // x^a (1 - x)^b / (a B(a, b)) is b / n of the binomial weight of a in n.
  double const weight =
      std::exp(stirling_rest(n) - stirling_rest(a) - stirling_rest(b) - deviance(a, n * x) - deviance(b, n * (1 - x))) *
      std::sqrt(n / (2 * std::numbers::pi * a * b)) * b / n;
  double c = 1, d = 1 / (1 - n * x / (a + 1)), h = d;
  for (int m = 1; m < 100000; ++m) {
    double const even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    double const odd = -(a + m) * (n + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    double change = 1;
    for (double const term : {even, odd}) {
      d = 1 + term * d;
      c = 1 + term / c;
      d = 1 / (std::abs(d) < tiny ? tiny : d);
      if (std::abs(c) < tiny) c = tiny;
      change = d * c;
      h *= change;
    }
    if (std::abs(change - 1) < epsilon) break;
  }
  return {weight * h, 1 - weight * h};
}

// Where a rising `excess` is zero, by Newton's steps kept inside a bracket.
template <class Excess, class Slope>
double root(double lower, double upper, double start, Excess const& excess, Slope const& slope) {
  double x = std::clamp(start, lower, upper);
  for (int i = 0; i < 200; ++i) {
    double const y = excess(x);
    (y > 0 ? upper : lower) = x;
    double next = x - y / slope(x);
    if (!(next > lower && next < upper)) next = 0.5 * (lower + upper);
    if (std::abs(next - x) <= 1e-15 * std::abs(x)) return next;
    x = next;
  }
  return x;
}

// The x with P(a, x) = p, or Q(a, x) = p for `above`.
double gamma_quantile(double a, double p, bool above) {
  double const z = above ? -normal_quantile(p) : normal_quantile(p);
  if (a > many) {
    // Cornish-Fisher expansion of chi-squared / 2 with 2 a degrees of freedom. Source: Goldberg and Levine, Ann. Math.
    // Stat. 17, 216 (1946).
    double const nu = 2 * a, s = std::sqrt(nu), r = std::numbers::sqrt2, z2 = z * z;
    double const chi2 = nu + s * z * r + 2.0 / 3 * (z2 - 1) + z * (z2 - 7) / (9 * r * s) -
                        ((6 * z2 + 14) * z2 - 32) / (405 * nu) + z * ((9 * z2 + 256) * z2 - 433) / (4860 * r * nu * s);
    return 0.5 * chi2;
  }
  double const cube = 1 - 1 / (9 * a) + z / (3 * std::sqrt(a));  // Wilson and Hilferty
  double const start = cube > 0.1 ? a * cube * cube * cube : a * 1e-3;
  double const reach = a + 50 * (std::sqrt(a) + 1) + std::abs(std::log(p)) * 2;
  return root(
      0, reach, start,
      [&](double x) {
        Tails const t = gamma_tails(a, x);
        return above ? p - t.above : t.below - p;
      },
      [&](double x) { return a * poisson_weight(a, x) / x; });
}

// The x with I_x(a, b) = p, or 1 - I_x(a, b) = p for `above`.
double beta_quantile(double a, double b, double p, bool above) {
  auto const slope = [&](double x) {
    double const n = a + b;
    return std::exp(stirling_rest(n) - stirling_rest(a) - stirling_rest(b) - deviance(a, n * x) -
                    deviance(b, n * (1 - x))) *
           std::sqrt(a * b / (2 * std::numbers::pi * n)) / (x * (1 - x));
  };
  auto const excess = [&](double x) {
    Tails const t = beta_tails(a, b, x);
    return above ? p - t.above : t.below - p;
  };
  return root(0, 1, a / (a + b), excess, slope);
}

// Ends of Wilson's interval with the correction for continuity.
ConfidenceInterval wilson(double hits, double trials, double tail) {
  double const z = -normal_quantile(tail), z2 = z * z;
  auto const end = [&](double sign) {
    double const k = hits + 0.5 * sign, q = k / trials;
    return (k + 0.5 * z2 + sign * z * std::sqrt(k * (1 - q) + 0.25 * z2)) / (trials + z2);
  };
  return {end(-1), end(1)};
}

void expects_confidence(double confidence) {
  expects(confidence > 0 && confidence < 1, "confidence", confidence, "between 0 and 1");
}

}  // namespace

double normal_quantile(double p) {
  expects(p > 0 && p < 1, "p", p, "between 0 and 1");
  double const tail = std::min(p, 1 - p);
  double const t = std::sqrt(-2 * std::log(tail));  // Abramowitz and Stegun 26.2.22, then Halley's steps
  double z = t - (2.30753 + 0.27061 * t) / (1 + t * (0.99229 + 0.04481 * t));
  for (int i = 0; i < 4; ++i) {
    double const density = std::exp(-0.5 * z * z) / std::sqrt(2 * std::numbers::pi);
    double const step = (tail - 0.5 * std::erfc(z / std::numbers::sqrt2)) / density;
    z -= step / (1 - 0.5 * z * step);
  }
  return p < 0.5 ? -z : z;
}

ConfidenceInterval poisson_interval(std::int64_t events, double confidence) {
  expects(events >= 0, "events", events, ">= 0");
  expects_confidence(confidence);
  if (events == 0) return {0, -std::log1p(-confidence)};
  double const tail = 0.5 * (1 - confidence), n = static_cast<double>(events);
  return {gamma_quantile(n, tail, false), gamma_quantile(n + 1, tail, true)};
}

ConfidenceInterval binomial_interval(std::int64_t hits, std::int64_t trials, double confidence) {
  expects(trials > 0, "trials", trials, "> 0");
  expects(hits >= 0 && hits <= trials, "hits", hits, "between 0 and the number of trials");
  expects_confidence(confidence);
  double const n = static_cast<double>(trials), k = static_cast<double>(hits);
  double const tail = 0.5 * (1 - confidence);
  double const one_sided = -std::expm1(std::log1p(-confidence) / n);
  if (hits == 0) return {0, one_sided};
  if (hits == trials) return {1 - one_sided, 1};
  if (std::min(k, n - k) > many) return wilson(k, n, tail);
  return {beta_quantile(k, n - k + 1, tail, false), beta_quantile(k + 1, n - k, tail, true)};
}

double student_95(std::int64_t freedom) {
  // The probability between -t and t, with t = sqrt(freedom) tan(angle).
  auto const inside = [&](double angle) {
    double const c = std::cos(angle), s = std::sin(angle);
    bool const odd = freedom % 2 == 1;
    double term = odd ? c * s : s, sum = odd ? (freedom > 1 ? term : 0) : term;
    for (std::int64_t k = odd ? 3 : 2; k < freedom; k += 2) {
      term *= c * c * static_cast<double>(k - 1) / static_cast<double>(k);
      sum += term;
    }
    return odd ? 2 / std::acos(-1.0) * (angle + sum) : sum;
  };
  double lower = 0, upper = std::acos(0.0);
  for (int i = 0; i < 60; ++i) {
    double const middle = 0.5 * (lower + upper);
    (inside(middle) < 0.95 ? lower : upper) = middle;
  }
  return std::sqrt(static_cast<double>(freedom)) * std::tan(0.5 * (lower + upper));
}

}  // namespace kramers::dynamics
