// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/base/error.hpp>
#include <kramers/dynamics/studies/study.hpp>

#include <stdlib.h>

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "study_checkpoint.hpp"

namespace kramers::test {

/// Walkers that nothing moves: what a checkpoint is written from and read into, without kernels.
class StillEnsemble final : public dynamics::AnyEnsemble {
 public:
  explicit StillEnsemble(std::int64_t walkers) : m_layout(walkers), m_range{0, walkers} {
    auto const n = static_cast<std::size_t>(walkers);
    for (auto* column : {&x, &v, &origin_x, &origin_v}) column->assign(n, 0.25);
    memory.assign(n, 1);
    std::size_t const row = dynamics::row_length<dynamics::Quantity>;
    cells.assign(static_cast<std::size_t>(m_layout.cells) * row, 1.5);
    units.assign(static_cast<std::size_t>(blocks() * dynamics::EnsembleLayout::block / m_layout.unit) * row, 2.5);
    of_walkers.assign(n * row, 3.5);
  }

  std::vector<double> x, v, origin_x, origin_v, cells, units, of_walkers;
  std::vector<std::uint8_t> memory;
  std::vector<std::uint64_t> counts;

  void initialise(dynamics::InitialState const&) override {}
  void advance_partly(std::int64_t) override {}
  void advance_blocks(std::int64_t, std::int64_t, std::int64_t) override {}
  void finish_advance(std::int64_t) override {}
  void wait() override {}
  std::int64_t blocks() const override { return (m_range.last - 1) / dynamics::EnsembleLayout::block + 1; }
  std::vector<double> unit_sums() override { return units; }
  void set_unit_sums(std::vector<double> const& sums) override {
    if (sums.size() != units.size()) std::abort();
    units = sums;
  }
  std::vector<double> walker_sums() override { return of_walkers; }
  void set_walker_sums(std::vector<double> const& sums) override {
    if (!sums.empty() && sums.size() != of_walkers.size()) std::abort();
    if (!sums.empty()) of_walkers = sums;
  }
  std::int64_t step() const override { return m_step; }
  void mark_origin() override {}
  dynamics::FrameSums frame_sums() override { return dynamics::FrameSums({}); }
  dynamics::CellSums cell_sums() override { return dynamics::CellSums(cells); }
  void set_cell_sums(dynamics::CellSums const& sums) override {
    expects_extent("cells", static_cast<std::int64_t>(sums.values().size()), static_cast<std::int64_t>(cells.size()));
    cells = sums.values();
  }
  std::vector<std::uint64_t> histogram() override { return counts; }
  void set_histogram(std::vector<std::uint64_t> const& values) override {
    if (values.size() != counts.size()) std::abort();
    counts = values;
  }
  std::uint64_t state_hash() override { return 0; }
  std::optional<std::int64_t> first_diverged() override { return std::nullopt; }
  std::vector<dynamics::WalkerState> read_walkers(std::vector<std::int64_t> const&) override { return {}; }
  std::vector<dynamics::StateColumn> download() override {
    return {{"x0", std::span(x)},
            {"v0", std::span(v)},
            {"core_memory", std::span(memory)},
            {"origin_x0", std::span(origin_x)},
            {"origin_v0", std::span(origin_v)}};
  }
  void upload(std::int64_t step) override { m_step = step; }
  std::int64_t state_bytes() const override { return 0; }
  std::int64_t extra_bytes() const override { return 0; }
  int dimension() const override { return 1; }
  dynamics::EnsembleLayout const& layout() const override { return m_layout; }
  dynamics::EnsembleLayout::Range range() const override { return m_range; }

 private:
  dynamics::EnsembleLayout m_layout;
  dynamics::EnsembleLayout::Range m_range;
  std::int64_t m_step = 0;
};

/// A potential of one coordinate that is asked for no more than that.
class Line final : public dynamics::AnyPotential {
 public:
  std::string const& kind() const override { return m_kind; }
  int dimension() const override { return 1; }
  bool separable() const override { return false; }
  double profile_energy(double) const override { return 0; }
  double energy(std::span<double const>) const override { return 0; }
  std::vector<double> usual_start() const override { return {0}; }
  bool confines() const override { return false; }
  bool diffuses() const override { return false; }
  std::uint64_t data_hash() const override { return 0; }
  std::vector<std::string> schemes() const override { return {}; }
  std::unique_ptr<dynamics::AnyEnsemble> make_ensemble(dynamics::EnsembleRequest const&) const override { return {}; }
  std::unique_ptr<dynamics::AnySpreadMap> make_spread_map(dynamics::SpreadRequest const&) const override { return {}; }

