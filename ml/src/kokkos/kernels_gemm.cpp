// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/core/spaces.hpp>
#include <kramers/ml/detail/kernels_gemm.hpp>

#ifdef KRAMERS_HAVE_KERNELS
#include <KokkosBlas3_gemm.hpp>
#endif

namespace kramers::ml::detail {

#ifdef KRAMERS_HAVE_KERNELS

bool has_kernels_gemm() {
  return true;
}

template <class Space, class T>
void kernels_gemm(Space const& exec, Product const& p, T const* a, T const* b, T* c) {
  // Row-major matrices are column-major transposed ones: C^T = op(B)^T op(A)^T, in the layout every BLAS knows.
  using Memory = Kokkos::MemoryTraits<Kokkos::Unmanaged>;
  using Device = Kokkos::Device<Space, typename Space::memory_space>;
  using In = Kokkos::View<T const**, Kokkos::LayoutLeft, Device, Memory>;
  using Out = Kokkos::View<T**, Kokkos::LayoutLeft, Device, Memory>;
  In const left(b, p.columns_b(), p.transpose_b ? p.n : p.k);
  In const right(a, p.columns_a(), p.transpose_a ? p.k : p.m);
  KokkosBlas::gemm(exec, p.transpose_b ? "T" : "N", p.transpose_a ? "T" : "N", T(1), left, right, T(0),
                   Out(c, p.n, p.m));
}

#else

bool has_kernels_gemm() {
  return false;
}

template <class Space, class T>
void kernels_gemm(Space const&, Product const&, T const*, T const*, T*) {
  throw Error("this build has no Kokkos Kernels");
}

#endif

#define KRAMERS_INSTANCE(Space)                                                                 \
  template void kernels_gemm(Space const&, Product const&, float const*, float const*, float*); \
  template void kernels_gemm(Space const&, Product const&, double const*, double const*, double*);
KRAMERS_FOR_SPACES(KRAMERS_INSTANCE)
#undef KRAMERS_INSTANCE

}  // namespace kramers::ml::detail
