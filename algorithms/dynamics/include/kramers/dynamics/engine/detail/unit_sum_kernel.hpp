// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/lanes.hpp>
#include <kramers/core/tree_sum.hpp>
#include <kramers/dynamics/engine/layout.hpp>

namespace kramers::dynamics::detail {

/// Sum what `Observer` says of each walker over each unit, by the fixed tree: observer(i, values[Observer::count]).
template <class Space, class Observer, int W>
struct UnitSumKernel {
  static constexpr int block = static_cast<int>(EnsembleLayout::block);
  using Member = typename Kokkos::TeamPolicy<Space>::member_type;
  using Scratch = Kokkos::View<double**, Kokkos::LayoutRight, typename Space::scratch_memory_space,
                               Kokkos::MemoryTraits<Kokkos::Unmanaged>>;

  Observer observer;
  std::int64_t walkers_here;
  Kokkos::View<double**, Kokkos::LayoutRight, Space> unit_sums;  // (units here, >= Observer::count)
  int unit;

  static int scratch_bytes() { return static_cast<int>(Scratch::shmem_size(Observer::count, block)); }

  KOKKOS_FUNCTION void operator()(Member const& team) const {
    std::int64_t const first = std::int64_t{team.league_rank()} * block;
    Scratch const sums(team.team_scratch(0), Observer::count, block);
    Kokkos::parallel_for(Kokkos::TeamThreadRange(team, block / W), [&](int const pack) {
      for_lanes<W>([&](int const l) {
        int const i = pack * W + l;
        double values[Observer::count];
        observer(first + i, values);
        for (int q = 0; q < Observer::count; ++q) sums(q, i) = first + i < walkers_here ? values[q] : 0.0;
      });
    });
    team.team_barrier();
    int const units = block / unit;
    Kokkos::parallel_for(Kokkos::TeamThreadRange(team, Observer::count * units), [&](int const k) {
      int const q = k / units, u = k % units;
      unit_sums(first / unit + u, q) = tree_sum(&sums(q, u * unit), unit);
    });
  }
};

/// Add the units of each cell, in order, to the cell's row.
template <class Space>
struct FoldUnitsKernel {
  Kokkos::View<double**, Kokkos::LayoutRight, Space> unit_sums, cells;
  std::int64_t units_here, units_per_cell;
  int count;
  bool accumulate;  // or overwrite

  KOKKOS_FUNCTION void operator()(std::int64_t const i) const {
    std::int64_t const cell = i / count;
    auto const q = static_cast<int>(i % count);
    std::int64_t const first = cell * units_per_cell;
    std::int64_t const last = first + units_per_cell < units_here ? first + units_per_cell : units_here;
    double sum = 0;
    for (std::int64_t u = first; u < last; ++u) sum += unit_sums(u, q);
    cells(cell, q) = accumulate ? cells(cell, q) + sum : sum;
  }
};

}  // namespace kramers::dynamics::detail
