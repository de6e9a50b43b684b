// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/engine/detail/spread_kernel.hpp>
#include <kramers/dynamics/engine/spread_map_state.hpp>

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
class SpreadMap final : public SpreadMapState<Space, typename Potential::value_type, Potential::dimension> {
 public:
  using T = typename Potential::value_type;
  static constexpr int D = Potential::dimension;

  /// Map the points `range` of the params.points() points.
  SpreadMap(Space const& exec, Potential const& potential, SpreadParams const& params, PointRange range)
      : State(exec, params, range, Scheme::overdamped), m_potential(potential), m_constants(params.langevin) {}

 private:
  using State = SpreadMapState<Space, T, D>;
  using PointView = typename State::PointView;
  // A thread per member on devices; packs of lanes, and the threads of a CPU, take points instead.
  static constexpr int team_size = W == 1 && on_device<Space> ? 32 : 1;

  void follow_trunk() const override {
    using Kernel = detail::TrunkKernel<Space, Scheme, Potential, W>;
    SpreadParams const& params = this->m_params;
    Kernel const kernel{.potential = m_potential,
                        .constants = m_constants,
                        .initialise = {this->m_trunk_x, this->m_trunk_v, params.start, this->thermal_speed(),
                                       params.seed, params.walker},
                        .x = this->m_trunk_x,
                        .v = this->m_trunk_v,
                        .seed = params.seed,
                        .walker = static_cast<std::uint64_t>(params.walker),
                        .skip = params.equilibrate,
                        .last_step = params.equilibrate + params.steps};
    Kokkos::parallel_for("kramers::spread_trunk",
                         Kokkos::TeamPolicy<Space>(this->m_exec, 1, team_size)
                             .set_scratch_size(0, Kokkos::PerTeam(Kernel::scratch_bytes())),
                         kernel);
  }

  void run_batches(PointView const& points, std::int64_t chosen, std::int64_t first, std::int64_t last) const override {
    SpreadParams const& params = this->m_params;
    detail::SpreadKernel<Space, Scheme, Potential, W> const kernel{
        .potential = m_potential,
        .constants = m_constants,
        .trunk_x = this->m_trunk_x,
        .trunk_v = this->m_trunk_v,
        .points = points,
        .sums = this->m_sums,
        .members = this->m_members,
        .chosen = chosen,
        .first_point = this->m_range.first,
        .every = params.every,
        .skip = params.equilibrate,
        .seed = params.member_seed.value_or(params.seed),
        .walker = static_cast<std::uint64_t>(params.walker),
        .first_batch = first,
        .last_batch = last,
        .batch_size = params.members,
        .steps = params.member_steps,
        .sigma_position = static_cast<T>(params.sigma_position),
        .sigma_velocity = static_cast<T>(params.sigma_velocity),
        .coordinate = params.coordinate};
    auto const packs = static_cast<int>((chosen + W - 1) / W);
    Kokkos::parallel_for("kramers::spread_members", Kokkos::TeamPolicy<Space>(this->m_exec, packs, team_size), kernel);
  }

  Potential m_potential;
  typename Scheme::template Constants<T> m_constants;
};

}  // namespace kramers::dynamics
