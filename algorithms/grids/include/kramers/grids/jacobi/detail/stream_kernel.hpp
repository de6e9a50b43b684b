// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/math.hpp>
#include <kramers/grids/jacobi/detail/sweep_kernel.hpp>

#include <algorithm>
#include <cstdint>

namespace kramers::grids::detail {

/// The rows first <= j < last.
struct Slab {
  std::int64_t first, last;
};

/// How a block is cut into slabs: all of it but the rims, evenly, or the rims, which are one slab each.
struct Slabs {
  std::int64_t rows;                ///< of the block
  std::int64_t before = 0;          ///< of the rim at its begin
  std::int64_t after = 0;           ///< of that at its end
  bool rims = false;                ///< these, not what is between them
  std::int64_t count = 1;           ///< slabs
  std::int64_t threads_a_slab = 1;  ///< that divide its strips

  KOKKOS_FUNCTION Slab of(std::int64_t const k) const {
    if (rims) return k == 0 && before > 0 ? Slab{0, before} : Slab{rows - after, rows};
    std::int64_t const between = rows - before - after;
    return {before + between * k / count, before + between * (k + 1) / count};
  }
};

/// Several sweeps in one pass through memory, on a host: temporal blocking (Wonnacott 2000; the wavefront of Wellein et al.
/// 2009). A thread takes a slab of rows, in strips of 1024 columns. Going down a strip, it computes row s of level 1, row
/// s - 1 of level 2 and so on, so that each level finds the three rows that it needs of the level below, of which four are
/// kept. A strip of a level reaches `depth - level` cells beyond what the thread owns, which the neighbours compute too;
/// hence no thread waits, and each cell is computed by the expression of a plain sweep: the bits are the same.
template <class T, class Stencil>
struct StreamKernel {
  static constexpr std::int64_t kept = 4;  // rows of a level, a power of two
  static constexpr std::int64_t margin =
      48;                           // numbers before and after those of a strip: the deepest pass, and a vector
  static constexpr int vector = 8;  // cells at a time at the ends of a row

  Rows<T> from, to;
  Boundary boundary;
  Slabs slabs;
  std::int64_t lowest, highest;  // rows that can be read, walls and halos included
  std::int64_t depth;            // levels of this pass
  T* kept_rows;                  // (tiles, levels, kept, width)
  std::int64_t width;
  std::int64_t levels_kept;
  double* partials;  // (depth, rows, segments, 2)
  std::int64_t segments;
  std::uint64_t norms;  // bit t - 1: level t is to have norms

  /// A tile is a slab, or the share of its strips that a thread has.
  KOKKOS_FUNCTION void operator()(std::int64_t const tile) const {
    auto const [first, last] = slabs.of(tile / slabs.threads_a_slab);
    for (std::int64_t s = tile % slabs.threads_a_slab; s < segments; s += slabs.threads_a_slab) {
      strip(tile, first, last, s);
    }
  }

 private:
  struct Span {
    std::int64_t first, last;
  };

  /// Row j of a level, shifted so that its column i is that of the grid.
  KOKKOS_FORCEINLINE_FUNCTION T* row_of(std::int64_t tile, std::int64_t level, std::int64_t j,
                                        std::int64_t strip_begin) const {
    if (level == 0) return from.row(j);
    if (level == depth) return to.row(j);
    std::int64_t const place = (tile * levels_kept + level - 1) * kept + ((j + kept * 64) & (kept - 1));
    return kept_rows + place * width + margin - strip_begin;
  }

  KOKKOS_FORCEINLINE_FUNCTION void strip(std::int64_t tile, std::int64_t first, std::int64_t last,
                                         std::int64_t s) const {
    Span const own{s * segment, s * segment + segment < boundary.columns ? s * segment + segment : boundary.columns};
    for (std::int64_t step = first - depth + 1; step < last + depth; ++step) {
      for (std::int64_t level = 1; level <= depth; ++level) {
        std::int64_t const j = step - level + 1, beyond = depth - level;
        if (j < first - beyond || j >= last + beyond || j < lowest || j >= highest) continue;
        level_row(tile, level, j, s, own, j >= first && j < last);
      }
    }
  }

