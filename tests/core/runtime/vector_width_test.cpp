// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/vector_width.hpp>

#include <gtest/gtest.h>

#include <string>
#include <utility>

namespace {

using kramers::narrow_vectors;

TEST(VectorWidth, IsToldWhereTheProcessorHasMore) {
  for (auto const& [compiled, machine] : {std::pair{16, 32}, {16, 64}, {32, 64}}) {
    auto const text = narrow_vectors(compiled, machine);
    ASSERT_TRUE(text) << compiled << " of " << machine;
    EXPECT_NE(
        text->find("vectors of " + std::to_string(compiled) + " bytes, this processor has " + std::to_string(machine)),
        std::string::npos)
        << *text;
    EXPECT_NE(text->find("-DKRAMERS_CPU_FLAGS=-march=native"), std::string::npos) << *text;
  }
  EXPECT_FALSE(narrow_vectors(64, 64));
  EXPECT_FALSE(narrow_vectors(64, 32));
  EXPECT_FALSE(narrow_vectors(16, std::nullopt));
}

TEST(VectorWidth, OfThisMachineIsOneThatTheCompilerKnows) {
  auto const machine = kramers::machine_vector_bytes();
#if defined(__x86_64__)
  ASSERT_TRUE(machine);
  EXPECT_TRUE(*machine == 16 || *machine == 32 || *machine == 64) << *machine;
  EXPECT_GE(*machine, kramers::compiled_vector_bytes);  // else this would not have started
#else
  EXPECT_FALSE(machine);
#endif
}

}  // namespace
