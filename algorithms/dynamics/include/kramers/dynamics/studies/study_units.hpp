// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/runtime/h5.hpp>
#include <kramers/runtime/units.hpp>

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace kramers::dynamics {

/// The dimension of a result as UnitSystem understands it, "1 / time"; "" of numbers without one, as counts and
/// populations. Names are those of summaries ("rate"), datasets ("kramers/population/time") and attributes of groups
/// ("kramers/population@rate") of kramers-langevin and kramers-spread. Nothing where there is no such result.
std::optional<std::string_view> result_dimension(std::string_view name);

/// What a summary says of its units: {"system", "length", "time", "energy", "mass", "temperature", "quantities"}, the last
/// of which has the unit of each number of its observables, references and others whose names `result_dimension` knows.
nlohmann::json units_json(UnitSystem const& units, nlohmann::json const& summary);

/// H5MD's attribute `unit` of a dataset that has been written and has a dimension; reduced results have none.
/// @throws IoError  as Writer
void write_unit(h5::Writer& file, UnitSystem const& units, std::string const& dataset);

/// An attribute `units` of a group, a JSON object: the unit of each attribute there that has a dimension. As above.
void write_attribute_units(h5::Writer& file, UnitSystem const& units, std::string const& group);

/// The header of H5MD (version 1.1, nongnu.org/h5md). As above.
void write_h5md(h5::Writer& file, UnitSystem const& units, std::string const& app);

}  // namespace kramers::dynamics
