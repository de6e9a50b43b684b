// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/potentials/spline.hpp>
#include <kramers/dynamics/potentials/tabulated_params.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "table_units.hpp"

namespace kramers::dynamics {
namespace {

TableChoice read_choice(Config const& config) {
  TableChoice choice;
  if (auto const columns = config.find<std::vector<std::int64_t>>("potential.columns")) {
    config.check(columns->size() == 2 && (*columns)[0] >= 1 && (*columns)[1] >= 1 && (*columns)[0] != (*columns)[1],
                 "potential.columns", "[position, energy], two numbers of columns, counted from 1");
    choice.columns = {(*columns)[0], (*columns)[1]};
  }
  if (auto const set = config.find<std::int64_t>("potential.set")) {
    config.check(*set >= 1, "potential.set", ">= 1");
    choice.set = set;
  }
  return choice;
}

void convert_units(Config const& config, Table& table) {
  UnitScale const length = detail::read_table_scale(config, "potential.length_unit", "length");
  UnitScale const energy = detail::read_table_scale(config, "potential.energy_unit", "energy");
  std::ranges::transform(table.position, table.position.begin(), length);
  std::ranges::transform(table.energy, table.energy.begin(), energy);
  table.period = length(table.period);
}

/// The table, if a spline can be laid through it.
TabulatedParams usable(Config const& config, TabulatedParams p) {
  try {
    (void)spline_cells(spline_through(p.table), p.wall_stiffness);
  } catch (DomainError const& error) {
    throw config.error("potential.file", std::string("cannot be used: ") + error.what());
  }
  return p;
}

}  // namespace

UnitScale detail::read_table_scale(Config const& config, std::string_view key, std::string const& dimension) {
  UnitScale scale;
  auto const unit = config.find<std::string>(key);
  if (!unit) return scale;
  UnitSystem const units = read_units(config);
  bool const is_good = units.scale(*unit, dimension, scale).empty();
  config.check(is_good, key,
               units.is_reduced() ? "none of it where units.system is 'reduced'"
                                  : "a unit of " + dimension + ", as '" + units.unit(dimension) + "'");
  return scale;
}

TabulatedParams read_tabulated(Config const& config) {
  TabulatedParams p{read_table(config.path("potential.file"), read_choice(config)), 0, 0};
  p.data = hash_of(p.table);
  convert_units(config, p.table);
  double const scale = config.positive<double>("potential.scale", 1.0);
  for (double& energy : p.table.energy) energy *= scale;
  double const period = std::exchange(p.table.period, 0.0);
  auto const outside =
      config.one_of("potential.outside", {"linear", "wall", "periodic"}, period > 0 ? "periodic" : "linear");
  if (outside == "wall") p.wall_stiffness = config.positive<double>("potential.wall_stiffness");
  if (outside != "periodic") return usable(config, std::move(p));
  bool const in_header = period > 0 && !config.has("potential.period");
  try {
    p.table = with_period(std::move(p.table), in_header ? period : config.positive<double>("potential.period"));
  } catch (DomainError const& error) {
    throw config.error(in_header ? "potential.file" : "potential.period",
                       std::string("cannot be used: ") + error.what());
  }
  return usable(config, std::move(p));
}

}  // namespace kramers::dynamics
