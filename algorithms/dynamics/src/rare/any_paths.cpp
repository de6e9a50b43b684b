// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/rare/any_paths.hpp>

#include <algorithm>

namespace kramers::dynamics {

double path_bytes(PathsParams const& params) {
  // Numbers of PathViews for each path, the lists of slots and starts, and what is kept at each entry.
  double const point = 16.0 * params.coordinates;
  double const of_path = point + 2 * 8 + 3 * 4 + 1, of_start = 4 * 4 + 8 + point, of_entry = point + 4;
  double const columns = static_cast<double>(std::max<std::int64_t>(params.most_bins + 1, AnyPaths::segment));
  return static_cast<double>(params.slots) * (of_path + of_start + of_entry * columns) +
         8.0 * (static_cast<double>(params.table_points) + params.most_bins);
}

}  // namespace kramers::dynamics
