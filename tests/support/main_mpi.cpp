// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/communicator.hpp>

#include <Kokkos_Core.hpp>

#include <gtest/gtest.h>

int main(int argc, char** argv) {
  kramers::MpiSession const mpi(argc, argv);
  ::testing::InitGoogleTest(&argc, argv);
  Kokkos::ScopeGuard const kokkos(argc, argv);
  return RUN_ALL_TESTS();
}
