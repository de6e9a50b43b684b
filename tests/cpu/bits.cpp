// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Ensembles of kramers-langevin from the headers of core and dynamics alone, so that a compiler for any processor can
// make the program: no library is linked. Prints the hash of each, equal to the `state_hash` of the same study.
#include <kramers/base/hash.hpp>
#include <kramers/core/lanes.hpp>
#include <kramers/core/noise_group.hpp>
#include <kramers/dynamics/potentials/cosine.hpp>
#include <kramers/dynamics/potentials/double_well.hpp>
#include <kramers/dynamics/potentials/mueller_brown.hpp>
#include <kramers/dynamics/potentials/separable.hpp>
#include <kramers/dynamics/schemes/schemes.hpp>

#include <cinttypes>
#include <cstdio>
#include <type_traits>
#include <vector>

namespace {

using namespace kramers;
using namespace kramers::dynamics;

constexpr int W = 64;
constexpr std::uint64_t seed = 1;
constexpr std::int64_t walkers = 256, steps = 203;  // not a whole number of noise groups

/// Advance the walkers from `start` and hash them; `Potential` has dimension D.
template <class Scheme, class Potential, class T = typename Potential::value_type, int D = Potential::dimension>
void run(char const* name, Potential const& potential, LangevinParams const& langevin, Vec<T, D> const& start) {
  constexpr int per_step = Scheme::normals_per_step * D;
  using Noise = NoiseGroup<T, per_step>;
  typename Scheme::template Constants<T> const constants(langevin);
  T const thermal_speed = static_cast<T>(math::sqrt(langevin.temperature / langevin.mass));
  std::uint64_t hash = 0;
  for (std::int64_t first = 0; first < walkers; first += W) {
    auto const id = [&](int const l) { return static_cast<std::uint64_t>(first + l); };
    T x[D][W], v[D][W], f[D][W];
    for_lanes<W>([&](int const l) {
      T z[4];
      for (int block = 0; block < 4; block += normals_per_block<T>) {
        T of_block[normals_per_block<T>];
        normal_block(seed, id(l), static_cast<std::uint64_t>(block / normals_per_block<T>), Stream::initial_velocity,
                     of_block);
        for (int i = 0; i < normals_per_block<T>; ++i) z[block + i] = of_block[i];
      }
      Vec<T, D> at;
      for (int d = 0; d < D; ++d) {
        x[d][l] = at[d] = start[d];
        v[d][l] = thermal_speed * z[d];
      }
      Vec<T, D> const force = potential.force(at);
      for (int d = 0; d < D; ++d) f[d][l] = force[d];
    });
    for (std::int64_t group = 0; group * Noise::steps < steps; ++group) {
      T normals[Noise::normals][W];
      draw_group<Noise, W>(seed, id, Stream::dynamics, group, normals);
      for (int j = 0; j < Noise::steps && group * Noise::steps + j < steps; ++j) {
        for_lanes<W>([&](int const l) {
          T z[per_step];
          for (int i = 0; i < per_step; ++i) z[i] = normals[j * per_step + i][l];
          Vec<T, D> at, speed, force, half;
          for (int d = 0; d < D; ++d) {
            at[d] = x[d][l];
            speed[d] = v[d][l];
            force[d] = f[d][l];
          }
          Scheme::step(potential, constants, z, at, speed, force, half);
          for (int d = 0; d < D; ++d) {
            x[d][l] = at[d];
            v[d][l] = speed[d];
            f[d][l] = force[d];
          }
        });
      }
    }
    using Bits = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
    for (int l = 0; l < W; ++l) {
      for (int d = 0; d < D; ++d) {
        auto const place = static_cast<std::uint64_t>((first + l) * (2 * D) + d);
        hash += hash_element(place, Kokkos::bit_cast<Bits>(x[d][l]));
        hash += hash_element(place + D, Kokkos::bit_cast<Bits>(v[d][l]));
      }
    }
  }
  std::printf("%s %s 0x%016" PRIx64 "\n", name, sizeof(T) == 8 ? "f64" : "f32", hash);
}

template <class T>
void run_all() {
  run<Baoab>("double_well", Separable<DoubleWell<T>, 1>{{DoubleWell<T>{T(1)}}},
             {.dt = 0.02, .friction = 1, .temperature = 0.2, .mass = 1}, Vec<T, 1>{T(-1)});
  run<Baoab>("mueller_brown", MuellerBrown<T>{}, {.dt = 0.004, .friction = 10, .temperature = 15, .mass = 1},
             Vec<T, 2>{static_cast<T>(-0.558), static_cast<T>(1.442)});
}

}  // namespace

int main() {
  run_all<double>();
  run_all<float>();
}
