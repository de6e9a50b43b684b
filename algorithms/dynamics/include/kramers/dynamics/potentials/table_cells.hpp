// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/base/error.hpp>
#include <kramers/core/concepts.hpp>
#include <kramers/core/math.hpp>

#include <cmath>
#include <cstdint>
#include <limits>

/// What tables of one and of two coordinates share on the device: how numbers lie in memory, and the way to a cell.
namespace kramers::dynamics::detail {

/// Two floats in a word, because a compiler that gathers one value per lane by single loads needs half as many of them.
inline std::uint64_t pack_floats(float low, float high) {
  return math::detail::to_bits(low) | static_cast<std::uint64_t>(math::detail::to_bits(high)) << 32;
}
KOKKOS_FORCEINLINE_FUNCTION float low_float(std::uint64_t word) {
  return math::detail::from_bits(static_cast<std::uint32_t>(word));
}
KOKKOS_FORCEINLINE_FUNCTION float high_float(std::uint64_t word) {
  return math::detail::from_bits(static_cast<std::uint32_t>(word >> 32));
}

/// A number of a table in the precision of the kernels. @throws DomainError  it overflows there
template <real T>
T table_number(char const* name, double value) {
  expects(std::abs(value) <= static_cast<double>(std::numeric_limits<T>::max()), name, value,
          "finite in the chosen precision");
  return static_cast<T>(value);
}

/// From a coordinate to its cell, among equal ones: the first and the last lie beyond the points, unless there is a period.
template <real T>
struct CellAxis {
  struct Place {
    int cell;
    T t;  // from the left edge of the cell; without bounds in the first and the last
  };

  T first = 0, cells_per_length = 0, last_cell = 0;
  T cells_before = 1, period = 0, per_period = 0;  // [cells]; no period: 0 and 0

  CellAxis() = default;
  CellAxis(char const* name, double first_point, double width, std::int64_t cells, bool is_periodic)
      : first(table_number<T>(name, first_point)),
        cells_per_length(table_number<T>(name, 1 / width)),
        last_cell(static_cast<T>(cells - 1)),
        cells_before(is_periodic ? T(0) : T(1)),
        period(is_periodic ? static_cast<T>(cells) : T(0)),
        per_period(is_periodic ? T(1) / static_cast<T>(cells) : T(0)) {}

  // Cell 0 is left of the first point where there is no period; NaN goes there too, and stays NaN.
  KOKKOS_FORCEINLINE_FUNCTION Place place(T x) const {
    T const unwrapped = math::fma(x - first, cells_per_length, cells_before);
    T const cells = math::fma(-period, Kokkos::floor(unwrapped * per_period), unwrapped);
    T const not_below = cells > T(0) ? cells : T(0);
    int const cell = static_cast<int>(not_below < last_cell ? not_below : last_cell);
    return {cell, cells - static_cast<T>(cell)};
  }
};

}  // namespace kramers::dynamics::detail
