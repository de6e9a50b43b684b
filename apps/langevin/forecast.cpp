// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "forecast.hpp"

#include <kramers/dynamics/studies/study.hpp>
#include <kramers/dynamics/studies/study_memory.hpp>
#include <kramers/runtime/collective_errors.hpp>
#include <kramers/runtime/kokkos_session.hpp>
#include <kramers/runtime/memory_need.hpp>

#include <algorithm>
#include <cstdio>

namespace kramers::langevin {

using namespace kramers::dynamics;

namespace {

/// Enough walkers to keep a processor or a device as busy as the whole ensemble does.
std::int64_t sample_walkers(StudyParams const& params, std::int64_t mine) {
  bool const on_device = device_of_space(params.request.space).has_value();
  std::int64_t const enough =
      on_device ? std::int64_t{1} << 20 : std::int64_t{4096} * thread_count(params.request.space);
  return std::max<std::int64_t>(1, std::min(mine, enough));
}

double seconds_of(StudyParams const& sample) {
  Study study(sample, Communicator::self());
  bool is_stopped = false;
  try {
    is_stopped = study.run(true) != 0;
  } catch (IoError const&) {  // a signal asks for a checkpoint, and a sample has no file for one
    is_stopped = true;
  }
  if (is_stopped) throw Error("stopped by a signal before the input was checked; start it again");
  return study.seconds();
}

}  // namespace

Forecast forecast(StudyParams const& params, Division const& division, Communicator const& comm) {
  std::int64_t const walkers = params.request.params.walkers;
  std::int64_t const mine = std::max<std::int64_t>(1, division.range_of(comm.rank()).size());
  StudyParams sample = params;
  sample.request.params.walkers = sample_walkers(params, mine);
  sample.trajectory_walkers = std::min(params.trajectory_walkers, sample.request.params.walkers);
  sample.equilibrate = sample.sample_after = 0;
  sample.request.params.production_start = 0;
  sample.checkpoint_every = 0;
  sample.checkpoint.clear();
  Sample measured;
  agree(comm, [&] {
    measured = measure_sample(16, params.last_step(), [&](std::int64_t steps) {
      sample.steps = steps;
      return seconds_of(sample);
    });
  });
  double const share = static_cast<double>(mine) / static_cast<double>(sample.request.params.walkers);
  double const seconds = measured.seconds_each() * static_cast<double>(params.last_step()) * share;
  char text[160];
  std::snprintf(text, sizeof text, "%lld walkers and %lld steps took %.2g s here just now, and time grows with both",
                static_cast<long long>(sample.request.params.walkers), static_cast<long long>(measured.size),
                measured.seconds);
  double const memory =
      host_bytes(memory_needed(params, division.range_of(comm.rank()), comm.size()), params.request.space);
  return {std::to_string(walkers) + " walkers, " + std::to_string(params.last_step()) + " steps of " +
              params.request.scheme + " in " + params.request.potential->kind(),
          comm.max(memory), comm.max(seconds), text};
}

}  // namespace kramers::langevin
