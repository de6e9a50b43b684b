// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "replay.hpp"

namespace {

using kramers::test::corpus;
using kramers::test::run_target;

TEST(CsvFuzz, SurvivesGoodInputs) {
  run_target("");
  for (auto const& seed : corpus("csv")) run_target(seed);
}

TEST(CsvFuzz, SurvivesMutations) {
  kramers::test::run_mutations(corpus("csv"), "#\"\",;,+-. 019eabl\t\r\n\xff\xef");
}

}  // namespace
