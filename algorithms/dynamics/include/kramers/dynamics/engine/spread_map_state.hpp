// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/concepts.hpp>
#include <kramers/dynamics/engine/any_spread_map.hpp>

#include <Kokkos_Core.hpp>

#include <span>

namespace kramers::dynamics {

/// What a spread map has whatever its potential and its scheme: the trunk, the rows of its points, and the rounds of an
/// adaptive map.
///
/// Compiled in the library, for each space that Kokkos was built with, double and float, and D = 1, 2, 3.
template <execution_space Space, class T, int D>
class SpreadMapState : public AnySpreadMap {
 public:
  SpreadMapState(SpreadMapState const&) = delete;
  SpreadMapState& operator=(SpreadMapState const&) = delete;
  ~SpreadMapState() override;

  void run() override;
  void follow() override;
  void run_batch(std::span<std::int64_t const> points, std::int64_t batch) override;
  void wait() override;
  Trunk trunk() override;
  SpreadPoints points() override;
  std::int64_t state_bytes() const override;

 protected:
  using WalkerView = Kokkos::View<T**, Kokkos::LayoutLeft, Space>;
  using PointView = Kokkos::View<std::int64_t*, Space>;

  /// Map the points `range` of the params.points() points.
  SpreadMapState(Space const& exec, SpreadParams const& params, PointRange range, bool overdamped);

  virtual void follow_trunk() const = 0;
  /// Run the batches [first, last) of the first `chosen` of these points.
  virtual void run_batches(PointView const& points, std::int64_t chosen, std::int64_t first,
                           std::int64_t last) const = 0;
  /// Standard deviation of a velocity of the start, 1 where it carries the noise of an overdamped scheme.
  T thermal_speed() const;

  Space m_exec;
  SpreadParams m_params;
  PointRange m_range;
  WalkerView m_trunk_x, m_trunk_v;
  Kokkos::View<double**, Kokkos::LayoutLeft, Space> m_sums;
  PointView m_members;

 private:
  std::int64_t here() const;
  void require_finite(double position, std::int64_t row) const;
  std::int64_t select(PointView const& points, std::int64_t n, std::int64_t batches, PointView const& next) const;
  template <class View>
  auto on_host(View const& view) const;

  bool m_overdamped;
  PointView m_all, m_chosen, m_next;
};

}  // namespace kramers::dynamics
