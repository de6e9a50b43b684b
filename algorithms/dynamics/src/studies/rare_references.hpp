// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/studies/rare_study.hpp>

#include <nlohmann/json.hpp>

namespace kramers::dynamics::detail {

/// Rates that are known exactly, and theory, for the states and the potential of a request. Takes a second at most.
nlohmann::json rare_references(RareRequest const& request);

/// Rate A -> B if every crossing of the top would count: sqrt(kT / 2 pi m) exp(-V(top) / kT) / integral of exp(-V / kT)
/// over the side of A [1/tau].
double transition_state_rate(RareRequest const& request);

}  // namespace kramers::dynamics::detail
