// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/ml/detail/kernels_gemm.hpp>
#include <kramers/ml/detail/plain_gemm.hpp>
#include <kramers/ml/gemm.hpp>

#include <algorithm>

namespace kramers::ml::detail {

/// A product in blocks of C of a fixed size, so that its bits do not depend on how many threads share them.
template <class T>
struct HostGemmBlocks {
  // Large enough that packing costs 5 % of the time of a large product, small enough to feed several cores.
  static constexpr int block_m = 512, block_n = 256;

  Product p;
  T const* a;
  T const* b;
  T* c;

  int blocks_n() const { return (p.n + block_n - 1) / block_n; }
  int blocks() const { return (p.m + block_m - 1) / block_m * blocks_n(); }

  void operator()(int index) const {
    std::int64_t const row = static_cast<std::int64_t>(index / blocks_n()) * block_m;
    std::int64_t const column = static_cast<std::int64_t>(index % blocks_n()) * block_n;
    Product part = p;
    part.m = static_cast<int>(std::min<std::int64_t>(block_m, p.m - row));
    part.n = static_cast<int>(std::min<std::int64_t>(block_n, p.n - column));
    host_gemm(part, a + (p.transpose_a ? row : row * p.k), p.columns_a(), b + (p.transpose_b ? column * p.k : column),
              p.columns_b(), c + row * p.n + column, p.n);
  }
};

/// C = op(A) op(B), row-major and contiguous; C is zero where k = 0. Returns before it is done.
///
/// @param[in]  a  (m, k), or (k, m) if transposed; accessible from Space, as all
/// @param[in]  b  (k, n), or (n, k) if transposed
/// @param[out] c  (m, n)
/// @pre  has_back_end(back_end, on_device<Space>)
template <execution_space Space, class T>
void gemm(Space const& exec, GemmBackEnd back_end, Product const& p, T const* a, T const* b, T* c) {
  if (p.m == 0 || p.n == 0) return;
  if (back_end == GemmBackEnd::plain || p.k == 0) return plain_gemm(exec, p, a, b, c);
  if (back_end == GemmBackEnd::kernels) return kernels_gemm(exec, p, a, b, c);
  if constexpr (!on_device<Space>) {
    HostGemmThreads const one_thread;
    HostGemmBlocks<T> const blocks{p, a, b, c};
    Kokkos::parallel_for("kramers::ml::host_gemm", Kokkos::RangePolicy<Space>(exec, 0, blocks.blocks()), blocks);
  }
}

}  // namespace kramers::ml::detail
