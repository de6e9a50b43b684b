// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <exception>
#include <functional>
#include <string>

namespace kramers {

/// The exit code that stands for an exception; see exit_code.hpp.
int exit_code_of(std::exception_ptr const& failure);

/// One line for any exception, which a terminal may show.
std::string message_of(std::exception_ptr const& failure);

/// Bring out what was printed, at the end of a program: on a full disk it is lost no earlier.
/// @throws IoError  it could not be written, all of it, since the program began
void flush_standard_output();

/// Outermost scope of a program of one process: run `work` and return the exit code. An exception is one message
/// ("program: error: ...") on standard error. Programs that run over MPI have run_guarded.
int guarded(std::string const& program, std::function<int()> const& work);

}  // namespace kramers
