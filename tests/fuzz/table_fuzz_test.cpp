// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "replay.hpp"

namespace {

using kramers::test::corpus;
using kramers::test::run_target;

TEST(TableFuzz, SurvivesGoodInputs) {
  run_target("");
  for (auto const& seed : corpus("table")) run_target(seed);
}

TEST(TableFuzz, SurvivesMutations) {
  kramers::test::run_mutations(corpus("table"), "#!@&;,+-.*/ 019epi\t\r\n\xff");
}

}  // namespace
