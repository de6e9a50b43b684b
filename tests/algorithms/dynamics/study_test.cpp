// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs that are stopped, extended or short of disk give the bits of those that are not.
#include <kramers/dynamics/studies/any_potential.hpp>
#include <kramers/dynamics/studies/study.hpp>
#include <kramers/dynamics/studies/study_results.hpp>
#include <kramers/runtime/command_line.hpp>
#include <kramers/runtime/h5.hpp>
#include <kramers/runtime/signals.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <string>
#include <thread>
#include <vector>

#include "scratch.hpp"
#include "small_disk.hpp"

namespace kramers::dynamics::study_test {

using test::has;
using test::message;
using test::Scratch;
using test::SmallDisk;

class StudyTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!h5::available()) GTEST_SKIP() << "this build has no HDF5";
  }

  StudyParams params(std::vector<std::string> const& sets) const {
    Config config = Config::from_text(R"(
ensemble = {walkers = 300, seed = 7}
potential = {kind = "double_well"}
integrator = {dt = 0.02, friction = 1.0, temperature = 0.4}
run = {equilibrate = 30, steps = 1050}
observables = {every = 7, core_sets = [-0.7, 0.7], frame_every = 100, correlation_frames = 3}
checkpoint = {every = 100}
)",
                                      "study_test.toml");
    for (auto const& set : sets) config.set(set);
    CommandLine options;
    options.space = space_names().front();
    StudyParams study = read_study(config, options, builtin_potentials());
    study.checkpoint = path();
    return study;
  }
  std::filesystem::path path() const { return scratch / "run.checkpoint.h5"; }
  std::int64_t saved_step() const { return h5::Reader(path(), world).attribute<std::int64_t>("/", "step"); }

  /// All estimates to the last bit, and the hash of the state.
  std::string found(Study& study) const {
    return evaluate(study).observables.dump() + std::to_string(study.state_hash());
  }
  std::string found_by_whole_run(StudyParams study_params) const {
    study_params.checkpoint_every = 0;
    Study whole(study_params, world);
    EXPECT_EQ(whole.run(true), 0);
    return found(whole);
  }

  Communicator world = Communicator::world();
  Scratch scratch{world};
};

TEST_F(StudyTest, AFinishedRunIsExtendedExactly) {
  // The last launch of the first run ends between two frames: the checkpoint is that of the frame before.
  Study first(params({}), world);
  EXPECT_EQ(first.run(true), 0);
  EXPECT_EQ(first.step(), 1080);
  EXPECT_EQ(saved_step(), 1030);
  StudyParams const longer = params({"run.steps=1500"});
  Study second(longer, world);
  second.resume(path());
  EXPECT_EQ(second.step(), 1030);
  EXPECT_EQ(second.run(true), 0);
  EXPECT_EQ(found(second), found_by_whole_run(longer));
}

TEST_F(StudyTest, ACheckpointBetweenTwoFramesIsRefusedUnlessItIsTheEnd) {
  Study first(params({}), world);
  EXPECT_EQ(first.run(true), 0);
  first.write_checkpoint(path());
  Study same(params({}), world);
  same.resume(path());
  EXPECT_EQ(same.run(true), 0);
  EXPECT_EQ(found(same), found(first));
  Study longer(params({"run.steps=1500"}), world);
  EXPECT_TRUE(has(message<InputError>([&] { longer.resume(path()); }), "at step 1080, where this run adds up no sums"));
}

TEST_F(StudyTest, ASignalBeforeTheFirstStepLosesNothing) {
  StopRequest const stop;
  Study study(params({"run.equilibrate=0"}), world);
  if (world.rank() == world.size() - 1) std::raise(SIGTERM);
  EXPECT_EQ(study.run(true), SIGTERM);
  EXPECT_EQ(study.step(), 0);
  EXPECT_FALSE(study.has_begun());
  EXPECT_FALSE(std::filesystem::exists(path()));
  EXPECT_TRUE(study.record().frames.empty());
}

TEST_F(StudyTest, ASignalBeforeAResumedStepLosesNothing) {
  StudyParams const whole = params({});
  Study first(params({"run.steps=430"}), world);
  EXPECT_EQ(first.run(true), 0);
  StopRequest const stop;
  Study second(whole, world);
  second.resume(path());
  std::raise(SIGTERM);
  EXPECT_EQ(second.run(true), SIGTERM);  // there is nothing that the checkpoint lacks
  EXPECT_EQ(second.step(), 430);
  EXPECT_EQ(saved_step(), 430);
}

