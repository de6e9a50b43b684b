// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/base/exit_code.hpp>
#include <kramers/base/guarded.hpp>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <functional>
#include <new>
#include <stdexcept>
#include <string>

namespace {

namespace exit_code = kramers::exit_code;

void expect(std::function<int()> const& work, int code, std::string const& said) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(kramers::guarded("prog", work), code);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), said);
}

TEST(Guarded, EveryExceptionIsACodeAndOneLine) {
  expect([] { return 2; }, 2, "");
  expect([]() -> int { throw kramers::UsageError("no such option"); }, exit_code::usage,
         "prog: error: no such option\n");
  expect([]() -> int { throw kramers::InputError("in.toml", 3, "is wrong"); }, exit_code::bad_input,
         "prog: error: in.toml:3: is wrong\n");
  expect([]() -> int { throw kramers::MachineError("no GPU"); }, exit_code::bad_input, "prog: error: no GPU\n");
  expect([]() -> int { throw kramers::IoError("out", "full"); }, exit_code::failure, "prog: error: out: full\n");
  expect([]() -> int { throw std::runtime_error("two\nlines"); }, exit_code::failure, "prog: error: two lines\n");
  expect([]() -> int { throw std::bad_alloc(); }, exit_code::failure, "prog: error: out of memory\n");
  expect([]() -> int { throw 1; }, exit_code::failure, "prog: error: unknown error\n");
}

TEST(Guarded, AMessageCannotSteerTheTerminal) {
  expect(
      []() -> int {
        throw kramers::IoError("a\x1b[2J.h5",
                               "gr\xc3\xb6\xc3\x9f"
                               "er\x07");
      },
      exit_code::failure,
      "prog: error: a\\x1b[2J.h5: gr\xc3\xb6\xc3\x9f"
      "er\\x07\n");
}

TEST(Guarded, OutputThatIsLostIsAFailure) {
  int const stays = dup(STDOUT_FILENO);
  int const full = open("/dev/full", O_WRONLY);
  ASSERT_GE(full, 0);
  auto const print_to_full = [&](std::size_t bytes) {
    dup2(full, STDOUT_FILENO);
    expect(
        [&] {
          std::fputs(std::string(bytes, 'x').c_str(), stdout);
          return 0;
        },
        exit_code::failure,
        bytes < 100 ? "prog: error: standard output: cannot be written: No space left on device\n"
                    : "prog: error: standard output: cannot be written\n");  // the reason is gone by then
    dup2(stays, STDOUT_FILENO);
    std::clearerr(stdout);
  };
  print_to_full(10);
  print_to_full(1 << 20);
  close(full);
  close(stays);
  expect([] { return 0; }, 0, "");
}

TEST(Guarded, BadValuesHaveOneWording) {
  EXPECT_EQ(kramers::invalid_value("--smt", "0", ">= 1"), "invalid --smt: got 0; expected >= 1");
}

}  // namespace
