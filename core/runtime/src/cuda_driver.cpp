// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The functions of the CUDA driver that a static Kokkos calls by name, passed on to the driver when they are called. So a
// program does not need libcuda.so.1 to start, and can say that it is missing. Should a Kokkos call others, the linker
// takes those from the driver's library again, and the loader says that there is none.
#include <dlfcn.h>

namespace {

constexpr int not_initialized = 3;  // CUDA_ERROR_NOT_INITIALIZED

template <class... Arguments>
int pass_on(char const* name, Arguments... arguments) {
  static void* const driver = dlopen("libcuda.so.1", RTLD_NOW);
  void* const function = driver == nullptr ? nullptr : dlsym(driver, name);
  return function == nullptr ? not_initialized : reinterpret_cast<int (*)(Arguments...)>(function)(arguments...);
}

}  // namespace

extern "C" {

int cuCtxGetDevice(int* device) {
  return pass_on("cuCtxGetDevice", device);
}
int cuCtxPushCurrent_v2(void* context) {
  return pass_on("cuCtxPushCurrent_v2", context);
}
int cuStreamGetCtx(void* stream, void** context) {
  return pass_on("cuStreamGetCtx", stream, context);
}
}
