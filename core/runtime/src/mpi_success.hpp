// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/runtime/communicator.hpp>

#include <mpi.h>

#include <string>

namespace kramers::detail {

/// Throw MpiError, with MPI's own text, unless a call succeeded.
inline void expect_success(int code, char const* call, std::source_location where = std::source_location::current()) {
  if (code == MPI_SUCCESS) return;
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;
  MPI_Error_string(code, text, &length);
  throw MpiError(call, code, std::string(text, static_cast<std::size_t>(length)), where);
}

}  // namespace kramers::detail
