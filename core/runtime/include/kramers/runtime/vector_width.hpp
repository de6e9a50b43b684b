// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <optional>
#include <string>

namespace kramers {

/// Bytes of the widest vectors that this source is compiled for: 64 with AVX-512, 32 with AVX2, else 16.
#if defined(__AVX512F__)
constexpr int compiled_vector_bytes = 64;
#elif defined(__AVX2__)
constexpr int compiled_vector_bytes = 32;
#else
constexpr int compiled_vector_bytes = 16;
#endif

/// Bytes of the widest vectors of this machine's processor; nothing where it is not x86-64.
std::optional<int> machine_vector_bytes();

/// Why kernels compiled for so wide vectors are slower than this machine could be: one sentence that says what to do, for
/// whoever may print; nothing where they use what there is.
std::optional<std::string> narrow_vectors(int compiled, std::optional<int> machine = machine_vector_bytes());

}  // namespace kramers
