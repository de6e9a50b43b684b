// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/rare/any_paths.hpp>
#include <kramers/runtime/config.hpp>

#include <memory>
#include <string>
#include <vector>

namespace kramers::dynamics {

/// Which paths to make, by names.
struct PathsRequest {
  std::string space;   ///< a name of space_names()
  std::string scheme;  ///< a name of path_schemes()
  PathsParams params;
};

/// A potential for which paths are compiled, and how they are made from the table [potential] of an input.
struct PathsMaker {
  std::string potential;
  std::unique_ptr<AnyPaths> (*make)(Config const& config, PathsRequest const& request);
};

/// Those that kramers comes with, in profiles of one coordinate and in surfaces of two.
std::vector<PathsMaker> const& builtin_path_makers();

/// The schemes that paths are compiled for, the best with inertia and the best without.
std::vector<std::string> const& path_schemes();

}  // namespace kramers::dynamics
