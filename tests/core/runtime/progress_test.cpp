// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/progress.hpp>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>

#include "scratch.hpp"

namespace {

using kramers::Communicator;
using kramers::Progress;
using kramers::test::has;
using namespace std::chrono_literals;

TEST(Progress, CountsAndTimesReadWell) {
  using kramers::detail::human_count;
  using kramers::detail::human_time;
  EXPECT_EQ(human_count(0), "0.00");
  EXPECT_EQ(human_count(321e6), "321 M");
  EXPECT_EQ(human_count(3.214e10), "32.1 G");
  EXPECT_EQ(human_count(999.4), "999");
  EXPECT_EQ(human_count(999.6), "1.00 k");
  EXPECT_EQ(human_count(1e30), "1000000000000 E");
  EXPECT_EQ(human_time(0.2), "0:00");
  EXPECT_EQ(human_time(65), "1:05");
  EXPECT_EQ(human_time(59.7), "1:00");
  EXPECT_EQ(human_time(3725), "1:02:05");
  EXPECT_EQ(human_time(1e9), "> 99 h");
}

TEST(Progress, ALineHoldsShareRateAndTimeLeft) {
  using kramers::detail::progress_line;
  // 250 of 1000 done in 10 s: 25 per second, 30 s left.
  EXPECT_EQ(progress_line("run", "steps", 0, 250, 1000, 10, 0), "run:  25.0 %  25.0 steps/s  0:30 left");
  // After a restart at 200 the 50 new ones took 10 s: 5 per second, 150 s left.
  EXPECT_EQ(progress_line("run", "steps", 200, 250, 1000, 10, 0), "run:  25.0 %  5.00 steps/s  2:30 left");
  EXPECT_EQ(progress_line("run", "steps", 0, 1000, 1000, 10, 0), "run: 100.0 %  100 steps/s  in 0:10");
  EXPECT_EQ(progress_line("run", "steps", 0, 0, 1000, 0, 0), "run:   0.0 %");
  std::string const bar = progress_line("run", "steps", 0, 500, 1000, 10, 79);
  EXPECT_TRUE(has(bar, "[")) << bar;
  EXPECT_TRUE(has(bar, "#.")) << bar;
  for (int const width : {5, 20, 40, 79, 200}) {
    EXPECT_LE(progress_line("a rather long label", "walker-steps", 0, 3, 1000, 1, width).size(),
              static_cast<std::size_t>(width));
  }
}

TEST(Progress, SaysNothingIfQuiet) {
  testing::internal::CaptureStderr();
  {
    Progress progress(Communicator::world(), 10, "run", true);
    for (std::uint64_t i = 0; i <= 10; ++i) progress.update(i);
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(Progress, WritesPlainLinesToAFileNotTooOften) {
  auto const world = Communicator::world();
  testing::internal::CaptureStderr();
  {
    Progress progress(world, 1000000, "run", Progress::Options{.line_interval = 50ms});
    auto const end = std::chrono::steady_clock::now() + 130ms;
    for (std::uint64_t i = 0; std::chrono::steady_clock::now() < end; ++i)
      progress.update(std::min<std::uint64_t>(i, 999999));
    progress.update(1000000);
  }
  std::string const text = testing::internal::GetCapturedStderr();
  if (!world.is_root()) {
    EXPECT_EQ(text, "");
    return;
  }
  auto const lines = std::count(text.begin(), text.end(), '\n');
  EXPECT_GE(lines, 2) << text;  // at least one on the way and the last one
  EXPECT_LE(lines, 4) << text;  // 130 ms hold at most two intervals of 50 ms; one more for the end
  EXPECT_FALSE(has(text, "\r")) << text;
  EXPECT_TRUE(has(text, "run: 100.0 %")) << text;
}

TEST(Progress, DoesNotClaimToBeThroughWhenAnExceptionLeaves) {
  testing::internal::CaptureStderr();
  try {
    Progress progress(Communicator::self(), 10, "run", false);
    progress.update(10);
    throw 1;
  } catch (int) {
  }
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST(Progress, RejectsNothingToDo) {
  EXPECT_THROW(Progress(Communicator::self(), 0, "run", false), kramers::DomainError);
}

// Standard error on a terminal of our own while alive.
class Terminal {
 public:
  Terminal() {
    setenv("TERM", "xterm", 1);
    winsize size{};
    size.ws_col = 60;
    if (openpty(&m_reader, &m_writer, nullptr, nullptr, &size) != 0) return;
    fcntl(m_reader, F_SETFL, O_NONBLOCK);
    m_old = dup(STDERR_FILENO);
    dup2(m_writer, STDERR_FILENO);
  }
  ~Terminal() {
    if (m_old < 0) return;
    dup2(m_old, STDERR_FILENO);
    close(m_old);
    close(m_writer);
    close(m_reader);
  }
  bool works() const { return m_old >= 0; }
  std::string read_all() const {
    std::fflush(stderr);
    std::string text;
    std::array<char, 4096> buffer;
    for (ssize_t got = 0; (got = ::read(m_reader, buffer.data(), buffer.size())) > 0;) {
      text.append(buffer.data(), static_cast<std::size_t>(got));
    }
    return text;
  }

 private:
  int m_reader = -1, m_writer = -1, m_old = -1;
};

TEST(Progress, DrawsABarOnATerminalAndClosesItsLine) {
  std::string whole, broken;
  {
    Terminal const terminal;
    if (!terminal.works()) GTEST_SKIP() << "no pseudo-terminal here";
    {
      Progress progress(Communicator::self(), 100, "run", Progress::Options{.bar_interval = 0ms});
      progress.update(50);
      progress.update(100);
    }
    whole = terminal.read_all();
    try {
      Progress progress(Communicator::self(), 100, "run", Progress::Options{.bar_interval = 0ms});
      progress.update(50);
      throw 1;
    } catch (int) {
    }
    broken = terminal.read_all();
  }
  EXPECT_TRUE(has(whole, "\rrun [")) << whole;
  EXPECT_TRUE(has(whole, " 50.0 %")) << whole;
  EXPECT_TRUE(has(whole, "100.0 %")) << whole;
  EXPECT_TRUE(whole.ends_with("\n")) << whole;
  EXPECT_EQ(std::count(whole.begin(), whole.end(), '\n'), 1) << whole;
  EXPECT_FALSE(has(broken, "100.0 %")) << broken;
  EXPECT_TRUE(broken.ends_with("\n")) << broken;
}

}  // namespace
