// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/grids/cg.hpp>

#include <filesystem>

#include "cg_request.hpp"

namespace kramers::cg {

/// Where a solution goes on from.
struct CgStart {
  grids::CgState state;
  grids::CgResult result;
};

/// The vectors that the next iteration needs, of all ranks, and what is known of those before. Collective.
/// @throws IoError  it cannot be written
void write_checkpoint(std::filesystem::path const& path, Communicator const& comm, CgRequest const& request,
                      grids::CgSystem& system, grids::CgState const& state, grids::CgResult const& result);

/// Give the vectors to a system on whatever ranks. Collective.
/// @throws IoError     missing, damaged, or no checkpoint of kramers-cg
/// @throws InputError  of another input, or from where this run has ended
CgStart read_checkpoint(std::filesystem::path const& path, Communicator const& comm, CgRequest const& request,
                        grids::CgSystem& system);

}  // namespace kramers::cg
