// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/lanes.hpp>
#include <kramers/core/vec.hpp>
#include <kramers/dynamics/engine/layout.hpp>
#include <kramers/dynamics/engine/sampling.hpp>

#include <cstdint>

namespace kramers::dynamics::detail {

/// State of W walkers between two steps.
template <class T, int D, int W>
struct Pack {
  T x[D][W], v[D][W];
  T half[D][W];  // half-step velocity of the last step
};

/// A uniform force along one coordinate that follows a table, one entry per step.
template <class Space, class T>
struct Drive {
  Kokkos::View<T const*, Space> forces;  // of one period, or none
  int period;                            // how many; 0: none
  int first;                             // entry of the step before the first one that is done
  int coordinate;

  KOKKOS_FORCEINLINE_FUNCTION bool is_on() const { return period > 0; }
  KOKKOS_FORCEINLINE_FUNCTION int after(int const entry) const { return entry + 1 < period ? entry + 1 : 0; }
  /// Where there is none, -0: added to a force it leaves each bit as it is.
  template <int D>
  KOKKOS_FORCEINLINE_FUNCTION Vec<T, D> at(int const entry) const {
    T const force = is_on() ? forces(entry) : -T(0);
    Vec<T, D> along;
    for (int d = 0; d < D; ++d) along[d] = d == coordinate ? force : -T(0);
    return along;
  }
};

/// A potential and a uniform force beside its own.
template <class Potential>
struct Driven {
  using value_type = typename Potential::value_type;
  static constexpr int dimension = Potential::dimension;
  using Point = Vec<value_type, dimension>;
  Potential const& potential;
  Point const& drive;

  KOKKOS_FORCEINLINE_FUNCTION value_type energy(Point const& x) const { return potential.energy(x); }
  KOKKOS_FORCEINLINE_FUNCTION Point force(Point const& x) const {
    Point f = potential.force(x);
    for (int d = 0; d < dimension; ++d) f[d] += drive[d];
    return f;
  }
  KOKKOS_FORCEINLINE_FUNCTION value_type laplacian(Point const& x) const { return potential.laplacian(x); }
};

/// Running sums of the W walkers of a pack, and what is remembered of the cores each has visited.
template <int W>
class PackSums {
 public:
  std::int32_t memory[W];  // bits of CoreMemory

  KOKKOS_FORCEINLINE_FUNCTION explicit PackSums(double*) {}
  KOKKOS_FORCEINLINE_FUNCTION double& operator()(Quantity const q, int const lane) { return m_value[index(q)][lane]; }
  KOKKOS_FORCEINLINE_FUNCTION double operator()(Quantity const q, int const lane) const {
    return m_value[index(q)][lane];
  }

 private:
  double m_value[row_length<Quantity>][W];
};
/// Of one walker: its sums stand in a column of team scratch. They change at samples only, and would take more registers
/// than the state.
template <>
class PackSums<1> {
 public:
  std::int32_t memory[1];

  KOKKOS_FORCEINLINE_FUNCTION explicit PackSums(double* const column) : m_column(column) {}
  KOKKOS_FORCEINLINE_FUNCTION double& operator()(Quantity const q, int) const {
    return m_column[index(q) * static_cast<int>(EnsembleLayout::block)];
  }

 private:
  double* m_column;
};

/// What a walker remembers: the core it visited last, whether it has ever been in B, and, shifted, the core it had visited
/// last at the origin of time correlations.
enum CoreMemory : std::int32_t { nowhere = 0, in_a = 1, in_b = 2, core_mask = 3, has_passed = 4 };
inline constexpr int origin_shift = 3;

/// Observes a pack of walkers at sampling times.
template <class Space, class T>
struct Sampler {
  /// Histogram counters that belong to one team of one thread, or none.
  using Counts =
      Kokkos::View<std::uint32_t*, typename Space::scratch_memory_space, Kokkos::MemoryTraits<Kokkos::Unmanaged>>;

  SamplingParams params;
  T mass;
  std::int64_t production_start;              // step after which sampling and first-passage clocks start
  Kokkos::View<std::uint8_t*, Space> memory;  // (walkers here), CoreMemory; empty without cores
  Kokkos::View<std::uint64_t**, Kokkos::LayoutRight, Space> histogram;  // (groups, counters)
  std::int64_t walkers_per_group;

  /// The first step after this one that is sampled.
  KOKKOS_FORCEINLINE_FUNCTION std::int64_t first_due_after(std::int64_t const step) const {
    if (params.every == 0) return INT64_MAX;
    std::int64_t const done = step > production_start ? step - production_start : 0;
    return production_start + (done / params.every + 1) * params.every;
  }
  KOKKOS_FORCEINLINE_FUNCTION bool follows_cores() const { return params.core_sets || params.first_passage; }