 private:
  std::string m_kind = "line";
};

/// A study of everything that a checkpoint can hold, stopped at step 46 within the launch from 40 to 50, which some walkers
/// have done; and its checkpoint in a folder of its own.
class SmallStudy {
 public:
  SmallStudy() {
    std::string name = (std::filesystem::temp_directory_path() / "kramers_checkpoint_XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("no folder for checkpoints");
    m_folder = name;
    auto& request = m_params.request;
    request.precision = "f64";
    request.potential = std::make_shared<Line>();
    request.params.walkers = walkers;
    request.params.correlations = true;
    request.params.production_start = 10;
    request.params.sampling.every = 5;
    request.params.sampling.core_sets = true;
    request.params.sampling.histogram.dimensions = 1;
    request.params.sampling.histogram.bins[0] = 2;
    m_params.equilibrate = 10;
    m_params.steps = 90;
    m_params.frame_every = 10;
    m_params.correlation_frames = 2;
    m_params.trajectory_walkers = 2;
    m_params.trajectory_every = 15;
    m_params.fingerprint = R"({"ensemble":{"seed":7},"integrator":{"dt":1e-05}})";

    StillEnsemble ensemble = fresh();
    auto const groups = static_cast<std::size_t>(ensemble.layout().groups);
    for (std::size_t i = 0; i < ensemble.counts.size(); i += 3) ensemble.counts[i] = 8;  // samples of one walker
    dynamics::StudyRecord record;
    std::size_t const row = groups * dynamics::row_length<dynamics::FrameQuantity>;
    record.frames.assign(4 * row, 0.5);
    record.correlations.assign(2 * row, 0.75);
    record.origins = {2, 2};
    record.trajectory_steps = {10, 25, 40};
    record.positions = {1, 2, 3, 4, 5, 6};
    record.velocities = {6, 5, 4, 3, 2, 1};
    dynamics::detail::write_checkpoint(path(), Communicator::self(), m_params, ensemble, record, {40, 50, {1}}, step);
    std::ifstream file(path(), std::ios::binary);
    m_good.assign(std::istreambuf_iterator<char>(file), {});
  }
  ~SmallStudy() {
    std::error_code ignored;
    std::filesystem::remove_all(m_folder, ignored);
  }
  SmallStudy(SmallStudy const&) = delete;
  SmallStudy& operator=(SmallStudy const&) = delete;

  static constexpr std::int64_t walkers = 5, step = 46;

  std::filesystem::path path() const { return m_folder / "c.h5"; }
  std::string const& good() const { return m_good; }
  /// The checkpoint as it was written.
  void restore() const { std::ofstream(path(), std::ios::binary) << m_good; }

  /// All that a reader gets, as text; what it gets must be usable.
  /// @throws Error  refused
  std::string read() const {
    StillEnsemble ensemble = fresh();
    dynamics::StudyRecord record;
    dynamics::LaunchState launch;
    auto const at = dynamics::detail::read_checkpoint(path(), Communicator::self(), m_params, ensemble, record, launch);
    if (at < 0 || at > m_params.last_step() || ensemble.step() != at) std::abort();
    std::string text = std::to_string(at);
    auto const add = [&](auto const& values) {
      for (auto const value : values) text += " " + std::to_string(value);
      text += ";";
    };
    for (auto const* column : {&ensemble.x, &ensemble.v, &ensemble.origin_x, &ensemble.origin_v}) {
      for (double const value : *column) {
        if (!std::isfinite(value)) std::abort();
      }
      add(*column);
    }
    add(ensemble.memory), add(ensemble.cells), add(ensemble.counts), add(ensemble.units), add(ensemble.of_walkers);
    add(launch.ahead), add(std::vector{launch.first_step, launch.last_step});
    add(record.frames), add(record.correlations), add(record.origins), add(record.trajectory_steps);
    add(record.positions), add(record.velocities);
    // One walker alone, as a replay reads it.
    StillEnsemble other = fresh();
    bool const ahead = !launch.ahead.empty() && launch.ahead[0] != 0;
    if (dynamics::detail::read_walker(path(), m_params, 0, other) != (ahead ? launch.last_step : at)) std::abort();
    return text;
  }

 private:
  StillEnsemble fresh() const {
    StillEnsemble ensemble(walkers);
    ensemble.counts.assign(static_cast<std::size_t>(ensemble.layout().groups * 3), 0);
    return ensemble;
  }

  std::filesystem::path m_folder;
  dynamics::StudyParams m_params;
  std::string m_good;
};

}  // namespace kramers::test
