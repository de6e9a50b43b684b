// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/lanes.hpp>
#include <kramers/core/math.hpp>
#include <kramers/core/noise_group.hpp>
#include <kramers/core/vec.hpp>
#include <kramers/dynamics/engine/detail/pack_step.hpp>
#include <kramers/dynamics/rare/detail/path_views.hpp>

#include <Kokkos_Core.hpp>

namespace kramers::dynamics::detail {

/// Where a walker is instead of in a bin. Bins and these are doubles in kernels, so that lane loops have one type.
inline constexpr double code_before = -1, code_a = -2;

/// Advance W paths by a segment at most, and note what they reach.
///
/// A pack keeps its state in arrays from load to store. Steps and bins are lane loops; entries into new bins and states
/// are few, and are noted path by path. All paths of a launch have begun together, so they are at the same step.
template <class Space, class Scheme, class Potential, int W>
struct AdvancePathsKernel {
  using T = double;
  static constexpr int D = Potential::dimension;
  static constexpr int per_step = Scheme::normals_per_step * D;
  using Noise = NoiseGroup<T, per_step>;
  static_assert(2 % Noise::steps == 0, "AdvancePathsKernel: launches are of even numbers of steps");
  static constexpr bool asks_in_packs = W > 1 && !on_device<Space> && pack_potential<Potential>;
  // No bin is beyond these: bounds of a path that has no more news.
  static constexpr double never = 1e9;

  Potential potential;
  typename Scheme::template Constants<T> constants;
  PathViews<Space, D> paths;
  Kokkos::View<std::int32_t*, Space> active;
  Kokkos::View<double*, Space> fixed, table;
  Kokkos::View<RegionRules<D>*, Space> others;
  PassageRules<D> rules;
  std::int64_t count, step;
  int groups;  // of Noise::steps, to advance
  std::uint64_t seed;
  Stream stream;
  bool counted;  // PathKind::counted

  /// A path has news where its code is above `top`, its highest bin, or below `floor`, which tells whether A is news. The
  /// top of a path that is counted is below bin 0 after A, the last bin once it has crossed, and B's after B.
  struct Lanes {
    Pack<T, D, W> at;
    T force[D][W], energy[W], share[W], level[W], code[W], top[W], floor[W];
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
      Vec<T, D> at;
      for (int d = 0; d < D; ++d) {
        at[d] = lanes.at.x[d][l] = paths.x(slot, d);
        lanes.at.v[d][l] = paths.v(slot, d);
      }
      if constexpr (!asks_in_packs) {
        Vec<T, D> const force = potential.force(at);
        for (int d = 0; d < D; ++d) lanes.force[d][l] = force[d];
      }
      lanes.slot[l] = slot;
      lanes.share[l] = 0;
      lanes.id[l] = paths.id(slot);
      lanes.top[l] = is_path ? static_cast<T>(paths.top(slot)) : never;
      set_floor(l, lanes);
      here += is_path ? 1 : 0;
    }
    if constexpr (asks_in_packs) in_packs(potential)->force_of_pack(lanes.at.x, lanes.force);
    return here;
  }

  KOKKOS_FORCEINLINE_FUNCTION void store(std::int64_t const first, Lanes const& lanes) const {
    for (int l = 0; l < W && first + l < count; ++l) {
      if (lanes.top[l] == never) continue;  // has ended
      std::int32_t const slot = lanes.slot[l];
      T lost = 0;  // not a number, once x is none
      for (int d = 0; d < D; ++d) {
        paths.x(slot, d) = lanes.at.x[d][l];
        paths.v(slot, d) = lanes.at.v[d][l];
        lost += lanes.at.x[d][l] - lanes.at.x[d][l];
      }
      paths.top(slot) = static_cast<std::int32_t>(lanes.top[l]);
      if (!(lost == T(0))) paths.end(slot) = PathEnd::diverged;
    }
  }

  // A path that has ended goes on to no effect until its pack is done.
  KOKKOS_FORCEINLINE_FUNCTION void advance_step(T const (*normals)[W], Lanes& lanes) const {
    if constexpr (asks_in_packs) {
      Vec<T, D> undriven;
      for (int d = 0; d < D; ++d) undriven[d] = -T(0);
      step_pack<Scheme, per_step>(potential, constants, normals, undriven, lanes.at, lanes.force);
    } else {
      for_lanes<W>([&](int const l) {
        Vec<T, D> at, velocity, force, half;
        for (int d = 0; d < D; ++d) {
          at[d] = lanes.at.x[d][l];
          velocity[d] = lanes.at.v[d][l];
          force[d] = lanes.force[d][l];
        }
        T noise[per_step];
        for (int i = 0; i < per_step; ++i) noise[i] = normals[i][l];
        Scheme::step(potential, constants, noise, at, velocity, force, half);
        for (int d = 0; d < D; ++d) {
          lanes.at.x[d][l] = at[d];
          lanes.at.v[d][l] = velocity[d];
          lanes.force[d][l] = force[d];
        }
      });
    }
  }

