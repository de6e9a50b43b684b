// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/kokkos_session.hpp>

#include <gtest/gtest.h>

#include "device.hpp"

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (::testing::GTEST_FLAG(list_tests)) return RUN_ALL_TESTS();
  if (kramers::test::lacks_device()) return kramers::test::skipped;
  kramers::KokkosSession const kokkos({}, {});
  return RUN_ALL_TESTS();
}
