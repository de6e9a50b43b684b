// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/base/exit_code.hpp>
#include <kramers/base/guarded.hpp>
#include <kramers/base/text.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <new>

namespace kramers {

int exit_code_of(std::exception_ptr const& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (UsageError const&) {
    return exit_code::usage;
  } catch (InputError const&) {
    return exit_code::bad_input;
  } catch (MachineError const&) {
    return exit_code::bad_input;
  } catch (...) {
    return exit_code::failure;
  }
}

std::string message_of(std::exception_ptr const& failure) {
  std::string message;
  try {
    std::rethrow_exception(failure);
  } catch (std::bad_alloc const&) {
    message = "out of memory";
  } catch (std::exception const& e) {
    message = e.what();
  } catch (...) {
    message = "unknown error";
  }
  std::ranges::replace(message, '\n', ' ');
  return printable(message);
}

void flush_standard_output() {
  bool const flushed = std::fflush(stdout) == 0;
  int const reason = flushed ? 0 : errno;
  if (flushed && std::ferror(stdout) == 0) return;
  // An earlier write may have failed, of which only that is known.
  throw IoError("standard output",
                "cannot be written" + (reason == 0 ? "" : std::string(": ") + std::strerror(reason)));
}

int guarded(std::string const& program, std::function<int()> const& work) {
  try {
    int const code = work();
    flush_standard_output();
    return code;
  } catch (...) {
    auto const failure = std::current_exception();
    std::fflush(stdout);
    std::fputs((program + ": error: " + message_of(failure) + "\n").c_str(), stderr);
    return exit_code_of(failure);
  }
}

}  // namespace kramers
