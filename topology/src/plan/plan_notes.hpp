// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/topology/plan.hpp>

#include "plan/request.hpp"

namespace kramers::topology::detail {

/// NO_PCI, NO_NIC, NIC_DOWN, NO_LOCALITY, GPU_SHARED and FORCED_FAR: what the user should know of the devices in a plan.
void add_device_notes(Machine const& machine, PlanRequest const& request, Candidates const& candidates, Plan& plan);

}  // namespace kramers::topology::detail
