// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/estimators/confidence.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace {

using namespace kramers;
using namespace kramers::dynamics;

// By SciPy: oracles/intervals.py makes both tables anew and compares them with these.
struct PoissonCase {
  std::int64_t events;
  double lower, upper;
};
constexpr PoissonCase poisson_table[] = {{1, 0.0253178079842899, 5.5716433909389},
                                         {2, 0.242209278543965, 7.22468766772396},
                                         {5, 1.62348639011842, 11.6683320793227},
                                         {20, 12.2165195854039, 30.8883779026746},
                                         {100, 81.3639912509231, 121.626793792426},
                                         {999, 938.004018561768, 1062.92115122489},
                                         {10000, 9804.95246726018, 10197.9516246615},
                                         {10001, 9805.94266759995, 10198.9614238331},
                                         {1000000, 998040.983340294, 1001961.91194543},
                                         {1000000000, 999938021.443928, 1000061981.45041},
                                         {1000000000000, 999998040036.963, 1000001959965.93}};
struct BinomialCase {
  std::int64_t hits, trials;
  double lower, upper;
};
constexpr BinomialCase binomial_table[] = {{1, 2, 0.0125791170934, 0.987420882907},
                                           {1, 10, 0.00252857854446, 0.445016117028},
                                           {3, 10, 0.0667395111777, 0.65245285006},
                                           {5, 1000, 0.00162541951756, 0.0116294705598},
                                           {999, 1000, 0.99444107572, 0.999974682513},
                                           {500, 1000, 0.468549172972, 0.531450827028},
                                           {20, 100000000, 1.22165199998e-07, 3.08883762099e-07},
                                           {9999, 50000, 0.196481533304, 0.203513330971},
                                           {20000, 50000, 0.395701842572, 0.404309770057},
                                           {1000000, 3000000, 0.332799893098, 0.333867095291}};

TEST(NormalQuantile, IsThatOfTables) {
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-14);
  EXPECT_NEAR(normal_quantile(0.025), -1.959963984540054, 1e-14);
  EXPECT_NEAR(normal_quantile(1e-12), -7.034483825301131, 1e-12);
  EXPECT_EQ(std::abs(normal_quantile(0.5)) < 1e-15, true);
  EXPECT_THROW(normal_quantile(1), DomainError);
}

TEST(PoissonInterval, IsGarwoods) {
  for (auto const& c : poisson_table) {
    ConfidenceInterval const i = poisson_interval(c.events);
    double const width = c.upper - c.lower;
    // SciPy's own last digits count where there are many: 15 are printed.
    double const tolerance = 1e-9 * width + 1e-14 * static_cast<double>(c.events);
    EXPECT_NEAR(i.lower, c.lower, tolerance) << c.events;
    EXPECT_NEAR(i.upper, c.upper, tolerance) << c.events;
  }
}

TEST(PoissonInterval, OfNoEventsIsTheRuleOfThree) {
  EXPECT_EQ(poisson_interval(0).lower, 0);
  EXPECT_NEAR(poisson_interval(0).upper, 2.995732273553991, 1e-14);
  EXPECT_NEAR(poisson_interval(0, 0.99).upper, std::log(100.0), 1e-12);
}

TEST(PoissonInterval, RefusesWhatIsNoCount) {
  EXPECT_THROW(poisson_interval(-1), DomainError);
  EXPECT_THROW(poisson_interval(1, 1), DomainError);
  EXPECT_THROW(poisson_interval(1, 0), DomainError);
}

// How often the interval holds the mean, by summing the Poisson law: no chance in this.
double poisson_coverage(double mean, double confidence) {
  double covered = 0;
  for (int n = 0; n < static_cast<int>(mean + 12 * std::sqrt(mean) + 30); ++n) {
    ConfidenceInterval const i = poisson_interval(n, confidence);
    if (i.lower <= mean && mean <= i.upper) covered += std::exp(n * std::log(mean) - mean - std::lgamma(n + 1.0));
  }
  return covered;
}

TEST(PoissonInterval, HoldsTheMeanAsOftenAsItSays) {
  for (double const confidence : {0.68, 0.95, 0.99}) {
    double const one_sided = -std::log1p(-confidence), two_sided = -std::log(0.5 * (1 - confidence));
    double sum = 0;
    int count = 0;
    for (double mean = 0.05; mean < 30; mean += 0.0931) {
      double const covered = poisson_coverage(mean, confidence);
      // The one-sided limit of no events is below the two-sided one: means between them pay with half the rest.
      double const least = mean > one_sided && mean < two_sided ? confidence - 0.5 * (1 - confidence) : confidence;
      EXPECT_GE(covered, least - 1e-12) << mean;
      sum += covered;
      ++count;
    }
    EXPECT_LT(sum / count, confidence + 0.6 * (1 - confidence));  // and is not too wide
  }
}

TEST(BinomialInterval, IsClopperAndPearsons) {
  for (auto const& c : binomial_table) {
    ConfidenceInterval const i = binomial_interval(c.hits, c.trials);
    double const width = c.upper - c.lower;
    bool const many = std::min(c.hits, c.trials - c.hits) > 10000;  // Wilson's stands for it
    EXPECT_NEAR(i.lower, c.lower, (many ? 5e-4 : 1e-9) * width) << c.hits << " of " << c.trials;
    EXPECT_NEAR(i.upper, c.upper, (many ? 5e-4 : 1e-9) * width) << c.hits << " of " << c.trials;
  }
}

TEST(BinomialInterval, IsOneSidedWhereAllOrNoneHit) {
  ConfidenceInterval const none = binomial_interval(0, 60), all = binomial_interval(60, 60);
  EXPECT_EQ(none.lower, 0);
  EXPECT_NEAR(none.upper, 1 - std::pow(0.05, 1.0 / 60), 1e-15);
  EXPECT_EQ(all.upper, 1);
  EXPECT_DOUBLE_EQ(all.lower, 1 - none.upper);
  EXPECT_THROW(binomial_interval(2, 1), DomainError);
  EXPECT_THROW(binomial_interval(0, 0), DomainError);
}

TEST(BinomialInterval, HoldsTheProbabilityAsOftenAsItSays) {
  constexpr int trials = 40;
  for (double p = 0.01; p < 1; p += 0.0101) {
    double covered = 0;
    for (int k = 0; k <= trials; ++k) {
      ConfidenceInterval const i = binomial_interval(k, trials);
      double const weight = std::exp(std::lgamma(trials + 1.0) - std::lgamma(k + 1.0) - std::lgamma(trials - k + 1.0) +
                                     k * std::log(p) + (trials - k) * std::log1p(-p));
      if (i.lower <= p && p <= i.upper) covered += weight;
    }
    EXPECT_GE(covered, 0.925) << p;  // 0.95 but beside the one-sided ends
    EXPECT_LE(covered, 1) << p;
  }
}

TEST(StudentsLaw, HasThePublishedQuantiles) {
  EXPECT_NEAR(student_95(1), 12.7062, 1e-4);
  EXPECT_NEAR(student_95(2), 4.30265, 1e-5);
  EXPECT_NEAR(student_95(3), 3.18245, 1e-5);
  EXPECT_NEAR(student_95(10), 2.22814, 1e-5);
  EXPECT_NEAR(student_95(63), 1.99834, 1e-5);
}

}  // namespace
