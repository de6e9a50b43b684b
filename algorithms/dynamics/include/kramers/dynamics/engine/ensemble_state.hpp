// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/concepts.hpp>
#include <kramers/dynamics/engine/any_ensemble.hpp>
#include <kramers/dynamics/engine/detail/sampler.hpp>

#include <string>

namespace kramers::dynamics {

/// What an ensemble has whatever its potential and its scheme: its walkers, their sums, and the way of both to the host.
///
/// Compiled in the library, for each space that Kokkos was built with, double and float, and D = 1, 2, 3.
template <execution_space Space, class T, int D>
class EnsembleState : public AnyEnsemble {
 public:
  EnsembleState(EnsembleState const&) = delete;
  EnsembleState& operator=(EnsembleState const&) = delete;
  ~EnsembleState() override;

  void initialise(InitialState const& start) override;
  void advance_partly(std::int64_t steps) override;
  void advance_blocks(std::int64_t steps, std::int64_t first, std::int64_t last) override;
  void finish_advance(std::int64_t steps) override;
  void wait() override;
  std::int64_t blocks() const override;
  std::int64_t step() const override;
  void mark_origin() override;

  FrameSums frame_sums() override;
  CellSums cell_sums() override;
  void set_cell_sums(CellSums const& sums) override;
  std::vector<double> unit_sums() override;
  void set_unit_sums(std::vector<double> const& sums) override;
  std::vector<double> walker_sums() override;
  void set_walker_sums(std::vector<double> const& sums) override;
  std::vector<std::uint64_t> histogram() override;
  void set_histogram(std::vector<std::uint64_t> const& counts) override;

  std::uint64_t state_hash() override;
  std::optional<std::int64_t> first_diverged() override;
  std::vector<WalkerState> read_walkers(std::vector<std::int64_t> const& ids) override;
  std::vector<StateColumn> download() override;
  void upload(std::int64_t step) override;

  std::int64_t state_bytes() const override;
  std::int64_t extra_bytes() const override;
  int dimension() const override;
  EnsembleLayout const& layout() const override;
  EnsembleLayout::Range range() const override;

 protected:
  using WalkerView = Kokkos::View<T**, Kokkos::LayoutLeft, Space>;
  using SumView = Kokkos::View<double**, Kokkos::LayoutRight, Space>;

  /// Own the walkers `range` (whole parts of the layout) of the ensemble, of a scheme that asks for the force `force_time`
  /// after a step began [steps].
  EnsembleState(Space const& exec, EnsembleParams const& params, EnsembleLayout::Range range, bool overdamped,
                double force_time);

  /// Do `steps` > 0 steps of the blocks [first, last), at least one.
  virtual void launch(std::int64_t steps, std::int64_t first, std::int64_t last, bool will_go_on) = 0;
  /// Put what a frame records of each unit into m_unit_sums.
  virtual void observe_frame() = 0;

  /// Teams of as many threads as a block has packs on devices; teams of one thread, which takes all of them, on hosts.
  Kokkos::TeamPolicy<Space> team_policy(std::int64_t blocks, int packs, int scratch_bytes, int counter_bytes = 0) const;
  /// What samples in the next steps; with `every` = 0 where there is nothing to sum in them, and nothing to end.
  detail::Sampler<Space, T> sampler(std::int64_t steps, bool will_go_on) const;
  /// The force that drives the walkers from the present step on.
  detail::Drive<Space, T> drive() const;
  /// Counters for a team of one thread to count in alone, or 0.
  int team_counters(std::int64_t steps) const;

  Space m_exec;
  EnsembleParams m_params;
  EnsembleLayout m_layout;
  EnsembleLayout::Range m_range;
  std::int64_t m_step = 0;
  WalkerView m_x, m_v, m_origin_x, m_origin_v;
  Kokkos::View<std::uint8_t*, Space> m_memory;
  SumView m_unit_sums;
  SumView m_walker_sums;   // allocated where a launch is first done in pieces
  bool m_goes_on = false;  // m_walker_sums holds sums of a launch that goes on

 private:
  using CountView = Kokkos::View<std::uint64_t**, Kokkos::LayoutRight, Space>;
  using MemoryView = Kokkos::View<std::uint8_t*, Space>;

  void run(std::int64_t steps, std::int64_t first, std::int64_t last, bool will_go_on);
  bool samples_within(std::int64_t steps) const;
  bool follows_cores() const;
  detail::Sampler<Space, T> full_sampler() const;
  Kokkos::RangePolicy<Space> whole() const;
  Kokkos::RangePolicy<Space> here() const;
  void allocate_walker_sums();
  void fold(SumView const& cells, int count, bool accumulate) const;
  template <class View>
  auto to_host(View const& view) const;
  template <class V, class View>
  void from_host(std::vector<V> const& values, View const& view, std::string const& name) const;
  template <class Visit>
  void for_each_column(Visit const& visit);

  bool m_overdamped;
  std::int64_t m_blocks, m_cells;
  SumView m_cell_sums, m_frame_sums;
  Kokkos::View<T*, Space> m_drive;  // forces of one period of the drive, or none
  CountView m_histogram;
  typename WalkerView::host_mirror_type m_host_x, m_host_v, m_host_origin_x, m_host_origin_v;
  typename MemoryView::host_mirror_type m_host_memory;
};

}  // namespace kramers::dynamics
