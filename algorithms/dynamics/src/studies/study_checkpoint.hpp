// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/studies/study.hpp>

namespace kramers::dynamics::detail {

/// Collective: write state, sums and record of a study.
void write_checkpoint(std::filesystem::path const& path, Communicator const& comm, StudyParams const& params,
                      AnyEnsemble& ensemble, StudyRecord const& record, LaunchState const& launch, std::int64_t step);

/// Collective: restore them, on any number of ranks; returns the step.
/// @throws IoError     missing, damaged, no checkpoint of ours or of a newer version
/// @throws InputError  parameters that decide the results differ, by name
std::int64_t read_checkpoint(std::filesystem::path const& path, Communicator const& comm, StudyParams const& params,
                             AnyEnsemble& ensemble, StudyRecord& record, LaunchState& launch);

/// Restore one walker into an ensemble of that walker alone; returns the step.
std::int64_t read_walker(std::filesystem::path const& path, StudyParams const& params, std::int64_t walker,
                         AnyEnsemble& one);

}  // namespace kramers::dynamics::detail
