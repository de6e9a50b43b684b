// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/base/hash.hpp>
#include <kramers/core/normal.hpp>
#include <kramers/core/vec.hpp>
#include <kramers/dynamics/engine/any_ensemble.hpp>
#include <kramers/dynamics/engine/detail/sampler.hpp>
#include <kramers/dynamics/engine/sampling.hpp>

#include <type_traits>

namespace kramers::dynamics::detail {

template <class Space, class T>
using WalkerView = Kokkos::View<T**, Kokkos::LayoutLeft, Space>;  // (walkers, coordinate)

/// Draw number `coordinate` of a walker's start from one stream.
template <class T>
KOKKOS_FORCEINLINE_FUNCTION T start_normal(std::uint64_t seed, std::uint64_t walker, int coordinate, Stream stream) {
  constexpr int n = normals_per_block<T>;
  T z[n];
  normal_block(seed, walker, static_cast<std::uint64_t>(coordinate / n), stream, z);
  T chosen = z[0];  // not by its place: registers cannot be indexed
  for (int i = 1; i < n; ++i) chosen = i == coordinate % n ? z[i] : chosen;
  return chosen;
}

/// Set positions uniform in a box and velocities thermal or fixed.
template <class Space, class T, int D>
struct InitialiseKernel {
  WalkerView<Space, T> x, v;
  InitialState start;
  T thermal_speed;  // sqrt(kT / m), or 1 where v carries unit noise
  std::uint64_t seed;
  std::int64_t first_walker;

  KOKKOS_FUNCTION void operator()(std::int64_t const i) const {
    auto const walker = static_cast<std::uint64_t>(first_walker + i);
    for (int d = 0; d < D; ++d) {
      PhiloxBlock const word = philox_block(seed, walker, static_cast<std::uint64_t>(d), Stream::initial_position);
      std::uint64_t const top = ((std::uint64_t{word.w0} << 32) | word.w1) >> 12;
      double const u = static_cast<double>(top) * 0x1p-52;
      double const lower = start.lower[d], upper = start.upper[d];
      x(i, d) = static_cast<T>(Kokkos::fma(u, upper - lower, lower));
      v(i, d) = start.thermal_velocity ? thermal_speed * start_normal<T>(seed, walker, d, Stream::initial_velocity)
                                       : static_cast<T>(start.velocity[d]);
    }
  }
};

/// What a frame records of one walker.
template <class Space, class Potential>
struct FrameObserver {
  using T = typename Potential::value_type;
  static constexpr int D = Potential::dimension;
  static constexpr int count = row_length<FrameQuantity>;

  Potential potential;
  WalkerView<Space, T> x, v, origin_x, origin_v;
  Kokkos::View<std::uint8_t*, Space> memory;  // (walkers here), CoreMemory; empty without cores
  T mass, dividing_point;
  int coordinate;
  bool correlations;

  KOKKOS_FORCEINLINE_FUNCTION void operator()(std::int64_t const i, double (&value)[count]) const {
    Vec<T, D> at;
    T v2 = 0, vv = 0, dx2 = 0;
    for (int d = 0; d < D; ++d) {
      at[d] = x(i, d);
      T const velocity = v(i, d);
      v2 += velocity * velocity;
      if (correlations) {
        T const moved = at[d] - origin_x(i, d);
        vv += origin_v(i, d) * velocity;
        dx2 += moved * moved;
      }
    }
    T const q = x(i, coordinate);
    value[index(FrameQuantity::left)] = q < dividing_point ? 1.0 : 0.0;
    value[index(FrameQuantity::position)] = static_cast<double>(q);
    value[index(FrameQuantity::position_squared)] = static_cast<double>(q) * static_cast<double>(q);
    value[index(FrameQuantity::kinetic)] = static_cast<double>(T(0.5) * mass * v2);
    value[index(FrameQuantity::potential)] = static_cast<double>(potential.energy(at));
    value[index(FrameQuantity::position_correlation)] =
        correlations ? static_cast<double>(origin_x(i, coordinate)) * static_cast<double>(q) : 0.0;
    value[index(FrameQuantity::velocity_correlation)] = static_cast<double>(vv);
    value[index(FrameQuantity::displacement)] = static_cast<double>(dx2);

    std::int32_t const visited = memory.size() > 0 ? memory(i) : std::int32_t{nowhere};
    std::int32_t const now = visited & core_mask, origin = (visited >> origin_shift) & core_mask;
    value[index(FrameQuantity::passed)] = (visited & has_passed) != 0 ? 1.0 : 0.0;
    value[index(FrameQuantity::origin_in_a)] = origin == in_a ? 1.0 : 0.0;
    value[index(FrameQuantity::origin_in_b)] = origin == in_b ? 1.0 : 0.0;
    value[index(FrameQuantity::a_then_b)] = origin == in_a && now == in_b ? 1.0 : 0.0;
    value[index(FrameQuantity::b_then_a)] = origin == in_b && now == in_a ? 1.0 : 0.0;
  }
};

/// Let each walker remember the core it has visited last.
template <class Space>
struct MarkCoreKernel {
  Kokkos::View<std::uint8_t*, Space> memory;

  KOKKOS_FUNCTION void operator()(std::int64_t const i) const {
    std::int32_t const visited = memory(i) & (core_mask | has_passed);
    memory(i) = static_cast<std::uint8_t>(visited | (visited & core_mask) << origin_shift);
  }
};

/// Contribution of one walker to the hash of the state.
template <class Space, class T, int D>
struct HashKernel {
  WalkerView<Space, T> x, v;
  std::int64_t first_walker;

  KOKKOS_FUNCTION static std::uint64_t bits(T const value) {
    using Bits = std::conditional_t<sizeof(T) == 8, std::uint64_t, std::uint32_t>;
    return Kokkos::bit_cast<Bits>(value);
  }
  KOKKOS_FUNCTION void operator()(std::int64_t const i, std::uint64_t& sum) const {
    for (int d = 0; d < D; ++d) {
      auto const place = static_cast<std::uint64_t>((first_walker + i) * (2 * D) + d);
      sum += hash_element(place, bits(x(i, d)));
      sum += hash_element(place + D, bits(v(i, d)));
    }
  }
};

/// Smallest index of a walker whose position is not finite.
template <class Space, class T, int D>
struct DivergedKernel {
  WalkerView<Space, T> x;

  KOKKOS_FUNCTION void operator()(std::int64_t const i, std::int64_t& smallest) const {
    for (int d = 0; d < D; ++d) {
      if (!Kokkos::isfinite(x(i, d)) && i < smallest) smallest = i;
    }
  }
};

/// Copy chosen walkers into rows (position, velocity).
template <class Space, class T, int D>
struct GatherWalkersKernel {
  WalkerView<Space, T> x, v;
  Kokkos::View<std::int64_t const*, Space> index;
  Kokkos::View<double**, Kokkos::LayoutRight, Space> rows;  // (chosen, 2 D)

  KOKKOS_FUNCTION void operator()(std::int64_t const i) const {
    for (int d = 0; d < D; ++d) {
      rows(i, d) = static_cast<double>(x(index(i), d));
      rows(i, D + d) = static_cast<double>(v(index(i), d));
    }
  }
};

}  // namespace kramers::dynamics::detail
