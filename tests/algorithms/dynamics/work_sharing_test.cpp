// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Who advances which walkers: fair shares, and no trace of them in any bit.
#include <kramers/base/error.hpp>
#include <kramers/dynamics/studies/any_potential.hpp>
#include <kramers/dynamics/studies/study.hpp>
#include <kramers/dynamics/studies/study_results.hpp>
#include <kramers/dynamics/studies/work_sharing.hpp>
#include <kramers/runtime/command_line.hpp>
#include <kramers/runtime/h5.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "scratch.hpp"

namespace kramers::dynamics::work_sharing_test {

using Speeds = std::vector<double>;

TEST(Division, CoversAllWalkersByWholePartsInTheOrderOfRanks) {
  std::mt19937 random(1);
  std::uniform_real_distribution<double> digits(-3, 3);
  for (std::int64_t const walkers : {1, 64, 65, 1000, 1023, 100'000, 1'000'001}) {
    EnsembleLayout const layout(walkers);
    for (std::size_t const ranks : {1, 2, 3, 17, 2000}) {
      SCOPED_TRACE(std::to_string(walkers) + " walkers on " + std::to_string(ranks) + " ranks");
      Speeds speeds(ranks);
      for (double& speed : speeds) speed = std::pow(10, digits(random));
      Division const division = Division::by_speed(layout, speeds);
      ASSERT_EQ(division.ranks(), static_cast<int>(ranks));
      std::int64_t next = 0, next_cell = 0;
      for (int rank = 0; rank < division.ranks(); ++rank) {
        auto const range = division.range_of(rank);
        auto const cells = layout.cells_of(range);
        ASSERT_EQ(range.first, next);
        ASSERT_GE(range.last, range.first);
        ASSERT_TRUE(range.last == walkers || range.last % layout.part == 0) << "a part is cut";
        ASSERT_EQ(cells.first, next_cell) << "a cell has two owners or none";
        next = range.last;
        next_cell = cells.last;
      }
      ASSERT_EQ(next, walkers);
      ASSERT_EQ(next_cell, layout.cells);
    }
  }
}

TEST(Division, GivesRanksThatAreAsFastAsManyWalkers) {
  EnsembleLayout const layout(1024);  // 16 parts
  for (int const ranks : {1, 2, 4, 8, 16}) {
    EXPECT_EQ(Division::by_speed(layout, Speeds(static_cast<std::size_t>(ranks), 3.5)), Division::equal(layout, ranks));
  }
}

// For parts of one size the shortest time over all divisions is known: that of the best of all lists of so many parts.
TEST(Division, NoOtherDivisionHasAnEarlierEnd) {
  EnsembleLayout const layout(12 * 64);
  for (Speeds const& speeds : {Speeds{1, 1, 1}, Speeds{3, 1, 2}, Speeds{0.1, 7, 2}, Speeds{1, 1000, 0}}) {
    double best = std::numeric_limits<double>::infinity();
    for (int a = 0; a <= 12; ++a) {
      for (int b = 0; a + b <= 12; ++b) {
        double const parts[] = {double(a), double(b), double(12 - a - b)};
        double longest = 0;
        for (std::size_t rank = 0; rank < 3; ++rank) {
          if (parts[rank] > 0) longest = std::max(longest, 64 * parts[rank] / speeds[rank]);
        }
        best = std::min(best, longest);
      }
    }
    EXPECT_DOUBLE_EQ(Division::by_speed(layout, speeds).seconds_per_step(speeds), best);
  }
}

TEST(Division, RefusesSpeedsThatNoRankHas) {
  EnsembleLayout const layout(1000);
  for (Speeds const& speeds : {Speeds{1, -1}, Speeds{std::nan(""), 1}, Speeds{INFINITY, 1}, Speeds{0, 0}}) {
    EXPECT_THROW(Division::by_speed(layout, speeds), DomainError);
  }
}

TEST(Division, IsChangedWhereItPays) {
  EnsembleLayout const layout(100'000);
  Division const equal = Division::equal(layout, 2);
  // One rank is half as fast: 100,000 steps take 5000 / 2e6 s each instead of 5000 / 1.5e6.
  Speeds const speeds{2e6, 1e6};
  EXPECT_EQ(better_division(layout, equal, speeds, 1e5, 1), Division::by_speed(layout, speeds));
  double const gain = 100'000 * (0.5 / 1e6 - 1 / 3e6);  // a step
  EXPECT_TRUE(better_division(layout, equal, speeds, 2.02 / gain, 1));
  EXPECT_FALSE(better_division(layout, equal, speeds, 1.98 / gain, 1)) << "it costs as much as it gains";
  EXPECT_TRUE(better_division(layout, equal, {1.12, 1.0}, 1e9, 0));
  EXPECT_FALSE(better_division(layout, equal, {1.08, 1.0}, 1e9, 0)) << "less than 5 %";
  EXPECT_TRUE(better_division(layout, equal, {1.0, 0.0}, 1, 1)) << "a rank of speed 0 never ends";
}

class WorkSharing : public testing::Test {
 protected:
  StudyParams params(std::vector<std::string> const& sets) const {
    Config config = Config::from_text(R"(
ensemble = {walkers = 1000, seed = 7}
potential = {kind = "double_well"}
integrator = {dt = 0.02, friction = 1.0, temperature = 0.4}
run = {equilibrate = 30, steps = 1050}
output = {trajectory = {walkers = 700, every = 150}}
[observables]
every = 7
core_sets = [-0.7, 0.7]
frame_every = 50
correlation_frames = 3
histogram = {bins = [8], lower = [-2.0], upper = [2.0]}
)",
                                      "work_sharing_test.toml");
    for (auto const& set : sets) config.set(set);
    CommandLine options;
    options.space = space_names().front();
    return read_study(config, options, builtin_potentials());
  }

  /// All estimates, the hash of the state and the recorded walkers, to the last bit.
  std::string found(Study& study) {
    std::string text = evaluate(study).observables.dump() + std::to_string(study.state_hash());
    if (!h5::available()) return text;
    auto const path = scratch / "run.checkpoint.h5";
    study.write_checkpoint(path);
    h5::Reader const file(path, world);
    for (char const* name : {"state/x0", "record/positions", "record/velocities", "sums/cells"}) {
      for (double const value : file.read<double>(name)) text += shortest_decimal(value) + " ";
    }
    for (std::uint64_t const count : file.read<std::uint64_t>("sums/histogram")) text += std::to_string(count) + " ";
    return text;
  }

  Communicator world = Communicator::world();
  test::Scratch scratch{world};
};

// Walkers change hands after every launch, also to and from ranks without any, in double and single precision.
TEST_F(WorkSharing, NoBitTellsWhoOwnedWhichWalkers) {
  StudyParams const study = params({});
  Study whole(study, world);
  ASSERT_EQ(whole.run(true), 0);
  std::string const expected = found(whole);
  std::mt19937 random(2);
  EnsembleLayout const layout(study.request.params.walkers);
  Study run(study, world);
  int times = 0;
  auto const look = [&](std::int64_t, Progress&) {
    Speeds speeds(static_cast<std::size_t>(world.size()));
    for (double& speed : speeds) speed = static_cast<double>(random() % 4);
    speeds[random() % speeds.size()] = 1;
    Division const next = Division::by_speed(layout, speeds);
    run.share(next);
    EXPECT_EQ(run.division(), next);
    EXPECT_EQ(run.ensemble().range().size(), next.range_of(world.rank()).size());
    ++times;
    return false;
  };
  ASSERT_EQ(run.run(true, {}, look), 0);
  EXPECT_GE(times, 20);
  EXPECT_EQ(found(run), expected);
}

TEST_F(WorkSharing, BeginsWithSpeedsWhereRanksDifferAndTheRunIsLong) {
  StudyParams const brief = params({}),
                    endless =
                        params({"run.steps=100000000", "observables.frame_every=10000", "output.trajectory.walkers=0"});
  EnsembleLayout const layout(brief.request.params.walkers);
  Division const equal = Division::equal(layout, world.size());
  EXPECT_EQ(first_division(brief, world, false), equal);
  EXPECT_EQ(first_division(endless, world, true), equal);
  Division const measured = first_division(endless, world, false);
  EXPECT_EQ(measured.ranks(), world.size());
  EXPECT_EQ(measured.range_of(world.size() - 1).last, layout.walkers);
  auto const speeds = measure_speeds(endless, world);
  ASSERT_EQ(speeds.size(), static_cast<std::size_t>(world.size()));
  for (double const speed : speeds) EXPECT_GT(speed, 1e3) << "walker-steps per second, of any processor";
  double other = speeds.back();
  world.broadcast(other);
  EXPECT_EQ(speeds.back(), other) << "the same on all ranks";
}

// Ranks that were given very unequal shares find it out: they are equally fast, or each has at least some of the speed.
TEST_F(WorkSharing, UnequalSharesAreMendedWhileTheStudyRuns) {
  if (world.size() != 2) GTEST_SKIP() << "of two ranks";
  // Launches that take longer than to begin them, also with sanitizers: else all shares take as long.
  StudyParams study = params({"run.steps=4000000", "observables.frame_every=1000", "output.trajectory.walkers=0"});
  Division const first = Division::by_speed(EnsembleLayout(study.request.params.walkers), {15, 1});
  Study run(study, world, first);
  // Until walkers have been moved, however long that takes on a busy machine.
  ASSERT_EQ(run.run(true, {}, [&](std::int64_t, Progress&) { return run.moves() > 0; }), 0);
  EXPECT_GT(run.moves(), 0);
  EXPECT_GT(run.division().range_of(1).size(), first.range_of(1).size());
  for (double const speed : run.speeds()) EXPECT_GT(speed, 0);
}

}  // namespace kramers::dynamics::work_sharing_test
