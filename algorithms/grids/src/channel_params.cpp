// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/grids/channel/any_channel.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numbers>

namespace kramers::grids {

ChannelStability stability_of(ChannelParams const& params) {
  double const across = 1 / (params.dy() * params.dy()), along = 1 / (params.dx() * params.dx());
  ChannelStability stability;
  stability.number = params.viscosity * params.dt * (along + across);
  stability.uniform_number = params.viscosity * params.dt * across;
  double const infinity = std::numeric_limits<double>::infinity();
  bool const viscous = params.viscosity > 0;
  stability.largest_dt = viscous ? 0.5 / (params.viscosity * (along + across)) : infinity;
  stability.largest_uniform_dt = viscous ? 0.5 / (params.viscosity * across) : infinity;
  return stability;
}

double linear_growth(ChannelParams const& params) {
  // A ring of `columns` points has the wave of columns / 2 periods, rounded down; between walls it is the last but one.
  auto const columns = static_cast<double>(params.columns), rows = static_cast<double>(params.rows);
  double const along = std::sin(std::numbers::pi * static_cast<double>(params.columns / 2) / columns) / params.dx();
  double const across = std::sin(std::numbers::pi * (rows - 2) / (2 * (rows - 1))) / params.dy();
  // The other end of the spectrum: constant along x, one half wave between the walls.
  double const slowest = std::sin(std::numbers::pi / (2 * (rows - 1))) / params.dy();
  double const scale = 4 * params.viscosity * params.dt;
  return std::max(std::abs(1 - scale * (along * along + across * across)), std::abs(1 - scale * slowest * slowest));
}

bool channel_fits_one_core(ChannelParams const& params, bool device, int ranks) {
  return !device && ranks == 1 && params.rows * params.columns <= 96 * 96;
}

std::vector<double> perturbed_row(ChannelParams const& params, std::int64_t row) {
  std::vector<double> v(static_cast<std::size_t>(params.columns), 0.0);
  if (row == 0 || row + 1 == params.rows) return v;
  double const across = std::sin(std::numbers::pi * (static_cast<double>(row) * params.dy()) / 2);
  for (std::size_t i = 0; i < v.size(); ++i) {
    v[i] = 0.1 * std::sin(2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(params.columns)) * across;
  }
  return v;
}

double channel_bytes(ChannelParams const& params, std::string const& precision, int ranks) {
  double const size = precision == "f32" ? 4 : 8;
  double const rows = std::ceil(static_cast<double>(params.rows) / ranks) + 2;
  return 7 * size * rows * (static_cast<double>(params.columns) + 6 * 64 / size) + 2 * size * 8192;
}

}  // namespace kramers::grids
