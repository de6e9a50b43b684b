// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/studies/requests.hpp>

/// What is compiled once for each kind of potential, in sources that kramers_add_potential (cmake/KramersPotentials.cmake)
/// generates, one per precision, so that they compile side by side.
namespace kramers::dynamics::detail {

/// @param[in] params  Kind::Params; the precision of the request is T
template <class Kind, class T>
std::unique_ptr<AnyEnsemble> make_ensemble_of(typename Kind::Params const& params, EnsembleRequest const& request);

/// Both precisions.
template <class Kind>
std::unique_ptr<AnySpreadMap> make_spread_map_of(typename Kind::Params const& params, SpreadRequest const& request);

}  // namespace kramers::dynamics::detail
