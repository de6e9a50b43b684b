// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/grids/detail/row_lanes.hpp>
#include <kramers/grids/field.hpp>

#include <Kokkos_Core.hpp>

#include <cstdint>

// The expressions of CFD Python in the order in which NumPy evaluates them, so that the bits are the published ones. North
// is the row after, east the column after; ghost columns hold the other side of the seam.
namespace kramers::grids::detail {

/// Numbers that do not change from step to step; each as NumPy forms it.
template <class T>
struct ChannelConstants {
  T dt, rho, nu, two_dx, two_dy, dx, dy, dx2, dy2;
  T inverse_dt;                ///< 1 / dt
  T pressure_divisor;          ///< 2 (dx^2 + dy^2)
  T source_factor;             ///< dx^2 dy^2 / (2 (dx^2 + dy^2))
  T pressure_x, pressure_y;    ///< dt / (2 rho dx), dt / (2 rho dy)
  T diffusion_x, diffusion_y;  ///< dt / dx^2, dt / dy^2
  T push;                      ///< F dt
};

/// Which rows of a block are no walls.
struct ChannelRows {
  std::int64_t columns, lower, upper;
  bool has_bottom, has_top;  ///< row lower - 1, or upper, is a wall of this block
};

/// Repeat the columns at both ends of a row beside the other end.
template <class Lanes, class T>
KOKKOS_FORCEINLINE_FUNCTION void fill_ghosts(Lanes const& lanes, T* const row, std::int64_t columns) {
  lanes.for_columns(0, 1, [=](std::int64_t) {
    row[-1] = row[columns - 1];
    row[columns] = row[0];
  });
}

/// b, the source of the pressure.
template <class Space, class T>
struct ChannelSourceKernel {
  Rows<T> u, v, b;
  ChannelConstants<T> c;
  ChannelRows rows;

  KOKKOS_FUNCTION void operator()(typename RowLanes<Space>::Work const& work) const {
    RowLanes<Space> const lanes(work);
    std::int64_t const j = lanes.row();
    if (j < rows.lower || j >= rows.upper) return;
    T const *const us = u.row(j - 1), *const uc = u.row(j), *const un = u.row(j + 1);
    T const *const vs = v.row(j - 1), *const vc = v.row(j), *const vn = v.row(j + 1);
    T* const out = b.row(j);
    auto const k = c;
    lanes.for_columns(0, rows.columns, [=](std::int64_t const i) {
      T const ux = (uc[i + 1] - uc[i - 1]) / k.two_dx;
      T const vy = (vn[i] - vs[i]) / k.two_dy;
      T const shear = (un[i] - us[i]) / k.two_dy * (vc[i + 1] - vc[i - 1]) / k.two_dx;
      out[i] = k.rho * (k.inverse_dt * (ux + vy) - ux * ux - T(2) * shear - vy * vy);
    });
  }
};

/// One sweep of the pressure.
template <class Space, class T>
struct ChannelPressureKernel {
  Rows<T> from, to, b;
  ChannelConstants<T> c;
  ChannelRows rows;

  KOKKOS_FUNCTION void operator()(typename RowLanes<Space>::Work const& work) const {
    RowLanes<Space> const lanes(work);
    std::int64_t const j = lanes.row();
    if (j < rows.lower || j >= rows.upper) return;
    T const *const south = from.row(j - 1), *const row = from.row(j), *const north = from.row(j + 1);
    T const* const source = b.row(j);
    T* const out = to.row(j);
    auto const k = c;
    lanes.for_columns(0, rows.columns, [=](std::int64_t const i) {
      out[i] = ((row[i + 1] + row[i - 1]) * k.dy2 + (north[i] + south[i]) * k.dx2) / k.pressure_divisor -
               k.source_factor * source[i];
    });
    fill_ghosts(lanes, out, rows.columns);
    // dp/dy = 0 at the walls.
    if (j == rows.lower && rows.has_bottom) copy(lanes, out, to.row(j - 1));
    if (j == rows.upper - 1 && rows.has_top) copy(lanes, out, to.row(j + 1));
  }

  KOKKOS_FORCEINLINE_FUNCTION void copy(RowLanes<Space> const& lanes, T const* from_row, T* to_row) const {
    lanes.for_columns(-1, rows.columns + 1, [=](std::int64_t const i) { to_row[i] = from_row[i]; });
  }
};

/// u and v of the next step; walls stay zero.
template <class Space, class T>
struct ChannelVelocityKernel {
  Rows<T> u, v, p, to_u, to_v;
  ChannelConstants<T> c;
  ChannelRows rows;

  KOKKOS_FUNCTION void operator()(typename RowLanes<Space>::Work const& work) const {
    RowLanes<Space> const lanes(work);
    std::int64_t const j = lanes.row();
    if (j < rows.lower || j >= rows.upper) return;
    T const *const us = u.row(j - 1), *const uc = u.row(j), *const un = u.row(j + 1);
    T const *const vs = v.row(j - 1), *const vc = v.row(j), *const vn = v.row(j + 1);
    T const *const ps = p.row(j - 1), *const pc = p.row(j), *const pn = p.row(j + 1);
    T *const out_u = to_u.row(j), *const out_v = to_v.row(j);
    auto const k = c;
    lanes.for_columns(0, rows.columns, [=](std::int64_t const i) {
      T const courant_x = uc[i] * k.dt / k.dx, courant_y = vc[i] * k.dt / k.dy;
      out_u[i] = uc[i] - courant_x * (uc[i] - uc[i - 1]) - courant_y * (uc[i] - us[i]) -
                 k.pressure_x * (pc[i + 1] - pc[i - 1]) +
                 k.nu * (k.diffusion_x * (uc[i + 1] - T(2) * uc[i] + uc[i - 1]) +
                         k.diffusion_y * (un[i] - T(2) * uc[i] + us[i])) +
                 k.push;
      out_v[i] =
          vc[i] - courant_x * (vc[i] - vc[i - 1]) - courant_y * (vc[i] - vs[i]) - k.pressure_y * (pn[i] - ps[i]) +
          k.nu *
              (k.diffusion_x * (vc[i + 1] - T(2) * vc[i] + vc[i - 1]) + k.diffusion_y * (vn[i] - T(2) * vc[i] + vs[i]));
    });
    fill_ghosts(lanes, out_u, rows.columns);
    fill_ghosts(lanes, out_v, rows.columns);
  }
};

/// Largest |a - b|; `not_finite` counts where that is not finite, since a maximum loses a NaN.
template <class T>
struct ChannelDifferenceKernel {
  Rows<T> a, b;
  std::int64_t columns;
  T not_finite;
  KOKKOS_FUNCTION void operator()(std::int64_t const k, T& most) const {
    std::int64_t const j = k / columns, i = k % columns;
    T const difference = Kokkos::abs(a.row(j)[i] - b.row(j)[i]);
    T const size = Kokkos::isfinite(difference) ? difference : not_finite;
    if (size > most) most = size;
  }
};

template <class T>
struct ChannelValue {
  Rows<T> u;
  KOKKOS_FUNCTION T operator()(std::int64_t j, std::int64_t i) const { return u.row(j)[i]; }
};

}  // namespace kramers::grids::detail
