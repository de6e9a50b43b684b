// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/checkpoints.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <csignal>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <stdexcept>
#include <string>
#include <vector>

#include "scratch.hpp"

namespace {

using namespace kramers;
using kramers::test::has;
using kramers::test::message;
using kramers::test::Scratch;

CheckpointFormat const ours{"kramers-test", 3};

void write(std::filesystem::path const& path, CheckpointFormat const& format, std::int64_t step,
           std::string const& fingerprint) {
  h5::Writer file(path, Communicator::world());
  begin_checkpoint(file, format, step, fingerprint);
  file.write("state/x", std::vector<double>{1, 2}, {2});
  file.commit();
}

TEST(Checkpoints, AreComparedWithTheRunThatReadsThem) {
  if (!h5::available()) GTEST_SKIP();
  auto const world = Communicator::world();
  Scratch const scratch(world);
  auto const path = scratch / "a.h5";
  std::string const same = R"({"a":{"b":1,"c":[1,2]}})";
  write(path, ours, 7, same);
  auto const file = open_checkpoint(path, world, ours, same);
  EXPECT_EQ(checkpoint_step(file, 7, "step", "run.steps"), 7);
  EXPECT_TRUE(has(message<InputError>([&] { checkpoint_step(file, 6, "sweep", "run.sweeps"); }),
                  "was written at sweep 7, but this run ends at sweep 6 (run.sweeps)"));
  EXPECT_NO_THROW(expect_members(file, "/", {"state", "fingerprint"}));
  EXPECT_TRUE(has(message<IoError>([&] { expect_members(file, "state", {"x", "y"}); }), "holds no 'state/y'"));
  EXPECT_TRUE(has(message<IoError>([&] { expect_members(file, "/", {"state"}); }), "an object in '/' that no"));

  auto const refused = [&](CheckpointFormat const& format, std::string const& fingerprint) {
    try {
      open_checkpoint(path, world, format, fingerprint);
    } catch (Error const& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_TRUE(has(refused(ours, R"({"a":{"b":2,"c":[1,2]}})"), "was written with a.b = 1, this run has 2"));
  EXPECT_TRUE(has(refused(ours, R"({"a":{"b":1,"c":[1]}})"), "was written with a.c.1 = 2, this run has absent"));
  EXPECT_TRUE(has(refused(ours, R"({"a":{"b":1,"c":[1,2,3]}})"), "with a.c = [1,2], this run has [1,2,3]"));
  EXPECT_TRUE(has(refused(ours, R"({"a":{"b":1}})"), "this run has absent"));
  EXPECT_TRUE(has(refused({"kramers-other", 3}, same), "no checkpoint of kramers-other"));
  EXPECT_TRUE(has(refused({"kramers-test", 4}, same), "format version 3, of an earlier kramers"));
  EXPECT_TRUE(has(refused({"kramers-test", 2}, same), "format version 3, this program reads up to 2"));
  write(path, ours, -1, same);
  EXPECT_TRUE(has(message<IoError>([&] { checkpoint_step(open_checkpoint(path, world, ours, same), 7, "step", ""); }),
                  "no run comes to step -1"));
}

TEST(Checkpoints, AreNotComparedInWhatMayChange) {
  nlohmann::json const keys = {
      {"run", {{"steps", 7}, {"dt", 0.1}}}, {"output", {{"file", "a.h5"}}}, {"checkpoint", {{"every", 5}}}};
  EXPECT_EQ(checkpoint_fingerprint(keys, {"/run/steps", "/absent", "/absent/too"}), R"({"run":{"dt":0.1}})");
}

TEST(CheckpointWatch, WritesWhatIsDueAndGoesOnWhereItCannot) {
  std::vector<std::string> warnings;
  std::vector<std::string> written;
  CheckpointPlan plan;
  plan.file = "a.h5";
  plan.every = 10;
  plan.unit = "sweep";
  plan.warn = [&](std::string const& sentence) { warnings.push_back(sentence); };
  CheckpointWatch watch(Communicator::world(), plan, 5);
  auto const write = [&](std::filesystem::path const& path) { written.push_back(path.string()); };
  auto const fail = [](std::filesystem::path const& path) { throw IoError(path.string(), "the disk is full"); };
  EXPECT_EQ(watch.piece(5, 100), 10);
  EXPECT_EQ(watch.piece(5, 4), 4);
  EXPECT_EQ(watch.look(14, false, write), 0);
  EXPECT_TRUE(written.empty());
  EXPECT_EQ(watch.piece(14, 100), 1);
  EXPECT_TRUE(watch.is_due(15));
  EXPECT_EQ(watch.look(15, false, fail), 0);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_TRUE(has(warnings[0], "no checkpoint at sweep 15: a.h5: the disk is full"));
  EXPECT_FALSE(watch.is_due(24));  // the next is tried when it is due
  EXPECT_EQ(watch.look(25, true, write), 0);
  EXPECT_EQ(written, std::vector<std::string>{"a.h5"});
  CheckpointWatch const never(Communicator::world(), {}, 0);
  EXPECT_EQ(never.piece(0, 100), 100);
  EXPECT_FALSE(never.is_due(std::numeric_limits<std::int64_t>::max()));
}

TEST(CheckpointWatch, KeepsWhatStandsUnderTheName) {
  if (!h5::available()) GTEST_SKIP();
  auto const world = Communicator::world();
  Scratch const scratch(world);
  std::vector<std::string> warnings;
  CheckpointPlan plan;
  plan.file = scratch / "a.h5";
  plan.every = 1;
  plan.warn = [&](std::string const& sentence) { warnings.push_back(sentence); };
  if (world.is_root()) kramers::test::put(plan.file, "notes");
  plan.overwrites = true;  // checkpoints, and nothing else
  world.barrier();
  auto const write_ours = [&](std::filesystem::path const& path) { write(path, ours, 7, "{}"); };
  for (int run = 0; run < 2; ++run) {
    CheckpointWatch watch(world, plan, 0);
    for (std::int64_t done = 1; done < 3; ++done) EXPECT_EQ(watch.look(done, false, write_ours), 0);
    world.barrier();
    EXPECT_EQ(scratch.entries(), 2u);
  }
  EXPECT_EQ(kramers::test::content(scratch / "a.h5.~1~"), "notes");
  EXPECT_NO_THROW(open_checkpoint(plan.file, world, ours, "{}"));
  if (world.is_root()) {
    ASSERT_EQ(warnings.size(), 1u);
    EXPECT_TRUE(has(warnings[0], "a.h5 is kept as "));
  }
  world.barrier();
  // A run that goes on replaces its checkpoint, one that begins anew keeps it.
  plan.overwrites = false;
  for (bool const resumes : {true, false}) {
    plan.resumes = resumes;
    CheckpointWatch watch(world, plan, 0);
    for (std::int64_t done = 1; done < 3; ++done) EXPECT_EQ(watch.look(done, false, write_ours), 0);
    world.barrier();
    EXPECT_EQ(scratch.entries(), resumes ? 2u : 3u);
  }
  EXPECT_NO_THROW(open_checkpoint(scratch / "a.h5.~2~", world, ours, "{}"));
  // Of which a quiet run says nothing.
  std::size_t const told = warnings.size();
  plan.quiet = true;
  CheckpointWatch watch(world, plan, 0);
  EXPECT_EQ(watch.look(1, false, write_ours), 0);
  world.barrier();
  EXPECT_EQ(scratch.entries(), 4u);
  EXPECT_EQ(warnings.size(), told);
}

TEST(CheckpointWatch, TellsAllRanksOfASignalAfterAllHaveWritten) {
  auto const world = Communicator::world();
  int written = 0;
  auto const write = [&](std::filesystem::path const&) { ++written; };
  CheckpointWatch watch(world, {.file = "a.h5"}, 5);
  if (world.rank() == world.size() - 1) std::raise(SIGUSR1);
  EXPECT_EQ(watch.look(5, false, write), SIGUSR1);  // nothing was done since the last one
  EXPECT_EQ(written, 0);
  EXPECT_EQ(watch.look(6, true, write), 0);  // it comes too late
  EXPECT_EQ(written, 0);
  EXPECT_EQ(watch.look(6, false, write), SIGUSR1);
  EXPECT_EQ(written, 1);
  EXPECT_THROW(watch.look(7, false, [](auto const&) { throw IoError("a.h5", "the disk is full"); }), IoError);
}

}  // namespace
