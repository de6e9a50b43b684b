// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/base/error.hpp>

#include <Kokkos_Core.hpp>

#include <algorithm>
#include <cctype>
#include <string>
#include <vector>

namespace kramers {

/// A list of types.
template <class... Types>
struct TypeList {
  static constexpr int size = sizeof...(Types);
};

namespace detail {
template <class... Lists>
struct JoinLists;
template <class... A>
struct JoinLists<TypeList<A...>> {
  using type = TypeList<A...>;
};
template <class... A, class... B, class... Rest>
struct JoinLists<TypeList<A...>, TypeList<B...>, Rest...> {
  using type = typename JoinLists<TypeList<A..., B...>, Rest...>::type;
};
}  // namespace detail

/// One list with the types of all.
template <class... Lists>
using Join = typename detail::JoinLists<Lists...>::type;

// The execution spaces that this Kokkos was built with: the only place where kramers lists them.
#ifdef KOKKOS_ENABLE_CUDA
#define KRAMERS_FOR_CUDA(macro, ...) macro(Kokkos::Cuda __VA_OPT__(, ) __VA_ARGS__)
#else
#define KRAMERS_FOR_CUDA(macro, ...)
#endif
#ifdef KOKKOS_ENABLE_HIP
#define KRAMERS_FOR_HIP(macro, ...) macro(Kokkos::HIP __VA_OPT__(, ) __VA_ARGS__)
#else
#define KRAMERS_FOR_HIP(macro, ...)
#endif
#ifdef KOKKOS_ENABLE_OPENMP
#define KRAMERS_FOR_OPENMP(macro, ...) macro(Kokkos::OpenMP __VA_OPT__(, ) __VA_ARGS__)
#else
#define KRAMERS_FOR_OPENMP(macro, ...)
#endif
#ifdef KOKKOS_ENABLE_SERIAL
#define KRAMERS_FOR_SERIAL(macro, ...) macro(Kokkos::Serial __VA_OPT__(, ) __VA_ARGS__)
#else
#define KRAMERS_FOR_SERIAL(macro, ...)
#endif
/// macro(Space, further arguments) for each of them: explicit instantiations cannot be made of a list of types.
#define KRAMERS_FOR_SPACES(...)   \
  KRAMERS_FOR_CUDA(__VA_ARGS__)   \
  KRAMERS_FOR_HIP(__VA_ARGS__)    \
  KRAMERS_FOR_OPENMP(__VA_ARGS__) \
  KRAMERS_FOR_SERIAL(__VA_ARGS__)

#define KRAMERS_LISTED_SPACE(Space) TypeList<Space>,
/// The same spaces as types.
using Spaces = Join<KRAMERS_FOR_SPACES(KRAMERS_LISTED_SPACE) TypeList<>>;
#undef KRAMERS_LISTED_SPACE

/// The precisions that kramers computes in.
using Precisions = TypeList<double, float>;

/// "f64" or "f32".
template <class T>
inline constexpr char const* precision_name = sizeof(T) == 8 ? "f64" : "f32";

/// Name of a space in inputs and outputs: "serial", "openmp", "cuda", "hip".
template <class Space>
std::string space_name() {
  std::string name = Space::name();
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return name;
}

namespace detail {
template <class Visit, class First, class... Rest>
auto for_space_of(TypeList<First, Rest...>, std::string const& name, Visit const& visit) {
  if (space_name<First>() == name) return visit(First{});
  if constexpr (sizeof...(Rest) > 0) {
    return for_space_of(TypeList<Rest...>{}, name, visit);
  } else {
    throw DomainError("space", name, "an execution space that this build has");
  }
}
}  // namespace detail

/// visit(Space{}) for the space of that name among those built in.
/// @throws DomainError  there is none
template <class Visit>
auto for_space(std::string const& name, Visit const& visit) {
  return detail::for_space_of(Spaces{}, name, visit);
}

/// visit(T{}) for the precision of that name.
/// @throws DomainError  neither f64 nor f32
template <class Visit>
auto for_precision(std::string const& name, Visit const& visit) {
  if (name == precision_name<double>) return visit(double{});
  if (name == precision_name<float>) return visit(float{});
  throw DomainError("precision", name, "f64 or f32");
}

}  // namespace kramers
