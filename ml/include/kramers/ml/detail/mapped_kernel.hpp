// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/ml/detail/batch.hpp>

#include <string>

namespace kramers::ml::detail {

/// Work on a CPU: one lane mapping per pack, with its memory.
template <class Space, class Work, class LaneMapping>
struct PackKernel {
  using T = typename Work::T;
  Work work;
  Kokkos::View<T**, Kokkos::LayoutRight, Space> memory;  // (packs, Batch::size)

  KOKKOS_FUNCTION void operator()(int const pack) const {
    LaneMapping mapping;
    work.run(mapping, pack, &memory(pack, 0));
  }
};

/// Work on a device: a team per model, its memory in team scratch where it fits (level 0), else in the cached memory behind it
/// (level 1). The level stands in the type: what may be either kind of memory is read and written as neither, more slowly.
template <class Space, class Net, class Work, int Level>
struct TeamKernel {
  using T = typename Work::T;
  using Member = typename Kokkos::TeamPolicy<Space>::member_type;
  using LaneMapping = ColumnThreads<T, Member>;
  using Scratch = Kokkos::View<T*, typename Space::scratch_memory_space, Kokkos::MemoryTraits<Kokkos::Unmanaged>>;
  Work work;
  int batch;

  static int bytes(int batch) { return static_cast<int>(Scratch::shmem_size(Batch<Net, LaneMapping>::size(batch))); }

  KOKKOS_FUNCTION void operator()(Member const& team) const {
    int const size = Batch<Net, LaneMapping>::size(batch);
    Scratch const memory(team.team_scratch(Level), size);
    LaneMapping mapping(team, memory.data() + size - LaneMapping::scratch(Batch<Net, LaneMapping>::most_sums));
    work.run(mapping, team.league_rank(), memory.data());
  }
};

/// Start the work of `packs` lane mappings; on a device they are always teams.
template <class Net, template <class> class HostMapping, class Space, class Work, class Memory>
void launch(std::string const& label, Space const& exec, Work const& work, int packs, int batch, Memory const& memory) {
  using T = typename Net::value_type;
  if constexpr (on_device<Space>) {
    Kokkos::TeamPolicy<Space> policy(exec, packs, batch_columns);
    auto const start = [&]<int Level>(TeamKernel<Space, Net, Work, Level> const& kernel) {
      Kokkos::parallel_for(label, policy.set_scratch_size(Level, Kokkos::PerTeam(kernel.bytes(batch))), kernel);
    };
    if (TeamKernel<Space, Net, Work, 0>::bytes(batch) <= policy.scratch_size_max(0)) {
      start(TeamKernel<Space, Net, Work, 0>{work, batch});
    } else {
      start(TeamKernel<Space, Net, Work, 1>{work, batch});
    }
  } else {
    Kokkos::parallel_for(label, Kokkos::RangePolicy<Space, int>(exec, 0, packs),
                         PackKernel<Space, Work, HostMapping<T>>{work, memory});
  }
}

}  // namespace kramers::ml::detail
