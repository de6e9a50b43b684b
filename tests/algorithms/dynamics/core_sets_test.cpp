// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/estimators/core_sets.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace {

using namespace kramers;
using namespace kramers::dynamics;

// Two states with transition probabilities per lag. Each transition begins a hesitant stretch in which the memory flips
// with probability 1/2 a lag and which ends with probability `calm` a lag: fast recrossing.
struct Chain {
  double a_to_b, b_to_a, calm = 1;
  double start_in_a = 0.5;

  MembershipCounts counts(std::mt19937_64& random, int groups, int walkers, int lags) const {
    std::uniform_real_distribution<double> uniform;
    auto const place = [&](int row, int lag) { return static_cast<std::size_t>(row * lags + lag); };
    std::vector<double> a(static_cast<std::size_t>(groups), 0.0), b = a;
    std::vector<double> ab(static_cast<std::size_t>(groups * lags), 0.0), ba = ab;
    for (int i = 0; i < groups * walkers; ++i) {
      int const row = i / walkers;
      bool in_a = uniform(random) < start_in_a, hesitant = false;
      // The past of the walker, so that the origin finds the chain as it always is.
      for (int n = 0; n < 40; ++n) step(random, uniform, in_a, hesitant);
      bool const origin = in_a;
      ++(origin ? a : b)[static_cast<std::size_t>(row)];
      for (int n = 1; n < lags; ++n) {
        step(random, uniform, in_a, hesitant);
        if (in_a != origin) ++(origin ? ab : ba)[place(row, n)];
      }
    }
    std::vector<double> const rows(static_cast<std::size_t>(groups), walkers);
    return {SampleTable(a, 1, rows), SampleTable(b, 1, rows), SampleTable(ab, lags, rows), SampleTable(ba, lags, rows)};
  }

  void step(std::mt19937_64& random, std::uniform_real_distribution<double>& uniform, bool& in_a,
            bool& hesitant) const {
    if (hesitant) {
      if (uniform(random) < 0.5) in_a = !in_a;
      hesitant = uniform(random) >= calm;
    } else if (uniform(random) < (in_a ? a_to_b : b_to_a)) {
      in_a = !in_a;
      hesitant = uniform(random) >= calm;
    }
  }
};

TEST(CoreSetRelaxation, IsExactForCountsOfAChain) {
  // Counts as they are on average: P_ab = q (1 - exp(-lambda t)), with a third of all in A.
  double const lambda = 0.05, to_b = 2.0 / 3;
  std::vector<double> ab, ba, in_a, in_b;
  for (int row = 0; row < 2; ++row) {
    double const weight = row == 0 ? 0.9 : 1.1;
    in_a.push_back(1e6 * weight);
    in_b.push_back(2e6 * weight);
    for (int n = 0; n <= 8; ++n) {
      double const moved = 1 - std::exp(-lambda * 0.5 * n);
      ab.push_back(in_a.back() * to_b * moved);
      ba.push_back(in_b.back() * (1 - to_b) * moved);
    }
  }
  std::vector<double> const rows{2.7e6, 3.3e6};
  CoreSetRelaxation const r = core_set_relaxation(
      {SampleTable(in_a, 1, rows), SampleTable(in_b, 1, rows), SampleTable(ab, 9, rows), SampleTable(ba, 9, rows)},
      {0, 0.5});
  ASSERT_EQ(r.implied.size(), 9U);
  EXPECT_TRUE(std::isnan(r.implied[0].value));
  for (std::size_t n = 1; n <= 8; ++n) {
    EXPECT_NEAR(r.implied[n].value, lambda, 1e-12);
    EXPECT_NEAR(r.implied_ab[n].value, lambda * to_b, 1e-12);
  }
}

// Pulls of the plateau: mean 0 +- 4 / sqrt(R), and a mean square that does not exceed that of honest errors; the change
// along the plateau is part of them, so it may be smaller. The seeds are fixed.
TEST(CoreSetRelaxation, CalibratedForAChain) {
  std::mt19937_64 random(1);
  Chain const chain{0.01, 0.005, 1, 1.0 / 3};
  double const truth = -std::log(1 - 0.015);
  double sum = 0, squares = 0, sum_ab = 0;
  constexpr int repeats = 100;
  for (int i = 0; i < repeats; ++i) {
    CoreSetRelaxation const r = core_set_relaxation(chain.counts(random, 32, 32, 21), {0, 1});
    ASSERT_TRUE(r.plateau);
    double const z = (r.plateau->relaxation.value - truth) / r.plateau->relaxation.stderr_;
    sum += z;
    squares += z * z;
    sum_ab += (r.plateau->rate_ab.value - truth * 2 / 3) / r.plateau->rate_ab.stderr_;
  }
  EXPECT_LT(std::abs(sum) / repeats, 4 / std::sqrt(repeats));
  EXPECT_LT(std::abs(sum_ab) / repeats, 4 / std::sqrt(repeats));
  EXPECT_LT(squares / repeats, 1.6);
  EXPECT_GT(squares / repeats, 0.3);
}

