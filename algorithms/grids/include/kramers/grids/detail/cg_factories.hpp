// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/grids/cg_system.hpp>

#include <memory>
#include <string>
#include <vector>

/// One source each, so that they compile side by side.
namespace kramers::grids::detail {

std::unique_ptr<CgSystem> make_five_point_system(std::string const& space, CgProblem const& problem,
                                                 std::vector<CgVector> const& vectors, Communicator const& comm);
std::unique_ptr<CgSystem> make_corners_system(std::string const& space, CgProblem const& problem,
                                              std::vector<CgVector> const& vectors, Communicator const& comm);
std::unique_ptr<CgSystem> make_stored_system(std::string const& space, CgProblem const& problem,
                                             std::vector<CgVector> const& vectors, Communicator const& comm);
std::unique_ptr<CgSystem> make_stored_kernels_system(std::string const& space, CgProblem const& problem,
                                                     std::vector<CgVector> const& vectors, Communicator const& comm);

}  // namespace kramers::grids::detail
