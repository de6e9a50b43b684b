// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/studies/study_params.hpp>
#include <kramers/runtime/memory_need.hpp>

#include <vector>

namespace kramers::dynamics {

/// What a rank needs beyond what a program takes when it starts: of the engine's arrays their sizes, of what is computed
/// at the end the highest point, so that the sum is what there is at most (tests/apps/limits_test.py measures it).
/// @param[in] range  the walkers that it owns
std::vector<MemoryNeed> memory_needed(StudyParams const& params, EnsembleLayout::Range const& range, int ranks);
std::vector<MemoryNeed> memory_needed(SpreadRequest const& request, int rank, int ranks);

}  // namespace kramers::dynamics
