// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/topology/check.hpp>
#include <kramers/topology/diff.hpp>
#include <kramers/topology/plan.hpp>

#include <string>
#include <vector>

namespace kramers::topology {

/// How text for people looks.
struct TextStyle {
  bool colour = false;  ///< with escape sequences of ANSI terminals
};

/// The node: packages, NUMA nodes and devices, each device with kind, bus id, state and speed.
std::string tree_text(Machine const& machine, TextStyle style = {});

/// Two tables in words: NICs by NUMA node, GPUs by NIC.
std::string distance_text(Machine const& machine, TextStyle style = {});

/// The distance of each NIC to some hardware threads, the nearest first, each with its reason.
std::string distance_from_text(Machine const& machine, CpuSet const& cpus, std::string const& from,
                               TextStyle style = {});

/// One line per rank, then why and what to know about the whole.
std::string plan_text(Machine const& machine, Plan const& plan, TextStyle style = {});

/// One line per rank, the findings with what to do, and what is not known. Without a finding it says so in a line.
std::string report_text(Machine const& machine, Report const& report, TextStyle style = {});

/// One line per difference; says so where there is none.
std::string difference_text(std::vector<Difference> const& differences, TextStyle style = {});

}  // namespace kramers::topology
