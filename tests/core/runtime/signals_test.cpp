// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/signals.hpp>

#include <gtest/gtest.h>

#include <csignal>
#include <cstdio>

namespace {

using kramers::Communicator;
using kramers::StopRequest;

std::sig_atomic_t volatile old_handler_calls = 0;
void old_handler(int) {
  old_handler_calls = old_handler_calls + 1;
}

TEST(StopRequest, RemembersEachSignalAndTellsAllRanks) {
  auto const world = Communicator::world();
  for (int const signal : {SIGTERM, SIGINT, SIGUSR1}) {
    StopRequest const stop;
    EXPECT_EQ(stop.signal(), 0);
    EXPECT_EQ(stop.signal(world), 0);
    bool const mine = world.rank() == world.size() - 1;
    if (mine) std::raise(signal);
    EXPECT_EQ(stop.signal(), mine ? signal : 0);
    EXPECT_EQ(stop.signal(world), signal);
  }
}

TEST(StopRequest, GivesTheOldHandlersBack) {
  auto* const before = std::signal(SIGUSR1, old_handler);
  {
    StopRequest const stop;
    std::raise(SIGUSR1);
    EXPECT_EQ(stop.signal(), SIGUSR1);
    EXPECT_EQ(old_handler_calls, 0);
  }
  std::raise(SIGUSR1);
  EXPECT_EQ(old_handler_calls, 1);
  std::signal(SIGUSR1, before);
}

TEST(StopRequest, NestedOnesShareWhatCame) {
  StopRequest const outer;
  std::raise(SIGTERM);
  {
    StopRequest const inner;
    EXPECT_EQ(inner.signal(), SIGTERM);
    std::raise(SIGUSR1);
  }
  EXPECT_EQ(outer.signal(), SIGUSR1);
  std::raise(SIGTERM);  // still remembered
  EXPECT_EQ(outer.signal(), SIGTERM);
}

TEST(StopRequest, InterruptibleWorkIsLeftToTheOldHandlers) {
  auto* const before = std::signal(SIGUSR1, old_handler);
  old_handler_calls = 0;
  {
    StopRequest const stop;
    std::raise(SIGUSR1);
    EXPECT_EQ(old_handler_calls, 0);
    int const value = kramers::interruptible([&] {
      EXPECT_EQ(old_handler_calls, 1);  // the one that was remembered
      std::raise(SIGUSR1);
      return 7;
    });
    EXPECT_EQ(value, 7);
    EXPECT_EQ(old_handler_calls, 2);
    EXPECT_EQ(stop.signal(), 0);  // the old handler lets the process live
    std::raise(SIGUSR1);
    EXPECT_EQ(stop.signal(), SIGUSR1);
  }
  EXPECT_EQ(old_handler_calls, 2);
  std::signal(SIGUSR1, before);
}

TEST(StopRequestDeathTest, ASignalFromBeforeEndsInterruptibleWork) {
  if (Communicator::world().size() > 1) GTEST_SKIP() << "no fork under a launcher";
  EXPECT_EXIT(
      {
        StopRequest const stop;
        std::raise(SIGTERM);
        kramers::interruptible([] {});
      },
      testing::KilledBySignal(SIGTERM), "");
}

TEST(StopRequestDeathTest, ASecondInterruptEndsTheProcess) {
  if (Communicator::world().size() > 1) GTEST_SKIP() << "no fork under a launcher";
  EXPECT_EXIT(
      {
        StopRequest const stop;
        std::raise(SIGTERM);  // does not count as the first interrupt
        std::raise(SIGINT);
        if (stop.signal() == SIGINT) std::fputs("outlived the first", stderr);
        std::raise(SIGINT);
        std::fputs(" and the second", stderr);
      },
      testing::KilledBySignal(SIGINT), "outlived the first$");
}

}  // namespace
