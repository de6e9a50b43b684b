// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// In place of core's provenance.cpp and version.cpp where only the sources that a fuzz target needs are compiled: those
// want a Kokkos.
#include <kramers/runtime/provenance.hpp>

std::string kramers::version() {
  return "fuzz";
}

std::string kramers::host_name() {
  return "fuzz";
}
