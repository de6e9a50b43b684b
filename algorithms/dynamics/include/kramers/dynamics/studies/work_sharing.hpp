// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/studies/division.hpp>
#include <kramers/dynamics/studies/study_params.hpp>
#include <kramers/runtime/communicator.hpp>

#include <chrono>
#include <vector>

namespace kramers::dynamics {

/// How fast each rank advances walkers of this study [walker-steps/s], found in about a tenth of a second with all of them at
/// work. Where nothing is known of a rank yet: ranks of different builds and devices. The same on every rank. Collective.
/// @throws MachineError  some rank did not answer in time: which
std::vector<double> measure_speeds(StudyParams const& params, Communicator const& comm,
                                   std::chrono::milliseconds patience = std::chrono::minutes(1));

/// The walkers that each rank begins with: as many for each where ranks are alike, or where the whole run would take little
/// longer than to measure speeds; in proportion to their speeds elsewhere. Collective.
Division first_division(StudyParams const& params, Communicator const& comm, bool ranks_are_alike);

}  // namespace kramers::dynamics
