// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <gtest/gtest.h>

#include <cmath>

#include "exact_rates.hpp"

// Weak friction takes hundreds of Hermite functions.
namespace {

using namespace kramers::dynamics;
using exact::Motion;
using golden::double_well;

TEST(ExactRatesWeak, RatesAreThoseOfAnotherMethod) {
  for (golden::Rate const& known : golden::weak) {
    LangevinParams const langevin{0, known.friction, 1 / known.barrier, 1};
    auto const relaxation = exact::relaxation_rate(double_well, langevin, Motion::underdamped, 1e-8);
    auto const exchange = exact::core_set_rate(double_well, langevin, -1, 1, Motion::underdamped, 1e-7);
    auto const shift = exact::step_shift(double_well, langevin, "BAOAB", 1e-5);
    ASSERT_TRUE(relaxation) << known.barrier;
    ASSERT_TRUE(exchange) << known.barrier;
    ASSERT_TRUE(shift) << known.barrier;
    EXPECT_NEAR(relaxation->value / (2 * known.eigenvalue), 1, 1e-8) << known.barrier;
    EXPECT_NEAR(exchange->forward / known.core_sets, 1, 1e-7 + known.digits) << known.barrier;
    EXPECT_NEAR(shift->value, known.step_shift, 6e-4);
  }
}

// Turnover theory is exact for barriers that are high at any friction; it is 1 to 2 per cent off at 20 kT.
TEST(ExactRatesWeak, TheTurnoverIsFollowedDown) {
  auto const wells = exact::find_wells(double_well, {-2, 2});
  ASSERT_TRUE(wells);
  for (double const friction : {0.2, 0.1}) {
    LangevinParams const langevin{0, friction, 0.05, 1};
    auto const relaxation = exact::relaxation_rate(double_well, langevin, Motion::underdamped, 1e-3);
    ASSERT_TRUE(relaxation);
    EXPECT_NEAR(exact::turnover_rate(double_well, langevin, *wells) / (0.5 * relaxation->value), 1, 0.03) << friction;
  }
}

}  // namespace
