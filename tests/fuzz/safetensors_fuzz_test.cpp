// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "replay.hpp"

namespace {

using kramers::test::corpus;
using kramers::test::run_target;

TEST(SafetensorsFuzz, SurvivesGoodInputs) {
  run_target("");
  for (auto const& seed : corpus("safetensors")) run_target(seed);
}

TEST(SafetensorsFuzz, SurvivesDeepNesting) {
  run_target(std::string(100000, '{') + "x");
  run_target("{\"a\":{\"shape\":" + std::string(100000, '[') + "x");
}

TEST(SafetensorsFuzz, SurvivesMutations) {
  kramers::test::run_mutations(corpus("safetensors"), "{}[]\":,0149-e \\\n\t\xc3\xff");
}

}  // namespace
