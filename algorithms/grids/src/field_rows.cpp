// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "field_rows.hpp"

#include <kramers/runtime/checkpoints.hpp>
#include <kramers/runtime/collective_errors.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace kramers::grids::detail {
namespace {

std::uint64_t extent(std::int64_t value) {
  return static_cast<std::uint64_t>(value);
}

template <class T>
void write_as(h5::Writer& file, std::string const& name, Block const& block, std::span<double const> cells) {
  std::vector<T> numbers(cells.size());
  std::ranges::transform(cells, numbers.begin(), [](double cell) { return static_cast<T>(cell); });
  file.write_rows(name, numbers, extent(block.first), extent(block.rows), {extent(block.columns)});
}

template <class T>
std::vector<double> read_as(h5::Reader const& file, std::string const& name, Block const& block) {
  file.expect<T>(name, {extent(block.rows), extent(block.columns)});
  auto const numbers = file.read_rows<T>(name, extent(block.first), extent(block.size()));
  return {numbers.begin(), numbers.end()};
}

}  // namespace

void write_field(h5::Writer& file, std::string const& name, Block const& block, std::string const& precision,
                 std::span<double const> cells) {
  precision == "f32" ? write_as<float>(file, name, block, cells) : write_as<double>(file, name, block, cells);
}

std::vector<double> read_field(h5::Reader const& file, Communicator const& comm, std::string const& name,
                               Block const& block, std::string const& precision) {
  auto cells = precision == "f32" ? read_as<float>(file, name, block) : read_as<double>(file, name, block);
  agree(comm, [&] {
    auto const bad = std::ranges::find_if_not(cells, [](double cell) { return std::isfinite(cell); });
    if (bad == cells.end()) return;
    std::int64_t const place = bad - cells.begin();
    refuse_checkpoint(file.path(), "row " + std::to_string(block.first + place / block.columns) + ", column " +
                                       std::to_string(place % block.columns) + " of '" + name + "' is not finite");
  });
  return cells;
}

std::vector<double> read_record(h5::Reader const& file, std::string const& name, std::int64_t count) {
  file.expect<double>(name, {extent(count)});
  return file.read<double>(name);
}

}  // namespace kramers::grids::detail
