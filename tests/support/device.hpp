// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/runtime/kokkos_session.hpp>

#include <cstdio>

namespace kramers::test {

/// The exit code by which ctest knows a test that was skipped.
inline constexpr int skipped = 77;

/// Whether this build is for devices and there is none that it can use, which is printed.
inline bool lacks_device() {
  auto const problem = device_problem();
  if (problem) std::printf("no device: %s\n", problem->c_str());
  return problem.has_value();
}

}  // namespace kramers::test
