// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/rare/any_paths.hpp>

#include <algorithm>

namespace kramers::dynamics {

double path_bytes(PathsParams const& params) {
  constexpr double of_path = 3 * 8 + 8 + 4 + 4 + 1, of_start = 4 * 4 + 3 * 8;  // PathViews; lists of slots and starts
  double const columns = static_cast<double>(std::max<std::int64_t>(params.most_bins + 1, AnyPaths::segment));
  return static_cast<double>(params.slots) * (of_path + of_start + 2 * 8 * columns) + 8.0 * params.most_bins;
}

}  // namespace kramers::dynamics
