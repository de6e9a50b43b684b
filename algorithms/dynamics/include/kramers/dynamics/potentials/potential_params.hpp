// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/potentials/table.hpp>
#include <kramers/runtime/config.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace kramers::dynamics {

/// A potential by name and numbers, as an input file gives it; each kind uses some of the numbers.
struct PotentialParams {
  std::string kind;            ///< a name of potential_names()
  int dimensions = 1;          ///< 1 to 3 equal coordinates; 2 for mueller_brown
  double barrier = 1;          ///< double_well, cosine [energy]
  double tilt = 0;             ///< double_well [energy / length]
  double stiffness = 1;        ///< harmonic [energy / length^2]
  double centre = 0;           ///< harmonic [length]
  double constant_pull = 0;    ///< harmonic, cosine [energy / length]
  double period = 1;           ///< cosine [length]
  double scale = 1;            ///< mueller_brown
  std::optional<Table> table;  ///< tabulated
  double wall_stiffness = 0;   ///< tabulated: of a wall beyond the ends, where the end slope continues [energy / length^2]
};

/// "harmonic", "double_well", "cosine", "tabulated", "mueller_brown".
std::vector<std::string> const& potential_names();

/// Read the table [potential] of an input.
PotentialParams read_potential(Config const& config);

/// The energy of one coordinate as a host function in double; for mueller_brown see energy_2d.
std::function<double(double)> energy_1d(PotentialParams const& params);
/// The energy of two coordinates.
std::function<double(double, double)> energy_2d(PotentialParams const& params);

}  // namespace kramers::dynamics
