// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/lanes.hpp>
#include <kramers/core/noise_group.hpp>
#include <kramers/dynamics/engine/detail/walker_kernels.hpp>
#include <kramers/dynamics/potentials/potential.hpp>

namespace kramers::dynamics::detail {

/// Identity of a member in the counter of its random numbers: trunk walker (16 bits), trunk step (32), member (16).
KOKKOS_FORCEINLINE_FUNCTION constexpr std::uint64_t member_id(std::uint64_t const walker, std::int64_t const step,
                                                              std::int64_t const member) {
  return (walker << 48) | (static_cast<std::uint64_t>(step) << 16) | static_cast<std::uint64_t>(member);
}

/// Follow one walker from its start and store every step from `skip` on.
///
/// Normal numbers do not depend on the state: a team draws those of many steps at once, W blocks to a pack, and then
/// one thread runs the recurrence, whose latency is what remains.
template <class Space, class Scheme, class Potential, int W>
struct TrunkKernel {
  using T = typename Potential::value_type;
  static constexpr int D = Potential::dimension;
  static constexpr int per_step = Scheme::normals_per_step * D;
  static constexpr int per_block = normals_per_block<T>;
  using Noise = NoiseGroup<T, per_step>;
  static constexpr int groups = 64;  // drawn at once
  static constexpr int blocks = groups * Noise::blocks;
  static_assert(blocks % W == 0, "TrunkKernel: W must divide the blocks that are drawn at once");
  using Member = typename Kokkos::TeamPolicy<Space>::member_type;
  using Scratch = Kokkos::View<T*, Kokkos::LayoutRight, typename Space::scratch_memory_space,
                               Kokkos::MemoryTraits<Kokkos::Unmanaged>>;

  Potential potential;
  typename Scheme::template Constants<T> constants;
  InitialiseKernel<Space, T, D> initialise;
  WalkerView<Space, T> x, v;  // (steps stored + 1, D)
  std::uint64_t seed, walker;
  std::int64_t skip, last_step;

  static int scratch_bytes() { return static_cast<int>(Scratch::shmem_size(blocks * per_block)); }

  KOKKOS_FUNCTION void operator()(Member const& team) const {
    Scratch const normals(team.team_scratch(0), blocks * per_block);
    Vec<T, D> at{}, velocity{}, force{};
    Kokkos::single(Kokkos::PerTeam(team), [&]() {
      initialise(0);
      for (int d = 0; d < D; ++d) {
        at[d] = x(0, d);
        velocity[d] = v(0, d);
      }
      force = potential.force(at);
    });
    constexpr std::int64_t steps = groups * Noise::steps;
    for (std::int64_t first = 0; first < last_step; first += steps) {
      auto const first_block = static_cast<std::uint64_t>(first / Noise::steps * Noise::blocks);
      Kokkos::parallel_for(Kokkos::TeamThreadRange(team, blocks / W), [&](int const pack) {
        T* const pack_normals = &normals(pack * W * per_block);
        for_lanes<W>([&](int const l) {
          T z[per_block];
          normal_block(seed, walker, first_block + static_cast<std::uint64_t>(pack * W + l), Stream::dynamics, z);
          for (int i = 0; i < per_block; ++i) pack_normals[l * per_block + i] = z[i];
        });
      });
      team.team_barrier();
      Kokkos::single(Kokkos::PerTeam(team), [&]() {
        std::int64_t const last = first + steps < last_step ? first + steps : last_step;
        for (std::int64_t step = first; step < last; ++step) {
          Vec<T, D> half;
          Scheme::step(potential, constants, &normals(static_cast<int>(step - first) * per_step), at, velocity, force,
                       half);
          if (step + 1 < skip) continue;
          for (int d = 0; d < D; ++d) {
            x(step + 1 - skip, d) = at[d];
            v(step + 1 - skip, d) = velocity[d];
          }
        }
      });
      team.team_barrier();
    }
  }
};

/// Lowest and highest position of W points.
template <class T, int W>
struct Extremes {
  T lo[W], hi[W];

