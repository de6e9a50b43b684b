// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/topology/check.hpp>

#include <optional>
#include <string>

namespace kramers::topology {

/// What a launcher tells a rank about itself by environment variables.
struct LocalRank {
  int rank = 0;      ///< on this node
  int size = 0;      ///< ranks on this node; 0 where the launcher does not say
  std::string job;   ///< an id that all ranks of the job, and no other job on this node, have; "" where unknown
  std::string from;  ///< the variable that told the rank
};

/// The rank that Open MPI, MPICH and Intel MPI, MVAPICH, PALS, Flux, jsrun or Slurm give to this process; nothing
/// outside a job. mpirun inside a Slurm job counts as mpirun.
std::optional<LocalRank> local_rank();

/// How this process is bound: the mask of the calling thread (not the process's, which other threads may have changed),
/// its memory policy and placement variables. rank is that of local_rank(), else 0.
/// @throws Error  the kernel does not tell
/// @note   Linux only; two system calls and a file of /proc
Binding this_binding();

/// How another process is bound, from /proc: its main thread's mask and its environment at start. Its memory policy
/// stays unknown.
/// @throws UsageError  no such process, or another user's
Binding binding_of(int pid);

/// Bind the calling thread, and what it starts, to hardware threads.
/// @throws Error  the kernel refuses: none of them may be used here
void bind_this_thread(CpuSet const& cpus);

}  // namespace kramers::topology
