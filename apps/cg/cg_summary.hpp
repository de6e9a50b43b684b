// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <string>

#include "cg_request.hpp"

namespace kramers::cg {

/// What a run has found.
struct CgOutcome {
  grids::CgResult result;
  std::int64_t first = 0;  ///< iterations that were done before this run began
  int signal = 0;          ///< that ended the run before its end, with a checkpoint; nothing of what follows then
  double sum = 0;          ///< of x
  double seconds = 0;      ///< of the iterations, on the rank that took longest
  std::uint64_t hash = 0;  ///< of x and the number of iterations
  std::int64_t bytes = 0;  ///< of all vectors of this rank
};

/// Numbers and warnings as a document, the same on all ranks. Collective.
nlohmann::json summarise(CgRequest const& request, CgOutcome const& outcome, Communicator const& comm);

/// The main ones for people.
void print(nlohmann::json const& summary);

}  // namespace kramers::cg
