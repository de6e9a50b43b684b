// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/studies/study_params.hpp>
#include <kramers/runtime/sweep.hpp>

namespace kramers::langevin {

/// All runs that an input with several values for some of its numbers stands for: whole runs on each rank, the longest
/// first, and one table of what they found. What a point finds does not depend on the ranks: it is what a run with its
/// values alone finds. Returns what the program returns. Collective.
int run_sweep(AppRun const& run, dynamics::PotentialList const& potentials, Sweep& sweep);

}  // namespace kramers::langevin
