// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/rare/path_makers.hpp>
#include <kramers/dynamics/schemes/schemes.hpp>
#include <kramers/dynamics/studies/requests.hpp>

namespace kramers::dynamics {

std::vector<std::string> const& scheme_names() {
  static std::vector<std::string> const names = names_of(Schemes{});
  return names;
}

std::vector<std::string> const& path_schemes() {
  static std::vector<std::string> const names = names_of(SchemesInManyDimensions{});
  return names;
}

bool is_overdamped(std::string const& scheme) {
  return for_scheme(Schemes{}, scheme, []<class Scheme>(Scheme) { return Scheme::overdamped; });
}

}  // namespace kramers::dynamics
