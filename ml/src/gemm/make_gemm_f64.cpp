// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "instances.hpp"

namespace kramers::ml {

#ifdef KOKKOS_ENABLE_SERIAL
template class GemmTrainer<Kokkos::Serial, double>;
#endif
#ifdef KOKKOS_ENABLE_OPENMP
template class GemmTrainer<Kokkos::OpenMP, double>;
#endif
#ifdef KOKKOS_ENABLE_CUDA
template class GemmTrainer<Kokkos::Cuda, double>;
#endif
#ifdef KOKKOS_ENABLE_HIP
template class GemmTrainer<Kokkos::HIP, double>;
#endif

namespace detail {
std::unique_ptr<AnyTrainer> make_gemm_f64(TrainerRequest const& request) {
  return make_gemm<double>(request);
}
}  // namespace detail

}  // namespace kramers::ml