  KOKKOS_FORCEINLINE_FUNCTION void level_row(std::int64_t tile, std::int64_t level, std::int64_t j, std::int64_t s,
                                             Span own, bool mine) const {
    std::int64_t const beyond = depth - level, end = boundary.columns - 1;
    T const* const row = row_of(tile, level - 1, j, own.first);
    T* const out = row_of(tile, level, j, own.first);
    Span const all{own.first - beyond > 0 ? own.first - beyond : 0,
                   own.last + beyond < end + 1 ? own.last + beyond : end + 1};
    bool const inner = j >= boundary.lower && j < boundary.upper;
    bool const sums = mine && (norms >> (level - 1) & 1) != 0;
    double* const sum = partials + (((level - 1) * slabs.rows + j) * segments + s) * 2;
    if (!inner) {  // a wall: the same at all levels
      for (std::int64_t i = all.first; i < all.last; ++i) out[i] = row[i];
      if (sums) keep_sums(row, own, sum);
      return;
    }
    T const* const north = row_of(tile, level - 1, j - 1, own.first);
    T const* const south = row_of(tile, level - 1, j + 1, own.first);
    Span const changing{all.first > 1 ? all.first : 1, all.last < end ? all.last : end};
    if (!sums) {
      sweep(north, row, south, out, changing);
    } else {
      // Those beside the strip first, which may overwrite cells of it.
      if (changing.first < own.first) sweep(north, row, south, out, {changing.first, own.first});
      if (own.last < changing.last) sweep(north, row, south, out, {own.last, changing.last});
      sweep_with_sums(north, row, south, out, own, sum);
    }
    if (all.first == 0) out[0] = row[0];
    if (all.last == end + 1) out[end] = boundary.neumann ? out[end - 1] : row[end];
  }

  /// Cells of a row from the vector that holds the first one to that of the last one. Cells beside the span are
  /// overwritten by the caller or never read; in return all vectors but those of the neighbours lie on cache lines.
  KOKKOS_FORCEINLINE_FUNCTION static void sweep(T const* north, T const* row, T const* south, T* __restrict__ out,
                                                Span const span) {
    std::int64_t const begin = span.first & ~std::int64_t{vector - 1};
    std::int64_t const vectors = (span.last - begin + vector - 1) / vector;
#pragma omp simd
    for (std::int64_t k = 0; k < vectors * vector; ++k) out[begin + k] = Stencil::mean(north, row, south, begin + k);
  }

  /// The sums of a row that stays as it is.
  KOKKOS_FORCEINLINE_FUNCTION static void keep_sums(T const* row, Span own, double* sum) {
    double squares[sum_lanes] = {};
    for (std::int64_t i = own.first; i < own.last; ++i) {
      double& lane = squares[(i - own.first) % sum_lanes];
      lane = math::fma(static_cast<double>(row[i]), static_cast<double>(row[i]), lane);
    }
    sum[0] = 0;
    sum[1] = lane_sum(squares);
  }

  /// W cells from column i on, of which those below `begin` or from `end` on keep their values; those from `columns` on do
  /// not exist.
  template <int W, bool masked>
  KOKKOS_FORCEINLINE_FUNCTION void cells(T const* north, T const* row, T const* south, T* __restrict__ out,
                                         std::int64_t i, double* __restrict__ changes,
                                         double* __restrict__ squares) const {
    std::int64_t const end = boundary.columns - 1;
#pragma omp simd
    for (int l = 0; l < W; ++l) {
      T const old = row[i + l];
      T now = Stencil::mean(north, row, south, i + l);
      double change, square;
      if constexpr (masked) {
        now = i + l < 1 || i + l >= end ? old : now;
        square = i + l <= end ? static_cast<double>(old) : 0.0;
        change = i + l <= end ? static_cast<double>(now - old) : 0.0;
      } else {
        square = static_cast<double>(old);
        change = static_cast<double>(now - old);
      }
      out[i + l] = now;
      changes[l] = math::fma(change, change, changes[l]);
      squares[l] = math::fma(square, square, squares[l]);
    }
  }

  KOKKOS_FORCEINLINE_FUNCTION void sweep_with_sums(T const* north, T const* row, T const* south, T* __restrict__ out,
                                                   Span own, double* sum) const {
    alignas(64) double changes[sum_lanes] = {};
    alignas(64) double squares[sum_lanes] = {};
    std::int64_t const end = boundary.columns - 1;
    std::int64_t i = own.first;
    if (i == 0 && own.last > sum_lanes) {
      cells<sum_lanes, true>(north, row, south, out, i, changes, squares);
      i += sum_lanes;
    }
    for (; i + sum_lanes <= own.last && i + sum_lanes <= end; i += sum_lanes) {
      cells<sum_lanes, false>(north, row, south, out, i, changes, squares);
    }
    for (int lane = 0; i < own.last; i += vector, lane += vector) {
      cells<vector, true>(north, row, south, out, i, changes + lane, squares + lane);
    }
    if (boundary.neumann && own.last == end + 1) {
      // The last column follows its neighbour; what it was given above had no change.
      double const change = static_cast<double>(out[end - 1] - row[end]);
      double& lane = changes[(end - own.first) % sum_lanes];
      lane = math::fma(change, change, lane);
    }
    sum[0] = lane_sum(changes);
    sum[1] = lane_sum(squares);
  }
};

}  // namespace kramers::grids::detail
