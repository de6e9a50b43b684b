// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "study_checkpoint.hpp"

#include <kramers/runtime/checkpoints.hpp>
#include <kramers/runtime/collective_errors.hpp>
#include <kramers/runtime/h5.hpp>

#include <algorithm>

#include "study_checkpoint_layout.hpp"

namespace kramers::dynamics::detail {
namespace {

// 1 had another fingerprint, 2 texts that no checksum guards, 3 fewer quantities of a frame.
CheckpointFormat const format{"kramers-langevin", 4};

h5::Reader open_checkpoint(std::filesystem::path const& path, Communicator const& comm, StudyParams const& params) {
  return kramers::open_checkpoint(path, comm, format, params.fingerprint);
}

/// These rows of each state column that the ensemble has, from the file.
void read_state(h5::Reader const& file, Communicator const& comm, AnyEnsemble& ensemble,
                EnsembleLayout::Range const& rows, std::int64_t step) {
  for (StateColumn& column : ensemble.download()) {
    std::visit(
        [&](auto values) {
          using T = typename decltype(values)::value_type;
          auto const read = file.read_rows<T>("state/" + column.name, static_cast<std::uint64_t>(rows.first),
                                              static_cast<std::uint64_t>(rows.size()));
          std::copy(read.begin(), read.end(), values.begin());
        },
        column.values);
    agree(comm, [&] { check_state(column, rows.first, file.path().string()); });
  }
  ensemble.upload(step);
}

/// The step the checkpoint was written at, which must be one of this run.
std::int64_t read_step(h5::Reader const& file, StudyParams const& params) {
  return checkpoint_step(file, params.last_step(), "step", "run.equilibrate + run.steps");
}

h5::Extents trajectory_extents(std::size_t frames, std::int64_t walkers, int dimension) {
  return {frames, static_cast<std::uint64_t>(walkers), static_cast<std::uint64_t>(dimension)};
}

}  // namespace

namespace {

std::uint64_t blocks_before(std::int64_t walkers) {
  return static_cast<std::uint64_t>((walkers + EnsembleLayout::block - 1) / EnsembleLayout::block);
}

/// What is under way where the run was stopped between two pieces of a launch.
void write_launch(h5::Writer& file, Communicator const& comm, AnyEnsemble& ensemble, LaunchState const& launch,
                  std::int64_t step) {
  if (launch.first_step == step && launch.last_step == 0) return;
  EnsembleLayout const& layout = ensemble.layout();
  EnsembleLayout::Range const range = ensemble.range();
  std::uint64_t const row = static_cast<std::uint64_t>(row_length<Quantity>);
  file.group("launch");
  file.attribute("launch", "first_step", launch.first_step);
  file.attribute("launch", "last_step", launch.last_step);
  std::vector<double> const sums = ensemble.walker_sums();
  if (comm.max(std::uint64_t{sums.size()}) > 0) {
    file.write_rows("launch/walker_sums", sums, static_cast<std::uint64_t>(range.first),
                    static_cast<std::uint64_t>(layout.walkers), {row});
  }
  if (launch.last_step == 0) return;
  std::uint64_t const first = blocks_before(range.first), all = blocks_before(layout.walkers);
  auto const units = static_cast<std::uint64_t>(EnsembleLayout::block / layout.unit);
  file.write_rows("launch/ahead", launch.ahead, first, all);
  file.write_rows("launch/unit_sums", ensemble.unit_sums(), first * units, all * units, {row});
}

LaunchState read_launch(h5::Reader const& file, Communicator const& comm, AnyEnsemble& ensemble, std::int64_t step) {
  ensemble.set_walker_sums({});
  if (!file.has("launch")) return {.first_step = step, .ahead = {}};
  EnsembleLayout const& layout = ensemble.layout();
  EnsembleLayout::Range const range = ensemble.range();
  LaunchState launch{
      file.attribute<std::int64_t>("launch", "first_step"), file.attribute<std::int64_t>("launch", "last_step"), {}};
  auto const sums = [&](char const* name, std::uint64_t row, std::uint64_t rows) {
    auto values = file.read_rows<double>(name, row, rows);
    agree(comm, [&] { check_sums(CellSums(values), name, file.path().string()); });
    return values;
  };
  if (file.has("launch/walker_sums")) {
    ensemble.set_walker_sums(
        sums("launch/walker_sums", static_cast<std::uint64_t>(range.first), static_cast<std::uint64_t>(range.size())));
  }
  if (launch.last_step == 0) return launch;
  std::uint64_t const first = blocks_before(range.first), own = blocks_before(range.last) - first;
  auto const units = static_cast<std::uint64_t>(EnsembleLayout::block / layout.unit);
  launch.ahead = file.read_rows<std::uint8_t>("launch/ahead", first, own);
  agree(comm, [&] { check_ahead(launch.ahead, file.path().string()); });
  ensemble.set_unit_sums(sums("launch/unit_sums", first * units, own * units));
  return launch;
}

}  // namespace

void write_checkpoint(std::filesystem::path const& path, Communicator const& comm, StudyParams const& params,
                      AnyEnsemble& ensemble, StudyRecord const& record, LaunchState const& launch, std::int64_t step) {
  EnsembleLayout const& layout = ensemble.layout();
  EnsembleLayout::Range const range = ensemble.range();
  h5::Writer file(path, comm);
  begin_checkpoint(file, format, step, params.fingerprint);

  for (StateColumn const& column : ensemble.download()) {
    std::visit(
        [&](auto values) {
          file.write_rows("state/" + column.name, values, static_cast<std::uint64_t>(range.first),
                          static_cast<std::uint64_t>(layout.walkers));
        },
        column.values);
  }
  write_launch(file, comm, ensemble, launch, step);
  EnsembleLayout::Range const cells = layout.cells_of(range);
  file.write_rows("sums/cells", ensemble.cell_sums().values(), static_cast<std::uint64_t>(cells.first),
                  static_cast<std::uint64_t>(layout.cells), {static_cast<std::uint64_t>(row_length<Quantity>)});
  auto histogram = ensemble.histogram();
  comm.sum(std::span<std::uint64_t>(histogram));
  file.write("sums/histogram", histogram, {histogram.size()});

  std::uint64_t frame_values = record.frames.size();
  comm.broadcast(frame_values);
  file.write("record/frames", record.frames, {frame_values});
  file.write("record/correlations", record.correlations, {record.correlations.size()});
  file.write("record/origins", record.origins, {record.origins.size()});
  file.write("record/trajectory_steps", record.trajectory_steps, {record.trajectory_steps.size()});
  if (params.trajectory_walkers > 0) {
    auto const first = std::min(range.first, params.trajectory_walkers);
    auto const count = std::min(range.last, params.trajectory_walkers) - first;
    std::size_t const frames = record.trajectory_steps.size();
    int const d = ensemble.dimension();
    h5::Extents const whole = trajectory_extents(frames, params.trajectory_walkers, d);
    h5::Extents const mine = trajectory_extents(frames, count, d);
    h5::Extents const offset{0, static_cast<std::uint64_t>(first), 0};
    file.write_box("record/positions", record.positions, offset, mine, whole);
    file.write_box("record/velocities", record.velocities, offset, mine, whole);
  }
  file.commit();
}

namespace {

/// The walkers of this rank out of a trajectory of all recorded ones.
std::vector<double> own_part(std::vector<double> const& all, std::size_t frames, std::int64_t walkers,
                             EnsembleLayout::Range const& own, int dimension) {
  auto const d = static_cast<std::size_t>(dimension);
  std::vector<double> part;
  for (std::size_t f = 0; f < frames; ++f) {
    auto const row = all.begin() + static_cast<std::ptrdiff_t>(f * static_cast<std::size_t>(walkers) * d);
    part.insert(part.end(), row + own.first * dimension, row + own.last * dimension);
  }
  return part;
}

}  // namespace

std::int64_t read_checkpoint(std::filesystem::path const& path, Communicator const& comm, StudyParams const& params,
                             AnyEnsemble& ensemble, StudyRecord& record, LaunchState& launch) {
  EnsembleLayout const& layout = ensemble.layout();
  EnsembleLayout::Range const range = ensemble.range();
  h5::Reader const file = open_checkpoint(path, comm, params);
  std::int64_t const step = read_step(file, params);
  check_layout(file, params, step);
  read_state(file, comm, ensemble, range, step);
  launch = read_launch(file, comm, ensemble, step);

  EnsembleLayout::Range const cells = layout.cells_of(range);
  CellSums const sums(file.read_rows<double>("sums/cells", static_cast<std::uint64_t>(cells.first),
                                             static_cast<std::uint64_t>(cells.size())));
  agree(comm, [&] { check_sums(sums, "sums/cells", path.string()); });
  ensemble.set_cell_sums(sums);
  // Counters of a group may go on on another rank than before; sums over ranks are all that matters.
  auto histogram = file.read<std::uint64_t>("sums/histogram");
  check_histogram(histogram, params, step, launch.last_step, comm.sum(walkers_ahead(launch, range)), path.string());
  if (!comm.is_root()) std::fill(histogram.begin(), histogram.end(), 0);
  ensemble.set_histogram(histogram);

  auto const frames = file.read<double>("record/frames");
  auto const correlations = file.read<double>("record/correlations");
  if (comm.is_root()) {
    record.frames = frames;
    record.correlations = correlations;
  }
  record.origins = file.read<std::int64_t>("record/origins");
  record.trajectory_steps = file.read<std::int64_t>("record/trajectory_steps");
  check_record(record, params, step, step > 0 || launch.last_step > 0, path.string());
  if (params.trajectory_walkers > 0) {
    EnsembleLayout::Range const own{std::min(range.first, params.trajectory_walkers),
                                    std::min(range.last, params.trajectory_walkers)};
    auto const part = [&](char const* name) {
      return own_part(file.read<double>(name), record.trajectory_steps.size(), params.trajectory_walkers, own,
                      ensemble.dimension());
    };
    record.positions = part("record/positions");
    record.velocities = part("record/velocities");
  }
  return step;
}

std::int64_t read_walker(std::filesystem::path const& path, StudyParams const& params, std::int64_t walker,
                         AnyEnsemble& one) {
  h5::Reader const file = open_checkpoint(path, Communicator::self(), params);
  std::int64_t step = read_step(file, params);
  check_layout(file, params, step);
  if (file.has("launch/ahead")) {
    auto const block = static_cast<std::uint64_t>(walker / EnsembleLayout::block);
    bool const ahead = file.read_rows<std::uint8_t>("launch/ahead", block, 1).front() != 0;
    if (ahead) step = file.attribute<std::int64_t>("launch", "last_step");
  }
  read_state(file, Communicator::self(), one, {walker, walker + 1}, step);
  return step;
}

}  // namespace kramers::dynamics::detail
