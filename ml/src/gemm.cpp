// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/ml/detail/host_gemm.hpp>
#include <kramers/ml/detail/kernels_gemm.hpp>
#include <kramers/ml/gemm.hpp>

#include <cstdlib>

namespace kramers::ml {

std::string name_of(GemmBackEnd back_end) {
  return back_end == GemmBackEnd::kernels ? "kernels" : back_end == GemmBackEnd::openblas ? "openblas" : "plain";
}

GemmBackEnd gemm_back_end_named(std::string const& name) {
  for (auto const back_end : {GemmBackEnd::kernels, GemmBackEnd::openblas, GemmBackEnd::plain}) {
    if (name == name_of(back_end)) return back_end;
  }
  throw DomainError("back end of matrix products", name, "one of kernels, openblas, plain");
}

bool has_back_end(GemmBackEnd back_end, bool device) {
  if (back_end == GemmBackEnd::kernels) return detail::has_kernels_gemm();
  return back_end == GemmBackEnd::plain || (!device && detail::has_host_gemm());
}

GemmChoice choose_gemm(bool device) {
  std::string const where = device ? "a device" : "the host";
  if (char const* const wish = std::getenv("KRAMERS_ML_GEMM"); wish != nullptr && *wish != '\0') {
    GemmBackEnd const back_end = gemm_back_end_named(wish);
    expects(has_back_end(back_end, device), "KRAMERS_ML_GEMM", wish, "a back end that this build has for " + where);
    return {back_end, "KRAMERS_ML_GEMM asks for it"};
  }
  if (!device && detail::has_host_gemm()) {
    return {GemmBackEnd::openblas, "the first choice on the host: its bits do not depend on the number of threads"};
  }
  if (detail::has_kernels_gemm()) {
    return {GemmBackEnd::kernels, device ? "the first choice on a device" : "this build has no OpenBLAS"};
  }
  return {GemmBackEnd::plain,
          device ? "this build has no Kokkos Kernels" : "this build has no OpenBLAS and no Kokkos Kernels"};
}

}  // namespace kramers::ml