TEST(CoreSetRelaxation, SeesThroughFastRecrossing) {
  std::mt19937_64 random(2);
  // A transition is followed by a stretch of 4 lags on average in 3 of 4 cases, and who hesitates has forgotten where it
  // came from. So the difference of A and B falls by 0.002 (0.75 + 2 * 0.25) per lag.
  Chain const chain{0.002, 0.002, 0.25};
  CoreSetRelaxation const r = core_set_relaxation(chain.counts(random, 64, 256, 257), {0, 1});
  ASSERT_TRUE(r.plateau);
  double const truth = -std::log(1 - 0.0025);
  EXPECT_GT(r.implied[1].value - truth, 5 * r.implied[1].stderr_);  // there is something to see through
  EXPECT_GT(r.plateau->lag, 12);
  EXPECT_NEAR(r.plateau->relaxation.value, truth, 3 * r.plateau->relaxation.stderr_);
  EXPECT_LT(r.plateau->relaxation.stderr_, 0.15 * truth);
}

TEST(CoreSetRelaxation, HasNoPlateauWhereLagsAreTooShortOrEventsTooFew) {
  std::mt19937_64 random(3);
  EXPECT_FALSE(core_set_relaxation(Chain{0.002, 0.002, 0.05}.counts(random, 64, 1024, 7), {0, 1}).plateau);
  EXPECT_FALSE(core_set_relaxation(Chain{1e-5, 1e-5}.counts(random, 16, 64, 21), {0, 1}).plateau);
  // Nothing happens at all: no rate, rather than 0 +- 0.
  CoreSetRelaxation const still = core_set_relaxation(Chain{0, 0}.counts(random, 16, 64, 21), {0, 1});
  EXPECT_FALSE(still.plateau);
  EXPECT_TRUE(std::isnan(still.implied[5].value));
}

TEST(CoreSetRelaxation, WantsTwentyTransitions) {
  auto const plateau = [](double each) {
    // Four rows that differ enough for any change to be within their error.
    std::vector<double> ab, in(4, 1e6), zero(12, 0.0);
    for (int row = 0; row < 4; ++row) {
      double const noise = row % 2 == 0 ? 1.1 : 0.9;
      ab.insert(ab.end(), {0, each * noise, 2 * each * (2 - noise)});
    }
    std::vector<double> const rows(4, 2e6);
    return core_set_relaxation({SampleTable(in, 1, rows), SampleTable(in, 1, rows), SampleTable(ab, 3, rows),
                                SampleTable(zero, 3, rows)},
                               {0, 1})
        .plateau.has_value();
  };
  EXPECT_FALSE(plateau(4.9));
  EXPECT_TRUE(plateau(5.1));
}

TEST(CoreSetRelaxation, IsTheSameWithoutLagZero) {
  std::mt19937_64 random(4);
  MembershipCounts const all = Chain{0.004, 0.004, 0.25}.counts(random, 32, 256, 129);
  auto const later = [](SampleTable const& table) {
    std::vector<double> sums, walkers;
    for (int r = 0; r < table.rows(); ++r) {
      sums.insert(sums.end(), table.row(r).begin() + 1, table.row(r).end());
      walkers.push_back(table.walkers(r));
    }
    return SampleTable(sums, table.columns() - 1, walkers);
  };
  CoreSetRelaxation const with = core_set_relaxation(all, {0, 0.5});
  CoreSetRelaxation const without =
      core_set_relaxation({all.in_a, all.in_b, later(all.a_then_b), later(all.b_then_a)}, {0.5, 0.5});
  ASSERT_TRUE(with.plateau && without.plateau);
  EXPECT_EQ(with.plateau->lag, without.plateau->lag);
  EXPECT_EQ(with.plateau->relaxation.value, without.plateau->relaxation.value);
}

TEST(CoreSetRelaxation, RefusesTablesThatDoNotFit) {
  std::vector<double> const rows{1, 1};
  SampleTable const one({1, 1}, 1, rows), three({1, 1, 1, 1, 1, 1}, 3, rows), two({1, 1, 1, 1}, 2, rows);
  EXPECT_THROW(core_set_relaxation({one, one, three, two}, {0, 1}), ShapeError);
  EXPECT_THROW(core_set_relaxation({two, one, three, three}, {0, 1}), ShapeError);
  EXPECT_THROW(core_set_relaxation({one, one, three, three}, {0, 0}), DomainError);
}

}  // namespace
