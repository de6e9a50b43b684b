// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/core/copy_view.hpp>
#include <kramers/core/math.hpp>
#include <kramers/core/spaces.hpp>
#include <kramers/dynamics/engine/detail/unit_sum_kernel.hpp>
#include <kramers/dynamics/engine/detail/walker_kernels.hpp>
#include <kramers/dynamics/engine/ensemble_state.hpp>

#include <Kokkos_Profiling_ScopedRegion.hpp>

#include <limits>
#include <numbers>

namespace kramers::dynamics {
namespace {

template <class Space>
auto alloc(Space const& exec, std::string const& what) {
  return Kokkos::view_alloc(exec, "kramers::Ensemble::" + what);
}
template <class View, class Space, class... Extents>
View allocate(Space const& exec, std::string const& what, Extents... extents) {
  return View(alloc(exec, what), static_cast<std::size_t>(extents)...);
}
template <class... Views>
std::int64_t bytes(Views const&... views) {
  return (static_cast<std::int64_t>(views.size() * sizeof(typename Views::value_type)) + ...);
}

}  // namespace

DrivePhase drive_phase(DriveParams const& drive, std::int64_t step, double offset) {
  auto const period = static_cast<double>(drive.period);
  double const later = static_cast<double>(step % drive.period) + offset;
  double const turn = (later < period ? later : later - period) / period;
  DrivePhase phase{};
  math::sincos_2pi(turn + drive.phase / (2 * std::numbers::pi), phase.sine, phase.cosine);
  return phase;
}

std::vector<double> drive_table(DriveParams const& drive, double offset) {
  std::vector<double> forces;
  if (!drive.is_on()) return forces;
  forces.reserve(static_cast<std::size_t>(drive.period));
  for (std::int64_t n = 0; n < drive.period; ++n) {
    forces.push_back(drive.amplitude * drive_phase(drive, n, offset).cosine);
  }
  return forces;
}

template <execution_space Space, class T, int D>
EnsembleState<Space, T, D>::EnsembleState(Space const& exec, EnsembleParams const& params, EnsembleLayout::Range range,
                                          bool overdamped, double force_time)
    : m_exec(exec),
      m_params((check(params, overdamped, D), params)),
      m_layout(params.walkers),
      m_range(range),
      m_overdamped(overdamped),
      m_blocks((range.size() + EnsembleLayout::block - 1) / EnsembleLayout::block),
      m_cells(m_layout.cells_of(range).size()) {
  std::int64_t const rows = m_blocks * EnsembleLayout::block;
  m_x = allocate<WalkerView>(m_exec, "x", rows, D);
  m_v = allocate<WalkerView>(m_exec, "v", rows, D);
  m_unit_sums = allocate<SumView>(m_exec, "unit_sums", rows / m_layout.unit, row_length<Quantity>);
  m_cell_sums = allocate<SumView>(m_exec, "cell_sums", m_cells, row_length<Quantity>);
  m_frame_sums = allocate<SumView>(m_exec, "frame_sums", m_cells, row_length<FrameQuantity>);
  if (follows_cores()) m_memory = allocate<MemoryView>(m_exec, "core_memory", rows);
  if (params.correlations) {
    m_origin_x = allocate<WalkerView>(m_exec, "origin_x", rows, D);
    m_origin_v = allocate<WalkerView>(m_exec, "origin_v", rows, D);
  }
  m_histogram = allocate<CountView>(m_exec, "histogram", m_layout.groups, params.sampling.histogram.counters());
  std::vector<double> const forces = drive_table(params.drive, force_time);
  m_drive = allocate<Kokkos::View<T*, Space>>(m_exec, "drive", forces.size());
  auto const host_forces = Kokkos::create_mirror_view(m_drive);
  for (std::size_t i = 0; i < forces.size(); ++i) host_forces(i) = static_cast<T>(forces[i]);
  copy_view(m_exec, m_drive, host_forces);
  m_exec.fence("kramers::drive");
  m_host_x = Kokkos::create_mirror_view(m_x);
  m_host_v = Kokkos::create_mirror_view(m_v);
  m_host_memory = Kokkos::create_mirror_view(m_memory);
  m_host_origin_x = Kokkos::create_mirror_view(m_origin_x);
  m_host_origin_v = Kokkos::create_mirror_view(m_origin_v);
}

template <execution_space Space, class T, int D>
EnsembleState<Space, T, D>::~EnsembleState() = default;

template <execution_space Space, class T, int D>
void EnsembleState<Space, T, D>::initialise(InitialState const& start) {
  m_step = 0;
  double const speed = m_overdamped ? 1.0 : Kokkos::sqrt(m_params.langevin.temperature / m_params.langevin.mass);
  Kokkos::parallel_for(
      "kramers::initialise", whole(),
      detail::InitialiseKernel<Space, T, D>{m_x, m_v, start, static_cast<T>(speed), m_params.seed, m_range.first});
}

template <execution_space Space, class T, int D>
void EnsembleState<Space, T, D>::advance_partly(std::int64_t steps) {
  bool const sums = samples_within(steps);
  if (sums) allocate_walker_sums();
  run(steps, 0, m_blocks, true);
  m_goes_on = m_goes_on || sums;
  m_step += steps;
}

template <execution_space Space, class T, int D>
void EnsembleState<Space, T, D>::advance_blocks(std::int64_t steps, std::int64_t first, std::int64_t last) {
  expects(0 <= first && first <= last && last <= m_blocks, "last", last, "0 <= first <= last <= blocks()");
  run(steps, first, last, false);
}

template <execution_space Space, class T, int D>
void EnsembleState<Space, T, D>::finish_advance(std::int64_t steps) {
  if (m_blocks > 0 && (m_goes_on || samples_within(steps))) fold(m_cell_sums, row_length<Quantity>, true);
  m_goes_on = false;
  m_step += steps;
}

template <execution_space Space, class T, int D>
void EnsembleState<Space, T, D>::run(std::int64_t steps, std::int64_t first, std::int64_t last, bool will_go_on) {
  expects(steps >= 0, "steps", steps, "steps >= 0");
  if (first == last || steps == 0) return;
  Kokkos::Profiling::ScopedRegion const region("kramers::advance");
  launch(steps, first, last, will_go_on);
}

template <execution_space Space, class T, int D>
void EnsembleState<Space, T, D>::wait() {
  m_exec.fence("kramers::wait");
}
template <execution_space Space, class T, int D>
std::int64_t EnsembleState<Space, T, D>::blocks() const {
  return m_blocks;
}
template <execution_space Space, class T, int D>
std::int64_t EnsembleState<Space, T, D>::step() const {
  return m_step;
}

template <execution_space Space, class T, int D>
void EnsembleState<Space, T, D>::mark_origin() {
  expects(m_params.correlations, "correlations", std::int64_t{m_params.correlations}, "on, to mark an origin");
  Kokkos::deep_copy(m_exec, m_origin_x, m_x);
  Kokkos::deep_copy(m_exec, m_origin_v, m_v);
  if (follows_cores()) {
    Kokkos::parallel_for("kramers::mark_cores", whole(), detail::MarkCoreKernel<Space>{m_memory});
  }
}

template <execution_space Space, class T, int D>
FrameSums EnsembleState<Space, T, D>::frame_sums() {
  if (m_blocks > 0) {
    observe_frame();
    fold(m_frame_sums, row_length<FrameQuantity>, false);
  }
  return FrameSums(to_host(m_frame_sums));
}
template <execution_space Space, class T, int D>
CellSums EnsembleState<Space, T, D>::cell_sums() {
  return CellSums(to_host(m_cell_sums));
}
template <execution_space Space, class T, int D>
void EnsembleState<Space, T, D>::set_cell_sums(CellSums const& sums) {
  from_host(sums.values(), m_cell_sums, "cell_sums");
}
template <execution_space Space, class T, int D>
std::vector<double> EnsembleState<Space, T, D>::unit_sums() {
  return to_host(m_unit_sums);
}
template <execution_space Space, class T, int D>
void EnsembleState<Space, T, D>::set_unit_sums(std::vector<double> const& sums) {
  from_host(sums, m_unit_sums, "unit_sums");
}
template <execution_space Space, class T, int D>
std::vector<double> EnsembleState<Space, T, D>::walker_sums() {
  if (!m_goes_on) return {};
  auto sums = to_host(m_walker_sums);
  sums.resize(static_cast<std::size_t>(m_range.size() * row_length<Quantity>));
  return sums;
}
template <execution_space Space, class T, int D>
void EnsembleState<Space, T, D>::set_walker_sums(std::vector<double> const& sums) {
  m_goes_on = !sums.empty();
  if (!m_goes_on) return;
  expects_extent("walker_sums", static_cast<std::int64_t>(sums.size()), m_range.size() * row_length<Quantity>);
  allocate_walker_sums();
  auto filled_up = sums;
  filled_up.resize(m_walker_sums.size(), 0.0);
  from_host(filled_up, m_walker_sums, "walker_sums");
}
template <execution_space Space, class T, int D>
std::vector<std::uint64_t> EnsembleState<Space, T, D>::histogram() {
  return to_host(m_histogram);
}
template <execution_space Space, class T, int D>
void EnsembleState<Space, T, D>::set_histogram(std::vector<std::uint64_t> const& counts) {
  from_host(counts, m_histogram, "histogram");
}

template <execution_space Space, class T, int D>
std::uint64_t EnsembleState<Space, T, D>::state_hash() {
  std::uint64_t sum = 0;
  Kokkos::parallel_reduce("kramers::state_hash", here(), detail::HashKernel<Space, T, D>{m_x, m_v, m_range.first}, sum);
  return sum;
}

template <execution_space Space, class T, int D>
std::optional<std::int64_t> EnsembleState<Space, T, D>::first_diverged() {
  std::int64_t smallest = std::numeric_limits<std::int64_t>::max();
  Kokkos::parallel_reduce("kramers::first_diverged", here(), detail::DivergedKernel<Space, T, D>{m_x},
                          Kokkos::Min<std::int64_t>(smallest));
  if (smallest == std::numeric_limits<std::int64_t>::max()) return std::nullopt;
  return m_range.first + smallest;
}

template <execution_space Space, class T, int D>
std::vector<WalkerState> EnsembleState<Space, T, D>::read_walkers(std::vector<std::int64_t> const& ids) {
  auto const n = static_cast<std::int64_t>(ids.size());
  Kokkos::View<std::int64_t*, Space> const index(alloc(m_exec, "chosen"), ids.size());
  auto const host_index = Kokkos::create_mirror_view(index);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    expects(ids[i] >= m_range.first && ids[i] < m_range.last, "walker id", ids[i], "owned by this rank");
    host_index(i) = ids[i] - m_range.first;
  }
  copy_view(m_exec, index, host_index);
  SumView const rows(alloc(m_exec, "rows"), ids.size(), 2 * D);
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

template <execution_space Space, class T, int D>
std::vector<StateColumn> EnsembleState<Space, T, D>::download() {
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

template <execution_space Space, class T, int D>
void EnsembleState<Space, T, D>::upload(std::int64_t step) {
  expects(step >= 0, "step", step, "step >= 0");
  m_step = step;
  for_each_column([this](auto const& device, auto const& host, auto const&) { copy_view(m_exec, device, host); });
  m_exec.fence("kramers::upload");
}

template <execution_space Space, class T, int D>
std::int64_t EnsembleState<Space, T, D>::state_bytes() const {
  return bytes(m_x, m_v, m_memory, m_origin_x, m_origin_v);
}
template <execution_space Space, class T, int D>
std::int64_t EnsembleState<Space, T, D>::extra_bytes() const {
  return bytes(m_unit_sums, m_cell_sums, m_frame_sums, m_histogram, m_walker_sums, m_drive);
}
template <execution_space Space, class T, int D>
int EnsembleState<Space, T, D>::dimension() const {
  return D;
}
template <execution_space Space, class T, int D>
EnsembleLayout const& EnsembleState<Space, T, D>::layout() const {
  return m_layout;
}
template <execution_space Space, class T, int D>
EnsembleLayout::Range EnsembleState<Space, T, D>::range() const {
  return m_range;
}

template <execution_space Space, class T, int D>
Kokkos::TeamPolicy<Space> EnsembleState<Space, T, D>::team_policy(std::int64_t blocks, int packs, int scratch_bytes,
                                                                  int counter_bytes) const {
  return Kokkos::TeamPolicy<Space>(m_exec, static_cast<int>(blocks), on_device<Space> ? packs : 1)
      .set_scratch_size(0, Kokkos::PerTeam(scratch_bytes))
      .set_scratch_size(1, Kokkos::PerTeam(counter_bytes));
}

template <execution_space Space, class T, int D>
detail::Sampler<Space, T> EnsembleState<Space, T, D>::full_sampler() const {
  return {.params = m_params.sampling,
          .mass = static_cast<T>(m_params.langevin.mass),
          .production_start = m_params.production_start,
          .memory = m_memory,
          .histogram = m_histogram,
          .walkers_per_group = m_layout.cell * m_layout.cells_per_group};
}

template <execution_space Space, class T, int D>
detail::Sampler<Space, T> EnsembleState<Space, T, D>::sampler(std::int64_t steps, bool will_go_on) const {
  auto observer = full_sampler();
  if (!samples_within(steps) && !(m_goes_on && !will_go_on)) observer.params.every = 0;
  return observer;
}

template <execution_space Space, class T, int D>
detail::Drive<Space, T> EnsembleState<Space, T, D>::drive() const {
  auto const period = static_cast<std::int64_t>(m_drive.size());
  std::int64_t const first = period > 0 ? (m_step + period - 1) % period : 0;
  return {m_drive, static_cast<int>(period), static_cast<int>(first), m_params.drive.coordinate};
}

template <execution_space Space, class T, int D>
bool EnsembleState<Space, T, D>::samples_within(std::int64_t steps) const {
  return steps > 0 && full_sampler().first_due_after(m_step) <= m_step + steps;
}

// Without atomics, where a team counts enough to pay for adding its counts to its group's, and where its counters are few
// enough to stay in cache.
template <execution_space Space, class T, int D>
int EnsembleState<Space, T, D>::team_counters(std::int64_t steps) const {
  std::int64_t const counters = m_params.sampling.histogram.counters();
  if (on_device<Space> || m_params.sampling.every == 0 || counters == 0) return 0;
  std::int64_t const counts = steps / m_params.sampling.every * EnsembleLayout::block;
  bool const one_group = m_layout.cell * m_layout.cells_per_group % EnsembleLayout::block == 0;
  bool const fit = counters <= (1 << 16) && counts <= std::numeric_limits<std::uint32_t>::max();
  return one_group && fit && counts > counters ? static_cast<int>(counters) : 0;
}

template <execution_space Space, class T, int D>
bool EnsembleState<Space, T, D>::follows_cores() const {
  return m_params.sampling.core_sets || m_params.sampling.first_passage;
}

template <execution_space Space, class T, int D>
Kokkos::RangePolicy<Space> EnsembleState<Space, T, D>::whole() const {
  return Kokkos::RangePolicy<Space>(m_exec, 0, m_blocks * EnsembleLayout::block);
}
template <execution_space Space, class T, int D>
Kokkos::RangePolicy<Space> EnsembleState<Space, T, D>::here() const {
  return Kokkos::RangePolicy<Space>(m_exec, 0, m_range.size());
}

template <execution_space Space, class T, int D>
void EnsembleState<Space, T, D>::allocate_walker_sums() {
  if (m_walker_sums.size() > 0) return;
  m_walker_sums = allocate<SumView>(m_exec, "walker_sums", m_blocks * EnsembleLayout::block, row_length<Quantity>);
}

template <execution_space Space, class T, int D>
void EnsembleState<Space, T, D>::fold(SumView const& cells, int count, bool accumulate) const {
  Kokkos::parallel_for("kramers::fold_units", Kokkos::RangePolicy<Space>(m_exec, 0, m_cells * count),
                       detail::FoldUnitsKernel<Space>{.unit_sums = m_unit_sums,
                                                      .cells = cells,
                                                      .units_here = m_blocks * EnsembleLayout::block / m_layout.unit,
                                                      .units_per_cell = m_layout.cell / m_layout.unit,
                                                      .count = count,
                                                      .accumulate = accumulate});
}

template <execution_space Space, class T, int D>
template <class View>
auto EnsembleState<Space, T, D>::to_host(View const& view) const {
  auto const host = Kokkos::create_mirror_view(view);
  copy_view(m_exec, host, view);
  m_exec.fence("kramers::to_host");
  return std::vector<typename View::non_const_value_type>(host.data(), host.data() + host.size());
}

template <execution_space Space, class T, int D>
template <class V, class View>
void EnsembleState<Space, T, D>::from_host(std::vector<V> const& values, View const& view,
                                           std::string const& name) const {
  expects_extent(name, static_cast<std::int64_t>(values.size()), static_cast<std::int64_t>(view.size()));
  auto const host = Kokkos::create_mirror_view(view);
  std::copy(values.begin(), values.end(), host.data());
  copy_view(m_exec, view, host);
  m_exec.fence("kramers::from_host");
}

template <execution_space Space, class T, int D>
template <class Visit>
void EnsembleState<Space, T, D>::for_each_column(Visit const& visit) {
  visit(m_x, m_host_x, "x");
  visit(m_v, m_host_v, "v");
  if (follows_cores()) visit(m_memory, m_host_memory, "core_memory");
  if (m_params.correlations) {
    visit(m_origin_x, m_host_origin_x, "origin_x");
    visit(m_origin_v, m_host_origin_v, "origin_v");
  }
}

#define KRAMERS_INSTANCE(Space)                   \
  template class EnsembleState<Space, double, 1>; \
  template class EnsembleState<Space, double, 2>; \
  template class EnsembleState<Space, double, 3>; \
  template class EnsembleState<Space, float, 1>;  \
  template class EnsembleState<Space, float, 2>;  \
  template class EnsembleState<Space, float, 3>;
KRAMERS_FOR_SPACES(KRAMERS_INSTANCE)

}  // namespace kramers::dynamics
