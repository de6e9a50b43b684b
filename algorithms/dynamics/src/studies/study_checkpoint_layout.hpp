// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/studies/study.hpp>
#include <kramers/runtime/h5.hpp>

#include <string>
#include <vector>

/// What a checkpoint of a study must look like, and whether one does: nothing of a file is used before.
namespace kramers::dynamics::detail {

/// Collective. Every object that a checkpoint of this study at this step has, its type and extents; and nothing else.
/// @throws IoError  the first that is missing, too much or another
void check_layout(h5::Reader const& file, StudyParams const& params, std::int64_t step);

/// Rows of the state of walkers from `first` on: finite numbers, and memories of core sets that exist.
/// @throws IoError  with the first walker that breaks the rule
void check_state(StateColumn const& column, std::int64_t first, std::string const& path);

/// Sums of cells, units or walkers: what counts events or steps is not negative.
void check_sums(CellSums const& sums, std::string const& name, std::string const& path);

/// Flags of the blocks that are ahead within a launch: 0 or 1.
void check_ahead(std::vector<std::uint8_t> const& ahead, std::string const& path);
/// Walkers of these blocks, of those here.
std::int64_t walkers_ahead(LaunchState const& launch, EnsembleLayout::Range const& range);

/// Counters: one count per walker and sample; so many walkers are at `last_step` already.
void check_histogram(std::vector<std::uint64_t> const& counts, StudyParams const& params, std::int64_t step,
                     std::int64_t last_step, std::int64_t walkers_ahead, std::string const& path);

/// Origins behind each lag and steps of the trajectory: those of a run that has come to `step`. One that has begun its first
/// launch has observed its start, though some walkers are still there.
void check_record(StudyRecord const& record, StudyParams const& params, std::int64_t step, bool has_begun,
                  std::string const& path);

}  // namespace kramers::dynamics::detail
