// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/topology/machine.hpp>
#include <kramers/topology/plan.hpp>

#include <optional>
#include <string>
#include <vector>

namespace kramers::topology::cli {

/// Exit codes of a verdict, beside those of kramers/base/exit_code.hpp.
inline constexpr int exit_warnings = 1, exit_wrong = 2;

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
  bool strict = false;                              // env
  std::string svg, output, binding, first, second;  // tree; snapshot, emit-nccl-topo; check; diff
  std::vector<int> pids;                            // check
  bool force = false;                               // run
  std::vector<std::string> command;                 // run
};

/// The machine that --xml, --restrict, --fabric and --partition ask for.
Machine machine_of(Options const& options);

/// What -n, --policy and the others ask of the planner.
PlanRequest request_of(Options const& options, int ranks);

/// Read the command line and do what it says; what main returns.
/// @throws Error  what main tells and turns into an exit code
int run_command_line(int argc, char** argv);

/// Throw UsageError: the value of an option is not what it should be.
[[noreturn]] void reject_option(std::string const& option, std::string const& value, std::string const& expected);

/// Is this output a terminal that wants colours?
bool coloured();

}  // namespace kramers::topology::cli
