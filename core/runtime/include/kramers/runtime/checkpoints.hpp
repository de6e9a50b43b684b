// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/runtime/communicator.hpp>
#include <kramers/runtime/h5.hpp>
#include <kramers/runtime/signals.hpp>

#include <nlohmann/json_fwd.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

/// Checkpoints: what all have in common as files, and when they are written. Nothing of a file is used before it was
/// compared with the run that reads it.
namespace kramers {

/// Whose a checkpoint is. Files of another program or another version are refused.
struct CheckpointFormat {
  std::string program;  ///< "kramers-langevin"
  std::int64_t version = 1;
};

/// Take these places ("/run/steps") out of the keys of an input, where they are.
void erase_places(nlohmann::json& keys, std::initializer_list<char const*> places);

/// What a checkpoint is compared with, as JSON: the keys of an input without those at these places ("/run/steps"), which a
/// run that goes on may change, and without the tables of files, [output] and [checkpoint].
std::string checkpoint_fingerprint(nlohmann::json keys, std::initializer_list<char const*> free_places);

/// Write what every checkpoint begins with: format, version, the step that was done last, and the fingerprint. Collective.
void begin_checkpoint(h5::Writer& file, CheckpointFormat const& format, std::int64_t step,
                      std::string_view fingerprint);

/// Open a checkpoint of this program and this input. Collective.
/// @throws IoError     missing, damaged, not of this program, of another version
/// @throws InputError  another input: the first key that differs, with both values
h5::Reader open_checkpoint(std::filesystem::path const& path, Communicator const& comm, CheckpointFormat const& format,
                           std::string const& fingerprint);

/// The step at which a checkpoint was written, from 0 to `last`. Collective.
///
/// @param[in] unit  what is counted: "iteration"
/// @param[in] keys  that say where the run ends: "jacobi.iterations"
/// @throws IoError     below 0
/// @throws InputError  beyond the last one
std::int64_t checkpoint_step(h5::Reader const& file, std::int64_t last, std::string const& unit,
                             std::string const& keys);

/// Throw IoError "PATH: is damaged: WHAT".
[[noreturn]] void refuse_checkpoint(std::filesystem::path const& path, std::string const& what);

/// Throw IoError unless a group ("/" is the file) holds these objects and no other.
void expect_members(h5::Reader const& file, std::string const& group, std::vector<std::string> wanted);

/// Before the first checkpoint of a run: keep what stands under its name under a numbered one (`keep_former`), but for the
/// checkpoint that the run goes on from, and any checkpoint where the user lets the run overwrite. Call it on one rank.
/// @param[in] replaces  the run goes on from a checkpoint of this name, or may overwrite
/// @return    a sentence that says what was kept under which name, empty if nothing was
std::string keep_before_checkpoint(std::filesystem::path const& path, bool replaces);

/// When a run writes checkpoints, and whether it goes on from one.
struct CheckpointPlan {
  std::filesystem::path file = {};
  std::int64_t every = 0;     ///< steps from one to the next; 0: only when a signal ends the run
  bool resumes = false;       ///< go on from `file`
  bool overwrites = false;    ///< a former checkpoint, of whatever run, is not kept
  bool quiet = false;         ///< nothing is said of a former file that was kept
  std::string unit = "step";  ///< what is counted
  std::function<void(std::string const&)> warn = {};  ///< told, on each rank, why one could not be written
};

/// Looks between two pieces of a run whether a checkpoint is due and whether a signal asks the run to end. While it lives,
/// SIGTERM, SIGINT and SIGUSR1 are remembered. All ranks have the same plan and make the same calls.
class CheckpointWatch {
 public:
  /// @param[in] first  steps done before this run began
  CheckpointWatch(Communicator comm, CheckpointPlan const& plan, std::int64_t first);

  /// Of the next `most` steps those until a checkpoint is due. Not collective.
  std::int64_t piece(std::int64_t done, std::int64_t most) const;
  /// Is a checkpoint due after so many steps? Not collective.
  bool is_due(std::int64_t done) const;

  /// After `done` steps: `write` a checkpoint, which is collective, where one is due or a signal asks the run to end; the
  /// signal, 0 if there is none. One that is due and cannot be written is no failure of the run: the last one stays, and
  /// the next is tried when it is due. A run that has not begun writes none. What stands under the name when the first one is
  /// written is kept as `keep_before_checkpoint` says, and `warn` is told, unless the plan is quiet. Collective.
  ///
  /// @param[in] is_end  the run ends here anyway, so that signals come too late
  /// @throws IoError  a signal came, and the checkpoint cannot be written
  int look(std::int64_t done, bool is_end, std::function<void(std::filesystem::path const&)> const& write);

 private:
  void write_one(std::function<void(std::filesystem::path const&)> const& write);

  Communicator m_comm;
  CheckpointPlan m_plan;
  std::int64_t m_first, m_last;  ///< m_last: where one was written or tried last
  bool m_is_ours = false;        ///< what stands under the name is a checkpoint
  StopRequest m_stop;
};

}  // namespace kramers
