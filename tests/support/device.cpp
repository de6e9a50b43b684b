// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Exits with 77, and says why, where this build is for devices and finds none: put before tests that run programs.
#include "device.hpp"

int main() {
  return kramers::test::lacks_device() ? kramers::test::skipped : 0;
}
