// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

namespace kramers::ml::detail {

/// op(A) (m, k) times op(B) (k, n); op is the transpose where asked for. All matrices are row-major.
struct Product {
  bool transpose_a = false, transpose_b = false;
  int m = 0, n = 0, k = 0;

  /// Columns of A and of B as they lie in memory.
  constexpr int columns_a() const { return transpose_a ? m : k; }
  constexpr int columns_b() const { return transpose_b ? k : n; }
};

/// Whether this build has OpenBLAS.
bool has_host_gemm();

/// C = op(A) op(B) by OpenBLAS in the calling thread, as long as a HostGemmThreads lives; m, n, k > 0.
///
/// @param[in] lda, ldb, ldc  elements from one row to the next
void host_gemm(Product const& p, float const* a, int lda, float const* b, int ldb, float* c, int ldc);
/// @copydoc host_gemm
void host_gemm(Product const& p, double const* a, int lda, double const* b, int ldb, double* c, int ldc);

/// Keeps OpenBLAS from starting threads of its own: they would compete with those of Kokkos, and how it divides a
/// product among them changes the bits. The last one to go gives back the number that was set before the first.
class HostGemmThreads {
 public:
  HostGemmThreads();
  ~HostGemmThreads();
  HostGemmThreads(HostGemmThreads const&) = delete;
  HostGemmThreads& operator=(HostGemmThreads const&) = delete;
};

}  // namespace kramers::ml::detail
