// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/base/error.hpp>
#include <kramers/core/concepts.hpp>
#include <kramers/core/copy_view.hpp>
#include <kramers/dynamics/engine/any_spread_map.hpp>
#include <kramers/dynamics/engine/detail/spread_kernel.hpp>

#include <Kokkos_Profiling_ScopedRegion.hpp>

#include <iterator>
#include <limits>
#include <span>
#include <utility>

namespace kramers::dynamics {

/// Local Monte-Carlo sampling along a trunk trajectory: how far apart do nearby trajectories get?
///
/// All points and members run in one launch (a fixed map), or in one launch per round in which each point that is
/// still uncertain gets one more batch of members (an adaptive map). Every number is a function of (seed, trunk walker,
/// trunk step, member) and the parameters alone: the same bits on every space, lane width W, thread count and division
/// of the points over ranks, and for every `every`.
///
/// Error of an adaptive map: the batches of a point are independent and equal in law, so their spreads are too, and
/// Student's t gives the error of their mean. Errors are absolute, since the range of a batch of Gaussians varies by
/// the same fraction everywhere (26 % for 10 members): what differs between points is its size. Stopping at the first
/// error below the tolerance favours errors that are too small by chance: true ones are up to 1.2 times as large.
///
/// Cost     steps + points * members * member_steps steps of the scheme; nothing but the trunk and a row per point is
///          stored
template <execution_space Space, class Scheme, potential Potential,
          int W = lane_width<Space, typename Potential::value_type>>
class SpreadMap final : public AnySpreadMap {
 public:
  using T = typename Potential::value_type;
  static constexpr int D = Potential::dimension;

  /// Map the points `range` of the params.points() points.
  SpreadMap(Space const& exec, Potential const& potential, SpreadParams const& params, PointRange range)
      : m_exec(exec),
        m_potential(potential),
        m_params(params),
        m_constants((check(params, Scheme::overdamped, D), params.langevin)),
        m_range((expects(0 <= range.first && range.first <= range.last && range.last <= params.points(),
                         "end of the points", range.last, "0 <= first <= last <= steps / every"),
                 range)),
        m_trunk_x(alloc("trunk_position"), params.steps + 1, D),
        m_trunk_v(alloc("trunk_velocity"), params.steps + 1, D),
        m_all(alloc("points"), here()),
        m_chosen(alloc("chosen"), here()),
        m_next(alloc("still_uncertain"), params.adaptive() ? here() : 0),
        m_sums(alloc("sums"), here(), detail::spread_columns),
        m_members(alloc("members"), here()) {
    auto const host = Kokkos::create_mirror_view(m_all);
    for (std::int64_t i = 0; i < here(); ++i) host(i) = i;
    copy_view(m_exec, m_all, host);
    m_exec.fence("kramers::SpreadMap");
  }

