// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/topology/machine.hpp>
#include <kramers/topology/plan.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace kramers::topo {

inline constexpr int exit_fine = 0, exit_warnings = 1, exit_wrong = 2;
inline constexpr int exit_usage = 64, exit_data = 65, exit_failed = 70;

/// The command line, all commands in one: each reads what concerns it.
struct Options {
  std::string xml, restrict_to, fabric;
  std::vector<std::string> partitions;
  bool json = false;

  std::optional<int> ranks, rank;
  std::string policy, reserved, sharing = "near", map;
  int threads = 0, smt = 1, reserved_per_domain = 0, ranks_per_gpu = 0;
  bool ignore_port_state = false, exact = false;

  std::string from, metric = "class";               // distance
  std::vector<std::string> targets;                 // env, run
  std::string svg, output, binding, first, second;  // tree; snapshot, emit-nccl-topo; check; diff
  std::vector<int> pids;                            // check
  bool force = false;                               // run
  std::vector<std::string> command;                 // run
};

/// The machine that --xml, --restrict, --fabric and --partition ask for.
topology::Machine machine_of(Options const& options);

/// What -n, --policy and the others ask of the planner.
topology::PlanRequest request_of(Options const& options, int ranks);

/// Read the command line and do what it says; what main returns.
/// @throws topology::Error  what main tells and turns into an exit code
int run_command_line(int argc, char** argv);

/// Is this output a terminal that wants colours?
bool coloured();

/// Write a file whole or not at all: beside it first, then renamed.
/// @throws topology::Error  it cannot be written
void write_file(std::filesystem::path const& path, std::string const& text);

}  // namespace kramers::topo
