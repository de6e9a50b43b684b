// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/topology/plan.hpp>

#include <cstddef>
#include <optional>
#include <vector>

#include "plan/core_assignment.hpp"

// Where devices are, and which of them and of the domains ranks begin with.
namespace kramers::topology::detail {

using Indices = std::vector<std::size_t>;

/// The domain in which a device hangs; -1 if it hangs in none.
int domain_of(Machine const& machine, Device const& device);

/// Ranks that each of the devices has in a plan, by its index in the list.
std::vector<int> load_of(Plan const& plan, Indices const& devices, std::optional<std::size_t> Assignment::* which);

/// That many devices, as even as possible over devices, of which each has a load already; among equals those with the
/// least badness, then over packages and domains. In the order of the tree.
Indices choose_evenly(Machine const& machine, Indices const& devices, std::size_t number, std::vector<int> load,
                      std::vector<int> const& badness);

/// Domains for that many ranks without a device to go to, by the policy; those with one of the NICs first.
std::vector<int> choose_domains(Machine const& machine, PlanRequest const& request, Policy policy,
                                CorePool const& cores, Indices const& nics, std::size_t ranks);

/// The domain of a device, or of those it may belong to the one with the fewest ranks.
int least_loaded_domain(Machine const& machine, Device const& device, std::vector<int> const& ranks);

/// Logical indices of the NUMA nodes that are local to hardware threads, ordinary memory first.
std::vector<int> memory_of(Machine const& machine, CpuSet const& cpus);

}  // namespace kramers::topology::detail
