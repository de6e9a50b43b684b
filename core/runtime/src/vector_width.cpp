// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/vector_width.hpp>

namespace kramers {

std::optional<int> machine_vector_bytes() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) return 64;
  return __builtin_cpu_supports("avx2") ? 32 : 16;
#else
  return std::nullopt;
#endif
}

std::optional<std::string> narrow_vectors(int compiled, std::optional<int> machine) {
  if (!machine || compiled >= *machine) return std::nullopt;
  return "this build uses vectors of " + std::to_string(compiled) + " bytes, this processor has " +
         std::to_string(*machine) + ": kernels may be several times slower than they could be; configure with " +
         "-DKRAMERS_CPU_FLAGS=-march=native on such a machine";
}

}  // namespace kramers
