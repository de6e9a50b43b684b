// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/base/error.hpp>
#include <kramers/core/concepts.hpp>
#include <kramers/core/copy_view.hpp>
#include <kramers/dynamics/engine/any_ensemble.hpp>
#include <kramers/dynamics/engine/detail/advance_kernel.hpp>
#include <kramers/dynamics/engine/detail/unit_sum_kernel.hpp>
#include <kramers/dynamics/engine/detail/walker_kernels.hpp>

#include <Kokkos_Profiling_ScopedRegion.hpp>

#include <limits>

namespace kramers::dynamics {

/// N independent Langevin walkers in a potential, advanced by one scheme on one execution space.
///
/// Every walker's trajectory is a function of (seed, walker id, parameters) alone: the same bits on every space, lane
/// width W, thread count and division over ranks. Memory is allocated in the constructor only.
///
/// Shapes   walkers here, rounded up to whole blocks, times D coordinates.
/// Cost     per step and coordinate one normal number per O of the scheme and one force; no memory traffic in between.
template <execution_space Space, class Scheme, potential Potential,
          int W = lane_width<Space, typename Potential::value_type>>
class Ensemble final : public AnyEnsemble {
 public:
  using T = typename Potential::value_type;
  static constexpr int D = Potential::dimension;

  /// Own the walkers `range` (whole parts of the layout) of the ensemble.
  Ensemble(Space const& exec, Potential const& potential, EnsembleParams const& params, EnsembleLayout::Range range)
      : m_exec(exec),
        m_potential(potential),
        m_params(params),
        m_constants((check(params, Scheme::overdamped, D), params.langevin)),
        m_layout(params.walkers),
        m_range(range),
        m_blocks((range.size() + EnsembleLayout::block - 1) / EnsembleLayout::block),
        m_units(m_blocks * EnsembleLayout::block / m_layout.unit),
        m_cells(m_layout.cells_of(range).size()),
        m_x(allocate<WalkerView>("x", m_blocks * EnsembleLayout::block, D)),
        m_v(allocate<WalkerView>("v", m_blocks * EnsembleLayout::block, D)),
        m_unit_sums(allocate<SumView>("unit_sums", m_units, row_length<Quantity>)),
        m_cell_sums(allocate<SumView>("cell_sums", m_cells, row_length<Quantity>)),
        m_frame_sums(allocate<SumView>("frame_sums", m_cells, row_length<FrameQuantity>)),
        m_host_x(Kokkos::create_mirror_view(m_x)),
        m_host_v(Kokkos::create_mirror_view(m_v)) {
    if (follows_cores()) m_memory = allocate<MemoryView>("core_memory", m_blocks * EnsembleLayout::block);
    m_host_memory = Kokkos::create_mirror_view(m_memory);
    if (params.correlations) {
      m_origin_x = allocate<WalkerView>("origin_x", m_blocks * EnsembleLayout::block, D);
      m_origin_v = allocate<WalkerView>("origin_v", m_blocks * EnsembleLayout::block, D);
    }
    m_host_origin_x = Kokkos::create_mirror_view(m_origin_x);
    m_host_origin_v = Kokkos::create_mirror_view(m_origin_v);
    m_histogram = allocate<CountView>("histogram", m_layout.groups, params.sampling.histogram.counters());
  }

  void initialise(InitialState const& start) override {
    m_step = 0;
    double const speed =
        Scheme::overdamped ? 1.0 : Kokkos::sqrt(m_params.langevin.temperature / m_params.langevin.mass);
    Kokkos::parallel_for(
        "kramers::initialise", whole(),
        detail::InitialiseKernel<Space, T, D>{m_x, m_v, start, static_cast<T>(speed), m_params.seed, m_range.first});
  }

  void advance_partly(std::int64_t steps) override {
    bool const sums = samples_within(steps);
    if (sums) allocate_walker_sums();
    launch(steps, 0, m_blocks, true);
    m_goes_on = m_goes_on || sums;
    m_step += steps;
  }

  void advance_blocks(std::int64_t steps, std::int64_t first, std::int64_t last) override {
    expects(0 <= first && first <= last && last <= m_blocks, "last", last, "0 <= first <= last <= blocks()");
    launch(steps, first, last, false);
  }

  void finish_advance(std::int64_t steps) override {
    if (m_blocks > 0 && (m_goes_on || samples_within(steps))) fold(m_cell_sums, row_length<Quantity>, true);
    m_goes_on = false;
    m_step += steps;
  }

  void wait() override { m_exec.fence("kramers::wait"); }
  std::int64_t blocks() const override { return m_blocks; }

