// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/error.hpp>

#include <Kokkos_Core.hpp>

#include <algorithm>
#include <cctype>
#include <string>

/// From names to execution spaces.
namespace kramers::detail {

inline bool names_space(std::string const& name, std::string const& kokkos_name) {
  return std::equal(name.begin(), name.end(), kokkos_name.begin(), kokkos_name.end(),
                    [](char a, char b) { return a == static_cast<char>(std::tolower(static_cast<unsigned char>(b))); });
}

/// Call visit(Space) for the execution space of that name among those built in.
template <class Visit>
auto for_space(std::string const& name, Visit const& visit) {
#ifdef KOKKOS_ENABLE_SERIAL
  if (names_space(name, Kokkos::Serial::name())) return visit(Kokkos::Serial{});
#endif
#ifdef KOKKOS_ENABLE_OPENMP
  if (names_space(name, Kokkos::OpenMP::name())) return visit(Kokkos::OpenMP{});
#endif
#ifdef KOKKOS_ENABLE_CUDA
  if (names_space(name, Kokkos::Cuda::name())) return visit(Kokkos::Cuda{});
#endif
#ifdef KOKKOS_ENABLE_HIP
  if (names_space(name, Kokkos::HIP::name())) return visit(Kokkos::HIP{});
#endif
  throw DomainError("space", name, "an execution space that this build has");
}

}  // namespace kramers::detail
