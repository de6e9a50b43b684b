// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "replay.hpp"

namespace {

using kramers::test::corpus;
using kramers::test::run_target;

TEST(ExpressionFuzz, SurvivesGoodInputs) {
  run_target("");
  for (auto const& seed : corpus("expression")) run_target(seed);
}

TEST(ExpressionFuzz, SurvivesMutations) {
  kramers::test::run_mutations(corpus("expression"), "+-*/^(),. 019exyksincosqrtlgbaminp\t\n\xff", 2000);
}

}  // namespace
