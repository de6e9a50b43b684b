// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/runtime/config.hpp>
#include <kramers/runtime/units.hpp>

#include <string>
#include <string_view>

namespace kramers::dynamics::detail {

/// How the unit of a table's numbers, which a key names, becomes that of the study.
/// @throws InputError  with the key
UnitScale read_table_scale(Config const& config, std::string_view key, std::string const& dimension);

}  // namespace kramers::dynamics::detail
