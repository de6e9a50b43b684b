// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/grids/detail/row_lanes.hpp>
#include <kramers/grids/field.hpp>

#include <cstdint>

namespace kramers::grids::detail {

/// The mean of the four neighbours; north is the row before.
struct FourPoint {
  template <class T>
  KOKKOS_FORCEINLINE_FUNCTION static T mean(T const* north, T const* row, T const* south, std::int64_t i) {
    return T(0.25) * (((row[i + 1] + row[i - 1]) + south[i]) + north[i]);
  }
};

/// The mean of a cell and its four neighbours, for whose example south is the row after.
struct FivePoint {
  template <class T>
  KOKKOS_FORCEINLINE_FUNCTION static T mean(T const* north, T const* row, T const* south, std::int64_t i) {
    return T(0.2) * ((((row[i] + north[i]) + row[i + 1]) + row[i - 1]) + south[i]);
  }
};

/// Which cells of a block keep their values.
struct Boundary {
  std::int64_t columns = 0;
  std::int64_t lower = 0, upper = 0;  ///< rows lower <= j < upper of the block change; the halo may too
  bool neumann = false;               ///< the last column takes the value of its neighbour
};

/// One sweep over rows of a block; with `norms` the sums of (new - old)^2 and old^2 of each row go to `partials`.
template <class Space, class T, class Stencil, bool norms>
struct SweepKernel {
  Rows<T> from, to;
  Boundary boundary;
  double* partials;        // (rows, 2)
  std::int64_t first = 0;  // row of the block with which it begins
  std::int64_t apart = 1;  // rows from one that is swept to the next

  KOKKOS_FUNCTION void operator()(typename RowLanes<Space>::Work const& work) const {
    RowLanes<Space> const lanes(work);
    std::int64_t const j = first + lanes.row() * apart, last = boundary.columns - 1;
    bool const inner = j >= boundary.lower && j < boundary.upper;
    T const* const north = from.row(j - 1);
    T const* const row = from.row(j);
    T const* const south = from.row(j + 1);
    T* const out = to.row(j);
    bool const neumann = boundary.neumann;
    if constexpr (norms) {
      // The last column stays, or takes what its neighbour gets.
      T const at_end = inner && neumann ? Stencil::mean(north, row, south, last - 1) : row[last];
      lanes.template sum<2>(
          boundary.columns,
          [=](std::int64_t const i, double(&x)[2], double(&y)[2]) {
            T const old = row[i];
            T const mean = Stencil::mean(inner ? north : row, row, inner ? south : row, i);
            T const now = i == last ? at_end : inner && i > 0 ? mean : old;
            out[i] = now;
            x[0] = y[0] = static_cast<double>(now - old);
            x[1] = y[1] = static_cast<double>(old);
          },
          partials + 2 * j);
    } else {
      if (!inner) return;
      lanes.for_columns(1, last, [=](std::int64_t const i) { out[i] = Stencil::mean(north, row, south, i); });
      if (neumann) {
        lanes.for_columns(last, last + 1,
                          [=](std::int64_t const i) { out[i] = Stencil::mean(north, row, south, i - 1); });
      }
    }
  }
};

}  // namespace kramers::grids::detail
