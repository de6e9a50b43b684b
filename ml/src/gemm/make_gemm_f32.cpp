// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "instances.hpp"

namespace kramers::ml {

#ifdef KOKKOS_ENABLE_SERIAL
template class GemmTrainer<Kokkos::Serial, float>;
#endif
#ifdef KOKKOS_ENABLE_OPENMP
template class GemmTrainer<Kokkos::OpenMP, float>;
#endif
#ifdef KOKKOS_ENABLE_CUDA
template class GemmTrainer<Kokkos::Cuda, float>;
#endif
#ifdef KOKKOS_ENABLE_HIP
template class GemmTrainer<Kokkos::HIP, float>;
#endif

namespace detail {
std::unique_ptr<AnyTrainer> make_gemm_f32(TrainerRequest const& request) {
  return make_gemm<float>(request);
}
}  // namespace detail

}  // namespace kramers::ml
