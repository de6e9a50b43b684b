// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/engine/detail/advance_kernel.hpp>

namespace kramers::dynamics::detail {

/// A potential that tells the forces of a whole pack at once, as one must whose formula is known at run time only: what
/// in_packs(potential) points to has force_of_pack(x, force) and values_of_pack(x, force, energy, laplacian).
template <class Potential>
concept pack_potential = requires(Potential const& potential) { in_packs(potential); };

/// Notes where a step asks for the force.
template <class T, int D>
struct AskedPosition {
  using value_type = T;
  using Point = Vec<T, D>;
  static constexpr int dimension = D;
  Point* position;

  KOKKOS_FORCEINLINE_FUNCTION T energy(Point const&) const { return T(0); }
  KOKKOS_FORCEINLINE_FUNCTION Point force(Point const& x) const {
    *position = x;
    return Point{};
  }
  KOKKOS_FORCEINLINE_FUNCTION T laplacian(Point const&) const { return T(0); }
};

/// Answers with a force that is already known.
template <class T, int D>
struct KnownForce {
  using value_type = T;
  using Point = Vec<T, D>;
  static constexpr int dimension = D;
  Point known;

  KOKKOS_FORCEINLINE_FUNCTION T energy(Point const&) const { return T(0); }
  KOKKOS_FORCEINLINE_FUNCTION Point force(Point const&) const { return known; }
  KOKKOS_FORCEINLINE_FUNCTION T laplacian(Point const&) const { return T(0); }
};

/// The AdvanceKernel of such potentials on hosts. Every scheme asks for one force per step, at a place that does not
/// depend on it: each step is done up to there, the forces of the pack are made, and the step is done with them. The bits
/// are those of one walker at a time, which the primary template advances.
template <class Space, class Scheme, pack_potential Potential, int W>
  requires(W > 1 && !on_device<Space>)
struct AdvanceKernel<Space, Scheme, Potential, W> {
  using T = typename Potential::value_type;
  static constexpr int D = Potential::dimension;
  static constexpr int block = static_cast<int>(EnsembleLayout::block);
  using Member = typename Kokkos::TeamPolicy<Space>::member_type;
  using Scratch = Kokkos::View<double**, Kokkos::LayoutRight, typename Space::scratch_memory_space,
                               Kokkos::MemoryTraits<Kokkos::Unmanaged>>;
  static constexpr int per_step = Scheme::normals_per_step * D;
  using Noise = NoiseGroup<T, per_step>;
  using Counts = typename Sampler<Space, T>::Counts;

  // As in the primary template.
  Potential potential;
  typename Scheme::template Constants<T> constants;
  Kokkos::View<T**, Kokkos::LayoutLeft, Space> x, v;
  Sampler<Space, T> sampler;
  Kokkos::View<double**, Kokkos::LayoutRight, Space> unit_sums;
  Kokkos::View<double**, Kokkos::LayoutRight, Space> walker_sums;
  bool goes_on, will_go_on;
  std::uint64_t seed;
  std::int64_t first_walker, first_block, walkers;
  std::int64_t first_step, last_step;
  int unit;
  int counters;

  static int scratch_bytes() { return static_cast<int>(Scratch::shmem_size(row_length<Quantity>, block)); }
  static int counter_bytes(int counters) { return static_cast<int>(Counts::shmem_size(counters)); }

  KOKKOS_FUNCTION void operator()(Member const& team) const {
    std::int64_t const first = (first_block + team.league_rank()) * block;
    Scratch const sums(team.team_scratch(0), row_length<Quantity>, block);
    Counts const counts(team.team_scratch(1), counters);
    for (int i = 0; i < counters; ++i) counts(i) = 0;
    for (int pack = 0; pack < block / W; ++pack) advance_pack(first + pack * W, sums, pack * W, counts);
    if (sampler.params.every == 0) return;
    sampler.add_counts(first_walker + first, counts);
    if (will_go_on) return;
    int const units = block / unit;
    for (int q = 0; q < row_length<Quantity>; ++q) {
      for (int u = 0; u < units; ++u) unit_sums(first / unit + u, q) = tree_sum(&sums(q, u * unit), unit);
    }
  }

