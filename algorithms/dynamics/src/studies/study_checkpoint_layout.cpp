// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "study_checkpoint_layout.hpp"

#include <kramers/base/error.hpp>
#include <kramers/runtime/checkpoints.hpp>

#include <algorithm>
#include <array>
#include <cmath>

namespace kramers::dynamics::detail {
namespace {

std::uint64_t extent(std::int64_t value) {
  return static_cast<std::uint64_t>(value);
}

/// Names of the columns of numbers, and whether there is one of memories of core sets.
std::vector<std::string> real_columns(StudyParams const& params) {
  std::vector<std::string> kinds{"x", "v"}, names;
  if (params.request.params.correlations) kinds.insert(kinds.end(), {"origin_x", "origin_v"});
  for (std::string const& kind : kinds) {
    for (int d = 0; d < params.request.potential->dimension(); ++d) names.push_back(kind + std::to_string(d));
  }
  return names;
}

constexpr char core_memory[] = "core_memory";

bool follows_core_sets(StudyParams const& params) {
  return params.request.params.sampling.core_sets;
}

/// The memories that Sampler leaves: of no core set, of A, of B after the first passage, and of A after it; beside it
/// that of the origin, which was in B only after the first passage.
constexpr std::array<std::uint8_t, 9> memories{0, 1, 1 | 8, 2 | 4, 2 | 4 | 8, 2 | 4 | 16, 1 | 4, 1 | 4 | 8, 1 | 4 | 16};

void check_state_layout(h5::Reader const& file, StudyParams const& params) {
  h5::Extents const walkers{extent(params.request.params.walkers)};
  auto names = real_columns(params);
  for (std::string const& name : names) {
    if (params.request.precision == "f32") {
      file.expect<float>("state/" + name, walkers);
    } else {
      file.expect<double>("state/" + name, walkers);
    }
  }
  if (follows_core_sets(params)) {
    file.expect<std::uint8_t>("state/" + std::string(core_memory), walkers);
    names.emplace_back(core_memory);
  }
  expect_members(file, "state", names);
}

std::int64_t samples_at(StudyParams const& params, std::int64_t step) {
  std::int64_t const every = params.request.params.sampling.every;
  return every > 0 ? std::max<std::int64_t>(0, step - params.request.params.production_start) / every : 0;
}

/// Frames of a study that has come to `step`, one each `every` steps of production. The first is that of the start of
/// production, which a run that has not begun yet still has before it.
std::int64_t frames_at(StudyParams const& params, std::int64_t step, std::int64_t every, bool has_begun) {
  if (!has_begun || step < params.equilibrate) return 0;
  return (step - params.equilibrate) / every + 1;
}

/// What is under way where a run was stopped within a launch; see write_launch.
void check_launch_layout(h5::Reader const& file, StudyParams const& params, std::int64_t step) {
  std::string const path = file.path().string();
  auto const first = file.attribute<std::int64_t>("launch", "first_step");
  auto const last = file.attribute<std::int64_t>("launch", "last_step");
  bool const is_over = first == step && last == 0;
  if (is_over || first < 0 || first > step || (last != 0 && last <= step) || last > params.last_step()) {
    refuse_checkpoint(
        path, "no launch from step " + std::to_string(first) + " to " + std::to_string(last) + " was under way");
  }
  EnsembleLayout const layout(params.request.params.walkers);
  std::int64_t const blocks = (layout.walkers + EnsembleLayout::block - 1) / EnsembleLayout::block;
  std::vector<std::string> members;
  if (samples_at(params, step) > samples_at(params, first)) {
    members.emplace_back("walker_sums");
    file.expect<double>("launch/walker_sums", {extent(layout.walkers), extent(row_length<Quantity>)});
  }
  if (last != 0) {
    members.insert(members.end(), {"ahead", "unit_sums"});
    file.expect<std::uint8_t>("launch/ahead", {extent(blocks)});
    file.expect<double>("launch/unit_sums",
                        {extent(blocks * (EnsembleLayout::block / layout.unit)), extent(row_length<Quantity>)});
  }
  expect_members(file, "launch", members);
}

}  // namespace

void check_layout(h5::Reader const& file, StudyParams const& params, std::int64_t step) {
  EnsembleLayout const layout(params.request.params.walkers);
  bool const has_trajectory = params.trajectory_walkers > 0;
  std::vector<std::string> records{"frames", "correlations", "origins", "trajectory_steps"};
  if (has_trajectory) records.insert(records.end(), {"positions", "velocities"});
  std::vector<std::string> groups{"fingerprint", "state", "sums", "record"};
  bool const is_within_launch = file.has("launch"), has_begun = step > 0 || is_within_launch;
  if (is_within_launch) {
    groups.emplace_back("launch");
    check_launch_layout(file, params, step);
  }
  expect_members(file, "/", groups);
  expect_members(file, "sums", {"cells", "histogram"});
  expect_members(file, "record", records);

  check_state_layout(file, params);
  file.expect<double>("sums/cells", {extent(layout.cells), extent(row_length<Quantity>)});
  file.expect<std::uint64_t>("sums/histogram",
                             {extent(layout.groups * params.request.params.sampling.histogram.counters())});
  std::int64_t const row = layout.groups * row_length<FrameQuantity>;
  file.expect<double>("record/frames", {extent(frames_at(params, step, params.frame_every, has_begun) * row)});
  file.expect<double>("record/correlations", {extent(params.correlation_frames * row)});
  file.expect<std::int64_t>("record/origins", {extent(params.correlation_frames)});
  std::int64_t const frames = has_trajectory ? frames_at(params, step, params.trajectory_every, has_begun) : 0;
  file.expect<std::int64_t>("record/trajectory_steps", {extent(frames)});
  if (!has_trajectory) return;
  h5::Extents const trajectory{extent(frames), extent(params.trajectory_walkers),
                               extent(params.request.potential->dimension())};
  file.expect<double>("record/positions", trajectory);
  file.expect<double>("record/velocities", trajectory);
}

void check_state(StateColumn const& column, std::int64_t first, std::string const& path) {
  auto const usable = [](auto value) {
    if constexpr (std::is_floating_point_v<decltype(value)>) {
      return std::isfinite(value);
    } else {
      return std::ranges::find(memories, value) != memories.end();
    }
  };
  std::visit(
      [&](auto values) {
        auto const bad = std::ranges::find_if_not(values, usable);
        if (bad == values.end()) return;
        std::string const walker =
            "walker " + std::to_string(first + (bad - values.begin())) + " of 'state/" + column.name + "' is ";
        if constexpr (std::is_floating_point_v<std::decay_t<decltype(*bad)>>)
          refuse_checkpoint(path, walker + "not finite");
        refuse_checkpoint(path, walker + std::to_string(*bad) + ", which is no memory of core sets");
      },
      column.values);
}

void check_sums(CellSums const& sums, std::string const& name, std::string const& path) {
  for (std::size_t row = 0; row < sums.rows(); ++row) {
    for (int q = index(Quantity::samples_in_a); q < row_length<Quantity>; ++q) {
      double const count = sums(row, static_cast<Quantity>(q));
      if (!(std::isfinite(count) && count >= 0)) {
        refuse_checkpoint(path, "a count of '" + name + "' is " + shortest_decimal(count) + ", which none can be");
      }
    }
  }
}

void check_ahead(std::vector<std::uint8_t> const& ahead, std::string const& path) {
  if (std::ranges::any_of(ahead, [](std::uint8_t flag) { return flag > 1; })) {
    refuse_checkpoint(path, "a flag of 'launch/ahead' is neither 0 nor 1");
  }
}

std::int64_t walkers_ahead(LaunchState const& launch, EnsembleLayout::Range const& range) {
  std::int64_t walkers = 0, first = range.first;
  for (std::uint8_t const flag : launch.ahead) {
    std::int64_t const next = std::min(first + EnsembleLayout::block, range.last);
    walkers += flag == 1 ? next - first : 0;
    first = next;
  }
  return walkers;
}

void check_histogram(std::vector<std::uint64_t> const& counts, StudyParams const& params, std::int64_t step,
                     std::int64_t last_step, std::int64_t walkers_ahead, std::string const& path) {
  if (counts.empty()) return;
  std::int64_t const samples = samples_at(params, step), samples_ahead = samples_at(params, std::max(step, last_step));
  std::uint64_t left =
      extent(samples) * extent(params.request.params.walkers) + extent(samples_ahead - samples) * extent(walkers_ahead);
  for (std::uint64_t const count : counts) {
    if (count > left) refuse_checkpoint(path, "'sums/histogram' counts more than there are walkers and samples");
    left -= count;
  }
  if (left != 0) refuse_checkpoint(path, "'sums/histogram' counts less than there are walkers and samples");
}

void check_record(StudyRecord const& record, StudyParams const& params, std::int64_t step, bool has_begun,
                  std::string const& path) {
  for (std::size_t i = 0; i < record.trajectory_steps.size(); ++i) {
    std::int64_t const wanted = params.equilibrate + static_cast<std::int64_t>(i) * params.trajectory_every;
    if (record.trajectory_steps[i] != wanted) {
      refuse_checkpoint(path, "a frame of the trajectory is of step " + std::to_string(record.trajectory_steps[i]) +
                                  ", want " + std::to_string(wanted));
    }
  }
  std::int64_t const lags = params.correlation_frames;
  std::int64_t const frames = frames_at(params, step, params.frame_every, has_begun) - params.first_origin();
  for (std::size_t lag = 0; lag < record.origins.size(); ++lag) {
    std::int64_t const later = frames - static_cast<std::int64_t>(lag);
    std::int64_t const wanted = later > 0 ? (later + lags - 1) / lags : 0;
    if (record.origins[lag] != wanted) {
      refuse_checkpoint(
          path, "'record/origins' holds " + std::to_string(record.origins[lag]) + ", want " + std::to_string(wanted));
    }
  }
}

}  // namespace kramers::dynamics::detail
