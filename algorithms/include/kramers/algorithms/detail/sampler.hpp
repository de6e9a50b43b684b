// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/algorithms/sampling.hpp>
#include <kramers/core/lanes.hpp>
#include <kramers/core/vec.hpp>

#include <cstdint>

namespace kramers::detail {

/// State of W walkers between two steps.
template <class T, int D, int W>
struct Pack {
  T x[D][W], v[D][W];
  T half[D][W];  // half-step velocity of the last step
};

/// Running sums of the W walkers of a pack, and what is remembered of the cores each has visited.
template <int W>
struct PackSums {
  double value[quantities][W];
  std::int32_t memory[W];  // bits of CoreMemory
};

/// What a walker remembers: the core it visited last, and whether it has ever been in B.
enum CoreMemory : std::int32_t { nowhere = 0, in_a = 1, in_b = 2, core_mask = 3, has_passed = 4 };

/// Observes a pack of walkers at sampling times.
template <class Space, class T>
struct Sampler {
  SamplingParams params;
  T mass;
  std::int64_t production_start;                                  // step after which sampling and first-passage clocks start
  Kokkos::View<std::uint8_t*, Space> memory;                      // (walkers here), CoreMemory; empty without cores
  Kokkos::View<std::uint64_t**, Kokkos::LayoutRight, Space> histogram;  // (groups, counters)
  std::int64_t walkers_per_group;

  KOKKOS_FORCEINLINE_FUNCTION bool due(std::int64_t const step) const {
    return params.every != 0 && step > production_start && (step - production_start) % params.every == 0;
  }
  KOKKOS_FORCEINLINE_FUNCTION bool follows_cores() const { return params.cores || params.first_passage; }

  template <int W>
  KOKKOS_FUNCTION void load(std::int64_t const first, PackSums<W>& sums) const {
    for (int q = 0; q < quantities; ++q) {
      for_lanes<W>([&](int const l) { sums.value[q][l] = 0.0; });
    }
    if (follows_cores()) {
      for_lanes<W>([&](int const l) { sums.memory[l] = memory(first + l); });
    } else {
      for_lanes<W>([&](int const l) { sums.memory[l] = nowhere; });
    }
  }

  template <int W>
  KOKKOS_FUNCTION void store(std::int64_t const first, PackSums<W> const& sums) const {
    if (follows_cores()) {
      for_lanes<W>([&](int const l) { memory(first + l) = static_cast<std::uint8_t>(sums.memory[l]); });
    }
  }

  template <class Potential, int D, int W>
  KOKKOS_FUNCTION void sample(Potential const& potential, std::int64_t const first, std::int64_t const first_walker,
                              std::int64_t const walkers, std::int64_t const step, Pack<T, D, W> const& pack,
                              PackSums<W>& sums) const {
    add_thermodynamics(potential, pack, sums);
    if (follows_cores()) follow_cores(step, pack, sums);
    if (params.histogram.dimensions > 0) count_positions(first, first_walker, walkers, pack);
  }

 private:
  template <class Potential, int D, int W>
  KOKKOS_FUNCTION void add_thermodynamics(Potential const& potential, Pack<T, D, W> const& pack,
                                          PackSums<W>& sums) const {
    for_lanes<W>([&](int const l) {
      Vec<T, D> at;
      T v2 = 0, half2 = 0;
      for (int d = 0; d < D; ++d) {
        at[d] = pack.x[d][l];
        v2 += pack.v[d][l] * pack.v[d][l];
        half2 += pack.half[d][l] * pack.half[d][l];
      }
      Vec<T, D> const f = potential.force(at);
      T f2 = 0, x_f = 0;
      for (int d = 0; d < D; ++d) {
        f2 += f[d] * f[d];
        x_f += at[d] * f[d];
      }
      sums.value[kinetic][l] += static_cast<double>(T(0.5) * mass * v2);
      sums.value[kinetic_half_step][l] += static_cast<double>(T(0.5) * mass * half2);
      sums.value[potential_energy][l] += static_cast<double>(potential.energy(at));
      sums.value[virial][l] -= static_cast<double>(x_f);
      sums.value[force_squared][l] += static_cast<double>(f2);
      sums.value[laplacian][l] += static_cast<double>(potential.laplacian(at));
    });
    for_lanes<W>([&](int const l) {
      auto const q = static_cast<double>(pack.x[params.coordinate][l]);
      sums.value[position][l] += q;
      sums.value[position_squared][l] += q * q;
    });
  }

  // Membership changes only inside a core, so that crossings of the barrier top that come straight back do not count.
  template <int D, int W>
  KOKKOS_FUNCTION void follow_cores(std::int64_t const step, Pack<T, D, W> const& pack, PackSums<W>& sums) const {
    auto const since = static_cast<double>(step - production_start);
    for_lanes<W>([&](int const l) {
      auto const q = static_cast<double>(pack.x[params.coordinate][l]);
      std::int32_t const old = sums.memory[l] & core_mask;
      std::int32_t const passed = sums.memory[l] & has_passed;
      std::int32_t const now = q <= params.core_a ? in_a : (q >= params.core_b ? in_b : old);
      double const first = (now == in_b && passed == 0) ? 1.0 : 0.0;
      sums.value[samples_in_a][l] += now == in_a ? 1.0 : 0.0;
      sums.value[samples_in_b][l] += now == in_b ? 1.0 : 0.0;
      sums.value[transitions_ab][l] += (old == in_a && now == in_b) ? 1.0 : 0.0;
      sums.value[transitions_ba][l] += (old == in_b && now == in_a) ? 1.0 : 0.0;
      sums.value[passages][l] += first;
      sums.value[passage_steps][l] += first * since;
      sums.value[passage_steps_squared][l] += first * since * since;
      sums.memory[l] = now | (now == in_b ? static_cast<std::int32_t>(has_passed) : passed);
    });
  }

  // Counts are integers, so that the order of the atomic additions leaves no trace.
  template <int D, int W>
  KOKKOS_FUNCTION void count_positions(std::int64_t const first, std::int64_t const first_walker,
                                       std::int64_t const walkers, Pack<T, D, W> const& pack) const {
    HistogramGrid const& grid = params.histogram;
    int bin[W];
    for_lanes<W>([&](int const l) {
      double const scale0 = grid.bins[0] / (grid.upper[0] - grid.lower[0]);
      double const u = (static_cast<double>(pack.x[grid.axis][l]) - grid.lower[0]) * scale0;
      bool inside = u >= 0.0 && u < grid.bins[0];
      int place = static_cast<int>(inside ? u : 0.0);
      if (D > 1) {
        double const scale1 = grid.bins[1] / (grid.upper[1] - grid.lower[1]);
        double const w = (static_cast<double>(pack.x[(grid.axis + 1) % D][l]) - grid.lower[1]) * scale1;
        bool const inside1 = grid.dimensions < 2 || (w >= 0.0 && w < grid.bins[1]);
        place = place * grid.bins[1] + static_cast<int>(grid.dimensions == 2 && inside1 ? w : 0.0);
        inside = inside && inside1;
      }
      bin[l] = inside ? place : grid.bins[0] * grid.bins[1];
    });
    for (int l = 0; l < W; ++l) {
      std::int64_t const id = first_walker + first + l;
      if (id < walkers) Kokkos::atomic_add(&histogram(id / walkers_per_group, bin[l]), std::uint64_t{1});
    }
  }
};

}  // namespace kramers::detail
