// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/studies/spread_factory.hpp>

namespace kramers::dynamics::detail {

// One source file each, so that they compile side by side.
std::unique_ptr<AnySpreadMap> make_harmonic_map(SpreadRequest const& request);
std::unique_ptr<AnySpreadMap> make_double_well_map(SpreadRequest const& request);
std::unique_ptr<AnySpreadMap> make_cosine_map(SpreadRequest const& request);
std::unique_ptr<AnySpreadMap> make_tabulated_map(SpreadRequest const& request);

}  // namespace kramers::dynamics::detail
