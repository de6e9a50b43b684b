// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/potentials/table.hpp>
#include <kramers/runtime/config.hpp>

#include <cstdint>

namespace kramers::dynamics {

/// What an input says of a tabulated profile.
struct TabulatedParams {
  Table table;                ///< with a period: periodic
  double wall_stiffness = 0;  ///< of the walls outside, else 0 [energy / length^2]
  std::uint64_t data = 0;     ///< hash of what the file holds
};

/// Read the table [potential] of an input, and the file that it names.
/// @throws InputError  with file and line, or with the key
TabulatedParams read_tabulated(Config const& config);

}  // namespace kramers::dynamics
