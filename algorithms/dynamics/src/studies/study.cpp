// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/studies/study.hpp>
#include <kramers/runtime/checkpoints.hpp>
#include <kramers/runtime/collective_errors.hpp>
#include <kramers/runtime/progress.hpp>
#include <kramers/runtime/signals.hpp>

#include <algorithm>
#include <chrono>
#include <string>

#include "study_checkpoint.hpp"

namespace kramers::dynamics {
namespace {

// A launch ends after this many walker-steps at the latest. Part of what fixes the bits of the sums: never change it within
// a format version.
constexpr std::int64_t walker_steps_per_launch = 2'000'000'000;

EnsembleRequest owned_by(EnsembleRequest request, Communicator const& comm, Division const& division) {
  if (comm.size() > request.params.walkers) {
    throw UsageError(
        invalid_value("ranks", std::to_string(comm.size()),
                      "at most one per walker (ensemble.walkers = " + std::to_string(request.params.walkers) +
                          "); start fewer ranks, or ask for more walkers"));
  }
  request.range = division.range_of(comm.rank());
  return request;
}

}  // namespace

Study::Study(StudyParams params, Communicator comm)
    : Study(params, comm, Division::equal(EnsembleLayout(params.request.params.walkers), comm.size())) {}

Study::Study(StudyParams params, Communicator comm, Division division)
    : m_params(std::move(params)), m_comm(std::move(comm)), m_division(std::move(division)) {
  m_params.request = owned_by(m_params.request, m_comm, m_division);
  m_ensemble = make_ensemble(m_params.request);
  auto const lags = static_cast<std::size_t>(m_params.correlation_frames);
  m_record.origins.assign(lags, 0);
  m_record.correlations.assign(lags * static_cast<std::size_t>(m_ensemble->layout().groups) * row_length<FrameQuantity>,
                               0.0);
  m_ensemble->initialise(m_params.initial);
}

EnsembleLayout::Range Study::recorded() const {
  auto const [first, last] = m_ensemble->range();
  return {std::min(first, m_params.trajectory_walkers), std::min(last, m_params.trajectory_walkers)};
}

std::uint64_t Study::state_hash() {
  return m_comm.sum(m_ensemble->state_hash());
}

// The next step at which a launch of an endless run ends: something is recorded there, or the launch would get too long.
std::int64_t Study::stop_after(std::int64_t step) const {
  std::int64_t const longest = std::max<std::int64_t>(1, walker_steps_per_launch / m_params.request.params.walkers);
  auto const next_multiple = [](std::int64_t s, std::int64_t n) { return (s / n + 1) * n; };
  std::int64_t stop = next_multiple(step, longest);
  if (step < m_params.equilibrate) return std::min(stop, m_params.equilibrate);
  std::int64_t const produced = step - m_params.equilibrate;
  stop = std::min(stop, m_params.equilibrate + next_multiple(produced, m_params.frame_every));
  if (m_params.trajectory_walkers > 0) {
    stop = std::min(stop, m_params.equilibrate + next_multiple(produced, m_params.trajectory_every));
  }
  return stop;
}

// Where the last launch of a run ends for want of more steps alone, a longer run would add up its sums in another order.
bool Study::is_stop(std::int64_t step) const {
  return step == 0 || stop_after(step - 1) == step;
}

std::int64_t Study::end_of_launch() const {
  return std::min(stop_after(m_launch.first_step), m_params.last_step());
}

StudyParams Study::params_so_far() const {
  StudyParams params = m_params;
  params.steps = m_step - m_params.equilibrate;
  return params;
}

int Study::run(bool quiet, std::function<void(std::string const&)> const& warn, Look const& look) {
  StopRequest const stop;
  auto const walker_steps = [this](std::int64_t steps) {
    return static_cast<std::uint64_t>(steps * m_params.request.params.walkers);
  };
  Progress::Options options;
  options.quiet = quiet;
  options.start = walker_steps(m_step);
  Progress progress(m_comm, walker_steps(m_params.last_step()), m_params.request.potential->kind(), options);
  auto const begin = std::chrono::steady_clock::now();
  m_first_step = m_step;
  m_work.begin = begin;
  std::int64_t last_attempt = m_step;
  int signal = stop.signal(m_comm);
  if (signal == 0 && !has_begun() && m_params.equilibrate == 0) observe();
  while (m_step < m_params.last_step() && signal == 0) {
    std::int64_t const first_step = m_launch.first_step;
    bool const whole = finish_launch(stop, progress);
    bool const may_move = check_finite();
    if (whole) observe();
    progress.update(walker_steps(m_step));
    bool const could_end = whole && is_stop(m_step) && m_step > m_params.equilibrate;
    if (look && could_end && m_step < m_params.last_step()) {
      m_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
      if (look(first_step, progress)) m_params = params_so_far();
    }
    if (whole && may_move && m_step < m_params.last_step()) rebalance();
    signal = m_step < m_params.last_step() ? stop.signal(m_comm) : 0;  // else only writing is left, which comes first
    bool const due = m_params.checkpoint_every > 0 && m_step - last_attempt >= m_params.checkpoint_every;
    auto const say = [&](std::string const& sentence) {
      if (!warn) return;
      progress.end_line();
      warn(sentence);
    };
    auto const say_kept = [&](std::string const& sentence) {
      if (!quiet) say(sentence);
    };
    if (signal != 0) {
      write_own_checkpoint(say_kept);
    } else if (due && is_stop(m_step)) {
      last_attempt = m_step;
      auto const failure = failure_to_write(m_comm, [&] { write_own_checkpoint(say_kept); });
      if (failure) say("no checkpoint at step " + std::to_string(m_step) + ": " + *failure);
    }
  }
  m_seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  return signal;
}

void Study::observe() {
  std::int64_t const produced = m_step - m_params.equilibrate;
  if (produced < 0) return;
  if (produced % m_params.frame_every == 0) record_frame(produced / m_params.frame_every);
  if (m_params.trajectory_walkers > 0 && produced % m_params.trajectory_every == 0) record_trajectory();
}

void Study::record_frame(std::int64_t frame) {
  std::int64_t const lags = m_params.correlation_frames;
  std::int64_t const since_origin = frame - m_params.first_origin();
  bool const correlate = lags > 0 && since_origin >= 0;
  if (correlate && since_origin % lags == 0) m_ensemble->mark_origin();
  EnsembleLayout const& layout = m_ensemble->layout();
  std::vector<double> const cells = m_comm.gather(m_ensemble->frame_sums().values());
  if (correlate) ++m_record.origins[static_cast<std::size_t>(since_origin % lags)];
  if (!m_comm.is_root()) return;

  auto const columns = static_cast<std::size_t>(row_length<FrameQuantity>);
  auto const groups = static_cast<std::size_t>(layout.groups);
  std::vector<double> sums(groups * columns, 0.0);
  for (std::size_t cell = 0; cell < static_cast<std::size_t>(layout.cells); ++cell) {
    std::size_t const group = cell / static_cast<std::size_t>(layout.cells_per_group);
    for (std::size_t q = 0; q < columns; ++q) sums[group * columns + q] += cells[cell * columns + q];
  }
  if (correlate) {
    std::size_t const row = static_cast<std::size_t>(since_origin % lags) * groups * columns;
    for (std::size_t i = 0; i < sums.size(); ++i) m_record.correlations[row + i] += sums[i];
  }
  m_record.frames.insert(m_record.frames.end(), sums.begin(), sums.end());
}

void Study::record_trajectory() {
  m_record.trajectory_steps.push_back(m_step);
  std::vector<std::int64_t> ids;
  for (std::int64_t id = recorded().first; id < recorded().last; ++id) ids.push_back(id);
  auto const dimension = static_cast<std::ptrdiff_t>(m_ensemble->dimension());
  for (WalkerState const& walker : m_ensemble->read_walkers(ids)) {
    m_record.positions.insert(m_record.positions.end(), walker.position.begin(), walker.position.begin() + dimension);
    m_record.velocities.insert(m_record.velocities.end(), walker.velocity.begin(), walker.velocity.begin() + dimension);
  }
}

namespace {

/// One walker of the ensemble at its start, nothing observed.
std::unique_ptr<AnyEnsemble> single_walker(StudyParams const& params, std::int64_t id) {
  EnsembleRequest request = params.request;
  request.params.sampling = {};
  request.params.correlations = false;
  request.range = {id, id + 1};
  auto one = make_ensemble(request);
  one->initialise(params.initial);
  return one;
}

/// Advance a single walker until its position is no longer finite; it must become so by `last`.
DivergedError find_divergence(StudyParams const& params, std::int64_t walker, std::int64_t last) {
  auto const one = single_walker(params, walker);
  // Strides that shrink: the state before a stride is kept, and the stride halved when the walker diverges within it.
  std::int64_t step = 0, stride = 1 << 12;
  std::vector<std::int64_t> const id{walker};
  WalkerState before = one->read_walkers(id).front();
  auto const restore = [&] {
    auto columns = one->download();
    for (StateColumn& column : columns) {
      bool const is_position = column.name[0] == 'x';
      auto const d = static_cast<std::size_t>(column.name[1] - '0');
      double const value = is_position ? before.position[d] : before.velocity[d];
      std::visit([&](auto values) { values[0] = static_cast<typename decltype(values)::value_type>(value); },
                 column.values);
    }
    one->upload(step);
  };
  while (step < last) {
    one->advance(stride);
    if (one->first_diverged()) {
      if (stride == 1) break;
      stride /= 2;
      restore();
    } else {
      step += stride;
      before = one->read_walkers(id).front();
    }
  }
  return DivergedError(static_cast<std::uint64_t>(walker), step + 1, before.position[0],
                       params.request.params.langevin.dt);
}

}  // namespace

// Asks in the same message whether some rank would compare speeds.
bool Study::check_finite() {
  std::int64_t const none = m_params.request.params.walkers;
  std::int64_t least[] = {m_ensemble->first_diverged().value_or(none), wants_rebalance() ? 0 : 1};
  m_comm.min(std::span<std::int64_t>(least));
  if (least[0] < none) throw find_divergence(m_params, least[0], m_params.last_step());
  return least[1] == 0;
}

void Study::write_own_checkpoint(std::function<void(std::string const&)> const& say_kept) {
  if (!m_checkpoint_is_ours) {
    agree(m_comm, [&] {
      if (!m_comm.is_root()) return;
      std::string const kept = keep_before_checkpoint(m_params.checkpoint, m_params.overwrites);
      if (!kept.empty()) say_kept(kept);
    });
    m_checkpoint_is_ours = true;
  }
  write_checkpoint(m_params.checkpoint);
}

void Study::write_checkpoint(std::filesystem::path const& path) {
  detail::write_checkpoint(path, m_comm, m_params, *m_ensemble, m_record, m_launch, m_step);
}

void Study::resume(std::filesystem::path const& checkpoint) {
  m_step = detail::read_checkpoint(checkpoint, m_comm, m_params, *m_ensemble, m_record, m_launch);
  m_checkpoint_is_ours = checkpoint == m_params.checkpoint;
  if (m_step == m_launch.first_step && m_step == m_params.last_step()) return;
  bool const same_end = m_launch.last_step == 0 || m_launch.last_step == end_of_launch();
  if (is_stop(m_launch.first_step) && m_step < end_of_launch() && same_end) return;
  throw InputError(checkpoint.string(), 0,
                   "the checkpoint was written at step " + std::to_string(m_step) +
                       ", where this run adds up no sums, so that going on would change their last bits; run to that "
                       "step alone, or start anew");
}

Replay replay(StudyParams const& params, std::uint64_t walker, std::int64_t every,
              std::filesystem::path const& checkpoint) {
  expects(every > 0, "every", every, "every > 0");
  auto const id = static_cast<std::int64_t>(walker);
  if (walker >= static_cast<std::uint64_t>(params.request.params.walkers)) {
    throw DomainError("walker", std::to_string(walker),
                      "an id of the ensemble, 0 ... " + std::to_string(params.request.params.walkers - 1));
  }
  auto const one = single_walker(params, id);
  std::int64_t step = checkpoint.empty() ? 0 : detail::read_walker(checkpoint, params, id, *one);

  Replay result;
  auto const keep = [&] {
    result.steps.push_back(step);
    result.states.push_back(one->read_walkers({id}).front());
  };
  keep();
  while (step < params.last_step()) {
    // The steps at which the ensemble's trajectory is recorded, and as many before production.
    std::int64_t const phase = params.equilibrate % every;
    std::int64_t const next = std::min((step - phase + every) / every * every + phase, params.last_step());
    one->advance(next - step);
    step = next;
    keep();
  }
  return result;
}

}  // namespace kramers::dynamics
