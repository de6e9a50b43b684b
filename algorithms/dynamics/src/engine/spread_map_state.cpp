// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/core/copy_view.hpp>
#include <kramers/core/spaces.hpp>
#include <kramers/dynamics/engine/detail/spread_kernel.hpp>
#include <kramers/dynamics/engine/spread_map_state.hpp>

#include <Kokkos_Profiling_ScopedRegion.hpp>

#include <iterator>
#include <limits>
#include <utility>

namespace kramers::dynamics {
namespace {

template <class Space>
auto alloc(Space const& exec, std::string const& what) {
  return Kokkos::view_alloc(exec, "kramers::SpreadMap::" + what);
}
template <class... Views>
std::int64_t bytes(Views const&... views) {
  return (static_cast<std::int64_t>(views.size() * sizeof(typename Views::value_type)) + ...);
}

void append_unknown(SpreadPoints& result) {
  for (auto* const column : {&result.lo, &result.hi, &result.error, &result.growth}) {
    column->push_back(std::numeric_limits<double>::quiet_NaN());
  }
  result.members.push_back(0);
}

SpreadParams const& checked(SpreadParams const& params, PointRange range, bool overdamped, int dimension) {
  check(params, overdamped, dimension);
  expects(0 <= range.first && range.first <= range.last && range.last <= params.points(), "end of the points",
          range.last, "0 <= first <= last <= steps / every");
  return params;
}

}  // namespace

template <execution_space Space, class T, int D>
SpreadMapState<Space, T, D>::SpreadMapState(Space const& exec, SpreadParams const& params, PointRange range,
                                            bool overdamped)
    : m_exec(exec),
      m_params(checked(params, range, overdamped, D)),
      m_range(range),
      m_trunk_x(alloc(exec, "trunk_position"), params.steps + 1, D),
      m_trunk_v(alloc(exec, "trunk_velocity"), params.steps + 1, D),
      m_sums(alloc(exec, "sums"), here(), detail::spread_columns),
      m_members(alloc(exec, "members"), here()),
      m_overdamped(overdamped),
      m_all(alloc(exec, "points"), here()),
      m_chosen(alloc(exec, "chosen"), here()),
      m_next(alloc(exec, "still_uncertain"), params.adaptive() ? here() : 0) {
  auto const host = Kokkos::create_mirror_view(m_all);
  for (std::int64_t i = 0; i < here(); ++i) host(i) = i;
  copy_view(m_exec, m_all, host);
  m_exec.fence("kramers::SpreadMap");
}

template <execution_space Space, class T, int D>
SpreadMapState<Space, T, D>::~SpreadMapState() = default;

template <execution_space Space, class T, int D>
void SpreadMapState<Space, T, D>::run() {
  Kokkos::Profiling::ScopedRegion const region("kramers::spread");
  follow_trunk();
  if (here() == 0) return;
  if (!m_params.adaptive()) {
    run_batches(m_all, here(), 0, 1);
    return;
  }
  run_batches(m_all, here(), 0, first_batches);
  std::int64_t chosen = select(m_all, here(), first_batches, m_chosen);
  PointView current = m_chosen, next = m_next;
  for (std::int64_t b = first_batches; chosen > 0 && (b + 1) * m_params.members <= m_params.max_members; ++b) {
    run_batches(current, chosen, b, b + 1);
    chosen = select(current, chosen, b + 1, next);
    std::swap(current, next);
  }
}

template <execution_space Space, class T, int D>
void SpreadMapState<Space, T, D>::follow() {
  follow_trunk();
}

template <execution_space Space, class T, int D>
void SpreadMapState<Space, T, D>::run_batch(std::span<std::int64_t const> points, std::int64_t batch) {
  expects(batch >= 0 && batch < max_member_id / m_params.members, "batch", batch, "0 <= batch < 2^16 / members");
  if (points.empty()) return;
  auto const host = Kokkos::create_mirror_view(m_chosen);
  m_exec.fence("kramers::spread");  // an earlier batch may still read the list
  for (std::size_t i = 0; i < points.size(); ++i) {
    expects(points[i] >= 0 && points[i] < here(), "point", points[i], "one of this map");
    host(i) = points[i];
  }
  copy_view(m_exec, m_chosen, host);
  m_exec.fence("kramers::spread");  // the list of the host ends here
  run_batches(m_chosen, std::ssize(points), batch, batch + 1);
}

template <execution_space Space, class T, int D>
void SpreadMapState<Space, T, D>::wait() {
  m_exec.fence("kramers::spread");
}

template <execution_space Space, class T, int D>
Trunk SpreadMapState<Space, T, D>::trunk() {
  auto const x = on_host(m_trunk_x), v = on_host(m_trunk_v);
  Trunk result;
  for (std::int64_t i = 0; i <= m_params.steps; ++i) {
    require_finite(static_cast<double>(x(i, m_params.coordinate)), i);
    result.position.push_back(static_cast<double>(x(i, m_params.coordinate)));
    result.velocity.push_back(static_cast<double>(v(i, m_params.coordinate)));
  }
  return result;
}

template <execution_space Space, class T, int D>
SpreadPoints SpreadMapState<Space, T, D>::points() {
  auto const sums = on_host(m_sums);
  auto const members = on_host(m_members);
  double const time = static_cast<double>(m_params.member_steps) * m_params.langevin.dt;
  SpreadPoints result;
  for (std::int64_t p = 0; p < here(); ++p) {
    if (members(p) == 0) {
      append_unknown(result);
      continue;
    }
    require_finite(sums(p, detail::spread_lo), (m_range.first + p + 1) * m_params.every);
    require_finite(sums(p, detail::spread_hi), (m_range.first + p + 1) * m_params.every);
    auto const batches = static_cast<double>(members(p) / m_params.members);
    result.lo.push_back(sums(p, detail::spread_lo));
    result.hi.push_back(sums(p, detail::spread_hi));
    result.error.push_back(batches > 1 ? detail::spread_error(sums(p, detail::spread_deviations), batches)
                                       : std::numeric_limits<double>::quiet_NaN());
    result.growth.push_back(math::log(sums(p, detail::spread_at_end) / sums(p, detail::spread_at_start)) / time);
    result.members.push_back(members(p));
  }
  return result;
}

template <execution_space Space, class T, int D>
std::int64_t SpreadMapState<Space, T, D>::state_bytes() const {
  return bytes(m_trunk_x, m_trunk_v, m_all, m_chosen, m_next, m_sums, m_members);
}

template <execution_space Space, class T, int D>
T SpreadMapState<Space, T, D>::thermal_speed() const {
  return static_cast<T>(m_overdamped ? 1.0 : Kokkos::sqrt(m_params.langevin.temperature / m_params.langevin.mass));
}

template <execution_space Space, class T, int D>
std::int64_t SpreadMapState<Space, T, D>::here() const {
  return m_range.last - m_range.first;
}

template <execution_space Space, class T, int D>
void SpreadMapState<Space, T, D>::require_finite(double position, std::int64_t row) const {
  if (Kokkos::isfinite(position)) return;
  throw DivergedError(static_cast<std::uint64_t>(m_params.walker), m_params.equilibrate + row, position,
                      m_params.langevin.dt);
}

template <execution_space Space, class T, int D>
std::int64_t SpreadMapState<Space, T, D>::select(PointView const& points, std::int64_t n, std::int64_t batches,
                                                 PointView const& next) const {
  std::int64_t chosen = 0;
  Kokkos::parallel_scan(
      "kramers::spread_select", Kokkos::RangePolicy<Space>(m_exec, 0, n),
      detail::SelectUncertainKernel<Space>{points, next, m_sums, static_cast<double>(batches), m_params.tolerance},
      chosen);
  return chosen;
}

template <execution_space Space, class T, int D>
template <class View>
auto SpreadMapState<Space, T, D>::on_host(View const& view) const {
  auto const host = Kokkos::create_mirror_view(view);
  copy_view(m_exec, host, view);
  m_exec.fence("kramers::SpreadMap");
  return host;
}

#define KRAMERS_INSTANCE(Space)                    \
  template class SpreadMapState<Space, double, 1>; \
  template class SpreadMapState<Space, double, 2>; \
  template class SpreadMapState<Space, double, 3>; \
  template class SpreadMapState<Space, float, 1>;  \
  template class SpreadMapState<Space, float, 2>;  \
  template class SpreadMapState<Space, float, 3>;
KRAMERS_FOR_SPACES(KRAMERS_INSTANCE)

}  // namespace kramers::dynamics
