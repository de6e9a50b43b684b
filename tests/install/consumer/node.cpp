// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The installed library of machines, which needs neither Kokkos nor MPI.
#include <kramers/topology/machine.hpp>

#include <cstdio>

int main() {
  using namespace kramers::topology;
  Machine const machine = Machine::load(Source::this_system());
  std::printf("%zu cores\n", machine.cores().size());
  return machine.cores().empty() ? 1 : 0;
}
