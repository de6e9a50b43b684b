// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/lanes.hpp>
#include <kramers/grids/detail/row_lanes.hpp>

#include <Kokkos_Core.hpp>

#include <cstdint>
#include <type_traits>

/// The kernels of conjugate gradients. Element i of row j of the blocks that vectors are divided into stands at
/// j * stride + i, whatever lies beyond a block; a vector is a pointer to the first element of this rank.
namespace kramers::grids::detail {

/// A matrix of constant coefficients on the flat index.
///
/// The Laplacian with Dirichlet boundaries is the same operator: its rows stand one element apart, and that element is zero.
template <bool corners>
struct Shifts {
  static constexpr bool is_stored = false;
  std::int64_t stride;

  KOKKOS_FORCEINLINE_FUNCTION double product(double const* const p, std::int64_t const i) const {
    double y = (corners ? 8.0 : 4.0) * p[i] - p[i - 1] - p[i + 1] - p[i - stride] - p[i + stride];
    if constexpr (corners) y = y - p[i - stride - 1] - p[i - stride + 1] - p[i + stride - 1] - p[i + stride + 1];
    return y;
  }
  KOKKOS_FORCEINLINE_FUNCTION double inverse_diagonal(std::int64_t) const { return corners ? 0.125 : 0.25; }
};

/// A stored matrix, of which this rank has some rows; vectors that it multiplies are whole.
struct StoredRows {
  static constexpr bool is_stored = true;
  std::int64_t const* row_start;
  std::int32_t const* column;
  double const* value;
  double const* inverse;  ///< of the diagonal; zero beyond the last row

