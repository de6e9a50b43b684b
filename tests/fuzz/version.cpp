// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// In place of core's version() where only the sources that a fuzz target needs are compiled: that one wants a Kokkos.
#include <kramers/runtime/provenance.hpp>

std::string kramers::version() {
  return "fuzz";
}
