// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/potentials/bicubic.hpp>
#include <kramers/dynamics/potentials/tabulated_2d_params.hpp>
#include <kramers/runtime/units.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "table_units.hpp"

namespace kramers::dynamics {
namespace {

struct AxisKeys {
  char const *outside, *period, *wall_stiffness;
};
constexpr std::array<AxisKeys, 2> axis_keys{
    {{"potential.outside_x", "potential.period_x", "potential.wall_stiffness_x"},
     {"potential.outside_y", "potential.period_y", "potential.wall_stiffness_y"}}};

std::optional<std::array<std::int64_t, 3>> read_columns(Config const& config) {
  auto const columns = config.find<std::vector<std::int64_t>>("potential.columns");
  if (!columns) return std::nullopt;
  auto const& c = *columns;
  bool const good = c.size() == 3 && std::ranges::min(c) >= 1 && c[0] != c[1] && c[0] != c[2] && c[1] != c[2];
  config.check(good, "potential.columns", "[x, y, energy], three numbers of columns, counted from 1");
  return std::array{c[0], c[1], c[2]};
}

void convert_units(Config const& config, Surface& surface) {
  UnitScale const length = detail::read_table_scale(config, "potential.length_unit", "length");
  UnitScale const energy = detail::read_table_scale(config, "potential.energy_unit", "energy");
  for (SurfaceAxis& axis : surface.axis) {
    axis.first = length(axis.first);
    axis.spacing = length(axis.spacing);
    axis.period = length(axis.period);
  }
  std::ranges::transform(surface.energy, surface.energy.begin(), energy);
}

/// A key that one way to go on outside needs, and the others have no use for.
void expect_only_with(Config const& config, char const* key, char const* outside, std::string const& is,
                      std::string const& needed) {
  bool const is_there = config.find<double>(key).has_value();
  config.check(!is_there || is == needed, key, std::string("absent unless ") + outside + " is '" + needed + "'");
}

/// Close or wall one axis, as its keys or the header of the file say.
void read_axis(Config const& config, int axis, Tabulated2dParams& p) {
  auto const a = static_cast<std::size_t>(axis);
  AxisKeys const& keys = axis_keys[a];
  double const period = std::exchange(p.surface.axis[a].period, 0.0);
  auto const outside = config.one_of(keys.outside, {"linear", "wall", "periodic"}, period > 0 ? "periodic" : "linear");
  expect_only_with(config, keys.wall_stiffness, keys.outside, outside, "wall");
  expect_only_with(config, keys.period, keys.outside, outside, "periodic");
  if (outside == "wall") p.wall_stiffness[a] = config.positive<double>(keys.wall_stiffness);
  if (outside != "periodic") return;
  bool const in_header = period > 0 && !config.has(keys.period);
  double const wanted = in_header ? period : config.positive<double>(keys.period);
  try {
    p.surface = with_period(std::move(p.surface), axis, wanted);
  } catch (DomainError const& error) {
    throw config.error(in_header ? "potential.file" : keys.period, std::string("cannot be used: ") + error.what());
  }
}

}  // namespace

Tabulated2dParams read_tabulated_2d(Config const& config) {
  Tabulated2dParams p{read_surface(config.path("potential.file"), read_columns(config)), {}, 0};
  p.data = hash_of(p.surface);
  convert_units(config, p.surface);
  double const scale = config.positive<double>("potential.scale", 1.0);
  for (double& energy : p.surface.energy) energy *= scale;
  for (int const axis : {0, 1}) read_axis(config, axis, p);
  try {
    (void)bicubic_cells(p.surface, p.wall_stiffness);
  } catch (DomainError const& error) {
    throw config.error("potential.file", std::string("cannot be used: ") + error.what());
  }
  return p;
}

}  // namespace kramers::dynamics
