// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/lanes.hpp>
#include <kramers/core/vec.hpp>
#include <kramers/dynamics/engine/detail/sampler.hpp>

namespace kramers::dynamics::detail {

/// A potential that tells the forces of a whole pack at once, as one must whose formula is known at run time only:
/// *in_packs() has force_of_pack(x, force), energy_of_pack(x, energy), values_of_pack(x, force, energy, laplacian).
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

/// One step of the W walkers of a pack in such a potential, with a uniform force beside it. Every scheme asks for one
/// force per step, at a place that does not depend on it: each walker's step is done up to there, the forces of the pack
/// are made, and the step is done with them. The bits are those of one walker at a time.
template <class Scheme, int N, class Potential, class Constants, class T, int D, int W>
KOKKOS_FUNCTION void step_pack(Potential const& potential, Constants const& constants, T const (*normals)[W],
                               Vec<T, D> const& drive, Pack<T, D, W>& pack, T (&force)[D][W]) {
  struct Walker {
    Vec<T, D> x, v, force, half;
  };
  auto const step = [&](auto const& answer, int const l) {
    Walker now;
    T noise[N];
    for (int d = 0; d < D; ++d) {
      now.x[d] = pack.x[d][l];
      now.v[d] = now.half[d] = pack.v[d][l];
      now.force[d] = force[d][l];
    }
    for (int i = 0; i < N; ++i) noise[i] = normals[i][l];
    Scheme::step(answer, constants, noise, now.x, now.v, now.force, now.half);
    return now;
  };
  T asked[D][W];
  for_lanes<W>([&](int const l) {
    Vec<T, D> position;
    step(AskedPosition<T, D>{&position}, l);
    for (int d = 0; d < D; ++d) asked[d][l] = position[d];
  });
  T known[D][W];
  in_packs(potential)->force_of_pack(asked, known);
  for_lanes<W>([&](int const l) {
    KnownForce<T, D> answer;
    for (int d = 0; d < D; ++d) answer.known[d] = known[d][l] + drive[d];
    Walker const done = step(answer, l);
    for (int d = 0; d < D; ++d) {
      pack.x[d][l] = done.x[d];
      pack.v[d][l] = done.v[d];
      pack.half[d][l] = done.half[d];
      force[d][l] = done.force[d];
    }
  });
}

/// The sums of Sampler::sample that a potential of zero leaves out.
template <class Potential, class T, int D, int W>
KOKKOS_FUNCTION void add_pack_potential(Potential const& potential, Pack<T, D, W> const& pack, PackSums<W>& sums) {
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

}  // namespace kramers::dynamics::detail
