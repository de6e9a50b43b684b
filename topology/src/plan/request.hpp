// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/topology/plan.hpp>

#include "plan/device_selection.hpp"

namespace kramers::topology::detail {

/// The devices that a plan may give to ranks.
struct Candidates {
  Candidates(Machine const& machine, PlanRequest const& request);

  Indices gpus, nics;
  Indices usable_nics;  ///< without those whose ports are down, where the request says so
};

/// Judge what can be judged before anything is planned.
/// @throws UsageError  a value of the request is out of range, or a policy needs devices that are not there
void check_request(Machine const& machine, PlanRequest const& request, Candidates const& candidates);

}  // namespace kramers::topology::detail