  void mark_origin() override {
    expects(m_params.correlations, "correlations", std::int64_t{m_params.correlations}, "on, to mark an origin");
    Kokkos::deep_copy(m_exec, m_origin_x, m_x);
    Kokkos::deep_copy(m_exec, m_origin_v, m_v);
    if (follows_cores()) {
      Kokkos::parallel_for("kramers::mark_cores", whole(), detail::MarkCoreKernel<Space>{m_memory});
    }
  }

  std::int64_t step() const override { return m_step; }

  FrameSums frame_sums() override {
    if (m_blocks > 0) {
      using Observer = detail::FrameObserver<Space, Potential>;
      using Kernel = detail::UnitSumKernel<Space, Observer, W>;
      Observer const observer{.potential = m_potential,
                              .x = m_x,
                              .v = m_v,
                              .origin_x = m_origin_x,
                              .origin_v = m_origin_v,
                              .memory = m_memory,
                              .mass = static_cast<T>(m_params.langevin.mass),
                              .dividing_point = static_cast<T>(m_params.sampling.dividing_point),
                              .coordinate = m_params.sampling.coordinate,
                              .correlations = m_params.correlations};
      Kokkos::parallel_for("kramers::frame_sums", team_policy(m_blocks, Kernel::scratch_bytes()),
                           Kernel{observer, m_range.size(), m_unit_sums, static_cast<int>(m_layout.unit)});
      fold(m_frame_sums, row_length<FrameQuantity>, false);
    }
    return FrameSums(to_host(m_frame_sums));
  }

  CellSums cell_sums() override { return CellSums(to_host(m_cell_sums)); }
  void set_cell_sums(CellSums const& sums) override { from_host(sums.values(), m_cell_sums, "cell_sums"); }
  std::vector<double> unit_sums() override { return to_host(m_unit_sums); }
  void set_unit_sums(std::vector<double> const& sums) override { from_host(sums, m_unit_sums, "unit_sums"); }
  std::vector<double> walker_sums() override {
    if (!m_goes_on) return {};
    auto sums = to_host(m_walker_sums);
    sums.resize(static_cast<std::size_t>(m_range.size() * row_length<Quantity>));
    return sums;
  }
  void set_walker_sums(std::vector<double> const& sums) override {
    m_goes_on = !sums.empty();
    if (!m_goes_on) return;
    expects_extent("walker_sums", static_cast<std::int64_t>(sums.size()), m_range.size() * row_length<Quantity>);
    allocate_walker_sums();
    auto filled_up = sums;
    filled_up.resize(m_walker_sums.size(), 0.0);
    from_host(filled_up, m_walker_sums, "walker_sums");
  }
  std::vector<std::uint64_t> histogram() override { return to_host(m_histogram); }
  void set_histogram(std::vector<std::uint64_t> const& counts) override { from_host(counts, m_histogram, "histogram"); }

  std::uint64_t state_hash() override {
    std::uint64_t sum = 0;
    Kokkos::parallel_reduce("kramers::state_hash", here(), detail::HashKernel<Space, T, D>{m_x, m_v, m_range.first},
                            sum);
    return sum;
  }

  std::optional<std::int64_t> first_diverged() override {
    std::int64_t smallest = std::numeric_limits<std::int64_t>::max();
    Kokkos::parallel_reduce("kramers::first_diverged", here(), detail::DivergedKernel<Space, T, D>{m_x},
                            Kokkos::Min<std::int64_t>(smallest));
    if (smallest == std::numeric_limits<std::int64_t>::max()) return std::nullopt;
    return m_range.first + smallest;
  }

  std::vector<WalkerState> read_walkers(std::vector<std::int64_t> const& ids) override {
    auto const n = static_cast<std::int64_t>(ids.size());
    Kokkos::View<std::int64_t*, Space> const index(alloc("chosen"), n);
    auto const host_index = Kokkos::create_mirror_view(index);
    for (std::size_t i = 0; i < ids.size(); ++i) {
      expects(ids[i] >= m_range.first && ids[i] < m_range.last, "walker id", ids[i], "owned by this rank");
      host_index(i) = ids[i] - m_range.first;
    }
    copy_view(m_exec, index, host_index);
    SumView const rows(alloc("rows"), n, 2 * D);
    Kokkos::parallel_for("kramers::read_walkers", Kokkos::RangePolicy<Space>(m_exec, 0, n),
                         detail::GatherWalkersKernel<Space, T, D>{m_x, m_v, index, rows});
    std::vector<double> const flat = to_host(rows);
    std::vector<WalkerState> states(ids.size());
    for (std::size_t i = 0; i < ids.size(); ++i) {
      for (std::size_t d = 0; d < D; ++d) {
        states[i].position[d] = flat[i * 2 * D + d];
        states[i].velocity[d] = flat[i * 2 * D + D + d];
      }
    }
    return states;
  }

