// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "replay.hpp"

namespace {

using kramers::test::corpus;
using kramers::test::run_target;

TEST(NpzFuzz, SurvivesGoodInputs) {
  run_target("");
  for (auto const& seed : corpus("npz")) run_target(seed);
}

TEST(NpzFuzz, SurvivesMutations) {
  kramers::test::run_mutations(corpus("npz"), "PK\1\2\3\4\5\6\x2d{}()',: <|fiu1248TrueFalse09\xff");
}

}  // namespace
