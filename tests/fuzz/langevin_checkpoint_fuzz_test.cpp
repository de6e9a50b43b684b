// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "langevin_checkpoint.hpp"
#include "replay.hpp"

namespace {

using kramers::test::corpus;
using kramers::test::run_target;
using kramers::test::SmallStudy;

TEST(LangevinCheckpointFuzz, SurvivesGoodInputs) {
  run_target("");
  for (auto const& seed : corpus("langevin_checkpoint")) run_target(seed);
}

TEST(LangevinCheckpointFuzz, SurvivesMutations) {
  kramers::test::run_mutations(corpus("langevin_checkpoint"), "=-#@/ ,0129.einfxvstau\n\xc3\xff", 1500);
}

TEST(LangevinCheckpoint, ADamagedByteNeverChangesWhatIsRead) {
  SmallStudy const study;
  std::string const wanted = study.read();
  std::size_t refused = 0;
  for (std::size_t at = 0; at < study.good().size(); at += 5) {
    kramers::test::flip_bit(study.path(), at, static_cast<int>(at % 8));
    try {
      EXPECT_EQ(study.read(), wanted) << "byte " << at;
    } catch (kramers::Error const& error) {
      ++refused;
      EXPECT_TRUE(kramers::test::has(error.what(), "c.h5: ")) << error.what();
    }
    kramers::test::flip_bit(study.path(), at, static_cast<int>(at % 8));
  }
  EXPECT_EQ(study.read(), wanted);
  EXPECT_GT(refused, study.good().size() / 5 / 4);
}

}  // namespace