  std::vector<StateColumn> download() override {
    for_each_column([this](auto const& device, auto const& host, auto const&) { copy_view(m_exec, host, device); });
    m_exec.fence("kramers::download");
    std::vector<StateColumn> columns;
    for_each_column([&](auto const&, auto const& host, std::string const& name) {
      auto const n = static_cast<std::size_t>(m_range.size());
      if constexpr (std::decay_t<decltype(host)>::rank == 2) {
        for (std::size_t d = 0; d < D; ++d) {
          columns.push_back({name + std::to_string(d), std::span(&host(0, d), n)});
        }
      } else {
        columns.push_back({name, std::span(host.data(), n)});
      }
    });
    return columns;
  }

  void upload(std::int64_t step) override {
    expects(step >= 0, "step", step, "step >= 0");
    m_step = step;
    for_each_column([this](auto const& device, auto const& host, auto const&) { copy_view(m_exec, device, host); });
    m_exec.fence("kramers::upload");
  }

  std::int64_t state_bytes() const override { return bytes(m_x, m_v, m_memory, m_origin_x, m_origin_v); }
  std::int64_t extra_bytes() const override {
    return bytes(m_unit_sums, m_cell_sums, m_frame_sums, m_histogram, m_walker_sums);
  }
  int dimension() const override { return D; }
  EnsembleLayout const& layout() const override { return m_layout; }
  EnsembleLayout::Range range() const override { return m_range; }

 private:
  using WalkerView = detail::WalkerView<Space, T>;
  using SumView = Kokkos::View<double**, Kokkos::LayoutRight, Space>;
  using CountView = Kokkos::View<std::uint64_t**, Kokkos::LayoutRight, Space>;
  using MemoryView = Kokkos::View<std::uint8_t*, Space>;

  bool follows_cores() const { return m_params.sampling.core_sets || m_params.sampling.first_passage; }

  auto alloc(std::string const& what) const { return Kokkos::view_alloc(m_exec, "kramers::Ensemble::" + what); }
  template <class View, class... Extents>
  View allocate(std::string const& what, Extents... extents) const {
    return View(alloc(what), static_cast<std::size_t>(extents)...);
  }
  template <class... Views>
  static std::int64_t bytes(Views const&... views) {
    return (static_cast<std::int64_t>(views.size() * sizeof(typename Views::value_type)) + ...);
  }

  Kokkos::RangePolicy<Space> whole() const {
    return Kokkos::RangePolicy<Space>(m_exec, 0, m_blocks * EnsembleLayout::block);
  }
  Kokkos::RangePolicy<Space> here() const { return Kokkos::RangePolicy<Space>(m_exec, 0, m_range.size()); }

  // On a device a thread per pack; host teams have one thread, which takes all packs of its block.
  Kokkos::TeamPolicy<Space> team_policy(std::int64_t blocks, int scratch_bytes, int counter_bytes = 0) const {
    int const team_size = on_device<Space> ? static_cast<int>(EnsembleLayout::block) / W : 1;
    return Kokkos::TeamPolicy<Space>(m_exec, static_cast<int>(blocks), team_size)
        .set_scratch_size(0, Kokkos::PerTeam(scratch_bytes))
        .set_scratch_size(1, Kokkos::PerTeam(counter_bytes));
  }

  void allocate_walker_sums() {
    if (m_walker_sums.size() > 0) return;
    m_walker_sums = allocate<SumView>("walker_sums", m_blocks * EnsembleLayout::block, row_length<Quantity>);
  }

  void launch(std::int64_t steps, std::int64_t first, std::int64_t last, bool will_go_on) {
    expects(steps >= 0, "steps", steps, "steps >= 0");
    if (first == last || steps == 0) return;
    Kokkos::Profiling::ScopedRegion const region("kramers::advance");
    using Kernel = detail::AdvanceKernel<Space, Scheme, Potential, W>;
    detail::Sampler<Space, T> observer = sampler();
    // Nothing to sum in this piece, and nothing to bring to an end.
    if (!samples_within(steps) && !(m_goes_on && !will_go_on)) observer.params.every = 0;
    int const counters = team_counters(m_step, m_step + steps);
    Kernel const kernel{.potential = m_potential,
                        .constants = m_constants,
                        .x = m_x,
                        .v = m_v,
                        .sampler = observer,
                        .unit_sums = m_unit_sums,
                        .walker_sums = m_walker_sums,
                        .goes_on = m_goes_on,
                        .will_go_on = will_go_on,
                        .seed = m_params.seed,
                        .first_walker = m_range.first,
                        .first_block = first,
                        .walkers = m_params.walkers,
                        .first_step = m_step,
                        .last_step = m_step + steps,
                        .unit = static_cast<int>(m_layout.unit),
                        .counters = counters};
    Kokkos::parallel_for("kramers::advance",
                         team_policy(last - first, Kernel::scratch_bytes(), Kernel::counter_bytes(counters)), kernel);
  }

