// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

namespace kramers::langevin {

/// A folder with what a sweep has found so far: a file for each point that is done and a checkpoint for each that a
/// signal has interrupted. Every rank writes its own points.
class KeptPoints {
 public:
  /// @param[in] checkpoint   of a run alone; the folder stands beside it
  /// @param[in] fingerprint  what decides the results
  KeptPoints(std::filesystem::path const& checkpoint, std::string fingerprint);

  std::filesystem::path const& folder() const { return m_folder; }
  std::filesystem::path checkpoint(std::int64_t point) const;

  /// Make the folder; called by one rank before all others write.
  /// @throws UsageError  it holds points of an earlier sweep
  /// @throws IoError     it cannot be made
  void begin() const;
  /// Points that are done; called by one rank.
  /// @throws InputError  there is no such folder, or it belongs to a sweep of another input
  /// @throws IoError     a file is damaged
  std::map<std::int64_t, nlohmann::json> read(std::int64_t points) const;

  /// Keep what a point found, and forget its checkpoint.
  void keep(std::int64_t point, nlohmann::json const& row) const;
  /// Remove the folder with all that a sweep of so many points writes into it; what else stands there stays.
  void remove(std::int64_t points) const;

 private:
  std::filesystem::path input() const;
  std::filesystem::path file(std::int64_t point) const;

  std::filesystem::path m_folder;
  std::string m_fingerprint;
};

}  // namespace kramers::langevin
