// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Preloaded by network_test.py: sums of real numbers over ranks are wrong on the rank that KRAMERS_WRONG_RANK names.
#include <mpi.h>

#include <cstdlib>

extern "C" int MPI_Allreduce(void const* send, void* receive, int count, MPI_Datatype type, MPI_Op op, MPI_Comm comm) {
  int const code = PMPI_Allreduce(send, receive, count, type, op, comm);
  int rank = 0;
  MPI_Comm_rank(comm, &rank);
  char const* const wrong = std::getenv("KRAMERS_WRONG_RANK");
  if (wrong != nullptr && rank == std::atoi(wrong) && type == MPI_DOUBLE && op == MPI_SUM) {
    static_cast<double*>(receive)[count - 1] += 1;
  }
  return code;
}
