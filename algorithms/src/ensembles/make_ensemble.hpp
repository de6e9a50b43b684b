// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/algorithms/ensemble.hpp>
#include <kramers/algorithms/potentials/separable.hpp>

#include "makers.hpp"

#include <algorithm>
#include <cctype>
#include <string>

namespace kramers::detail {

inline bool names_space(std::string const& name, std::string const& kokkos_name) {
  return std::equal(name.begin(), name.end(), kokkos_name.begin(), kokkos_name.end(), [](char a, char b) {
    return a == static_cast<char>(std::tolower(static_cast<unsigned char>(b)));
  });
}

template <class Space, class Potential>
std::unique_ptr<AnyEnsemble> make_for_scheme(Potential const& potential, EnsembleRequest const& request) {
  auto const make = [&]<class Scheme>(Scheme) -> std::unique_ptr<AnyEnsemble> {
    return std::make_unique<Ensemble<Space, Scheme, Potential>>(Space{}, potential, request.params, request.range);
  };
  if (request.scheme == "baoab") return make(Baoab{});
  if (request.scheme == "aboba") return make(Aboba{});
  if (request.scheme == "obabo") return make(Obabo{});
  if (request.scheme == "euler-maruyama") return make(EulerMaruyama{});
  if (request.scheme == "leimkuhler-matthews") return make(LeimkuhlerMatthews{});
  throw DomainError("scheme", request.scheme, "one of baoab, aboba, obabo, euler-maruyama, leimkuhler-matthews");
}

/// Call visit(Space) for the execution space of that name among those built in.
template <class Visit>
std::unique_ptr<AnyEnsemble> for_space(std::string const& name, Visit const& visit) {
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

/// `profile(space)` makes the profile of one coordinate; all coordinates get the same.
template <class MakeProfile>
std::unique_ptr<AnyEnsemble> make_separable(EnsembleRequest const& request, MakeProfile const& profile) {
  return for_space(request.space, [&]<class Space>(Space const& space) -> std::unique_ptr<AnyEnsemble> {
    auto const one = profile(space);
    using Profile = std::decay_t<decltype(one)>;
    switch (request.potential.dimensions) {
      case 1: return make_for_scheme<Space>(Separable<Profile, 1>{{one}}, request);
      case 2: return make_for_scheme<Space>(Separable<Profile, 2>{{one, one}}, request);
      case 3: return make_for_scheme<Space>(Separable<Profile, 3>{{one, one, one}}, request);
      default: throw DomainError("dimensions", std::to_string(request.potential.dimensions), "1, 2 or 3");
    }
  });
}

}  // namespace kramers::detail
