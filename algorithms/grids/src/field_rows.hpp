// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/grids/block.hpp>
#include <kramers/runtime/h5.hpp>

#include <span>
#include <string>
#include <vector>

/// Fields in checkpoints: datasets of (rows, columns) numbers in the precision of the run, the same bits for any number of
/// ranks.
namespace kramers::grids::detail {

/// The rows of all ranks. Collective.
///
/// @param[in] cells      (size, columns) of this rank
/// @param[in] precision  "f64" or "f32", which holds each of them exactly
void write_field(h5::Writer& file, std::string const& name, Block const& block, std::string const& precision,
                 std::span<double const> cells);

/// The rows of this rank, (size, columns). Collective.
/// @throws IoError  another type or other extents, damaged data, a cell that is not finite
std::vector<double> read_field(h5::Reader const& file, Communicator const& comm, std::string const& name,
                               Block const& block, std::string const& precision);

/// Numbers of a record of a run, one for each of `count` checks or steps, on every rank. Collective.
/// @throws IoError  another type or number, damaged data
std::vector<double> read_record(h5::Reader const& file, std::string const& name, std::int64_t count);

}  // namespace kramers::grids::detail
