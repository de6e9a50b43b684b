// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/engine/detail/advance_kernel.hpp>
#include <kramers/dynamics/engine/detail/unit_sum_kernel.hpp>
#include <kramers/dynamics/engine/detail/walker_kernels.hpp>
#include <kramers/dynamics/engine/ensemble_state.hpp>

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
class Ensemble final : public EnsembleState<Space, typename Potential::value_type, Potential::dimension> {
 public:
  using T = typename Potential::value_type;
  static constexpr int D = Potential::dimension;

  /// Own the walkers `range` (whole parts of the layout) of the ensemble.
  Ensemble(Space const& exec, Potential const& potential, EnsembleParams const& params, EnsembleLayout::Range range)
      : State(exec, params, range, Scheme::overdamped, Scheme::force_time()),
        m_potential(potential),
        m_constants(params.langevin) {}

 private:
  using State = EnsembleState<Space, T, D>;
  static constexpr int packs = static_cast<int>(EnsembleLayout::block) / W;

  void launch(std::int64_t steps, std::int64_t first, std::int64_t last, bool will_go_on) override {
    using Kernel = detail::AdvanceKernel<Space, Scheme, Potential, W>;
    int const counters = this->team_counters(steps);
    Kernel const kernel{.potential = m_potential,
                        .constants = m_constants,
                        .x = this->m_x,
                        .v = this->m_v,
                        .drive = this->drive(),
                        .sampler = this->sampler(steps, will_go_on),
                        .unit_sums = this->m_unit_sums,
                        .walker_sums = this->m_walker_sums,
                        .goes_on = this->m_goes_on,
                        .will_go_on = will_go_on,
                        .seed = this->m_params.seed,
                        .first_walker = this->m_range.first,
                        .first_block = first,
                        .walkers = this->m_params.walkers,
                        .first_step = this->m_step,
                        .last_step = this->m_step + steps,
                        .unit = static_cast<int>(this->m_layout.unit),
                        .counters = counters};
    Kokkos::parallel_for(
        "kramers::advance",
        this->team_policy(last - first, packs, Kernel::scratch_bytes(), Kernel::counter_bytes(counters)), kernel);
  }

  void observe_frame() override {
    using Observer = detail::FrameObserver<Space, Potential>;
    using Kernel = detail::UnitSumKernel<Space, Observer, W>;
    Observer const observer{.potential = m_potential,
                            .x = this->m_x,
                            .v = this->m_v,
                            .origin_x = this->m_origin_x,
                            .origin_v = this->m_origin_v,
                            .memory = this->m_memory,
                            .mass = static_cast<T>(this->m_params.langevin.mass),
                            .dividing_point = static_cast<T>(this->m_params.sampling.dividing_point),
                            .coordinate = this->m_params.sampling.coordinate,
                            .correlations = this->m_params.correlations};
    Kokkos::parallel_for(
        "kramers::frame_sums", this->team_policy(this->blocks(), packs, Kernel::scratch_bytes()),
        Kernel{observer, this->m_range.size(), this->m_unit_sums, static_cast<int>(this->m_layout.unit)});
  }

  Potential m_potential;
  typename Scheme::template Constants<T> m_constants;
};

}  // namespace kramers::dynamics
