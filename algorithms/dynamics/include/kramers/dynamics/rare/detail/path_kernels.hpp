// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/lanes.hpp>
#include <kramers/core/noise_group.hpp>
#include <kramers/core/vec.hpp>
#include <kramers/dynamics/rare/any_paths.hpp>

#include <Kokkos_Core.hpp>

namespace kramers::dynamics::detail {

/// Everything that is known of the paths.
template <class Space>
struct PathViews {
  Kokkos::View<double*, Space> x, v;
  Kokkos::View<std::uint64_t*, Space> id;
  Kokkos::View<std::int64_t*, Space> time;
  Kokkos::View<std::int32_t*, Space> top, crossings;
  Kokkos::View<PathEnd*, Space> end;
  Kokkos::View<double**, Kokkos::LayoutRight, Space> seen_x,
      seen_v;  // (slots, bins + 1): the first state in each bin, and B
};

/// A Passage as kernels take it. Levels are counted from that of the top, which is zero unless they are energies:
/// energy_share * (energy below the top, with a sign) + position * x + velocity * v.
struct PassageRules {
  Region a, b;
  double energy_share, position, velocity, top, top_energy, direction;
  double first, bins_per_unit;
  double half_mass;  // 0 without inertia
  int bins, fixed;   // levels of the list, 0 where bins are equal
};

/// Where a walker is instead of in a bin. Bins and these are doubles in kernels, so that lane loops have one type.
inline constexpr double code_before = -1, code_a = -2;

/// Advance W paths by one segment, and note what they reach.
///
/// A pack keeps its state in arrays from load to store. Steps and bins are lane loops; entries into new bins and states
/// are few, and are noted path by path. All paths of a launch have begun together, so they are at the same step.
template <class Space, class Scheme, class Potential, int W>
struct AdvancePathsKernel {
  using T = double;
  static constexpr int per_step = Scheme::normals_per_step;
  using Noise = NoiseGroup<T, per_step>;
  static constexpr int groups = static_cast<int>(AnyPaths::segment) / Noise::steps;
  // No bin is beyond these: bounds of a path that has no more news.
  static constexpr double never = 1e9;

  Potential potential;
  typename Scheme::template Constants<T> constants;
  PathViews<Space> paths;
  Kokkos::View<std::int32_t*, Space> active;
  Kokkos::View<double*, Space> fixed;
  PassageRules rules;
  std::int64_t count, step;
  std::uint64_t seed;
  Stream stream;
  bool counted;  // PathKind::counted

  /// A path has news where its code is above `top`, its highest bin, or below `floor`, which tells whether A is news. The
  /// top of a path that is counted is below bin 0 after A, the last bin once it has crossed, and B's after B.
  struct Lanes {
    T x[W], v[W], force[W], level[W], code[W], top[W], floor[W];
    std::uint64_t id[W];
    std::int32_t slot[W];
  };

  KOKKOS_FUNCTION void operator()(std::int64_t const pack) const {
    Lanes lanes;
    int going = load(pack * W, lanes);
    if (step == 0) observe(step, going, lanes);
    auto const id = [&](int const l) { return lanes.id[l]; };
    for (int g = 0; g < groups && going > 0; ++g) {
      T normals[Noise::normals][W];
      std::int64_t const group = step / Noise::steps + g;
      draw_group<Noise, W>(seed, id, stream, group, normals);
      in_turn<W, Noise::steps>([&](int const j) {
        advance_step(normals + j * per_step, lanes);
        observe(group * Noise::steps + j + 1, going, lanes);
      });
    }
    store(pack * W, lanes);
  }

  /// How many paths there are.
  KOKKOS_FORCEINLINE_FUNCTION int load(std::int64_t const first, Lanes& lanes) const {
    int here = 0;
    for (int l = 0; l < W; ++l) {
      bool const is_path = first + l < count;
      std::int32_t const slot = active(is_path ? first + l : first);
      Vec<T, 1> at;
      at[0] = paths.x(slot);
      lanes.slot[l] = slot;
      lanes.x[l] = at[0];
      lanes.v[l] = paths.v(slot);
      lanes.force[l] = potential.force(at)[0];
      lanes.id[l] = paths.id(slot);
      lanes.top[l] = is_path ? static_cast<T>(paths.top(slot)) : never;
      set_floor(l, lanes);
      here += is_path ? 1 : 0;
    }
    return here;
  }

