// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/signals.hpp>

#include <gtest/gtest.h>

#include <csignal>

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

TEST(StopRequestDeathTest, ASecondInterruptEndsTheProcess) {
  if (Communicator::world().size() > 1) GTEST_SKIP() << "no fork under a launcher";
  EXPECT_EXIT(
      {
        StopRequest const stop;
        std::raise(SIGTERM);  // does not count as the first interrupt
        std::raise(SIGINT);
        std::raise(SIGINT);
      },
      testing::KilledBySignal(SIGINT), "");
}

}  // namespace
