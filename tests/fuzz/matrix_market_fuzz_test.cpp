// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "replay.hpp"

namespace {

using kramers::test::corpus;
using kramers::test::run_target;

TEST(MatrixMarketFuzz, SurvivesGoodInputs) {
  run_target("");
  for (auto const& seed : corpus("matrix_market")) run_target(seed);
}

TEST(MatrixMarketFuzz, SurvivesMutations) {
  kramers::test::run_mutations(corpus("matrix_market"), "%.+-e 0129\t\r\n\xff");
}

}  // namespace
