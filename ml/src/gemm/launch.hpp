// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/concepts.hpp>
#include <kramers/core/lanes.hpp>

#include <cstdint>
#include <string>

/// Shapes of kernels: over a batch element by element, or feature by feature with sums over the samples, and over an array.
namespace kramers::ml::detail {

/// Samples in rows, features in columns, contiguous.
template <class T>
struct Rows {
  T* data;
  int features;

  KOKKOS_FORCEINLINE_FUNCTION T& operator()(std::int64_t sample, int feature) const {
    return data[sample * features + feature];
  }
};

/// Features that one kernel body takes together: SIMD lanes of a CPU, one on a device.
template <class Space>
inline constexpr int feature_lanes = on_device<Space> ? 1 : 64;

/// body(lane) for lane = 0 ... count - 1; count <= W.
template <int W, class Body>
KOKKOS_FORCEINLINE_FUNCTION void for_some_lanes(int count, Body const& body) {
  if (W == 1 || count == W) {
    for_lanes<W>(body);
  } else {
#pragma omp simd
    for (int lane = 0; lane < count; ++lane) body(lane);
  }
}

/// body(sample, feature) on all elements.
template <int W, class Body>
struct ElementKernel {
  int features, blocks;
  Body body;

  KOKKOS_FUNCTION void operator()(std::int64_t index) const {
    int const sample = static_cast<int>(index / blocks);
    int const first = static_cast<int>(index % blocks) * W;
    int const rest = features - first;
    for_some_lanes<W>(rest < W ? rest : W, [&](int lane) { body(sample, first + lane); });
  }
};
template <execution_space Space, class Body>
void for_elements(Space const& exec, std::string const& label, int samples, int features, Body const& body) {
  constexpr int W = feature_lanes<Space>;
  int const blocks = (features + W - 1) / W;
  using Policy = Kokkos::RangePolicy<Space, Kokkos::IndexType<std::int64_t>>;
  Kokkos::parallel_for(label, Policy(exec, 0, std::int64_t{samples} * blocks),
                       ElementKernel<W, Body>{features, blocks, body});
}

/// body(place) for place = 0 ... size - 1, where skip() is false: it is asked once per block.
template <int W, class Body>
struct ArrayKernel {
  int size;
  Body body;

  KOKKOS_FUNCTION void operator()(int block) const {
    if (body.skip()) return;
    int const rest = size - block * W;
    for_some_lanes<W>(rest < W ? rest : W, [&](int lane) { body(block * W + lane); });
  }
};
template <execution_space Space, class Body>
void for_array(Space const& exec, std::string const& label, int size, Body const& body) {
  constexpr int W = feature_lanes<Space>;
  Kokkos::parallel_for(label, Kokkos::RangePolicy<Space>(exec, 0, (size + W - 1) / W),
                       ArrayKernel<W, Body>{size, body});
}

/// Columns of the grid over which a batch is summed: sample s stands in column s % batch_sum_columns. Each column adds its
/// samples in order, then the columns are added in halves; who does it never changes the bits.
inline constexpr int batch_sum_columns = 32;

/// One thread with W features in its lanes.
template <class T, int W>
struct FeatureLanes {
  int first, count;

  /// body(sample, feature) for all samples.
  template <class Body>
  KOKKOS_FORCEINLINE_FUNCTION void each(int samples, Body const& body) const {
    for (int s = 0; s < samples; ++s) {
      for_some_lanes<W>(count, [&](int lane) { body(s, first + lane); });
    }
  }

  /// N sums over the samples for each feature: add(sample, feature, sum) with sum(n) -> T& adds a sample's terms,
  /// keep(feature, totals) with T const (&totals)[N] gets the results.
  template <int N, class Add, class Keep>
  KOKKOS_FORCEINLINE_FUNCTION void sums(int samples, Add const& add, Keep const& keep) const {
    alignas(64) T column[batch_sum_columns][N][W] = {};
    for (int s = 0; s < samples; ++s) {
      T(&here)[N][W] = column[s % batch_sum_columns];
      for_some_lanes<W>(count, [&](int lane) { add(s, first + lane, [&](int n) -> T& { return here[n][lane]; }); });
    }
    for (int half = batch_sum_columns / 2; half > 0; half /= 2) {
      for (int c = 0; c < half; ++c) {
        for (int n = 0; n < N; ++n) {
          for_lanes<W>([&](int lane) { column[c][n][lane] += column[c + half][n][lane]; });
        }
      }
    }
    for (int lane = 0; lane < count; ++lane) {
      T totals[N];
      for (int n = 0; n < N; ++n) totals[n] = column[0][n][lane];
      keep(first + lane, totals);
    }
  }
};

/// A team on a device: threads are the columns of the grid, vector lanes are features.
template <class T, class Member>
struct FeatureTeam {
  static constexpr int lanes =
      8;  // with 32 columns 256 threads, to which a device can give all the registers they want
  static constexpr int memory = 2 * batch_sum_columns * lanes;  ///< elements; at most two sums at a time

