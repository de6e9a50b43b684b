// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/potentials/surface.hpp>
#include <kramers/runtime/config.hpp>

#include <array>
#include <cstdint>

namespace kramers::dynamics {

/// What an input says of a tabulated surface.
struct Tabulated2dParams {
  Surface surface;                         ///< along an axis with a period: periodic
  std::array<double, 2> wall_stiffness{};  ///< of the walls outside, else 0 [energy / length^2]
  std::uint64_t data = 0;                  ///< hash of what the file holds
};

/// Read the table [potential] of an input, and the file that it names.
/// @throws InputError  with file and line, or with the key
Tabulated2dParams read_tabulated_2d(Config const& config);

}  // namespace kramers::dynamics
