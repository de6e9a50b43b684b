// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/spaces.hpp>
#include <kramers/dynamics/schemes/gjf.hpp>
#include <kramers/dynamics/schemes/overdamped.hpp>
#include <kramers/dynamics/schemes/splitting.hpp>

#include <string>
#include <vector>

namespace kramers::dynamics {

/// The schemes that programs offer by name, the default first. A new one is a type of this shape and a word here.
using Schemes = TypeList<Baoab, Aboba, Obabo, Gjf, EulerMaruyama, LeimkuhlerMatthews>;

/// Those they offer in two and three equal coordinates: the best of each kind, which halves what has to be compiled. The
/// templates take any.
using SchemesInManyDimensions = TypeList<Baoab, LeimkuhlerMatthews>;

/// Name of a scheme in inputs.
template <class Scheme>
std::string scheme_name() {
  return {&Scheme::name[0]};
}

/// Names of all schemes of a list.
template <class... Scheme>
std::vector<std::string> names_of(TypeList<Scheme...>) {
  return {scheme_name<Scheme>()...};
}

/// visit(Scheme{}) for the scheme of that name.
/// @throws DomainError  the list has none of that name
template <class List, class Visit, class First, class... Rest>
auto for_scheme_of(TypeList<First, Rest...>, std::string const& name, Visit const& visit) {
  if (scheme_name<First>() == name) return visit(First{});
  if constexpr (sizeof...(Rest) > 0) {
    return for_scheme_of<List>(TypeList<Rest...>{}, name, visit);
  } else {
    std::string rule;
    for (std::string const& known : names_of(List{})) rule += (rule.empty() ? "one of " : ", ") + known;
    throw DomainError("scheme", name, rule);
  }
}
template <class List, class Visit>
auto for_scheme(List, std::string const& name, Visit const& visit) {
  return for_scheme_of<List>(List{}, name, visit);
}

}  // namespace kramers::dynamics
