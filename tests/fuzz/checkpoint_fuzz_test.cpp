// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "replay.hpp"

namespace {

using kramers::test::corpus;
using kramers::test::run_target;

TEST(CheckpointFuzz, SurvivesGoodInputs) {
  run_target("");
  for (auto const& seed : corpus("checkpoint")) run_target(seed);
}

TEST(CheckpointFuzz, SurvivesMutations) {
  kramers::test::run_mutations(corpus("checkpoint"), "=!-> \n0129.e+_normatchdp\xc3\xff");
}

}  // namespace
