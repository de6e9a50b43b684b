// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/studies/division.hpp>
#include <kramers/dynamics/studies/study_params.hpp>
#include <kramers/runtime/forecast.hpp>

namespace kramers::langevin {

/// What a study on these ranks will take, divided so: its arrays, and the time from a sample of walkers that is followed for a moment
/// here. Collective.
Forecast forecast(dynamics::StudyParams const& params, dynamics::Division const& division, Communicator const& comm);

}  // namespace kramers::langevin
