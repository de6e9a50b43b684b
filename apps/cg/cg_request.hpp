// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/grids/cg.hpp>
#include <kramers/runtime/command_line.hpp>
#include <kramers/runtime/memory_need.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace kramers::cg {

enum class RightSide { ones, random, file };

/// What an input asks for. Files are read by `load`.
struct CgRequest {
  grids::CgProblem problem;
  grids::CgParams params;  ///< max_iterations is 0 until the number of rows is known
  RightSide right_side = RightSide::ones;
  std::uint64_t seed = 0;
  std::optional<std::filesystem::path> matrix_file, right_side_file;
  std::vector<double> right_side_values;  ///< of RightSide::file, on all ranks
  std::string matrix_name, method_name, preconditioner_name, right_side_name, product_name, space;
  std::string fingerprint;  ///< what a checkpoint is compared with; without the content of files until `load`

  std::function<double(std::int64_t)> right_side_of_row() const;
};

/// Ask for all keys.
/// @throws InputError  with the key
CgRequest read_request(Config const& config, CommandLine const& options);

/// Read the files that it names, on rank 0, and give what is in them to all ranks. Collective.
/// @throws InputError  with the line
void load(CgRequest& request, Communicator const& comm);

std::vector<MemoryNeed> memory_needed(CgRequest const& request, int ranks);

}  // namespace kramers::cg
