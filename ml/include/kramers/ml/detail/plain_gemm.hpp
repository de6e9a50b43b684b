// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/concepts.hpp>
#include <kramers/core/lanes.hpp>
#include <kramers/core/math.hpp>
#include <kramers/ml/detail/host_gemm.hpp>

#include <cstdint>

namespace kramers::ml::detail {

/// C = op(A) op(B), tile by tile of C. Every element is one chain of fma over k in order, so the bits are the same on every
/// space and with any sizes of tiles.
///
/// A tile's strips of A and B are packed side by side, zeros beyond the edges, and multiplied by pieces of
/// piece_m x piece_n: on a CPU the columns of a piece are SIMD lanes, on a device each thread has a piece.
template <execution_space Space, class T>
struct PlainGemm {
  static constexpr int tile_m = 64, tile_n = 64;
  static constexpr int strip = on_device<Space> ? 8 : 64;  ///< of k
  static constexpr int piece_m = on_device<Space> ? 4 : 8;
  static constexpr int piece_n = on_device<Space> ? 4 : 32;
  static constexpr int pieces = (tile_m / piece_m) * (tile_n / piece_n);
  static constexpr int memory = strip * (tile_m + tile_n) + tile_m * tile_n;  ///< elements

  Product p;
  T const* a;
  T const* b;
  T* c;

  KOKKOS_FUNCTION int tiles_n() const { return (p.n + tile_n - 1) / tile_n; }
  int tiles() const { return (p.m + tile_m - 1) / tile_m * tiles_n(); }

  /// One thread for a tile.
  struct Alone {
    template <class Body>
    KOKKOS_FORCEINLINE_FUNCTION void each(int n, Body const& body) const {
      for (int i = 0; i < n; ++i) body(i);
    }
    KOKKOS_FORCEINLINE_FUNCTION void wait() const {}
  };
  /// A team of threads for a tile.
  template <class Member>
  struct Together {
    Member const& member;
    template <class Body>
    KOKKOS_FORCEINLINE_FUNCTION void each(int n, Body const& body) const {
      for (int i = member.team_rank(); i < n; i += member.team_size()) body(i);
    }
    KOKKOS_FORCEINLINE_FUNCTION void wait() const { member.team_barrier(); }
  };

  KOKKOS_FUNCTION void operator()(int tile) const {
    alignas(64) T local[memory];
    multiply(Alone{}, tile, local);
  }

  using Team = typename Kokkos::TeamPolicy<Space>::member_type;
  KOKKOS_FUNCTION void operator()(Team const& member) const {
    multiply(Together<Team>{member}, member.league_rank(),
             static_cast<T*>(member.team_scratch(0).get_shmem(memory * sizeof(T))));
  }

 private:
  KOKKOS_FORCEINLINE_FUNCTION T element_a(int i, int k) const {
    if (i >= p.m || k >= p.k) return T(0);
    return p.transpose_a ? a[static_cast<std::int64_t>(k) * p.m + i] : a[static_cast<std::int64_t>(i) * p.k + k];
  }
  KOKKOS_FORCEINLINE_FUNCTION T element_b(int k, int j) const {
    if (j >= p.n || k >= p.k) return T(0);
    return p.transpose_b ? b[static_cast<std::int64_t>(j) * p.k + k] : b[static_cast<std::int64_t>(k) * p.n + j];
  }

  template <class Worker>
  KOKKOS_FORCEINLINE_FUNCTION void multiply(Worker const& worker, int tile, T* memory_of_tile) const {
    T* const strip_a = memory_of_tile;  // [k][row]
    T* const strip_b = strip_a + strip * tile_m;
    T* const sums = strip_b + strip * tile_n;
    int const first_row = tile / tiles_n() * tile_m;
    int const first_column = tile % tiles_n() * tile_n;
    worker.each(tile_m * tile_n, [&](int e) { sums[e] = T(0); });
    for (int k0 = 0; k0 < p.k; k0 += strip) {
      worker.wait();
      worker.each(strip * tile_m, [&](int e) { strip_a[e] = element_a(first_row + e % tile_m, k0 + e / tile_m); });
      worker.each(strip * tile_n, [&](int e) { strip_b[e] = element_b(k0 + e / tile_n, first_column + e % tile_n); });
      worker.wait();
      int const last = p.k - k0 < strip ? p.k - k0 : strip;
      worker.each(pieces, [&](int piece) {
        int const row = piece / (tile_n / piece_n) * piece_m;
        int const column = piece % (tile_n / piece_n) * piece_n;
        add_piece(strip_a + row, strip_b + column, sums + row * tile_n + column, last);
      });
    }
    worker.wait();
    worker.each(tile_m * tile_n, [&](int e) {
      int const i = first_row + e / tile_n, j = first_column + e % tile_n;
      if (i < p.m && j < p.n) c[static_cast<std::int64_t>(i) * p.n + j] = sums[e];
    });
  }

  KOKKOS_FORCEINLINE_FUNCTION static void add_piece(T const* rows, T const* columns, T* sums, int count) {
    T s[piece_m][piece_n];
    for (int i = 0; i < piece_m; ++i) {
      for_lanes<piece_n>([&](int j) { s[i][j] = sums[i * tile_n + j]; });
    }
    for (int k = 0; k < count; ++k) {
      for (int i = 0; i < piece_m; ++i) {
        T const x = rows[k * tile_m + i];
        for_lanes<piece_n>([&](int j) { s[i][j] = math::fma(x, columns[k * tile_n + j], s[i][j]); });
      }
    }
    for (int i = 0; i < piece_m; ++i) {
      for_lanes<piece_n>([&](int j) { sums[i * tile_n + j] = s[i][j]; });
    }
  }
};

/// C = op(A) op(B); all matrices contiguous; returns before it is done.
template <execution_space Space, class T>
void plain_gemm(Space const& exec, Product const& p, T const* a, T const* b, T* c) {
  using Kernel = PlainGemm<Space, T>;
  Kernel const kernel{p, a, b, c};
  if constexpr (on_device<Space>) {
    using Policy = Kokkos::TeamPolicy<Space>;
    Kokkos::parallel_for(
        "kramers::ml::plain_gemm",
        Policy(exec, kernel.tiles(), Kernel::pieces).set_scratch_size(0, Kokkos::PerTeam(Kernel::memory * sizeof(T))),
        kernel);
  } else {
    Kokkos::parallel_for("kramers::ml::plain_gemm", Kokkos::RangePolicy<Space>(exec, 0, kernel.tiles()), kernel);
  }
}

}  // namespace kramers::ml::detail
