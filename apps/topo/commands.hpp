// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "options.hpp"

// The commands of kramers-topo; each prints, and returns the exit code.
namespace kramers::topology::cli {

int tree_command(Options const& options);
int distance_command(Options const& options);
int plan_command(Options const& options);
int env_command(Options const& options);
int check_command(Options const& options);
int run_command(Options const& options);
int snapshot_command(Options const& options);
int diff_command(Options const& options);
int nccl_command(Options const& options);

}  // namespace kramers::topology::cli
