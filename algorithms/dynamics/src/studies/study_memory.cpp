// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/studies/study_memory.hpp>

#include <cmath>

namespace kramers::dynamics {
namespace {

constexpr double number = sizeof(double);

double size_of(std::string const& precision) {
  return precision == "f32" ? sizeof(float) : number;
}

/// Positions and velocities of the walkers, as the engine and its mirrors on the host hold them.
MemoryNeed state_needed(StudyParams const& params, EnsembleLayout const& layout, EnsembleLayout::Range const& range) {
  EnsembleParams const& ensemble = params.request.params;
  bool const cores = ensemble.sampling.core_sets || ensemble.sampling.first_passage;
  auto const blocks = static_cast<double>((range.size() + EnsembleLayout::block - 1) / EnsembleLayout::block);
  double const walkers = blocks * static_cast<double>(EnsembleLayout::block);
  double const columns = (ensemble.correlations ? 4 : 2) * params.request.potential->dimension();
  double const state = walkers * (columns * size_of(params.request.precision) + (cores ? 1 : 0));
  double const sums = walkers / static_cast<double>(layout.unit) * row_length<Quantity> * number;
  return {"positions, velocities and sums of its walkers", "ensemble.walkers", 0, state + sums, true};
}

}  // namespace

std::vector<MemoryNeed> memory_needed(StudyParams const& params, EnsembleLayout::Range const& range, int ranks) {
  EnsembleLayout const layout(params.request.params.walkers);
  auto const groups = static_cast<double>(layout.groups);
  double const row = groups * row_length<FrameQuantity> * number;

  HistogramGrid const& grid = params.request.params.sampling.histogram;
  auto const counters = static_cast<double>(grid.counters());
  // At the end: the sum over ranks (and what MPI takes for that), a table of it, and the densities without each group;
  // then some columns of one number per bin, for values, errors and the exact profile.
  double const histogram = counters * groups * number;
  double const evaluation = (ranks > 1 ? 4 : 3) * histogram + 12 * counters * number;

  // A list that grows is copied into one of twice its length, which it fills later; at the end a copy goes to all ranks,
  // out of which tables are made.
  double const frames = (static_cast<double>(params.frames()) + 1) * row * 3;
  double const lags = static_cast<double>(params.correlation_frames) * row * 3;
  double const recorded =
      static_cast<double>(params.trajectory_walkers) *
      (std::floor(static_cast<double>(params.steps) / static_cast<double>(params.trajectory_every)) + 1) * 2 *
      params.trajectory_dimensions * number * 2;
  EnsembleParams const& ensemble = params.request.params;
  double const drive = ensemble.drive.is_on() ? static_cast<double>(ensemble.drive.period) : 0;
  return {state_needed(params, layout, range),
          {"the force of one period", "drive.period", drive * number, drive * size_of(params.request.precision)},
          {"histograms of its groups of walkers", "observables.histogram.bins", evaluation, histogram},
          {"time series", "the number of frames (observables.frame_every)", frames, 0},
          {"time correlations", "observables.correlation_frames", lags, 0},
          {"trajectories", "output.trajectory.walkers", recorded, 0}};
}

std::vector<MemoryNeed> memory_needed(SpreadRequest const& request, int rank, int ranks) {
  SpreadParams const& p = request.params;
  PointRange const range = points_of(p.points(), rank, ranks);
  auto const here = static_cast<double>(range.last - range.first), all = static_cast<double>(p.points());
  double const trunk = static_cast<double>(p.steps) + 1;
  double const real = size_of(request.precision);
  // Per point: two or three lists of points, five sums, a counter; on the host five columns, which grow, and their copies.
  double const points = here * 9 * number, columns = here * 5 * number * 3;
  // Rank 0 has the columns of all points, and as many again in what is written; positions and velocities of the trunk are on all.
  double const gathered = rank == 0 ? all * 10 * number : 0;
  return {{"the trunk", "trunk.steps", trunk * 2 * number * 3, trunk * 2 * real},
          {"points", "the number of points (trunk.steps / spread.every)", columns + gathered, points}};
}

}  // namespace kramers::dynamics
