// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/runtime/command_line.hpp>

namespace kramers {

/// Give a program the option --topology, where kramers is built with hwloc: at start the ranks of each machine are looked
/// at together, a wrong binding is one warning per machine, and each rank gets the GPU that is near to its cores.
///
/// check   warn of a wrong binding, record binding, NIC and GPU of each rank
/// report  the same, and print the table of ranks
/// apply   move each rank to the cores of its plan before its threads start, then as check
/// off     look at nothing
///
/// A machine that cannot be read is no reason not to compute: the record says so. With apply it is an error.
AppInfo with_placement(AppInfo info);

}  // namespace kramers
