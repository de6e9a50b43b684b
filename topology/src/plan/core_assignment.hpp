// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/topology/plan.hpp>

#include <vector>

namespace kramers::topology::detail {

/// Where a rank is to be: in a domain, near some hardware threads of it (empty: anywhere there).
struct RankPlacement {
  int rank = 0;
  int domain = 0;
  CpuSet preferred;
};

/// The cores that ranks may use: those that are not reserved, with the hardware threads that `smt` admits.
class CorePool {
 public:
  /// @param  taken  hardware threads that belong to others; their cores are left out
  CorePool(Machine const& machine, PlanRequest const& request, CpuSet const& taken);

  struct Usable {
    CpuSet whole;               // all threads of the core
    std::vector<unsigned> pus;  // those to use
  };
  /// By domain.
  std::vector<std::vector<Usable>> const& domains() const { return m_domains; }
  std::size_t number() const;
  std::size_t threads() const;
  /// Ranks that fit in a domain; 0 for all of them if a rank is larger than any domain.
  int capacity(std::size_t domain, int threads, int ranks) const;
  /// Cores for that many threads.
  int needed(int threads) const;

 private:
  int m_smt;
  std::vector<std::vector<Usable>> m_domains;
};

/// Hardware threads for each placement, in the order of the placements. Ranks of one domain share it in equal parts:
/// whole cores side by side, near the preferred threads where all fit; parts of cores where ranks outnumber cores. Ranks
/// that find their domain full go to the nearest with room; ranks larger than a domain span several.
/// @throws UsageError  there are not enough cores
std::vector<CpuSet> assign_cores(Machine const& machine, PlanRequest const& request, Policy policy,
                                 CorePool const& cores, std::vector<RankPlacement> placements,
                                 std::vector<PlanNote>& notes);

}  // namespace kramers::topology::detail
