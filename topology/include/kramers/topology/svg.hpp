// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/topology/plan.hpp>

#include <optional>
#include <string>

namespace kramers::topology {

/// A picture of the node as SVG: packages, NUMA nodes, cores, GPUs and NICs where they hang; with a plan, the cores,
/// GPU and NIC of each rank in the rank's colour and a legend. Management NICs and ports that are down are drawn pale.
std::string svg(Machine const& machine, std::string const& title, std::optional<Plan> const& plan = {});

}  // namespace kramers::topology
