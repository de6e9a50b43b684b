// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/grids/studies/image_file.hpp>

#include <cstdint>
#include <vector>

namespace kramers::grids {

void begin_image(h5::Writer& file, Block const& block, std::array<double, 2> const& spacing) {
  file.group("/VTKHDF");
  file.attribute("/VTKHDF", "Version", std::vector<std::int64_t>{2, 0});
  file.tag("/VTKHDF", "Type", "ImageData");
  file.attribute("/VTKHDF", "WholeExtent", std::vector<std::int64_t>{0, block.columns - 1, 0, block.rows - 1, 0, 0});
  file.attribute("/VTKHDF", "Origin", std::vector<double>{0, 0, 0});
  file.attribute("/VTKHDF", "Spacing", std::vector<double>{spacing[0], spacing[1], 1});
  file.attribute("/VTKHDF", "Direction", std::vector<double>{1, 0, 0, 0, 1, 0, 0, 0, 1});
  file.group("/VTKHDF/PointData");
}

void write_image(h5::Writer& file, Block const& block, std::string const& name, std::span<double const> rows) {
  auto const size = [](std::int64_t n) { return static_cast<std::uint64_t>(n); };
  // Of a plane VTK's reader wants two extents: with a third one of 1 it takes the columns for components of a vector.
  file.write_box("/VTKHDF/PointData/" + name, rows, {size(block.first), 0}, {size(block.size()), size(block.columns)},
                 {size(block.rows), size(block.columns)});
}

}  // namespace kramers::grids