  void run() override {
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

  void follow() override { follow_trunk(); }

  void run_batch(std::span<std::int64_t const> points, std::int64_t batch) override {
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

  void wait() override { m_exec.fence("kramers::spread"); }

  Trunk trunk() override {
    auto const x = on_host(m_trunk_x), v = on_host(m_trunk_v);
    Trunk result;
    for (std::int64_t i = 0; i <= m_params.steps; ++i) {
      require_finite(static_cast<double>(x(i, m_params.coordinate)), i);
      result.position.push_back(static_cast<double>(x(i, m_params.coordinate)));
      result.velocity.push_back(static_cast<double>(v(i, m_params.coordinate)));
    }
    return result;
  }

  SpreadPoints points() override {
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

  std::int64_t state_bytes() const override {
    return bytes(m_trunk_x, m_trunk_v, m_all, m_chosen, m_next, m_sums, m_members);
  }

 private:
  using WalkerView = detail::WalkerView<Space, T>;
  using PointView = Kokkos::View<std::int64_t*, Space>;
  // A thread per member on devices; packs of lanes, and the threads of a CPU, take points instead.
  static constexpr int team_size = W == 1 && !Kokkos::SpaceAccessibility<Space, Kokkos::HostSpace>::accessible ? 32 : 1;

  std::int64_t here() const { return m_range.last - m_range.first; }
  auto alloc(std::string const& what) const { return Kokkos::view_alloc(m_exec, "kramers::SpreadMap::" + what); }

  template <class... Views>
  static std::int64_t bytes(Views const&... views) {
    return (static_cast<std::int64_t>(views.size() * sizeof(typename Views::value_type)) + ...);
  }

  void require_finite(double position, std::int64_t row) const {
    if (Kokkos::isfinite(position)) return;
    throw DivergedError(static_cast<std::uint64_t>(m_params.walker), m_params.equilibrate + row, position,
                        m_params.langevin.dt);
  }

  static void append_unknown(SpreadPoints& result) {
    for (auto* const column : {&result.lo, &result.hi, &result.error, &result.growth}) {
      column->push_back(std::numeric_limits<double>::quiet_NaN());
    }
    result.members.push_back(0);
  }

  template <class View>
  auto on_host(View const& view) const {
    auto const host = Kokkos::create_mirror_view(view);
    copy_view(m_exec, host, view);
    m_exec.fence("kramers::SpreadMap");
    return host;
  }

  void follow_trunk() const {
    using Kernel = detail::TrunkKernel<Space, Scheme, Potential, W>;
    double const speed =
        Scheme::overdamped ? 1.0 : Kokkos::sqrt(m_params.langevin.temperature / m_params.langevin.mass);
    Kernel const kernel{
        .potential = m_potential,
        .constants = m_constants,
        .initialise = {m_trunk_x, m_trunk_v, m_params.start, static_cast<T>(speed), m_params.seed, m_params.walker},
        .x = m_trunk_x,
        .v = m_trunk_v,
        .seed = m_params.seed,
        .walker = static_cast<std::uint64_t>(m_params.walker),
        .skip = m_params.equilibrate,
        .last_step = m_params.equilibrate + m_params.steps};
    Kokkos::parallel_for(
        "kramers::spread_trunk",
        Kokkos::TeamPolicy<Space>(m_exec, 1, team_size).set_scratch_size(0, Kokkos::PerTeam(Kernel::scratch_bytes())),
        kernel);
  }

  void run_batches(PointView const& points, std::int64_t chosen, std::int64_t first, std::int64_t last) const {
    detail::SpreadKernel<Space, Scheme, Potential, W> const kernel{
        .potential = m_potential,
        .constants = m_constants,
        .trunk_x = m_trunk_x,
        .trunk_v = m_trunk_v,
        .points = points,
        .sums = m_sums,
        .members = m_members,
        .chosen = chosen,
        .first_point = m_range.first,
        .every = m_params.every,
        .skip = m_params.equilibrate,
        .seed = m_params.member_seed.value_or(m_params.seed),
        .walker = static_cast<std::uint64_t>(m_params.walker),
        .first_batch = first,
        .last_batch = last,
        .batch_size = m_params.members,
        .steps = m_params.member_steps,
        .sigma_position = static_cast<T>(m_params.sigma_position),
        .sigma_velocity = static_cast<T>(m_params.sigma_velocity),
        .coordinate = m_params.coordinate};
    auto const packs = static_cast<int>((chosen + W - 1) / W);
    Kokkos::parallel_for("kramers::spread_members", Kokkos::TeamPolicy<Space>(m_exec, packs, team_size), kernel);
  }

  std::int64_t select(PointView const& points, std::int64_t n, std::int64_t batches, PointView const& next) const {
    std::int64_t chosen = 0;
    Kokkos::parallel_scan(
        "kramers::spread_select", Kokkos::RangePolicy<Space>(m_exec, 0, n),
        detail::SelectUncertainKernel<Space>{points, next, m_sums, static_cast<double>(batches), m_params.tolerance},
        chosen);
    return chosen;
  }

  Space m_exec;
  Potential m_potential;
  SpreadParams m_params;
  typename Scheme::template Constants<T> m_constants;
  PointRange m_range;
  WalkerView m_trunk_x, m_trunk_v;
  PointView m_all, m_chosen, m_next;
  Kokkos::View<double**, Kokkos::LayoutLeft, Space> m_sums;
  Kokkos::View<std::int64_t*, Space> m_members;
};

}  // namespace kramers::dynamics
