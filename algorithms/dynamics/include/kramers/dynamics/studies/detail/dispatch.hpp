// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/base/error.hpp>
#include <kramers/core/spaces.hpp>
#include <kramers/dynamics/potentials/cosine.hpp>
#include <kramers/dynamics/potentials/double_well.hpp>
#include <kramers/dynamics/potentials/harmonic.hpp>
#include <kramers/dynamics/potentials/potential_params.hpp>
#include <kramers/dynamics/potentials/tabulated.hpp>
#include <kramers/dynamics/schemes/schemes.hpp>

#include <Kokkos_Core.hpp>

#include <string>

/// From names to types.
namespace kramers::dynamics::detail {

/// Call visit(Scheme) for the scheme of that name.
template <class Visit>
auto for_scheme(std::string const& name, Visit const& visit) {
  if (name == "baoab") return visit(Baoab{});
  if (name == "aboba") return visit(Aboba{});
  if (name == "obabo") return visit(Obabo{});
  if (name == "euler-maruyama") return visit(EulerMaruyama{});
  if (name == "leimkuhler-matthews") return visit(LeimkuhlerMatthews{});
  throw DomainError("scheme", name, "one of baoab, aboba, obabo, euler-maruyama, leimkuhler-matthews");
}

template <class T>
Harmonic<T> harmonic_profile(PotentialParams const& p) {
  return {static_cast<T>(p.stiffness), static_cast<T>(p.centre), static_cast<T>(p.constant_pull)};
}

template <class T>
DoubleWell<T> double_well_profile(PotentialParams const& p) {
  return {static_cast<T>(p.barrier), static_cast<T>(p.tilt)};
}

template <class T>
PeriodicCosine<T> cosine_profile(PotentialParams const& p) {
  return {static_cast<T>(p.barrier), static_cast<T>(p.period), static_cast<T>(p.constant_pull)};
}

template <class T, class Space>
Tabulated<T, Space> tabulated_profile(PotentialParams const& p, Space const& space) {
  expects(p.table.has_value(), "potential.table", "nothing", "a table for a tabulated potential");
  return Tabulated<T, Space>(space, natural_spline(*p.table), p.wall_stiffness);
}

}  // namespace kramers::dynamics::detail
