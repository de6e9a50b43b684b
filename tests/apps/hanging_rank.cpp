// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Loaded before MPI, it keeps a rank from answering a roll call: a rank that hangs, as one with a broken device does.
#include <mpi.h>
#include <unistd.h>

extern "C" int MPI_Send(void const* bytes, int count, MPI_Datatype type, int to, int tag, MPI_Comm comm) {
  constexpr int answer_tag = 4712;  // core/runtime/src/exchange.cpp
  while (tag == answer_tag) pause();
  return PMPI_Send(bytes, count, type, to, tag, comm);
}