  KOKKOS_FORCEINLINE_FUNCTION void clear() {
    for_lanes<W>([&](int const l) {
      lo[l] = math::infinity<T>;
      hi[l] = -math::infinity<T>;
    });
  }
  KOKKOS_FORCEINLINE_FUNCTION void include(int const l, T const x) {
    lo[l] = x < lo[l] ? x : lo[l];
    hi[l] = x > hi[l] ? x : hi[l];
  }
  /// Combine what the threads of a team have found. Teams of packs have one thread.
  template <class Member>
  KOKKOS_FORCEINLINE_FUNCTION void join(Member const& team) {
    if constexpr (W == 1) {
      team.team_reduce(Kokkos::Min<T>(lo[0]));
      team.team_reduce(Kokkos::Max<T>(hi[0]));
    }
  }
};

/// What is kept of a point: means over its batches, and the squared deviations of the spread summed.
enum SpreadColumn : int { spread_lo, spread_hi, spread_deviations, spread_at_start, spread_at_end, spread_columns };

/// Run batches of members from points of a trunk and keep their extremes.
///
/// One team takes W points, its threads take members; smallest and largest are exact, so the order leaves no trace.
template <class Space, class Scheme, class Potential, int W>
struct SpreadKernel {
  using T = typename Potential::value_type;
  static constexpr int D = Potential::dimension;
  static constexpr int per_step = Scheme::normals_per_step * D;
  using Noise = NoiseGroup<T, per_step>;
  using OffsetNoise = NoiseGroup<T, 2 * D>;
  using Member = typename Kokkos::TeamPolicy<Space>::member_type;

  Potential potential;
  typename Scheme::template Constants<T> constants;
  WalkerView<Space, T> trunk_x, trunk_v;
  Kokkos::View<std::int64_t*, Space> points;               // (chosen) those to work on, as index here
  Kokkos::View<double**, Kokkos::LayoutLeft, Space> sums;  // (points here, spread_columns)
  Kokkos::View<std::int64_t*, Space> members;              // (points here) run so far
  std::int64_t chosen, first_point, every, skip;
  std::uint64_t seed, walker;
  std::int64_t first_batch, last_batch, batch_size;
  std::int64_t steps;
  T sigma_position, sigma_velocity;
  int coordinate;

  /// Start of the members of W points.
  struct Origin {
    T x[D][W], v[D][W];
    std::uint64_t id[W];
  };
  struct Batch {
    Extremes<T, W> reached, start, end;
  };

  KOKKOS_FUNCTION void operator()(Member const& team) const {
    std::int64_t const first = std::int64_t{team.league_rank()} * W;
    Origin origin;
    for_lanes<W>([&](int const l) {
      std::int64_t const row = (first_point + point(first, l) + 1) * every;
      origin.id[l] = member_id(walker, skip + row, 0);
      for (int d = 0; d < D; ++d) {
        origin.x[d][l] = trunk_x(row, d);
        origin.v[d][l] = trunk_v(row, d);
      }
    });
    for (std::int64_t b = first_batch; b < last_batch; ++b) {
      Batch batch;
      batch.reached.clear();
      batch.start.clear();
      batch.end.clear();
      Kokkos::parallel_for(Kokkos::TeamThreadRange(team, batch_size),
                           [&](std::int64_t const m) { run_member(origin, b * batch_size + m, batch); });
      batch.reached.join(team);
      batch.start.join(team);
      batch.end.join(team);
      Kokkos::single(Kokkos::PerTeam(team), [&]() { record(first, b, batch); });
    }
  }

 private:
  // Lanes beyond the last chosen point repeat it.
  KOKKOS_FORCEINLINE_FUNCTION std::int64_t point(std::int64_t const first, int const l) const {
    return points(first + l < chosen ? first + l : chosen - 1);
  }

  KOKKOS_FORCEINLINE_FUNCTION void run_member(Origin const& origin, std::int64_t const member, Batch& batch) const {
    auto const id = [&](int const l) { return origin.id[l] + static_cast<std::uint64_t>(member); };
    T x[D][W], v[D][W], force[D][W];
    T offset[OffsetNoise::normals][W];
    draw_group<OffsetNoise, W>(seed, id, Stream::spread_offset, 0, offset);
    for_lanes<W>([&](int const l) {
      Vec<T, D> at;
      for (int d = 0; d < D; ++d) {
        at[d] = x[d][l] = Kokkos::fma(sigma_position, offset[d][l], origin.x[d][l]);
        v[d][l] = Kokkos::fma(sigma_velocity, offset[D + d][l], origin.v[d][l]);
      }
      Vec<T, D> const f = potential.force(at);
      for (int d = 0; d < D; ++d) force[d][l] = f[d];
      batch.start.include(l, row_of_lane(x, coordinate, l));
      batch.reached.include(l, row_of_lane(x, coordinate, l));
    });
    for (std::int64_t group = 0; group * Noise::steps < steps; ++group) {
      T normals[Noise::normals][W];
      draw_group<Noise, W>(seed, id, Stream::spread_dynamics, group, normals);
      in_turn<W, Noise::steps>([&](int const j) {
        if (group * Noise::steps + j < steps) step_lanes(normals + j * per_step, x, v, force, batch.reached);
      });
    }
    for_lanes<W>([&](int const l) {
      T const last = row_of_lane(x, coordinate, l);
      batch.end.include(l, last);
      // A position that is infinite or not a number stays so, but comparisons pass over the latter.
      batch.reached.hi[l] = last - last == T(0) ? batch.reached.hi[l] : math::infinity<T>;
    });
  }