 private:
  // Flattened: GCC leaves a call in a loop over lanes that is as long as this, and then it does not vectorise.
  [[gnu::flatten]] KOKKOS_FUNCTION void advance_pack(std::int64_t const first, Scratch const& sums, int const column,
                                                     Counts const& counts) const {
    Pack<T, D, W> pack;
    T force[D][W];
    for_lanes<W>([&](int const l) {
      for (int d = 0; d < D; ++d) {
        pack.x[d][l] = x(first + l, d);
        pack.v[d][l] = v(first + l, d);
        pack.half[d][l] = T(0);
      }
    });
    in_packs(potential)->force_of_pack(pack.x, force);
    PackSums<W> pack_sums(&sums(0, column));
    sampler.load(first, pack_sums);
    if (goes_on) for_sums([&](Quantity const q, int const l) { pack_sums(q, l) = walker_sums(first + l, index(q)); });

    std::uint64_t const key = seed;
    std::int64_t const first_id = first_walker + first;
    auto const id = [&](int const l) { return static_cast<std::uint64_t>(first_id + l); };
    std::int64_t next_sample = sampler.first_due_after(first_step);
    for (std::int64_t group = first_step / Noise::steps; group * Noise::steps < last_step; ++group) {
      T normals[Noise::normals][W];
      draw_group<Noise, W>(key, id, Stream::dynamics, group, normals);
      for (int j = 0; j < Noise::steps; ++j) {
        std::int64_t const step = group * Noise::steps + j;
        if (step < first_step || step >= last_step) continue;
        advance_step(normals + j * per_step, pack, force);
        if (step + 1 < next_sample) continue;
        // All but what depends on the potential; then that.
        sampler.sample(KnownForce<T, D>{}, first, first_walker, walkers, next_sample, pack, pack_sums, counts);
        add_potential(pack, pack_sums);
        next_sample += sampler.params.every;
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
    if (will_go_on)
      return for_sums([&](Quantity const q, int const l) { walker_sums(first + l, index(q)) = pack_sums(q, l); });
    for_sums([&](Quantity const q, int const l) {
      sums(index(q), column + l) = first_id + l < walkers ? pack_sums(q, l) : 0.0;
    });
  }

  template <class Body>
  KOKKOS_FORCEINLINE_FUNCTION static void for_sums(Body const& body) {
    for (int q = 0; q < row_length<Quantity>; ++q) {
      for_lanes<W>([&](int const l) { body(Quantity{q}, l); });
    }
  }

  KOKKOS_FUNCTION void advance_step(T const (*normals)[W], Pack<T, D, W>& pack, T (&force)[D][W]) const {
    T asked[D][W];
    for_lanes<W>([&](int const l) {
      Vec<T, D> position;
      step_of(AskedPosition<T, D>{&position}, normals, pack, force, l);
      for (int d = 0; d < D; ++d) asked[d][l] = position[d];
    });
    T known[D][W];
    in_packs(potential)->force_of_pack(asked, known);
    for_lanes<W>([&](int const l) {
      KnownForce<T, D> answer;
      for (int d = 0; d < D; ++d) answer.known[d] = known[d][l];
      Step const done = step_of(answer, normals, pack, force, l);
      for (int d = 0; d < D; ++d) {
        pack.x[d][l] = done.x[d];
        pack.v[d][l] = done.v[d];
        pack.half[d][l] = done.half[d];
        force[d][l] = done.force[d];
      }
    });
  }

  struct Step {
    Vec<T, D> x, v, force, half;
  };
  template <class Answer>
  KOKKOS_FORCEINLINE_FUNCTION Step step_of(Answer const& answer, T const (*normals)[W], Pack<T, D, W> const& pack,
                                           T const (&force)[D][W], int const l) const {
    Step now;
    T noise[per_step];
    for (int d = 0; d < D; ++d) {
      now.x[d] = pack.x[d][l];
      now.v[d] = now.half[d] = pack.v[d][l];
      now.force[d] = force[d][l];
    }
    for (int i = 0; i < per_step; ++i) noise[i] = normals[i][l];
    Scheme::step(answer, constants, noise, now.x, now.v, now.force, now.half);
    return now;
  }

  // The sums of Sampler::sample that a potential of zero leaves out.
  KOKKOS_FUNCTION void add_potential(Pack<T, D, W> const& pack, PackSums<W>& sums) const {
    T force[D][W], energy[W], laplacian[W];
    in_packs(potential)->values_of_pack(pack.x, force, energy, laplacian);
    for_lanes<W>([&](int const l) {
      T f2 = 0, x_f = 0;
      for (int d = 0; d < D; ++d) {
        f2 += force[d][l] * force[d][l];
        x_f += pack.x[d][l] * force[d][l];
      }
      sums(Quantity::potential_energy, l) += static_cast<double>(energy[l]);
      sums(Quantity::virial, l) -= static_cast<double>(x_f);
      sums(Quantity::force_squared, l) += static_cast<double>(f2);
      sums(Quantity::laplacian, l) += static_cast<double>(laplacian[l]);
    });
  }
};

}  // namespace kramers::dynamics::detail
