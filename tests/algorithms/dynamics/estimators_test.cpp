// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/estimators/estimators.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

// Tests named "...Calibrated" repeat an estimate R times on independent data. Their pulls z = (estimate - truth) /
// standard error must have mean 0 +- 4 / sqrt(R) and mean square 1 within the given band: the first catches a bias of
// a few tenths of an error bar, the second error bars that are wrong by a quarter. The false-alarm rate is 6e-5 for
// the mean and below 1e-3 for the mean square; the seeds are fixed, so it is paid once.

namespace {

using namespace kramers;
using namespace kramers::dynamics;

struct Pulls {
  double sum = 0, squares = 0;
  int count = 0;
  void add(Estimate const& e, double truth) {
    double const z = (e.value - truth) / e.stderr_;
    sum += z;
    squares += z * z;
    ++count;
  }
  void expect_calibrated() const {
    EXPECT_LT(std::abs(sum / count), 4 / std::sqrt(count));
    // sd of a mean square of normals is sqrt(2 / R); 64 rows make pulls Student-like, 3 percent wider
    EXPECT_NEAR(squares / count, 1.02, 4 * std::sqrt(2.0 / count));
  }
};

TEST(SampleTable, RefusesShapesThatDoNotFit) {
  EXPECT_THROW(SampleTable({1, 2, 3}, 2, std::vector<double>{1, 1}), ShapeError);
  EXPECT_THROW(SampleTable({}, 2, std::vector<double>{}), DomainError);
  EXPECT_THROW(SampleTable({1}, 1, std::vector<double>{0}), DomainError);
}

TEST(SampleTable, FoldsRowsAndCountsTheWalkersOfTheLastCell) {
  EnsembleLayout const layout(2050);  // cells of 4, the last of 2
  ASSERT_EQ(layout.cell, 4);
  std::vector<double> const walkers = cell_walkers(layout);
  EXPECT_EQ(walkers.size(), 513U);
  EXPECT_EQ(walkers.back(), 2);

  SampleTable const table({1, 10, 2, 20, 3, 30}, 2, std::vector<double>{4, 4, 2});
  SampleTable const folded = table.folded(2);
  EXPECT_EQ(folded.rows(), 2);
  EXPECT_EQ(folded.sum(0, 1), 30);
  EXPECT_EQ(folded.walkers(0), 8);
  EXPECT_EQ(folded.walkers(1), 2);
  SampleTable const wide = table.beside(table);
  EXPECT_EQ(wide.columns(), 4);
  EXPECT_EQ(wide.sum(2, 3), 30);
  EXPECT_THROW(table.beside(folded), ShapeError);
}

TEST(Mean, IsTheTextbookStandardErrorForEqualRows) {
  // Row means 1, 2, 4 of two walkers, three samples each: mean 7/3, s^2 = 7/3, error sqrt(7/9).
  Estimate const e = mean(SampleTable({6, 12, 24}, 1, std::vector<double>{2, 2, 2}), 0, 3);
  EXPECT_DOUBLE_EQ(e.value, 7.0 / 3);
  EXPECT_NEAR(e.stderr_, std::sqrt(7.0 / 9), 1e-14);
}

TEST(Mean, HasNoErrorBarFromASingleRow) {
  Estimate const e = mean(SampleTable({6}, 1, std::vector<double>{2}), 0);
  EXPECT_EQ(e.value, 3);
  EXPECT_TRUE(std::isnan(e.stderr_));
}

TEST(Mean, OfUnequalRowsHasTheErrorOfTheirMeans) {
  // A mean without a row is linear in it, so that pseudo-values are the means of rows, m, around the whole mean; with
  // h = 8 / walkers the variance is the mean of (m - 3/2)^2 / (h - 1) (Busing, Meijer and van der Leeden 1999).
  SampleTable const table({4, 3, 5}, 1, std::vector<double>{1, 2, 5});
  Estimate const mean = kramers::dynamics::mean(table, 0, 1.0);
  EXPECT_DOUBLE_EQ(mean.value, 1.5);
  EXPECT_NEAR(mean.stderr_, std::sqrt((2.5 * 2.5 / 7 + 0.0 / 3 + 0.5 * 0.5 / 0.6) / 3), 1e-14);
}

TEST(Mean, CalibratedWithRowsOfUnequalWeight) {
  std::mt19937_64 random(1);
  std::normal_distribution<double> normal(0.3, 1);
  Pulls pulls;
  for (int repeat = 0; repeat < 1000; ++repeat) {
    std::vector<double> sums, walkers;
    for (int r = 0; r < 64; ++r) {
      walkers.push_back(r % 2 == 0 ? 9 : 1);
      sums.push_back(0);
      for (int i = 0; i < walkers.back(); ++i) sums.back() += normal(random);
    }
    pulls.add(mean(SampleTable(sums, 1, walkers), 0), 0.3);
  }
  pulls.expect_calibrated();
}

TEST(Ratio, CalibratedForCorrelatedColumns) {
  std::mt19937_64 random(2);
  std::normal_distribution<double> normal;
  Pulls pulls;
  for (int repeat = 0; repeat < 1000; ++repeat) {
    std::vector<double> sums;
    for (int r = 0; r < 64; ++r) {
      double const shared = normal(random);
      sums.push_back(20 + 2 * shared + normal(random));
      sums.push_back(10 + 0.9 * shared);
    }
    pulls.add(ratio(SampleTable(sums, 2, std::vector<double>(64, 1)), 0, 1), 2.0);
  }
  pulls.expect_calibrated();
}

TEST(Ratio, OfNothingIsNotANumber) {
  EXPECT_TRUE(std::isnan(ratio(SampleTable({1, 0, 1, 0}, 2, std::vector<double>{1, 1}), 0, 1).value));
}

TEST(CoreSetRate, CountsTransitionsPerTimeInTheCore) {
  std::vector<double> sums(2 * row_length<Quantity>, 0.0);
  sums[index(Quantity::transitions_ab)] = 3;
  sums[row_length<Quantity> + index(Quantity::transitions_ab)] = 5;
  sums[index(Quantity::samples_in_a)] = 1000;
  sums[row_length<Quantity> + index(Quantity::samples_in_a)] = 1000;
  SampleTable const cells(sums, row_length<Quantity>, std::vector<double>{1, 1});
  Estimate const rate = core_set_rate(cells, Quantity::transitions_ab, Quantity::samples_in_a, 0.5);
  EXPECT_DOUBLE_EQ(rate.value, 8.0 / 1000);
  EXPECT_NEAR(rate.stderr_, 2.0 / 1000, 1e-15);  // half the difference of the two rows' rates
}

// Walkers that hop between left and right and, if the start is a third place, first fall from there to either side.
struct Hopping {
  double leave_left, leave_right;  // probabilities per frame
  double undecided = 0;            // fraction that starts undecided, counted as left
  double decide = 0;               // probability per frame to fall to either side

