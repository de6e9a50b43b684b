// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/base/exit_code.hpp>
#include <kramers/base/guarded.hpp>

#include <algorithm>
#include <cstdio>
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
  return message;
}

int guarded(std::string const& program, std::function<int()> const& work) {
  try {
    return work();
  } catch (...) {
    auto const failure = std::current_exception();
    std::fflush(stdout);
    std::fputs((program + ": error: " + message_of(failure) + "\n").c_str(), stderr);
    return exit_code_of(failure);
  }
}

}  // namespace kramers