  KOKKOS_FORCEINLINE_FUNCTION double product(double const* const p, std::int64_t const i) const {
    double y = 0;
    for (std::int64_t k = row_start[i]; k < row_start[i + 1]; ++k) y += value[k] * p[column[k]];
    return y;
  }
  KOKKOS_FORCEINLINE_FUNCTION double inverse_diagonal(std::int64_t const i) const { return inverse[i]; }
};

/// What kernels know of the blocks of this rank.
struct Blocks {
  std::int64_t count, length, stride;
};

/// As many elements are worked on sooner by one thread than several are woken: the vectors lie in its cache.
inline constexpr std::int64_t elements_of_one_thread = 20000;

/// kernel(RowLanes::Work) for each of `rows` of `length` elements; a row sums at most `numbers` at a time.
template <class Space, class Kernel>
void for_rows_of(char const* label, Space const& exec, std::int64_t rows, std::int64_t length, int numbers,
                 Kernel const& kernel) {
  if constexpr (!on_device<Space>) {
    if (rows * length <= elements_of_one_thread) {
      for (std::int64_t j = 0; j < rows; ++j) kernel(j);
      return;
    }
  }
  RowLanes<Space>::for_rows(label, exec, rows, numbers, kernel);
}

/// p = z + beta p
template <class Space>
struct CombineKernel {
  Blocks blocks;
  double* p;
  double const* z;
  double beta;
  KOKKOS_FUNCTION void operator()(typename RowLanes<Space>::Work const& work) const {
    RowLanes<Space> const lanes(work);
    std::int64_t const first = lanes.row() * blocks.stride;
    lanes.for_columns(first, first + blocks.length, [&](std::int64_t const i) { p[i] = z[i] + beta * p[i]; });
  }
};

/// z = r / diagonal * factor
template <class Space, class Matrix>
struct ScaleKernel {
  Blocks blocks;
  Matrix matrix;
  double* z;
  double const* r;
  double factor;
  KOKKOS_FUNCTION void operator()(typename RowLanes<Space>::Work const& work) const {
    RowLanes<Space> const lanes(work);
    std::int64_t const first = lanes.row() * blocks.stride;
    lanes.for_columns(first, first + blocks.length,
                      [&](std::int64_t const i) { z[i] = matrix.inverse_diagonal(i) * r[i] * factor; });
  }
};

/// d = by_d d + by_r (r - A z) / diagonal
template <class Space, class Matrix>
struct ChebyshevKernel {
  Blocks blocks;
  Matrix matrix;
  double* d;
  double const *r, *whole_z;
  double by_d, by_r;
  KOKKOS_FUNCTION void operator()(typename RowLanes<Space>::Work const& work) const {
    RowLanes<Space> const lanes(work);
    std::int64_t const first = lanes.row() * blocks.stride;
    lanes.for_columns(first, first + blocks.length, [&](std::int64_t const i) {
      d[i] = by_d * d[i] + by_r * matrix.inverse_diagonal(i) * (r[i] - matrix.product(whole_z, i));
    });
  }
};

/// Sums of a.b
template <class Space>
struct DotKernel {
  Blocks blocks;
  double const *a, *b;
  double* sums;
  KOKKOS_FUNCTION void operator()(typename RowLanes<Space>::Work const& work) const {
    RowLanes<Space> const lanes(work);
    std::int64_t const first = lanes.row() * blocks.stride;
    lanes.template sum<1>(
        blocks.length,
        [&](std::int64_t const i, double(&x)[1], double(&y)[1]) {
          x[0] = a[first + i];
          y[0] = b == nullptr ? 1.0 : b[first + i];
        },
        sums + lanes.row());
  }
};

/// s = A p, unless nobody will ask for it again; sums of p.s
template <class Space, class Matrix>
struct CurvatureKernel {
  Blocks blocks;
  Matrix matrix;
  double const *p, *whole_p;
  double *s, *sums;
  KOKKOS_FUNCTION void operator()(typename RowLanes<Space>::Work const& work) const {
    RowLanes<Space> const lanes(work);
    std::int64_t const first = lanes.row() * blocks.stride;
    lanes.template sum<1>(
        blocks.length,
        [&](std::int64_t const i, double(&x)[1], double(&y)[1]) {
          double const product = matrix.product(whole_p, first + i);
          if constexpr (Matrix::is_stored) s[first + i] = product;
          x[0] = p[first + i];
          y[0] = product;
        },
        sums + lanes.row());
  }
};

/// x += alpha p, r -= alpha A p; sums of r.r
template <class Space, class Matrix>
struct StepKernel {
  Blocks blocks;
  Matrix matrix;
  double *x, *r;
  double const *p, *s;
  double alpha;
  double* sums;
  KOKKOS_FUNCTION void operator()(typename RowLanes<Space>::Work const& work) const {
    RowLanes<Space> const lanes(work);
    std::int64_t const first = lanes.row() * blocks.stride;
    lanes.template sum<1>(
        blocks.length,
        [&](std::int64_t const column, double(&a)[1], double(&b)[1]) {
          std::int64_t const i = first + column;
          double product;
          if constexpr (Matrix::is_stored) {
            product = s[i];
          } else {
            product = matrix.product(p, i);
          }
          x[i] += alpha * p[i];
          double const left = r[i] - alpha * product;
          r[i] = left;
          a[0] = b[0] = left;
        },
        sums + lanes.row());
  }
};

/// r = b - A x; sums of r.r
template <class Space, class Matrix>
struct ResidualKernel {
  Blocks blocks;
  Matrix matrix;
  double *r, *sums;
  double const *b, *whole_x;
  KOKKOS_FUNCTION void operator()(typename RowLanes<Space>::Work const& work) const {
    RowLanes<Space> const lanes(work);
    std::int64_t const first = lanes.row() * blocks.stride;
    lanes.template sum<1>(
        blocks.length,
        [&](std::int64_t const column, double(&x)[1], double(&y)[1]) {
          std::int64_t const i = first + column;
          double const left = b[i] - matrix.product(whole_x, i);
          r[i] = left;
          x[0] = y[0] = left;
        },
        sums + lanes.row());
  }
};

/// w = A u
template <class Space, class Matrix>
struct MultiplyKernel {
  Blocks blocks;
  Matrix matrix;
  double* w;
  double const* whole_u;
  KOKKOS_FUNCTION void operator()(typename RowLanes<Space>::Work const& work) const {
    RowLanes<Space> const lanes(work);
    std::int64_t const first = lanes.row() * blocks.stride;
    lanes.for_columns(first, first + blocks.length, [&](std::int64_t const i) { w[i] = matrix.product(whole_u, i); });
  }
};

/// The three sums of CgSums, of what stands at an element.
KOKKOS_FORCEINLINE_FUNCTION void three_products(double const r, double const u, double const w, double (&x)[3],
                                                double (&y)[3]) {
  x[0] = r;
  y[0] = u;
  x[1] = w;
  y[1] = u;
  x[2] = y[2] = r;
}

/// w = A u; CgSums
template <class Space, class Matrix>
struct ProductKernel {
  Blocks blocks;
  Matrix matrix;
  double *w, *sums;
  double const *u, *whole_u, *r;
  KOKKOS_FUNCTION void operator()(typename RowLanes<Space>::Work const& work) const {
    RowLanes<Space> const lanes(work);
    std::int64_t const first = lanes.row() * blocks.stride;
    lanes.template sum<3>(
        blocks.length,
        [&](std::int64_t const column, double(&x)[3], double(&y)[3]) {
          std::int64_t const i = first + column;
          double const product = matrix.product(whole_u, i);
          w[i] = product;
          three_products(r[i], u[i], product, x, y);
        },
        sums + 3 * lanes.row());
  }
};

/// p = u + beta p, s = w + beta s, x += alpha p, r -= alpha s; u may be r
template <class Space>
struct MergedStepKernel {
  Blocks blocks;
  double *p, *s, *x, *r;
  double const *u, *w;
  double alpha, beta;
  KOKKOS_FUNCTION void operator()(typename RowLanes<Space>::Work const& work) const {
    RowLanes<Space> const lanes(work);
    std::int64_t const first = lanes.row() * blocks.stride;
    lanes.for_columns(first, first + blocks.length, [&](std::int64_t const i) {
      double const direction = u[i] + beta * p[i], image = w[i] + beta * s[i];
      p[i] = direction;
      s[i] = image;
      x[i] += alpha * direction;
      r[i] -= alpha * image;
    });
  }
};

/// The step of pipelined conjugate gradients (CgSystem::pipelined_step); CgSums of its results.
template <class Space, bool identity>
struct PipelinedStepKernel {
  Blocks blocks;
  double *z, *q, *s, *p, *x, *r, *u, *w;
  double const *n, *m;
  double alpha, beta;
  double* sums;
  KOKKOS_FUNCTION void operator()(typename RowLanes<Space>::Work const& work) const {
    RowLanes<Space> const lanes(work);
    std::int64_t const first = lanes.row() * blocks.stride;
    lanes.template sum<3>(
        blocks.length,
        [&](std::int64_t const column, double(&a)[3], double(&b)[3]) {
          std::int64_t const i = first + column;
          double const image = n[i] + beta * z[i], of_p = w[i] + beta * s[i];
          double const residual = r[i], preconditioned = identity ? residual : u[i];
          double const direction = preconditioned + beta * p[i];
          z[i] = image;
          s[i] = of_p;
          p[i] = direction;
          x[i] += alpha * direction;
          double const r_next = residual - alpha * of_p, w_next = w[i] - alpha * image;
          double u_next = r_next;
          if constexpr (!identity) {
            double const of_s = m[i] + beta * q[i];
            q[i] = of_s;
            u_next = preconditioned - alpha * of_s;
            u[i] = u_next;
          }
          r[i] = r_next;
          w[i] = w_next;
          three_products(r_next, u_next, w_next, a, b);
        },
        sums + 3 * lanes.row());
  }
};

}  // namespace kramers::grids::detail
