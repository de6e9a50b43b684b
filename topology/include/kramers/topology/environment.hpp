// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/topology/plan.hpp>

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kramers::topology {

/// Who reads the settings: launchers (slurm, ompi), MPI libraries (mpich, cray), communication libraries (ucx, nccl,
/// libfabric), the OpenMP run-time and those of GPUs.
enum class Target { mpich, cray, ucx, ompi, nccl, libfabric, slurm, openmp, cuda, rocm, level_zero };

std::string_view name(Target target);  ///< "mpich", ..., "level-zero"
/// The target of that name; nothing for another text.
std::optional<Target> target_from(std::string_view text);
/// All targets, in the order of the enumeration.
std::span<Target const> targets();

/// One environment variable, of one rank or of all ranks of the node.
struct Variable {
  std::optional<int> rank;
  std::string name, value;
  std::string why;  ///< one clause
};

/// What puts a plan into effect for one target.
struct Environment {
  Target target = Target::openmp;
  int ranks = 1;
  std::vector<Variable> variables;
  /// Words for the launcher's command line; empty where variables say it all.
  std::vector<std::string> launcher;
  /// Content of the file that the launcher's words name (Open MPI's rankfile); "" without one.
  std::string file;
  /// What to check or to know: one sentence each.
  std::vector<std::string> notes;

  /// The variables that hold for a rank: those of all ranks and its own.
  std::vector<Variable> of_rank(int rank) const;
};

/// The settings that make a launcher or a library follow the plan. Devices are named, or numbered in the order of their
/// bus ids where the target takes numbers only; notes say which numbers a library may count otherwise.
/// @throws NothingToSet  the plan has nothing for the target: no NIC, or no GPU of that vendor
Environment environment(Machine const& machine, Plan const& plan, Target target);

/// Lines for a POSIX shell: `export` of one rank's variables, or without a rank a `case` over the launcher's local rank.
/// The text for Open MPI is its rankfile instead, whose comments hold the options.
/// @throws UsageError  the plan has no such rank
std::string shell_lines(Environment const& environment, std::optional<int> rank = {});

/// Devices by the numbers that libraries which count NICs are likely to give them: those at the end of the interface
/// names (hsn0, hsn1, ...) where these are 0, 1, ..., else the order of bus ids.
std::vector<std::size_t> numbered_nics(Machine const& machine);

/// Makers of GPUs, by their PCI vendor numbers.
enum class Vendor : unsigned { nvidia = 0x10de, amd = 0x1002, intel = 0x8086 };

/// GPUs, or their partitions, of one maker in the order of their bus ids: what an index in *_VISIBLE_DEVICES means.
std::vector<std::size_t> numbered_gpus(Machine const& machine, Vendor vendor);

/// The name that libfabric's cxi provider has for a Slingshot NIC: as hwloc tells it, else cxi and the number at the end
/// of the interface's name; "" where neither is known.
std::string cxi_name(Device const& nic);

}  // namespace kramers::topology