  KOKKOS_FORCEINLINE_FUNCTION void step_lanes(T const (*normals)[W], T (&x)[D][W], T (&v)[D][W], T (&force)[D][W],
                                              Extremes<T, W>& reached) const {
    for_lanes<W>([&](int const l) {
      Vec<T, D> at, velocity, f, half;
      T noise[per_step];
      for (int d = 0; d < D; ++d) {
        at[d] = x[d][l];
        velocity[d] = v[d][l];
        f[d] = force[d][l];
      }
      for (int i = 0; i < per_step; ++i) noise[i] = normals[i][l];
      Scheme::step(potential, constants, noise, at, velocity, f, half);
      for (int d = 0; d < D; ++d) {
        x[d][l] = at[d];
        v[d][l] = velocity[d];
        force[d][l] = f[d];
      }
      reached.include(l, row_of_lane(x, coordinate, l));
    });
  }

  // Running means and, for the error of the spread, Welford's sum of squared deviations.
  KOKKOS_FORCEINLINE_FUNCTION void record(std::int64_t const first, std::int64_t const b, Batch const& batch) const {
    for (int l = 0; l < W && first + l < chosen; ++l) {
      std::int64_t const p = points(first + l);
      double value[spread_columns], mean[spread_columns];
      value[spread_lo] = static_cast<double>(batch.reached.lo[l]);
      value[spread_hi] = static_cast<double>(batch.reached.hi[l]);
      value[spread_at_start] = static_cast<double>(batch.start.hi[l] - batch.start.lo[l]);
      value[spread_at_end] = static_cast<double>(batch.end.hi[l] - batch.end.lo[l]);
      value[spread_deviations] = 0;
      for (int c = 0; c < spread_columns; ++c) {
        mean[c] = b == 0 ? value[c] : sums(p, c) + (value[c] - sums(p, c)) / static_cast<double>(b + 1);
      }
      double const spread = value[spread_hi] - value[spread_lo];
      mean[spread_deviations] =
          b == 0 ? 0
                 : sums(p, spread_deviations) + (spread - (sums(p, spread_hi) - sums(p, spread_lo))) *
                                                    (spread - (mean[spread_hi] - mean[spread_lo]));
      for (int c = 0; c < spread_columns; ++c) sums(p, c) = mean[c];
      members(p) = (b + 1) * batch_size;
    }
  }
};

/// One-sigma error of the mean spread of some batches, from their summed squared deviations: half the 68.3 % confidence
/// interval of Student's t, which is wider than s / sqrt(batches) while s itself is uncertain. The quantile is Fisher's
/// expansion at z = 1, within 0.2 % from 3 degrees of freedom on (Goldberg and Levine, Ann. Math. Stat. 17, 216, 1946).
KOKKOS_FORCEINLINE_FUNCTION double spread_error(double const deviations, double const batches) {
  double const freedom = batches - 1;
  double const quantile = 1 + (0.5 + 0.25 / freedom) / freedom;
  return quantile * Kokkos::sqrt(deviations / (batches * freedom));
}

/// Choose, in order, the points whose spread is not known well enough yet.
template <class Space>
struct SelectUncertainKernel {
  Kokkos::View<std::int64_t*, Space> points, next;
  Kokkos::View<double**, Kokkos::LayoutLeft, Space> sums;
  double batches, tolerance;

  KOKKOS_FUNCTION void operator()(std::int64_t const i, std::int64_t& place, bool const final) const {
    std::int64_t const p = points(i);
    if (!(spread_error(sums(p, spread_deviations), batches) > tolerance)) return;
    if (final) next(place) = p;
    ++place;
  }
};

}  // namespace kramers::dynamics::detail