  template <int W>
  KOKKOS_FUNCTION void load(std::int64_t const first, PackSums<W>& sums) const {
    for (int q = 0; q < row_length<Quantity>; ++q) {
      for_lanes<W>([&](int const l) { sums(Quantity{q}, l) = 0.0; });
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
                              PackSums<W>& sums, Counts const& counts) const {
    add_thermodynamics(potential, pack, sums);
    if (follows_cores()) follow_cores(step, pack, sums);
    if (params.histogram.dimensions > 0) count_positions(first, first_walker, walkers, pack, counts);
  }

  /// Add the counts of the team that advanced `walker` to those of its group.
  KOKKOS_FUNCTION void add_counts(std::int64_t const walker, Counts const& counts) const {
    for (std::size_t i = 0; i < counts.size(); ++i) {
      if (counts(i) != 0) Kokkos::atomic_add(&histogram(walker / walkers_per_group, i), std::uint64_t{counts(i)});
    }
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
      sums(Quantity::kinetic, l) += static_cast<double>(T(0.5) * mass * v2);
      sums(Quantity::kinetic_half_step, l) += static_cast<double>(T(0.5) * mass * half2);
      sums(Quantity::potential_energy, l) += static_cast<double>(potential.energy(at));
      sums(Quantity::virial, l) -= static_cast<double>(x_f);
      sums(Quantity::force_squared, l) += static_cast<double>(f2);
      sums(Quantity::laplacian, l) += static_cast<double>(potential.laplacian(at));
    });
    int const coordinate = params.coordinate;
    for_lanes<W>([&](int const l) {
      auto const q = static_cast<double>(row_of_lane(pack.x, coordinate, l));
      sums(Quantity::position, l) += q;
      sums(Quantity::position_squared, l) += q * q;
    });
  }

  // Membership changes only inside a core, so that crossings of the barrier top that come straight back do not count.
  template <int D, int W>
  KOKKOS_FUNCTION void follow_cores(std::int64_t const step, Pack<T, D, W> const& pack, PackSums<W>& sums) const {
    int const coordinate = params.coordinate;
    double const core_a = params.core_a, core_b = params.core_b;
    std::int32_t before[W];
    for_lanes<W>([&](int const l) {
      auto const q = static_cast<double>(row_of_lane(pack.x, coordinate, l));
      std::int32_t const old = sums.memory[l];
      std::int32_t const core = q <= core_a ? in_a : (q >= core_b ? in_b : old & core_mask);
      before[l] = old;
      sums.memory[l] = core | (old & ~static_cast<std::int32_t>(core_mask)) |
                       (core == in_b ? static_cast<std::int32_t>(has_passed) : 0);
      sums(Quantity::samples_in_a, l) += core == in_a ? 1.0 : 0.0;
      sums(Quantity::samples_in_b, l) += core == in_b ? 1.0 : 0.0;
    });
    if (any_lane<W>([&](int const l) { return before[l] != sums.memory[l]; })) count_events(step, before, sums);
  }

  // Rare, so the sums of most packs stay untouched at most samples.
  template <int W>
  KOKKOS_FUNCTION void count_events(std::int64_t const step, std::int32_t const (&before)[W], PackSums<W>& sums) const {
    auto const since = static_cast<double>(step - production_start);
    for_lanes<W>([&](int const l) {
      std::int32_t const old = before[l] & core_mask, now = sums.memory[l] & core_mask;
      double const first = (sums.memory[l] & ~before[l] & has_passed) != 0 ? 1.0 : 0.0;
      sums(Quantity::transitions_ab, l) += (old == in_a && now == in_b) ? 1.0 : 0.0;
      sums(Quantity::transitions_ba, l) += (old == in_b && now == in_a) ? 1.0 : 0.0;
      sums(Quantity::passages, l) += first;
      sums(Quantity::passage_steps, l) += first * since;
      sums(Quantity::passage_steps_squared, l) += first * since * since;
    });
  }

  // Counts are integers, so that the order of the additions leaves no trace.
  template <int D, int W>
  KOKKOS_FUNCTION void count_positions(std::int64_t const first, std::int64_t const first_walker,
                                       std::int64_t const walkers, Pack<T, D, W> const& pack,
                                       Counts const& counts) const {
    HistogramGrid const grid = params.histogram;
    int const axis0 = grid.axis, axis1 = grid.axis + 1 < D ? grid.axis + 1 : 0;
    double const scale0 = grid.bins[0] / (grid.upper[0] - grid.lower[0]);
    double const scale1 = grid.bins[1] / (grid.upper[1] - grid.lower[1]);
    bool const plane = D > 1 && grid.dimensions == 2;
    int bin[W];
    for_lanes<W>([&](int const l) {
      double const u = (static_cast<double>(row_of_lane(pack.x, axis0, l)) - grid.lower[0]) * scale0;
      double const w = plane ? (static_cast<double>(row_of_lane(pack.x, axis1, l)) - grid.lower[1]) * scale1 : 0.0;
      bool const inside = u >= 0.0 && u < grid.bins[0] && w >= 0.0 && w < grid.bins[1];
      int const place = static_cast<int>(inside ? u : 0.0) * grid.bins[1] + static_cast<int>(inside ? w : 0.0);
      bin[l] = inside ? place : grid.bins[0] * grid.bins[1];
    });
    std::int64_t const id = first_walker + first;
    for (int l = 0; l < W && id + l < walkers; ++l) {
      if (counts.size() > 0) {
        ++counts(bin[l]);
      } else {
        Kokkos::atomic_add(&histogram((id + l) / walkers_per_group, bin[l]), std::uint64_t{1});
      }
    }
  }
};

}  // namespace kramers::dynamics::detail
