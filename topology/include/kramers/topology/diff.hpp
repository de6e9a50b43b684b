// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/topology/machine.hpp>

#include <string>
#include <vector>

namespace kramers::topology {

/// A fact in which two nodes differ.
struct Difference {
  std::string what;    ///< "NUMA 3, memory", "0000:d5:00.0, port"
  std::string first;   ///< its value on the first node; "" where it has none
  std::string second;  ///< its value on the second node
};

/// In what two nodes differ as far as placement is concerned: packages, NUMA nodes, cores, hardware threads, and by bus
/// id the NICs and GPUs, their locality, port state and speed. Names of hosts and memory differing by less than 2 % do
/// not count. A job on unlike nodes needs a plan for each kind.
std::vector<Difference> differences(Machine const& first, Machine const& second);

}  // namespace kramers::topology
