// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/topology/check.hpp>
#include <kramers/topology/process.hpp>

#include <vector>

namespace kramers::topology::cli {

/// The bindings of all ranks of this node, without MPI: each rank puts its own into a file of a folder in memory that
/// carries the job's id, and reads those of the others. Waits for ranks that start later, ten seconds at most; what has
/// not come by then is missing from the result, which always holds `mine`.
std::vector<Binding> gather(LocalRank const& rank, Binding const& mine);

}  // namespace kramers::topology::cli
