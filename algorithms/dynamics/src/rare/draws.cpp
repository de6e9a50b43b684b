// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/core/normal.hpp>
#include <kramers/dynamics/rare/draws.hpp>

namespace kramers::dynamics {

std::int64_t draw_below(std::int64_t n, std::uint64_t seed, std::uint64_t id, RareStream stream) {
  PhiloxBlock const word = philox_block(seed, id, 0, static_cast<Stream>(stream));
  std::uint64_t const top = ((std::uint64_t{word.w0} << 32) | word.w1) >> 12;
  return static_cast<std::int64_t>(static_cast<double>(top) * 0x1p-52 * static_cast<double>(n));
}

std::array<double, 2> draw_normals(std::uint64_t seed, std::uint64_t id, RareStream stream) {
  double z[normals_per_block<double>];
  normal_block(seed, id, 0, static_cast<Stream>(stream), z);
  return {z[0], z[1]};
}

}  // namespace kramers::dynamics
