// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/ml/detail/host_gemm.hpp>

#ifdef KRAMERS_HAVE_BLAS
#include <cblas.h>

#include <mutex>

namespace kramers::ml::detail {
namespace {

CBLAS_TRANSPOSE transpose(bool yes) {
  return yes ? CblasTrans : CblasNoTrans;
}

std::mutex threads_mutex;
int threads_users = 0;
int threads_before = 1;

}  // namespace

bool has_host_gemm() {
  return true;
}

void host_gemm(Product const& p, float const* a, int lda, float const* b, int ldb, float* c, int ldc) {
  cblas_sgemm(CblasRowMajor, transpose(p.transpose_a), transpose(p.transpose_b), p.m, p.n, p.k, 1.0F, a, lda, b, ldb,
              0.0F, c, ldc);
}

void host_gemm(Product const& p, double const* a, int lda, double const* b, int ldb, double* c, int ldc) {
  cblas_dgemm(CblasRowMajor, transpose(p.transpose_a), transpose(p.transpose_b), p.m, p.n, p.k, 1.0, a, lda, b, ldb,
              0.0, c, ldc);
}

HostGemmThreads::HostGemmThreads() {
  std::lock_guard const lock(threads_mutex);
  if (threads_users++ > 0) return;
  threads_before = openblas_get_num_threads();
  if (threads_before != 1) openblas_set_num_threads(1);
}

HostGemmThreads::~HostGemmThreads() {
  std::lock_guard const lock(threads_mutex);
  if (--threads_users == 0 && threads_before != 1) openblas_set_num_threads(threads_before);
}

}  // namespace kramers::ml::detail

#else
#include <kramers/base/error.hpp>

namespace kramers::ml::detail {

bool has_host_gemm() {
  return false;
}
void host_gemm(Product const&, float const*, int, float const*, int, float*, int) {
  throw Error("this build has no OpenBLAS");
}
void host_gemm(Product const&, double const*, int, double const*, int, double*, int) {
  throw Error("this build has no OpenBLAS");
}
HostGemmThreads::HostGemmThreads() = default;
HostGemmThreads::~HostGemmThreads() = default;

}  // namespace kramers::ml::detail
#endif