  /// `now` steps are done since the start.
  KOKKOS_FORCEINLINE_FUNCTION void observe(std::int64_t const now, int& going, Lanes& lanes) const {
    if (rules.heeds_energy) {
      find_codes<true>(lanes);
    } else {
      find_codes<false>(lanes);
    }
    if constexpr (D > 1) {
      if (rules.others > 0) {
        if constexpr (on_device<Space>) {
          find_others(lanes);
        } else {
          find_others_apart(lanes);
        }
      }
    }
    if (rules.fixed > 0) find_listed_codes(lanes);
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

  /// Component of a vector along the axis.
  KOKKOS_FORCEINLINE_FUNCTION static T along(Vec<T, D> const& axis, Vec<T, D> const& vector) {
    if constexpr (D == 1) {
      return vector[0];
    } else {
      T sum = axis[0] * vector[0];
      for (int d = 1; d < D; ++d) sum = Kokkos::fma(axis[d], vector[d], sum);
      return sum;
    }
  }
  KOKKOS_FORCEINLINE_FUNCTION static T squared_distance(Vec<T, D> const& x, Vec<T, D> const& y) {
    T sum = 0;
    for (int d = 0; d < D; ++d) sum = Kokkos::fma(x[d] - y[d], x[d] - y[d], sum);
    return sum;
  }

  /// 1 in a region, 0 outside and where there are no numbers.
  template <bool WithEnergy>
  KOKKOS_FORCEINLINE_FUNCTION static T is_in(RegionRules<D> const& region, Vec<T, D> const& x, T s, T energy) {
    T in = s >= region.lower ? T(1) : T(0);
    in = s <= region.upper ? in : T(0);
    if constexpr (WithEnergy) in = energy <= region.energy ? in : T(0);
    if constexpr (D > 1) in = squared_distance(x, region.centre) <= region.radius_squared ? in : T(0);
    return in;
  }

  template <bool WithEnergy>
  KOKKOS_FORCEINLINE_FUNCTION void find_codes(Lanes& lanes) const {
    PassageRules<D> const r = rules;  // a copy, which stores to lanes cannot change
    T const last = static_cast<T>(r.bins);
    if constexpr (D > 1) find_shares(r, lanes);
    if constexpr (WithEnergy && asks_in_packs) in_packs(potential)->energy_of_pack(lanes.at.x, lanes.energy);
    for_lanes<W>([&](int const l) {
      Vec<T, D> x, v;
      for (int d = 0; d < D; ++d) {
        x[d] = lanes.at.x[d][l];
        v[d] = lanes.at.v[d][l];
      }
      T const s = along(r.axis, x);
      T level = Kokkos::fma(r.velocity, along(r.axis, v), r.position * s);
      T energy = 0;
      if constexpr (WithEnergy) {
        if constexpr (asks_in_packs) {
          energy = lanes.energy[l];
        } else {
          energy = potential.energy(x);
        }
        for (int d = 0; d < D; ++d) energy = Kokkos::fma(r.half_mass * v[d], v[d], energy);
        T const missing = r.top_energy - energy, below = missing > T(0) ? missing : T(0);
        T const side = (s - r.top) * r.direction < T(0) ? -below : below;
        level = Kokkos::fma(r.energy_share, side, level);
      }
      if constexpr (D > 1) level = Kokkos::fma(r.share, lanes.share[l], level);
      T place = (level - r.first) * r.bins_per_unit + T(1);
      place = place > T(0) ? place : T(0);
      place = place < last ? place : last;
      T const bin = static_cast<T>(static_cast<std::int32_t>(place)) - T(1);
      T const outside_b = is_in<WithEnergy>(r.a, x, s, energy) > T(0) ? code_a : bin;
      lanes.level[l] = level;
      lanes.code[l] = is_in<WithEnergy>(r.b, x, s, energy) > T(0) ? last : outside_b;
    });
  }

  /// The level of distance or of a table, where it is asked for.
  KOKKOS_FORCEINLINE_FUNCTION void find_shares(PassageRules<D> const& r, Lanes& lanes) const {
    if (r.share == T(0)) return;
    if (r.table.columns > 0) return look_up_shares(r.table, lanes);
    for_lanes<W>([&](int const l) {
      Vec<T, D> x;
      for (int d = 0; d < D; ++d) x[d] = lanes.at.x[d][l];
      T const d = math::sqrt(squared_distance(x, r.from)), e = math::sqrt(squared_distance(x, r.to));
      lanes.share[l] = d / (d + e);
    });
  }

  /// Further states that end paths: their code is that of B.
  KOKKOS_FORCEINLINE_FUNCTION void find_others(Lanes& lanes) const {
    Vec<T, D> const axis = rules.axis;
    T const last = static_cast<T>(rules.bins);
    for (int i = 0; i < rules.others; ++i) {
      RegionRules<D> const region = others(i);
      for_lanes<W>([&](int const l) {
        Vec<T, D> x;
        for (int d = 0; d < D; ++d) x[d] = lanes.at.x[d][l];
        lanes.code[l] = is_in<false>(region, x, along(axis, x), T(0)) > T(0) ? last : lanes.code[l];
      });
    }
  }

  // On a CPU a call: inlined, it takes from all other lane loops the room in which GCC inlines and vectorises them.
  [[gnu::noinline]] KOKKOS_FUNCTION void find_others_apart(Lanes& lanes) const { find_others(lanes); }

  /// Bilinear between the four points around. Where there is no number it is that of the first point.
  KOKKOS_FORCEINLINE_FUNCTION void look_up_shares(TableRules<D> const& r, Lanes& lanes) const {
    for_lanes<W>([&](int const l) {
      T const x = place_in_table(r, lanes.at.x[0][l], 0), y = place_in_table(r, lanes.at.x[D - 1][l], D - 1);
      // The last point of an axis is the far one of the last cell.
      int const i = static_cast<int>(x < r.last[0] ? x : r.last[0] - T(1));
      int const j = static_cast<int>(y < r.last[D - 1] ? y : r.last[D - 1] - T(1));
      T const u = x - static_cast<T>(i), v = y - static_cast<T>(j);
      int const at = i * r.columns + j;
      T const low = Kokkos::fma(v, table(at + 1) - table(at), table(at));
      T const high = Kokkos::fma(v, table(at + r.columns + 1) - table(at + r.columns), table(at + r.columns));
      lanes.share[l] = Kokkos::fma(u, high - low, low);
    });
  }
  KOKKOS_FORCEINLINE_FUNCTION static T place_in_table(TableRules<D> const& r, T const x, int const d) {
    T const points = (x - r.first[d]) * r.per_length, not_below = points > T(0) ? points : T(0);
    return not_below < r.last[d] ? not_below : r.last[d];
  }

  /// Codes by levels of a list, in the place of equal bins.
  KOKKOS_FORCEINLINE_FUNCTION void find_listed_codes(Lanes& lanes) const {
    T const last = static_cast<T>(rules.bins);
    for_lanes<W>([&](int const l) {
      T const code = lanes.code[l], in_bin = code > code_a ? code_before : code;
      lanes.code[l] = code < last ? in_bin : code;
    });
    for (int i = 0; i < rules.fixed; ++i) {
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

  KOKKOS_FORCEINLINE_FUNCTION void keep_state(std::int32_t const slot, std::int32_t const place, int const l,
                                              Lanes const& lanes) const {
    for (int d = 0; d < D; ++d) {
      paths.seen_x(slot, place, d) = lanes.at.x[d][l];
      paths.seen_v(slot, place, d) = lanes.at.v[d][l];
    }
  }

  KOKKOS_FORCEINLINE_FUNCTION void note(std::int64_t const now, int const l, int& going, Lanes& lanes) const {
    T const code = lanes.code[l], last = static_cast<T>(rules.bins);
    std::int32_t const slot = lanes.slot[l];
    if (counted) {
      if (lanes.top[l] == code_before) {
        std::int32_t const place = paths.crossings(slot);
        keep_state(slot, place, l, lanes);
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
      std::int64_t const age = paths.age(slot) + now;
      for (std::int32_t bin = from; bin <= to; ++bin) {
        keep_state(slot, bin, l, lanes);
        paths.seen_age(slot, bin) = static_cast<std::uint32_t>(age < longest_age ? age : longest_age);
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
template <class Space, int D>
struct BeginPathsKernel {
  PathViews<Space, D> paths;
  Kokkos::View<std::int32_t*, Space> active, parent, bin;  // by begin
  Kokkos::View<std::uint64_t*, Space> id;
  PathPoints<Space, D> x, v;
  bool branches;
  std::int32_t top;  // of those that do not branch

  KOKKOS_FUNCTION void operator()(std::int64_t const i) const {
    std::int32_t const slot = active(i);
    for (int d = 0; d < D; ++d) {
      paths.x(slot, d) = branches ? paths.seen_x(parent(i), bin(i), d) : x(i, d);
      paths.v(slot, d) = branches ? paths.seen_v(parent(i), bin(i), d) : v(i, d);
    }
    paths.age(slot) = branches ? paths.seen_age(parent(i), bin(i)) : 0;
    paths.top(slot) = branches ? bin(i) - 1 : top;
    paths.id(slot) = id(i);
    paths.time(slot) = 0;
    paths.crossings(slot) = 0;
    paths.end(slot) = PathEnd::none;
  }
};

}  // namespace kramers::dynamics::detail
