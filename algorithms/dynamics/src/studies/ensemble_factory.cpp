// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/studies/ensemble_factory.hpp>

#include "../ensembles/makers.hpp"

namespace kramers::dynamics {
namespace {

template <class T>
std::unique_ptr<AnyEnsemble> make_in_precision(EnsembleRequest const& request) {
  std::string const& kind = request.potential.kind;
  if (kind == "harmonic") return detail::make_harmonic<T>(request);
  if (kind == "double_well") return detail::make_double_well<T>(request);
  if (kind == "cosine") return detail::make_cosine<T>(request);
  if (kind == "tabulated") return detail::make_tabulated<T>(request);
  if (kind == "mueller_brown") return detail::make_mueller_brown<T>(request);
  throw DomainError("potential", kind, "one of harmonic, double_well, cosine, tabulated, mueller_brown");
}

}  // namespace

std::vector<std::string> const& scheme_names() {
  static std::vector<std::string> const names{"baoab", "aboba", "obabo", "euler-maruyama", "leimkuhler-matthews"};
  return names;
}

bool is_overdamped(std::string const& scheme) {
  return scheme == "euler-maruyama" || scheme == "leimkuhler-matthews";
}

std::unique_ptr<AnyEnsemble> make_ensemble(EnsembleRequest const& request) {
  if (request.precision == "f64") return make_in_precision<double>(request);
  if (request.precision == "f32") return make_in_precision<float>(request);
  throw DomainError("precision", request.precision, "f64 or f32");
}

}  // namespace kramers::dynamics