  SampleTable counts(std::mt19937_64& random, int groups, int walkers_per_group, int frames) const {
    std::uniform_real_distribution<double> uniform;
    std::vector<double> sums(static_cast<std::size_t>(groups * frames), 0.0);
    for (int i = 0; i < groups * walkers_per_group; ++i) {
      int side = uniform(random) < undecided ? 0 : -1;
      for (int n = 0; n < frames; ++n) {
        sums[static_cast<std::size_t>(i / walkers_per_group * frames + n)] += side <= 0 ? 1 : 0;
        double const u = uniform(random);
        if (side == 0) {
          side = u < decide ? (u < 0.5 * decide ? -1 : 1) : 0;
        } else if (u < (side < 0 ? leave_left : leave_right)) {
          side = -side;
        }
      }
    }
    return {sums, frames, std::vector<double>(static_cast<std::size_t>(groups), walkers_per_group)};
  }
  double eigenvalue(double interval) const { return -std::log(1 - leave_left - leave_right) / interval; }
};

TEST(PopulationDecay, CalibratedForSymmetricWells) {
  std::mt19937_64 random(3);
  Hopping const hopping{0.01, 0.01};
  Pulls pulls;
  double error = 0;
  for (int repeat = 0; repeat < 150; ++repeat) {
    auto const fit =
        fit_population_decay(hopping.counts(random, 64, 16, 101), {0, 0.5}, {.equilibrium = 0, .transient = 0});
    ASSERT_TRUE(fit);
    EXPECT_DOUBLE_EQ(fit->rate.value, 0.5 * fit->eigenvalue.value);
    EXPECT_NEAR(fit->prefactor.value, 1, 1e-12);  // all start on the left
    pulls.add(fit->eigenvalue, hopping.eigenvalue(0.5));
    error += fit->eigenvalue.stderr_ / hopping.eigenvalue(0.5) / 150;
  }
  pulls.expect_calibrated();
  // The best a regression of the population can do with 1024 walkers; 64 groups know it to 9 percent each time.
  EXPECT_NEAR(error, 2 / std::sqrt(1024 * (1 - std::exp(-4.04))), 0.03 * error);
}

TEST(PopulationDecay, CalibratedForUnequalWellsAndLongTails) {
  std::mt19937_64 random(4);
  Hopping const hopping{0.04, 0.01};
  double const equilibrium = -0.6;
  Pulls pulls;
  for (int repeat = 0; repeat < 150; ++repeat) {
    // 200 frames are 10 decay times: most of the series is noise and must not harm.
    auto const fit =
        fit_population_decay(hopping.counts(random, 64, 8, 200), {0, 1}, {.equilibrium = equilibrium, .transient = 0});
    ASSERT_TRUE(fit);
    EXPECT_NEAR(fit->rate.value, 0.8 * fit->eigenvalue.value, 1e-15);
    pulls.add(fit->eigenvalue, hopping.eigenvalue(1));
  }
  pulls.expect_calibrated();
}

TEST(PopulationDecay, DetectsATransient) {
  std::mt19937_64 random(5);
  Hopping const hopping{0.004, 0.004, 0.5, 0.5};
  SampleTable const counts = hopping.counts(random, 64, 256, 201);
  double const truth = hopping.eigenvalue(1);
  auto const detected = fit_population_decay(counts, {0, 1});
  auto const naive = fit_population_decay(counts, {0, 1}, {.equilibrium = 0, .transient = 0});
  ASSERT_TRUE(detected && naive);
  EXPECT_GT(naive->eigenvalue.value - truth, 8 * naive->eigenvalue.stderr_);  // the test has something to detect
  EXPECT_GE(detected->begin, 10);
  EXPECT_NEAR(detected->eigenvalue.value, truth, 3.5 * detected->eigenvalue.stderr_);  // false alarm 5e-4
  EXPECT_LT(detected->eigenvalue.stderr_, 0.04 * truth);
  EXPECT_NEAR(detected->prefactor.value, 0.5, 4 * detected->prefactor.stderr_);
}

TEST(PopulationDecay, StartsAtOnceWithoutATransient) {
  std::mt19937_64 random(6);
  auto const fit = fit_population_decay(Hopping{0.01, 0.01}.counts(random, 64, 64, 101), {2, 1});
  ASSERT_TRUE(fit);
  EXPECT_EQ(fit->begin, 2);  // false alarm 10 percent
}

// Two groups of walkers that decay with rate 0.1 for 4 frames, where the first "half" ends (exp(-0.4) < 0.7), and then
// more slowly by 10^-4 (1 +- 1 / deviations). The rate changes by 10^-4, with a standard error, half of what the groups
// differ by, of 10^-4 / deviations; that a sum of two exponentials is none moves their ratio by less than 10^-3 of it.
SampleTable two_rates(double deviations) {
  constexpr int frames = 65, walkers = 1000;
  std::vector<double> sums;
  for (double const sign : {1.0, -1.0}) {
    double const later = 0.1 - 1e-4 * (1 + sign / deviations);
    for (int n = 0; n < frames; ++n) {
      double const d = std::exp(-0.1 * std::min(n, 4) - later * std::max(n - 4, 0));
      sums.push_back(0.5 * (1 + d) * walkers);
    }
  }
  return {sums, frames, std::vector<double>{walkers, walkers}};
}

TEST(PopulationDecay, ATransientIsAChangeOfTheRateByTwoStandardErrors) {
  for (double const deviations : {1.0, 1.95, 2.05, 2.9, 4.0}) {
    auto const fit = fit_population_decay(two_rates(deviations), {3, 1});
    ASSERT_TRUE(fit);
    if (deviations < 2) {
      EXPECT_EQ(fit->begin, 3) << deviations;
    } else {
      EXPECT_GT(fit->begin, 3) << deviations;
    }
  }
}

TEST(PopulationDecay, SaysWhenThereIsNoDecayToFit) {
  std::mt19937_64 random(7);
  DecayOptions const now{.equilibrium = 0, .transient = 0};
  EXPECT_FALSE(fit_population_decay(Hopping{0.01, 0.01}.counts(random, 8, 8, 3), {0, 1}, now));  // too short
  EXPECT_FALSE(fit_population_decay(Hopping{0.01, 0.01, 1, 1}.counts(random, 8, 64, 50), {0, 1},
                                    {.equilibrium = 0, .transient = 5}));  // already even
  EXPECT_FALSE(fit_population_decay(Hopping{0.01, 0.01}.counts(random, 8, 8, 20), {0, 1},
                                    {.equilibrium = -1, .transient = 0}));                  // one side only
  EXPECT_FALSE(fit_population_decay(Hopping{0, 0}.counts(random, 8, 8, 20), {0, 1}, now));  // no transitions
}

// Walkers on the left at each frame, the same in all groups but for `swing` more or fewer in every other one.
SampleTable alike(int groups, int walkers, std::vector<double> const& right, double swing) {
  std::vector<double> sums;
  for (int g = 0; g < groups; ++g) {
    for (double const r : right) sums.push_back(walkers - r - (g % 2 == 0 ? swing : -swing) * (r > 0 ? 1 : 0));
  }
  return {sums, static_cast<int>(right.size()), std::vector<double>(static_cast<std::size_t>(groups), walkers)};
}

TEST(PopulationDecay, WantsTwentyFiveWalkersThatChangedSides) {
  // 1 walker a group on the right at the end, then rising line by line; groups hardly differ, so that the jackknife
  // alone would believe any number of them.
  for (int const groups : {12, 24, 26, 48}) {
    std::vector<double> right;
    for (int n = 0; n <= 32; ++n) right.push_back(n / 32.0);
    auto const fit = fit_population_decay(alike(groups, 1000, right, 1e-3), {0, 1}, {.equilibrium = 0, .transient = 0});
    EXPECT_EQ(fit.has_value(), groups > 25) << groups;
  }
}

TEST(PopulationDecay, WantsAFallBeyondTheSpreadOfGroups) {
  // 16 groups, 10 walkers each on the right at the end, give or take a swing: the fall is 10 of 1000 with an error of
  // swing / sqrt(15) of them, five of which are 10 at a swing of 7.7.
  for (double const swing : {1.0, 7.0, 8.5}) {
    std::vector<double> right;
    for (int n = 0; n <= 32; ++n) right.push_back(10 * n / 32.0);
    std::vector<double> sums;
    for (int g = 0; g < 16; ++g) {
      double const factor = 1 + (g % 2 == 0 ? swing : -swing) / 10;
      for (int n = 0; n <= 32; ++n) sums.push_back(1000 - factor * right[static_cast<std::size_t>(n)]);
    }
    SampleTable const counts(sums, 33, std::vector<double>(16, 1000));
    auto const fit = fit_population_decay(counts, {0, 1}, {.equilibrium = 0, .transient = 0});
    EXPECT_EQ(fit.has_value(), swing < 7.7) << swing;
  }
}

TEST(PopulationDecay, SaysNothingOfAHighBarrier) {
  // 4096 walkers, 4 transitions expected: an estimate would be wrong by half of itself.
  std::mt19937_64 random(11);
  for (int repeat = 0; repeat < 20; ++repeat) {
    EXPECT_FALSE(fit_population_decay(Hopping{5e-6, 5e-6}.counts(random, 64, 64, 201), {0, 1}));
  }
  // Recrossing of the divide by walkers of the left well alone: a level, no decay.
  std::uniform_real_distribution<double> uniform;
  for (int repeat = 0; repeat < 20; ++repeat) {
    std::vector<double> sums;
    for (int i = 0; i < 64 * 101; ++i) {
      double over = 0;
      for (int w = 0; w < 64; ++w) over += uniform(random) < 0.01 ? 1 : 0;
      sums.push_back(64 - (i % 101 == 0 ? 0 : over));
    }
    SampleTable const counts(sums, 101, std::vector<double>(64, 64));
    EXPECT_FALSE(fit_population_decay(counts, {0, 1}));
    EXPECT_FALSE(fit_population_decay(counts, {0, 1}, {.equilibrium = 0, .transient = 0}));
  }
}

TEST(PopulationDecay, HasNoErrorFromASingleRow) {
  std::mt19937_64 random(12);
  SampleTable const counts = Hopping{0.01, 0.01}.counts(random, 64, 16, 101);
  EXPECT_TRUE(fit_population_decay(counts, {0, 1}));
  EXPECT_FALSE(fit_population_decay(counts.folded(64), {0, 1}));
}

TEST(PopulationDecay, SaysNothingOfADecayThatNeverBecomesExponential) {
  // The rate grows with time, as that of walkers which gain energy slowly does, up to the last frame.
  std::vector<double> sums;
  for (int g = 0; g < 64; ++g) {
    for (int n = 0; n <= 64; ++n) sums.push_back(500 * (1 + std::exp(-1e-4 * n * n)) + (g % 2 == 0 ? 1e-3 : -1e-3) * n);
  }
  EXPECT_FALSE(fit_population_decay(SampleTable(sums, 65, std::vector<double>(64, 1000)), {0, 1}));
}

TEST(PopulationDecay, WaitsForFiveRelaxationTimesOfTheWell) {
  std::mt19937_64 random(13);
  SampleTable const counts = Hopping{0.01, 0.01}.counts(random, 64, 64, 101);
  auto const fit = fit_population_decay(counts, {2, 1}, {.equilibrium = 0, .transient = {}, .relaxation_in_well = 3});
  ASSERT_TRUE(fit);
  EXPECT_EQ(fit->begin, 15);
  // 100 frames are no time to tell then; who names the transient decides.
  EXPECT_FALSE(fit_population_decay(counts, {2, 1}, {.equilibrium = 0, .transient = {}, .relaxation_in_well = 20}));
  EXPECT_TRUE(fit_population_decay(counts, {2, 1}, {.equilibrium = 0, .transient = 5, .relaxation_in_well = 20}));
}

TEST(PopulationDecay, NeedsFourFramesBeyondTheTransient) {
  auto const fit = [](int frames, double transient) {
    std::vector<double> sums;
    for (double const start : {1.0, 0.9}) {
      for (int n = 0; n < frames; ++n) sums.push_back(500 * (1 + start * std::exp(-0.1 * n)));
    }
    return fit_population_decay(SampleTable(sums, frames, std::vector<double>{1000, 1000}), {0, 1},
                                {.equilibrium = 0, .transient = transient});
  };
  auto const four = fit(4, 0), later = fit(5, 1);
  ASSERT_TRUE(four && later);
  EXPECT_NEAR(four->eigenvalue.value, 0.1, 1e-12);
  EXPECT_NEAR(later->eigenvalue.value, 0.1, 1e-12);
  EXPECT_FALSE(fit(3, 0));
  EXPECT_FALSE(fit(4, 1));
  EXPECT_FALSE(fit(5, 1.1));
}

TEST(CorrelationTime, OfAnAutoregressiveProcessWithAMean) {
  std::mt19937_64 random(8);
  std::normal_distribution<double> normal;
  double const r = 0.9, x_mean = 2, interval = 0.5;
  int const groups = 64, walkers = 256, lags = 100;
  std::vector<double> products(groups * lags, 0.0), positions(groups * lags, 0.0);
  for (int i = 0; i < groups * walkers; ++i) {
    double const start = normal(random);
    double x = start;
    for (int n = 0; n < lags; ++n) {
      auto const place = static_cast<std::size_t>(i / walkers * lags + n);
      products[place] += (start + x_mean) * (x + x_mean);
      positions[place] += x + x_mean;
      x = r * x + std::sqrt(1 - r * r) * normal(random);
    }
  }
  std::vector<double> const rows(groups, walkers);
  SampleTable const xx(products, lags, rows), x(positions, lags, rows);
  auto const c = correlation(xx, &x);
  EXPECT_NEAR(c[0].value, 1, 4 * c[0].stderr_);
  EXPECT_NEAR(c[10].value, std::pow(r, 10), 4 * c[10].stderr_);
  EXPECT_LT(c[10].stderr_, 0.02);
  // 1/2 + r / (1 - r); the window of 5 times cuts off exp(-5) of it.
  double const truth = interval * (0.5 + r / (1 - r));
  CorrelationTime const time = correlation_time(xx, &x, {0, interval});
  EXPECT_NEAR(time.window, 5 * truth, 0.2 * 5 * truth);
  EXPECT_NEAR(time.time.value, truth * (1 - std::exp(-5.0)), 4 * time.time.stderr_);  // false alarm 6e-5
  EXPECT_LT(time.time.stderr_, 0.06 * truth);
}

TEST(CorrelationTime, HasTheErrorOfAQuotient) {
  // C(n) = 0.7^n in two rows. The sum of trapezoids ends at lag 15, the first beyond 5 of them: C(0) / 2 + rest.
  constexpr int lags = 20, end = 15;
  double const decay = 0.7, interval = 0.5;
  double const rest = decay * (1 - std::pow(decay, end - 1)) / (1 - decay) + 0.5 * std::pow(decay, end);
  auto const time = [&](double first, double second, double first_at_0, double second_at_0) {
    std::vector<double> products{first_at_0};
    for (int n = 1; n < lags; ++n) products.push_back(first * std::pow(decay, n));
    products.push_back(second_at_0);
    for (int n = 1; n < lags; ++n) products.push_back(second * std::pow(decay, n));
    return correlation_time(SampleTable(products, lags, std::vector<double>{1, 1}), nullptr, {0, interval});
  };
  // Rows that differ by a factor alone have the same time.
  CorrelationTime const scaled = time(1.5, 0.5, 1.5, 0.5);
  EXPECT_EQ(scaled.reason, CorrelationTime::Reason::ok);
  EXPECT_DOUBLE_EQ(scaled.window, end * interval);
  EXPECT_DOUBLE_EQ(scaled.time.value, interval * (0.5 + rest));
  EXPECT_LT(scaled.time.stderr_, 1e-15);
  // Rows that differ in C(0) alone; of two rows the error is half of what their times differ by.
  CorrelationTime const apart = time(1, 1, 1.2, 0.8);
  EXPECT_DOUBLE_EQ(apart.time.value, interval * (0.5 + rest));
  EXPECT_NEAR(apart.time.stderr_, interval * 0.5 * (rest / 0.8 - rest / 1.2), 1e-14);
}

TEST(CorrelationTime, IsUnknownWhereTheLagsCannotTellIt) {
  using Reason = CorrelationTime::Reason;
  auto const reason = [](std::vector<double> c) {
    int const lags = static_cast<int>(c.size());
    c.insert(c.end(), c.begin(), c.end());
    CorrelationTime const time = correlation_time(SampleTable(c, lags, std::vector<double>{1, 1}), nullptr, {0, 1});
    EXPECT_EQ(std::isnan(time.time.value), time.reason != Reason::ok);
    EXPECT_EQ(std::isnan(time.window), time.reason != Reason::ok);
    return time.reason;
  };
  EXPECT_EQ(reason({10, 9.9, 9.8}), Reason::too_short);
  EXPECT_EQ(reason({10}), Reason::too_short);
  EXPECT_EQ(reason({0, 0, 0}), Reason::constant);
  // Many lags, but all of the decay is in the first: trapezoids would say 0.5 of a correlation time of 0.05.
  EXPECT_EQ(reason({10, 0.1, 0, 0, 0, 0, 0, 0}), Reason::too_coarse);
  EXPECT_EQ(reason({10, 5.9, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0}), Reason::too_coarse);
  EXPECT_EQ(reason({10, 6.1, 3, 1, 0, 0, 0, 0, 0, 0, 0, 0}), Reason::ok);
}

TEST(FreeEnergy, IsMinusTheLogOfTheDensityWithItsError) {
  HistogramGrid grid;
  grid.dimensions = 1;
  grid.bins[0] = 3;
  grid.lower[0] = 0;
  grid.upper[0] = 1.5;
  EnsembleLayout const layout(64);
  ASSERT_EQ(layout.groups, 64);
  std::mt19937_64 random(9);
  std::discrete_distribution<int> bins{0.5, 0.25, 0.0, 0.25};  // the last is the outside
  std::vector<std::uint64_t> counts(64 * 4, 0);
  for (int i = 0; i < 64 * 100; ++i) ++counts[static_cast<std::size_t>(i % 64 * 4 + bins(random))];
  auto const f = free_energy(counts, grid, 2.0, layout);
  ASSERT_EQ(f.size(), 3U);
  double const p = 2.0 / 3, inside = 0.75 * 6400;
  EXPECT_NEAR(f[0].value, -2 * std::log(p / 0.5), 4 * f[0].stderr_);
  EXPECT_NEAR(f[0].stderr_, 2 * std::sqrt((1 - p) / p / inside), 0.35 * f[0].stderr_);  // 4 sd of 64 groups
  EXPECT_TRUE(std::isnan(f[2].value));
}

TEST(FreeEnergy, OfTwoAxesHasTheAreaOfTheirBins) {
  HistogramGrid grid;
  grid.dimensions = 2;
  grid.bins[0] = 2;
  grid.bins[1] = 4;
  grid.lower[0] = grid.lower[1] = -1;
  grid.upper[0] = 2;
  grid.upper[1] = 5;
  EnsembleLayout const layout(64);
  // As many in each bin: the density is 1 / (3 * 6).
  for (auto const& f : free_energy(std::vector<std::uint64_t>(64 * 9, 5), grid, 2.0, layout)) {
    EXPECT_DOUBLE_EQ(f.value, 2 * std::log(18.0));
  }
}

TEST(DiffusionCoefficient, IsSharedByTheCoordinates) {
  SampleTable const squares({0, 2, 4, 0, 2, 4}, 3, std::vector<double>{1, 1});
  for (int const dimension : {1, 2, 3}) {
    EXPECT_DOUBLE_EQ(diffusion_coefficient(squares, {0, 0.5}, 0, dimension).value, 2.0 / dimension);
  }
}

TEST(DiffusionCoefficient, CalibratedForBrownianMotion) {
  std::mt19937_64 random(10);
  std::normal_distribution<double> normal;
  double const D = 0.7, interval = 0.25;
  Pulls pulls;
  double error = 0;
  for (int repeat = 0; repeat < 200; ++repeat) {
    int const groups = 64, walkers = 8, frames = 20;
    std::vector<double> sums(groups * frames, 0.0);
    for (int i = 0; i < groups * walkers; ++i) {
      double x = 0;
      for (int n = 0; n < frames; ++n) {
        sums[static_cast<std::size_t>(i / walkers * frames + n)] += x * x;
        x += std::sqrt(2 * D * interval) * normal(random);
      }
    }
    Estimate const d =
        diffusion_coefficient(SampleTable(sums, frames, std::vector<double>(groups, walkers)), {0, interval}, 2, 1);
    error += d.stderr_ / 200;
    pulls.add(d, D);
  }
  EXPECT_LT(error, 0.06 * D);  // an end-point alone, sqrt(2 / 512), would do 0.0625
  pulls.expect_calibrated();
}

}  // namespace