  KOKKOS_FORCEINLINE_FUNCTION void store(std::int64_t const first, Lanes const& lanes) const {
    for (int l = 0; l < W && first + l < count; ++l) {
      if (lanes.top[l] == never) continue;  // has ended
      std::int32_t const slot = lanes.slot[l];
      paths.x(slot) = lanes.x[l];
      paths.v(slot) = lanes.v[l];
      paths.top(slot) = static_cast<std::int32_t>(lanes.top[l]);
      if (!(lanes.x[l] - lanes.x[l] == T(0))) paths.end(slot) = PathEnd::diverged;
    }
  }

  // A path that has ended goes on to no effect until its pack is done.
  KOKKOS_FORCEINLINE_FUNCTION void advance_step(T const (*normals)[W], Lanes& lanes) const {
    for_lanes<W>([&](int const l) {
      Vec<T, 1> at, velocity, force, half;
      at[0] = lanes.x[l];
      velocity[0] = lanes.v[l];
      force[0] = lanes.force[l];
      T noise[per_step];
      for (int i = 0; i < per_step; ++i) noise[i] = normals[i][l];
      Scheme::step(potential, constants, noise, at, velocity, force, half);
      lanes.x[l] = at[0];
      lanes.v[l] = velocity[0];
      lanes.force[l] = force[0];
    });
  }

  /// `now` steps are done since the start.
  KOKKOS_FORCEINLINE_FUNCTION void observe(std::int64_t const now, int& going, Lanes& lanes) const {
    find_codes(lanes);
    int any = 0;
#pragma omp simd reduction(| : any)
    for (int l = 0; l < W; ++l) any |= news(l, lanes);
    if (any == 0) return;
    for (int l = 0; l < W; ++l) {
      if (news(l, lanes) != 0) note(now, l, going, lanes);
    }
  }

  KOKKOS_FORCEINLINE_FUNCTION static int news(int const l, Lanes const& lanes) {
    return static_cast<int>(lanes.code[l] > lanes.top[l]) | static_cast<int>(lanes.code[l] < lanes.floor[l]);
  }

  KOKKOS_FORCEINLINE_FUNCTION static T smaller(T a, T b) { return a < b ? a : b; }
  /// Not negative in a region, and negative outside.
  KOKKOS_FORCEINLINE_FUNCTION static T margin(Region const& region, T x, T energy) {
    return smaller(smaller(x - region.lower, region.upper - x), region.energy - energy);
  }

  KOKKOS_FORCEINLINE_FUNCTION void find_codes(Lanes& lanes) const {
    PassageRules const r = rules;  // a copy, which stores to lanes cannot change
    T const last = static_cast<T>(r.bins);
    for_lanes<W>([&](int const l) {
      T const x = lanes.x[l], v = lanes.v[l];
      Vec<T, 1> at;
      at[0] = x;
      T const energy = Kokkos::fma(r.half_mass * v, v, potential.energy(at));
      T const missing = r.top_energy - energy, below = missing > T(0) ? missing : T(0);
      T const side = (x - r.top) * r.direction < T(0) ? -below : below;
      T const level = Kokkos::fma(r.energy_share, side, Kokkos::fma(r.velocity, v, r.position * x));
      T place = (level - r.first) * r.bins_per_unit + T(1);
      place = place > T(0) ? place : T(0);
      place = place < last ? place : last;
      T const bin = static_cast<T>(static_cast<std::int32_t>(place)) - T(1);
      T const outside_b = margin(r.a, x, energy) < T(0) ? bin : code_a;
      lanes.level[l] = level;
      lanes.code[l] = margin(r.b, x, energy) < T(0) ? outside_b : last;
    });
    if (r.fixed == 0) return;
    for_lanes<W>([&](int const l) {
      T const code = lanes.code[l], in_bin = code > code_a ? code_before : code;
      lanes.code[l] = code < last ? in_bin : code;
    });
    for (int i = 0; i < r.fixed; ++i) {
      T const begin = fixed(i), before = static_cast<T>(i - 1);
      for_lanes<W>([&](int const l) {
        T const next = lanes.level[l] < begin ? before : before + T(1);
        lanes.code[l] = lanes.code[l] == before ? next : lanes.code[l];
      });
    }
  }