  Member const& member;
  T* columns;
  int first, count;

  template <class Body>
  KOKKOS_FORCEINLINE_FUNCTION void each(int samples, Body const& body) const {
    Kokkos::parallel_for(Kokkos::TeamThreadRange(member, batch_sum_columns), [&](int c) {
      Kokkos::parallel_for(Kokkos::ThreadVectorRange(member, count), [&](int lane) {
        for (int s = c; s < samples; s += batch_sum_columns) body(s, first + lane);
      });
    });
  }

  template <int N, class Add, class Keep>
  KOKKOS_FORCEINLINE_FUNCTION void sums(int samples, Add const& add, Keep const& keep) const {
    static_assert(N <= 2, "FeatureTeam has memory for two sums at a time");
    auto const column = [&](int c, int n, int lane) -> T& { return columns[(c * N + n) * lanes + lane]; };
    Kokkos::parallel_for(Kokkos::TeamThreadRange(member, batch_sum_columns), [&](int c) {
      Kokkos::parallel_for(Kokkos::ThreadVectorRange(member, count), [&](int lane) {
        T sum[N] = {};
        for (int s = c; s < samples; s += batch_sum_columns) add(s, first + lane, [&](int n) -> T& { return sum[n]; });
        for (int n = 0; n < N; ++n) column(c, n, lane) = sum[n];
      });
    });
    member.team_barrier();
    for (int half = batch_sum_columns / 2; half > 0; half /= 2) {
      Kokkos::parallel_for(Kokkos::TeamThreadRange(member, half), [&](int c) {
        Kokkos::parallel_for(Kokkos::ThreadVectorRange(member, count), [&](int lane) {
          for (int n = 0; n < N; ++n) column(c, n, lane) += column(c + half, n, lane);
        });
      });
      member.team_barrier();
    }
    Kokkos::parallel_for(Kokkos::TeamThreadRange(member, 1), [&](int) {
      Kokkos::parallel_for(Kokkos::ThreadVectorRange(member, count), [&](int lane) {
        T totals[N];
        for (int n = 0; n < N; ++n) totals[n] = column(0, n, lane);
        keep(first + lane, totals);
      });
    });
    member.team_barrier();
  }
};

/// body(group): a FeatureLanes or FeatureTeam for each block of features.
template <class Space, class T, class Body>
struct FeatureKernel {
  int features;
  Body body;

  KOKKOS_FUNCTION void operator()(int block) const {
    constexpr int W = feature_lanes<Space>;
    int const rest = features - block * W;
    body(FeatureLanes<T, W>{block * W, rest < W ? rest : W});
  }

  using Member = typename Kokkos::TeamPolicy<Space>::member_type;
  KOKKOS_FUNCTION void operator()(Member const& member) const {
    using Group = FeatureTeam<T, Member>;
    int const first = member.league_rank() * Group::lanes;
    int const rest = features - first;
    auto* const columns = static_cast<T*>(member.team_scratch(0).get_shmem(Group::memory * sizeof(T)));
    body(Group{member, columns, first, rest < Group::lanes ? rest : Group::lanes});
  }
};
template <class T, execution_space Space, class Body>
void for_feature_groups(Space const& exec, std::string const& label, int features, Body const& body) {
  using Kernel = FeatureKernel<Space, T, Body>;
  if constexpr (on_device<Space>) {
    using Policy = Kokkos::TeamPolicy<Space>;
    using Group = FeatureTeam<T, typename Policy::member_type>;
    int const teams = (features + Group::lanes - 1) / Group::lanes;
    Kokkos::parallel_for(label,
                         Policy(exec, teams, batch_sum_columns, Group::lanes)
                             .set_scratch_size(0, Kokkos::PerTeam(Group::memory * sizeof(T))),
                         Kernel{features, body});
  } else {
    constexpr int W = feature_lanes<Space>;
    Kokkos::parallel_for(label, Kokkos::RangePolicy<Space>(exec, 0, (features + W - 1) / W), Kernel{features, body});
  }
}

}  // namespace kramers::ml::detail
