// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/grids/block.hpp>
#include <kramers/runtime/h5.hpp>

#include <array>
#include <span>
#include <string>

namespace kramers::grids {

/// A file of results as image data of VTKHDF 2.0, which ParaView opens: group /VTKHDF, cells of the grid as points.
/// Collective.
///
/// @param[in] spacing  of points along a row and a column
void begin_image(h5::Writer& file, Block const& block, std::array<double, 2> const& spacing);
/// One number per point, from the rows of each rank; dataset (rows, columns).
void write_image(h5::Writer& file, Block const& block, std::string const& name, std::span<double const> rows);

}  // namespace kramers::grids
