// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/communicator.hpp>

#include <Kokkos_Core.hpp>

#include <gtest/gtest.h>

#include "device.hpp"

int main(int argc, char** argv) {
  kramers::MpiSession const mpi(argc, argv);
  ::testing::InitGoogleTest(&argc, argv);
  if (::testing::GTEST_FLAG(list_tests)) return RUN_ALL_TESTS();
  if (kramers::test::lacks_device()) return kramers::test::skipped;
  Kokkos::ScopeGuard const kokkos(argc, argv);
  return RUN_ALL_TESTS();
}
