// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

namespace kramers::dynamics {

/// Running sums kept per cell, over the walkers of the cell and all sampling times.
enum class Quantity : int {
  kinetic,            ///< m v^2 / 2, on-step velocity [energy]
  kinetic_half_step,  ///< m v^2 / 2, half-step velocity [energy]
  potential_energy,   ///< V(x) [energy]
  virial,             ///< x . grad V [energy]
  force_squared,      ///< |grad V|^2 [energy^2 / length^2]
  laplacian,          ///< div grad V [energy / length^2]
  position,           ///< the observed coordinate [length]
  position_squared,   ///< its square [length^2]
  samples_in_a,       ///< samples at which the walker belongs to core set A (visited last)
  samples_in_b,       ///< the same for core set B
  transitions_ab,     ///< changes of membership A -> B
  transitions_ba,     ///< and B -> A
  passages,           ///< first passages into core set B
  passage_steps,      ///< sum of their steps since production began
  passage_steps_squared,
};

/// Quantities of one moment, summed per cell at each frame.
enum class FrameQuantity : int {
  left,                  ///< walkers with the observed coordinate below the dividing point
  position,              ///< sum of the observed coordinate [length]
  position_squared,      ///< and of its square [length^2]
  kinetic,               ///< sum of m v^2 / 2 [energy]
  potential,             ///< sum of V [energy]
  position_correlation,  ///< sum of q(origin) q(now), the observed coordinate [length^2]
  velocity_correlation,  ///< sum of v(origin) . v(now), all coordinates [length^2 / tau^2]
  displacement,          ///< sum of |x(now) - x(origin)|^2, all coordinates [length^2]
  passed,                ///< walkers that have been in core set B by now
  origin_in_a,           ///< walkers that belonged to core set A at the origin (visited last)
  origin_in_b,           ///< and to core set B
  a_then_b,              ///< walkers that belonged to A at the origin and belong to B now
  b_then_a,              ///< and the other way round
};

/// Place of a quantity in its row.
template <class Q>
constexpr int index(Q quantity) {
  return static_cast<int>(quantity);
}

/// How many quantities a row has.
template <class Q>
inline constexpr int row_length = 0;
template <>
inline constexpr int row_length<Quantity> = index(Quantity::passage_steps_squared) + 1;
template <>
inline constexpr int row_length<FrameQuantity> = index(FrameQuantity::b_then_a) + 1;

/// Sums of an ensemble by name, one row per cell of walkers.
template <class Q>
class Sums {
 public:
  /// @param[in] values  row by row
  explicit Sums(std::vector<double> values) : m_values(std::move(values)) {}

  std::size_t rows() const { return m_values.size() / row_length<Q>; }
  double operator()(std::size_t row, Q quantity) const {
    return m_values[row * row_length<Q> + static_cast<std::size_t>(index(quantity))];
  }
  /// Over all rows.
  double total(Q quantity) const {
    double sum = 0;
    for (std::size_t row = 0; row < rows(); ++row) sum += (*this)(row, quantity);
    return sum;
  }
  /// Row by row, for files and messages.
  std::vector<double> const& values() const { return m_values; }
  friend bool operator==(Sums const&, Sums const&) = default;

 private:
  std::vector<double> m_values;
};
using CellSums = Sums<Quantity>;
using FrameSums = Sums<FrameQuantity>;

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
  bool core_sets = false;      ///< follow the core sets A = (x <= core_a) and B = (x >= core_b)
  bool first_passage = false;  ///< record the first entry into core set B of each walker
  double core_a = 0, core_b = 0;
  double dividing_point = 0;  ///< where the population of the left side ends
  HistogramGrid histogram;
};

}  // namespace kramers::dynamics