  /// Is anything sampled in the next steps?
  bool samples_within(std::int64_t steps) const {
    return steps > 0 && sampler().first_due_after(m_step) <= m_step + steps;
  }

  // Counters for a team of one thread to count in alone, without atomics, where it counts enough to pay for adding them
  // to its group's, and where they are few enough to stay in cache.
  int team_counters(std::int64_t first_step, std::int64_t last_step) const {
    std::int64_t const counters = m_params.sampling.histogram.counters();
    if (on_device<Space> || m_params.sampling.every == 0 || counters == 0) return 0;
    std::int64_t const counts = (last_step - first_step) / m_params.sampling.every * EnsembleLayout::block;
    bool const one_group = m_layout.cell * m_layout.cells_per_group % EnsembleLayout::block == 0;
    bool const fit = counters <= (1 << 16) && counts <= std::numeric_limits<std::uint32_t>::max();
    return one_group && fit && counts > counters ? static_cast<int>(counters) : 0;
  }

  detail::Sampler<Space, T> sampler() const {
    return {.params = m_params.sampling,
            .mass = static_cast<T>(m_params.langevin.mass),
            .production_start = m_params.production_start,
            .memory = m_memory,
            .histogram = m_histogram,
            .walkers_per_group = m_layout.cell * m_layout.cells_per_group};
  }

  void fold(SumView const& cells, int count, bool accumulate) const {
    Kokkos::parallel_for("kramers::fold_units", Kokkos::RangePolicy<Space>(m_exec, 0, m_cells * count),
                         detail::FoldUnitsKernel<Space>{.unit_sums = m_unit_sums,
                                                        .cells = cells,
                                                        .units_here = m_units,
                                                        .units_per_cell = m_layout.cell / m_layout.unit,
                                                        .count = count,
                                                        .accumulate = accumulate});
  }

  template <class View>
  auto to_host(View const& view) const {
    auto const host = Kokkos::create_mirror_view(view);
    copy_view(m_exec, host, view);
    m_exec.fence("kramers::to_host");
    return std::vector<typename View::non_const_value_type>(host.data(), host.data() + host.size());
  }

  template <class V, class View>
  void from_host(std::vector<V> const& values, View const& view, std::string const& name) const {
    expects_extent(name, static_cast<std::int64_t>(values.size()), static_cast<std::int64_t>(view.size()));
    auto const host = Kokkos::create_mirror_view(view);
    std::copy(values.begin(), values.end(), host.data());
    copy_view(m_exec, view, host);
    m_exec.fence("kramers::from_host");
  }

  template <class Visit>
  void for_each_column(Visit const& visit) {
    visit(m_x, m_host_x, "x");
    visit(m_v, m_host_v, "v");
    if (follows_cores()) visit(m_memory, m_host_memory, "core_memory");
    if (m_params.correlations) {
      visit(m_origin_x, m_host_origin_x, "origin_x");
      visit(m_origin_v, m_host_origin_v, "origin_v");
    }
  }

  Space m_exec;
  Potential m_potential;
  EnsembleParams m_params;
  typename Scheme::template Constants<T> m_constants;
  EnsembleLayout m_layout;
  EnsembleLayout::Range m_range;
  std::int64_t m_blocks, m_units, m_cells, m_step = 0;
  WalkerView m_x, m_v, m_origin_x, m_origin_v;
  MemoryView m_memory;
  SumView m_unit_sums, m_cell_sums, m_frame_sums;
  SumView m_walker_sums;   // allocated where a launch is first done in pieces
  bool m_goes_on = false;  // m_walker_sums holds sums of a launch that goes on
  CountView m_histogram;
  typename WalkerView::host_mirror_type m_host_x, m_host_v, m_host_origin_x, m_host_origin_v;
  typename MemoryView::host_mirror_type m_host_memory;
};

}  // namespace kramers::dynamics