  KOKKOS_FORCEINLINE_FUNCTION void set_floor(int const l, Lanes& lanes) const {
    bool const heeds_a = lanes.top[l] < never && (!counted || lanes.top[l] > code_before);
    lanes.floor[l] = heeds_a ? T(-1.5) : -never;
  }

  KOKKOS_FORCEINLINE_FUNCTION void note(std::int64_t const now, int const l, int& going, Lanes& lanes) const {
    T const code = lanes.code[l], last = static_cast<T>(rules.bins);
    std::int32_t const slot = lanes.slot[l];
    if (counted) {
      if (lanes.top[l] == code_before) {
        std::int32_t const place = paths.crossings(slot);
        paths.seen_x(slot, place) = lanes.x[l];
        paths.seen_v(slot, place) = lanes.v[l];
        paths.crossings(slot) = place + 1;
      }
      // PathStates::time: the clock stands still in B.
      if (code == last) paths.time(slot) += now;
      if (code == code_a && lanes.top[l] == last) paths.time(slot) -= now;
      lanes.top[l] = code == code_a ? code_before : code == last ? last : last - T(1);
      set_floor(l, lanes);
      return;
    }
    if (code != code_a) {
      auto const from = static_cast<std::int32_t>(lanes.top[l]) + 1, to = static_cast<std::int32_t>(code);
      for (std::int32_t bin = from; bin <= to; ++bin) {
        paths.seen_x(slot, bin) = lanes.x[l];
        paths.seen_v(slot, bin) = lanes.v[l];
      }
      lanes.top[l] = code;
      if (code < last) return;
    }
    paths.top(slot) = static_cast<std::int32_t>(lanes.top[l]);
    paths.time(slot) = now;
    paths.end(slot) = code == code_a ? PathEnd::in_a : PathEnd::in_b;
    lanes.top[l] = never;
    set_floor(l, lanes);
    --going;
  }
};

/// Keep, in order, the paths that go on.
template <class Space>
struct CompactPathsKernel {
  Kokkos::View<std::int32_t*, Space> active, next;
  Kokkos::View<PathEnd*, Space> end;

  KOKKOS_FUNCTION void operator()(std::int64_t const i, std::int64_t& place, bool const final) const {
    std::int32_t const slot = active(i);
    if (end(slot) != PathEnd::none) return;
    if (final) next(place) = slot;
    ++place;
  }
};

/// Begin paths at given points, or where other paths were first in a bin.
template <class Space>
struct BeginPathsKernel {
  PathViews<Space> paths;
  Kokkos::View<std::int32_t*, Space> active, parent, bin;  // by begin
  Kokkos::View<std::uint64_t*, Space> id;
  Kokkos::View<double*, Space> x, v;
  bool branches;
  std::int32_t top;  // of those that do not branch

  KOKKOS_FUNCTION void operator()(std::int64_t const i) const {
    std::int32_t const slot = active(i);
    paths.x(slot) = branches ? paths.seen_x(parent(i), bin(i)) : x(i);
    paths.v(slot) = branches ? paths.seen_v(parent(i), bin(i)) : v(i);
    paths.top(slot) = branches ? bin(i) - 1 : top;
    paths.id(slot) = id(i);
    paths.time(slot) = 0;
    paths.crossings(slot) = 0;
    paths.end(slot) = PathEnd::none;
  }
};

}  // namespace kramers::dynamics::detail
