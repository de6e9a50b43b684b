// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/engine/any_ensemble.hpp>
#include <kramers/dynamics/studies/division.hpp>
#include <kramers/dynamics/studies/study_params.hpp>
#include <kramers/runtime/communicator.hpp>
#include <kramers/runtime/progress.hpp>
#include <kramers/runtime/signals.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace kramers::dynamics {

/// What a study has recorded so far, apart from the engine's own sums.
struct StudyRecord {
  /// Sums of each frame over each group of walkers (frame, group, FrameQuantity); on rank 0.
  std::vector<double> frames;
  /// The same at each lag, added up over origins (lag, group, FrameQuantity); on rank 0.
  std::vector<double> correlations;
  /// Origins behind each lag.
  std::vector<std::int64_t> origins;
  /// Steps of the trajectory frames, and of the recorded walkers of this rank (frame, walker, coordinate).
  std::vector<std::int64_t> trajectory_steps;
  std::vector<double> positions, velocities;
};

/// Where a launch is that a signal may cut short. Launches that take long are done in pieces of about a second.
struct LaunchState {
  std::int64_t first_step = 0;      ///< at which it began
  std::int64_t last_step = 0;       ///< at which some blocks are already; 0: all are at the step of the study
  std::vector<std::uint8_t> ahead;  ///< 1 for each block here that is, else 0
};

/// What is known of the work of this rank, by which walkers are shared.
struct WorkState {
  std::chrono::steady_clock::time_point begin;  ///< since when it is measured
  double seconds = 0, walker_steps = 0;         ///< at work since then, without waiting for others, and what was done
  double speed = 0;                             ///< the last one measured [walker-steps/s]; 0: none
  double interval = 0.5;                        ///< [s] after which the ranks compare their speeds
  double cost = 0;                              ///< [s] of the last time that walkers were moved; 0: none
  std::int64_t moves = 0;                       ///< how often they were
};

/// One ensemble study on all ranks: equilibrate, produce, observe, with checkpoints, stoppable and resumable at any
/// moment. All members are collective.
///
/// Launches end at steps that depend on the parameters alone, so that sums are added up in the same order whatever
/// interrupted the run, however many ranks and threads there are, and whoever owns which walkers: where ranks turn out to be
/// of different speeds, walkers are moved between launches.
class Study {
 public:
  /// Every rank owns as many walkers.
  Study(StudyParams params, Communicator comm);
  /// Ranks own these walkers at first (`first_division`).
  Study(StudyParams params, Communicator comm, Division division);

  /// Go on from a checkpoint instead of from the start.
  /// @throws IoError, InputError  missing, damaged, foreign or newer file; parameters that differ, by name
  void resume(std::filesystem::path const& checkpoint);

  /// Asked at the end of a launch whether the run shall end there too.
  using Look = std::function<bool(std::int64_t first_step, Progress& progress)>;
  /// Run to the end, or until SIGTERM, SIGINT or SIGUSR1 arrives at any rank (also one that a StopRequest around this call
  /// remembers); returns the signal, 0 at the end. Checkpoints are written when they are due and before a signal ends the
  /// run; progress goes to standard error. A checkpoint that is due and cannot be written is no failure of the run: the
  /// last one stays, `warn` is told on each rank, and the next is tried when it is due. What stands under the name before the
  /// first one is kept (`keep_before_checkpoint`), of which `warn` is told on rank 0, unless `quiet`.
  /// Where a run of so many steps could end, `look` is asked on all ranks whether this one shall: it is told at which step
  /// the launch began, and may evaluate the study. Then params().steps are those done.
  /// @throws DivergedError  a walker left the finite numbers; the last checkpoint stays
  /// @throws IoError        a signal came, and the checkpoint cannot be written
  int run(bool quiet, std::function<void(std::string const&)> const& warn = {}, Look const& look = {});

  /// Write the present state; the file appears complete or not at all.
  void write_checkpoint(std::filesystem::path const& path);

  StudyParams const& params() const { return m_params; }
  /// Parameters of a run that ends here.
  StudyParams params_so_far() const;
  Communicator const& comm() const { return m_comm; }
  AnyEnsemble& ensemble() { return *m_ensemble; }
  StudyRecord const& record() const { return m_record; }
  std::int64_t step() const { return m_step; }
  /// Whether anything has been done: within the first launch some walkers may still be at step 0.
  bool has_begun() const { return m_step > 0 || m_launch.last_step > 0; }
  /// Recorded walkers of this rank are those with ids in [first, last).
  EnsembleLayout::Range recorded() const;
  /// Steps and seconds of this run (not of the one it was resumed from).
  std::int64_t steps_done() const { return m_step - m_first_step; }
  double seconds() const { return m_seconds; }
  /// The walkers that ranks own now, and how often they were moved.
  Division const& division() const { return m_division; }
  std::int64_t moves() const { return m_work.moves; }
  /// Give walkers to other owners, where a launch has ended; run() does it by itself.
  void share(Division const& to);
  /// How fast each rank was lately, without waiting for others [walker-steps/s]; 0 where nothing was measured.
  std::vector<double> speeds();
  /// Hash of the state of all walkers.
  std::uint64_t state_hash();

 private:
  std::int64_t stop_after(std::int64_t step) const;
  bool is_stop(std::int64_t step) const;
  std::int64_t end_of_launch() const;
  bool finish_launch(StopRequest const& request, Progress& progress);
  std::int64_t advance_blocks_behind(std::int64_t steps, std::int64_t most);
  void observe();
  void record_frame(std::int64_t frame);
  void record_trajectory();
  bool check_finite();
  bool wants_rebalance() const;
  void rebalance();
  bool has_room(Division const& division) const;
  void move_trajectory(Division const& to);
  void write_own_checkpoint(std::function<void(std::string const&)> const& say_kept);

  StudyParams m_params;
  Communicator m_comm;
  Division m_division;
  std::unique_ptr<AnyEnsemble> m_ensemble;
  StudyRecord m_record;
  LaunchState m_launch;
  WorkState m_work;
  std::int64_t m_step = 0, m_first_step = 0;
  double m_speed = 0;  ///< of this rank [blocks times steps / s]; 0: not measured yet
  double m_seconds = 0;
  bool m_checkpoint_is_ours = false;  ///< what stands under the name of the checkpoint
};

/// Follow one walker of the ensemble again, bit for bit, from its start or from a checkpoint.
struct Replay {
  std::vector<std::int64_t> steps;
  std::vector<WalkerState> states;  ///< at those steps
};

/// @param[in] every       steps between the states that are returned; the last step is always among them
/// @param[in] checkpoint  where to start from, or empty for the beginning
/// @throws DomainError  walker outside the ensemble
Replay replay(StudyParams const& params, std::uint64_t walker, std::int64_t every,
              std::filesystem::path const& checkpoint);

}  // namespace kramers::dynamics
