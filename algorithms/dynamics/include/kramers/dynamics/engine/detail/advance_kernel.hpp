// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/lanes.hpp>
#include <kramers/core/noise_group.hpp>
#include <kramers/core/tree_sum.hpp>
#include <kramers/dynamics/engine/detail/pack_step.hpp>
#include <kramers/dynamics/engine/detail/sampler.hpp>
#include <kramers/dynamics/engine/layout.hpp>
#include <kramers/dynamics/engine/sampling.hpp>
#include <kramers/dynamics/potentials/potential.hpp>

namespace kramers::dynamics::detail {

/// Advance blocks of walkers by many steps, W walkers to a pack, and observe them on the way.
///
/// State lives in arrays of the pack (registers or L1) from load to store; nothing is written to memory in between
/// but histogram counts. One team per block; its packs go to the team's threads.
template <class Space, class Scheme, class Potential, int W>
struct AdvanceKernel {
  using T = typename Potential::value_type;
  static constexpr int D = Potential::dimension;
  static constexpr int block = static_cast<int>(EnsembleLayout::block);
  using Member = typename Kokkos::TeamPolicy<Space>::member_type;
  using Scratch = Kokkos::View<double**, Kokkos::LayoutRight, typename Space::scratch_memory_space,
                               Kokkos::MemoryTraits<Kokkos::Unmanaged>>;
  static constexpr int per_step = Scheme::normals_per_step * D;
  using Noise = NoiseGroup<T, per_step>;
  using Counts = typename Sampler<Space, T>::Counts;
  // Does the potential tell the forces of a whole pack at once?
  static constexpr bool whole_packs = W > 1 && !on_device<Space> && pack_potential<Potential>;

  Potential potential;
  typename Scheme::template Constants<T> constants;
  Kokkos::View<T**, Kokkos::LayoutLeft, Space> x, v;  // (walkers here rounded up to whole blocks, D)
  Drive<Space, T> drive;
  Sampler<Space, T> sampler;
  Kokkos::View<double**, Kokkos::LayoutRight, Space> unit_sums;  // (units here, row_length<Quantity>)
  // Sums of each walker so far, where a launch is done in pieces of its steps: (walkers here, row_length<Quantity>).
  Kokkos::View<double**, Kokkos::LayoutRight, Space> walker_sums;
  bool goes_on, will_go_on;  // begin with walker_sums; end with them instead of unit_sums
  std::uint64_t seed;
  std::int64_t first_walker;           // id of x(0)
  std::int64_t first_block;            // of the blocks here that this launch advances
  std::int64_t walkers;                // in the whole ensemble; ids beyond fill the last block and count nothing
  std::int64_t first_step, last_step;  // steps first_step + 1 ... last_step are done
  int unit;                            // walkers per row of unit_sums
  int counters;                        // of a team's own histogram (one thread to a team), or 0: count in the group's

  static int scratch_bytes() { return static_cast<int>(Scratch::shmem_size(row_length<Quantity>, block)); }
  static int counter_bytes(int counters) { return static_cast<int>(Counts::shmem_size(counters)); }

  KOKKOS_FUNCTION void operator()(Member const& team) const {
    std::int64_t const first = (first_block + team.league_rank()) * block;
    Scratch const sums(team.team_scratch(0), row_length<Quantity>, block);
    // The compiler is told that devices have none: what it prepared for these loops would take registers in those between.
    int const own_counters = on_device<Space> ? 0 : counters;
    Counts const counts(team.team_scratch(1), own_counters);
    for (int i = 0; i < own_counters; ++i) counts(i) = 0;
    Kokkos::parallel_for(Kokkos::TeamThreadRange(team, block / W), [&](int const pack) {
      if constexpr (whole_packs) {
        advance_flat(first + pack * W, sums, pack * W, counts);
      } else {
        advance_pack(first + pack * W, sums, pack * W, counts);
      }
    });
    if (sampler.params.every == 0) return;
    sampler.add_counts(first_walker + first, counts);
    if (will_go_on) return;
    team.team_barrier();
    int const units = block / unit;
    Kokkos::parallel_for(Kokkos::TeamThreadRange(team, row_length<Quantity> * units), [&](int const i) {
      int const q = i / units, u = i % units;
      unit_sums(first / unit + u, q) = tree_sum(&sums(q, u * unit), unit);
    });
  }

  // GCC leaves a call in a loop over lanes that is as long as that of a formula, and then it does not vectorise.
  [[gnu::flatten]] KOKKOS_FUNCTION void advance_flat(std::int64_t const first, Scratch const& sums, int const column,
                                                     Counts const& counts) const {
    advance_pack(first, sums, column, counts);
  }

