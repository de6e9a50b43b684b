// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/concepts.hpp>

#include <cstdint>

namespace kramers::dynamics {

/// Running sums kept per cell, over the walkers of the cell and all sampling times.
enum Quantity : int {
  kinetic,            ///< m v^2 / 2, on-step velocity [energy]
  kinetic_half_step,  ///< m v^2 / 2, half-step velocity [energy]
  potential_energy,   ///< V(x) [energy]
  virial,             ///< x . grad V [energy]
  force_squared,      ///< |grad V|^2 [energy^2 / length^2]
  laplacian,          ///< div grad V [energy / length^2]
  position,           ///< the observed coordinate [length]
  position_squared,   ///< its square [length^2]
  samples_in_a,       ///< samples at which the walker belongs to core A (visited last)
  samples_in_b,       ///< the same for core B
  transitions_ab,     ///< changes of membership A -> B
  transitions_ba,     ///< and B -> A
  passages,           ///< first passages into core B
  passage_steps,      ///< sum of their steps since production began
  passage_steps_squared,
  quantities  ///< how many there are
};

/// Quantities of one moment, summed per cell at each frame.
enum FrameQuantity : int {
  frame_left,                  ///< walkers with the observed coordinate below the divide
  frame_position,              ///< sum of the observed coordinate [length]
  frame_position_squared,      ///< and of its square [length^2]
  frame_kinetic,               ///< sum of m v^2 / 2 [energy]
  frame_potential,             ///< sum of V [energy]
  frame_position_correlation,  ///< sum of q(origin) q(now), the observed coordinate [length^2]
  frame_velocity_correlation,  ///< sum of v(origin) . v(now), all coordinates [length^2 / tau^2]
  frame_displacement,          ///< sum of |x(now) - x(origin)|^2, all coordinates [length^2]
  frame_quantities
};

/// Equal bins over [lower, upper) along one or two coordinates; what falls outside is counted apart.
struct HistogramGrid {
  int dimensions = 0;  ///< 0 (off), 1 or 2
  int axis = 0;        ///< first coordinate of the grid; in two dimensions the other is axis + 1
  int bins[2] = {0, 1};
  double lower[2] = {0, 0}, upper[2] = {0, 0};

  /// Counters per group: all bins and one for the outside.
  std::int64_t counters() const { return dimensions == 0 ? 0 : std::int64_t{bins[0]} * bins[1] + 1; }
};

/// What the engine observes while it advances the walkers.
struct SamplingParams {
  std::int64_t every = 0;      ///< sample each time this many steps of production are done; 0: never
  int coordinate = 0;          ///< the observed coordinate
  bool cores = false;          ///< follow the core sets A = (x <= core_a) and B = (x >= core_b)
  bool first_passage = false;  ///< record the first entry into core B of each walker
  double core_a = 0, core_b = 0;
  double divide = 0;  ///< where the population of the left side ends
  HistogramGrid histogram;
};

}  // namespace kramers::dynamics