// Signals that come at any moment, far more often than launches end: small ensembles are cut in time, large ones by blocks.
TEST_F(StudyTest, ALaunchThatIsCutShortGoesOnWithTheSameBits) {
  using namespace std::chrono_literals;
  struct Case {
    std::string walkers, steps;
    double seconds_between_looks;
  };
  std::int64_t within_launches = 0;
  for (Case const& each :
       {Case{"ensemble.walkers=5", "run.steps=1050", 1e-7}, Case{"ensemble.walkers=300", "run.steps=1050", 1e-7},
        Case{"ensemble.walkers=20000", "run.steps=160", 1e-3}}) {
    SCOPED_TRACE(each.walkers);
    StudyParams study = params({each.walkers, each.steps, "observables.frame_every=90", "observables.every=3",
                                "observables.histogram={bins=[8], lower=[-2.0], upper=[2.0]}"});
    std::string const expected = found_by_whole_run(study);
    study.seconds_between_looks = each.seconds_between_looks;
    std::string last;
    world.barrier();
    if (world.is_root()) std::filesystem::remove(path());
    world.barrier();
    for (int attempt = 0; last.empty() && attempt < 100; ++attempt) {
      StopRequest const stop;  // around the thread, whose signal may be late
      Study run(study, world);
      if (std::filesystem::exists(path())) run.resume(path());
      std::jthread const signal([&] {
        std::this_thread::sleep_for(4ms + 4ms * attempt);
        if (world.rank() == world.size() - 1) kill(getpid(), SIGUSR1);
      });
      if (run.run(true) == 0) {
        last = found(run);
      } else if (std::filesystem::exists(path())) {
        within_launches += h5::Reader(path(), world).has("launch") ? 1 : 0;
      }
      world.barrier();
    }
    EXPECT_EQ(last, expected);
  }
  EXPECT_GT(within_launches, 0);
}

// The state at the start is a frame, which was observed before the launch that is cut short by blocks.
TEST_F(StudyTest, AFirstLaunchThatIsCutShortKeepsTheFrameOfTheStart) {
  using namespace std::chrono_literals;
  // Few steps of many walkers, or launches would be cut in time.
  StudyParams study = params({"ensemble.walkers=50000", "run.equilibrate=0", "run.steps=50",
                              "observables.frame_every=50", "output.trajectory={walkers=10, every=50}"});
  std::string const expected = found_by_whole_run(study);
  study.seconds_between_looks = 1e-3;
  bool within_first_launch = false;
  for (int attempt = 0; !within_first_launch && attempt < 100; ++attempt) {
    StopRequest const stop;  // around the thread, whose signal may be late
    Study run(study, world);
    std::jthread const signal([&] {
      std::this_thread::sleep_for(1ms * (1 << attempt % 8));  // on machines of any speed
      if (world.is_root()) kill(getpid(), SIGUSR1);
    });
    within_first_launch = run.run(true) == SIGUSR1 && run.step() == 0 && run.has_begun();
  }
  ASSERT_TRUE(within_first_launch);
  Study resumed(study, world);
  resumed.resume(path());
  EXPECT_TRUE(resumed.has_begun());
  EXPECT_EQ(resumed.run(true), 0);
  EXPECT_EQ(found(resumed), expected);
  EXPECT_EQ(resumed.record().trajectory_steps.size(), 2u);
}

TEST_F(StudyTest, AFullDiskIsToldAndTriedAgain) {
  StudyParams const whole = params({});
  Study study(whole, world);
  std::vector<std::string> told;
  {
    SmallDisk const disk(3000);
    EXPECT_EQ(study.run(true, [&](std::string const& what) { told.push_back(what); }), 0);
  }
  ASSERT_EQ(told.size(), 10u);  // at 130, 230 ... 1030
  EXPECT_EQ(told[1], "no checkpoint at step 230: " + path().string() + ": cannot be written: File too large");
  EXPECT_EQ(found(study), found_by_whole_run(whole));
  EXPECT_EQ(scratch.entries(), 0u);
}

TEST_F(StudyTest, AFullDiskIsAFailureWhereASignalEndsTheRun) {
  Study study(params({}), world);
  SmallDisk const disk(3000);
  auto const run = [&] { study.run(true, [](std::string const&) { std::raise(SIGTERM); }); };
  EXPECT_TRUE(has(message<Error>(run), "File too large"));
  EXPECT_EQ(study.step(), 230);
}

}  // namespace kramers::dynamics::study_test