  KOKKOS_FUNCTION void advance_pack(std::int64_t const first, Scratch const& sums, int const column,
                                    Counts const& counts) const {
    Pack<T, D, W> pack;
    T force[D][W];
    Vec<T, D> const first_drive = drive.template at<D>(drive.first);
    for_lanes<W>([&](int const l) {
      Vec<T, D> at;
      for (int d = 0; d < D; ++d) {
        pack.x[d][l] = at[d] = x(first + l, d);
        pack.v[d][l] = v(first + l, d);
        pack.half[d][l] = T(0);
      }
      if constexpr (!whole_packs) {
        Vec<T, D> const f = potential.force(at);
        for (int d = 0; d < D; ++d) force[d][l] = f[d] + first_drive[d];
      }
    });
    if constexpr (whole_packs) {
      in_packs(potential)->force_of_pack(pack.x, force);
      for_lanes<W>([&](int const l) {
        for (int d = 0; d < D; ++d) force[d][l] += first_drive[d];
      });
    }
    PackSums<W> pack_sums(&sums(0, column));
    sampler.load(first, pack_sums);
    if (goes_on) {
      for (int q = 0; q < row_length<Quantity>; ++q) {
        for_lanes<W>([&](int const l) { pack_sums(Quantity{q}, l) = walker_sums(first + l, q); });
      }
    }

    std::uint64_t const key = seed;  // a copy: what is derived from it need not be done again after each store
    std::int64_t const first_id = first_walker + first;
    auto const id = [&](int const l) { return static_cast<std::uint64_t>(first_id + l); };
    std::int64_t next_sample = sampler.first_due_after(first_step);
    // Steps stop for samples, and where walkers are driven for the force of each: no others take time for it.
    std::int64_t next_stop = drive.is_on() ? first_step : next_sample;
    int driven = drive.first;
    for (std::int64_t group = first_step / Noise::steps; group * Noise::steps < last_step; ++group) {
      T normals[Noise::normals][W];
      draw_group<Noise, W>(key, id, Stream::dynamics, group, normals);
      if constexpr (W == 1) {
        // Most groups have nothing to ask between their steps; a device takes those in one go.
        std::int64_t const begin = group * Noise::steps, end = begin + Noise::steps;
        if (begin >= first_step && end <= last_step && end < next_stop) {
          in_turn<W, Noise::steps>([&](int const j) { advance_step<false>(normals + j * per_step, pack, force); });
          continue;
        }
      }
      for (int j = 0; j < Noise::steps; ++j) {
        if constexpr (W == 1) {
          // What this step takes moves to the front: registers cannot be indexed by j.
          for (int i = per_step; j > 0 && i < Noise::normals; ++i) normals[i - per_step][0] = normals[i][0];
        }
        T const(*const of_step)[W] = W == 1 ? normals : normals + j * per_step;
        std::int64_t const step = group * Noise::steps + j;
        if (step < first_step || step >= last_step) continue;
        if (step + 1 < next_stop) {
          if constexpr (whole_packs) {
            step_pack<Scheme, per_step>(potential, constants, of_step, drive.template at<D>(0), pack, force);
          } else {
            advance_step<false>(of_step, pack, force);
          }
          continue;
        }
        driven = drive.after(driven);
        Vec<T, D> const drive_now = drive.template at<D>(driven);
        if constexpr (whole_packs) {
          step_pack<Scheme, per_step>(potential, constants, of_step, drive_now, pack, force);
        } else {
          advance_step<true>(of_step, pack, force, drive_now);
        }
        if (step + 1 < next_sample) continue;
        if constexpr (whole_packs) {  // all but what depends on the potential; then that
          sampler.sample(KnownForce<T, D>{}, first, first_walker, walkers, next_sample, pack, pack_sums, counts);
          add_pack_potential(potential, pack, pack_sums);
        } else {
          sampler.sample(potential, first, first_walker, walkers, next_sample, pack, pack_sums, counts);
        }
        next_sample += sampler.params.every;
        if (!drive.is_on()) next_stop = next_sample;
      }
    }

    for_lanes<W>([&](int const l) {
      for (int d = 0; d < D; ++d) {
        x(first + l, d) = pack.x[d][l];
        v(first + l, d) = pack.v[d][l];
      }
    });
    sampler.store(first, pack_sums);
    if (sampler.params.every == 0) return;
    if (will_go_on) {
      for (int q = 0; q < row_length<Quantity>; ++q) {
        for_lanes<W>([&](int const l) { walker_sums(first + l, q) = pack_sums(Quantity{q}, l); });
      }
      return;
    }
    for (int q = 0; q < row_length<Quantity>; ++q) {
      for_lanes<W>(
          [&](int const l) { sums(q, column + l) = first_id + l < walkers ? pack_sums(Quantity{q}, l) : 0.0; });
    }
  }

  // The half-step velocity is stored, and the drive felt, only where a step stops.
  template <bool Stops>
  KOKKOS_FORCEINLINE_FUNCTION void advance_step(T const (*normals)[W], Pack<T, D, W>& pack, T (&force)[D][W],
                                                Vec<T, D> const& drive_now = {}) const {
    for_lanes<W>([&](int const l) {
      Vec<T, D> at, velocity, f, half;
      T noise[per_step];
      for (int d = 0; d < D; ++d) {
        at[d] = pack.x[d][l];
        velocity[d] = half[d] = pack.v[d][l];
        f[d] = force[d][l];
      }
      for (int i = 0; i < per_step; ++i) noise[i] = normals[i][l];
      if constexpr (Stops) {
        Scheme::step(Driven<Potential>{potential, drive_now}, constants, noise, at, velocity, f, half);
      } else {
        Scheme::step(potential, constants, noise, at, velocity, f, half);
      }
      for (int d = 0; d < D; ++d) {
        pack.x[d][l] = at[d];
        pack.v[d][l] = velocity[d];
        if constexpr (Stops) pack.half[d][l] = half[d];
        force[d][l] = f[d];
      }
    });
  }
};

}  // namespace kramers::dynamics::detail
