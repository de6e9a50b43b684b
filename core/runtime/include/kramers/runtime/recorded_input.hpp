// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/runtime/communicator.hpp>
#include <kramers/runtime/config.hpp>
#include <kramers/runtime/h5.hpp>

#include <nlohmann/json_fwd.hpp>

#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace kramers {

/// What a run was given, as a result file keeps it, so that the file alone is enough to run it again.
struct InputRecord {
  std::string verbatim;                      ///< Config::verbatim
  std::string effective;                     ///< TOML: every key that was asked for, with the value that was used
  std::string precision;                     ///< --precision
  std::map<std::string, std::string> files;  ///< of each file that a key names to be read: its text, or surface_text
};

/// The keys that say what a run computes, with the values used, as nested objects: Config::effective without the names of
/// files that are written, which are no part of it and would be replaced by the next run.
nlohmann::json effective_keys(Config const& config);
/// The same objects as a text of TOML; reading it gives the same values, to the bit.
std::string toml_text(nlohmann::json const& keys);

/// Call it once all keys have been asked for, and early: what the input names is read again, on rank 0. Collective.
/// @throws InputError  a file that cannot be read any more
InputRecord record_input(Config const& config, std::string const& precision, Communicator const& comm);

/// Write it to a file of results: attributes `input`, `effective_input` and `precision` of "/", and texts in
/// /input_files, by key. Collective.
void write_input(h5::Writer& file, InputRecord const& record);

/// Is it a file of HDF5, rather than a text? A pipe is not touched.
bool is_hdf5(std::filesystem::path const& path);
/// The effective input that a file of results holds, and the precision it was run with.
/// @throws InputError  it holds none, or is damaged
struct RecordedInput {
  std::string text, precision;
};
RecordedInput read_recorded_input(std::filesystem::path const& path);

/// Does this file, of HDF5 or a summary, hold results of an unfinished run with these `effective_keys`, which that run may
/// replace?
bool is_partial_result(std::filesystem::path const& path, nlohmann::json const& keys);

/// Where the file of this key stands within a file of results: its name, then that of the text in it.
std::filesystem::path recorded_file(std::filesystem::path const& results, std::string const& key);
/// read_input, also of what `recorded_file` gave.
std::string read_named_input(std::filesystem::path const& path);
/// The surface in a file of HDF5, as results keep it: a text of x, y and energy, a line for each point. It stands in
/// datasets `energy` (X, Y), `x` (X) and `y` (Y), which increase, of any type of number.
/// @throws InputError  a dataset is missing, of another shape or damaged; what is not finite; an axis that does not increase
std::string surface_text(std::filesystem::path const& path);

}  // namespace kramers
