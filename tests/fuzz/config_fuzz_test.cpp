// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "replay.hpp"

namespace {

using kramers::test::corpus;
using kramers::test::run_target;

TEST(ConfigFuzz, SurvivesGoodInputs) {
  run_target("");
  for (auto const& seed : corpus("config")) run_target(seed);
}

TEST(ConfigFuzz, SurvivesDeepNesting) {
  run_target("a = " + std::string(100000, '['));
  run_target("a = " + std::string(1000, '[') + std::string(1000, ']'));
  std::string dotted = "a";
  for (int i = 0; i < 2000; ++i) dotted += ".a";
  run_target(dotted + " = 1");
}

TEST(ConfigFuzz, SurvivesMutations) {
  kramers::test::run_mutations(corpus("config"), "=.[]{}\"'\\\n#,-+_ 019aefinx\t\xc3\xff");
}

}  // namespace
