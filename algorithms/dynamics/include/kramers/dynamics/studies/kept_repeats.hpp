// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/rare/splitting.hpp>

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace kramers::dynamics {

/// A repeat of splitting and its number.
struct NumberedRepeat {
  std::int64_t number;
  SplittingRepeat found;
};

/// A folder with the repeats of a run that are done, for the run that goes on where this one is stopped: a file for
/// each batch of them. Every rank writes its own.
class KeptRepeats {
 public:
  /// @param[in] fingerprint  what decides the results
  KeptRepeats(std::filesystem::path folder, std::string fingerprint);

  std::filesystem::path const& folder() const { return m_folder; }

  /// Make the folder; called by one rank before all others write.
  /// @throws UsageError  it holds repeats of an earlier run
  /// @throws IoError     it cannot be made
  void begin(std::int64_t replicas) const;

  struct Found {
    std::int64_t replicas;  ///< of each repeat
    std::vector<NumberedRepeat> repeats;
  };
  /// What is done; called by one rank.
  /// @param[in] params  of the run, but for the replicas
  /// @throws InputError  there is no such folder, or it belongs to a run of another input
  /// @throws IoError     a file is damaged
  Found read(SplittingParams const& params) const;

  /// Keep these, which stay together. @throws IoError  they cannot be written
  void keep(std::vector<NumberedRepeat> const& repeats) const;
  /// Remove the folder with all that a run writes into it; what else stands there stays.
  void remove() const;

 private:
  std::filesystem::path input() const;
  std::vector<std::filesystem::path> batches() const;

  std::filesystem::path m_folder;
  std::string m_fingerprint;
};

}  // namespace kramers::dynamics
