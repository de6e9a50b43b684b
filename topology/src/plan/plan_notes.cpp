// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "plan/plan_notes.hpp"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "common/text_utils.hpp"

namespace kramers::topology::detail {

void add_device_notes(Machine const& machine, PlanRequest const& request, Candidates const& candidates, Plan& plan) {
  auto const note = [&](std::string code, std::string text) {
    plan.notes.push_back({.code = std::move(code), .text = std::move(text)});
  };
  auto const device = [&](std::size_t i) -> Device const& { return machine.devices()[i]; };
  auto const names = [&](Indices const& devices) {
    std::vector<std::string> list;
    for (std::size_t const d : devices) list.push_back(device(d).name);
    return join(list, ", ");
  };

  if (!machine.has_pci()) {
    note("NO_PCI",
         "no PCI device of " + machine.source() +
             " is known, as in containers that hide them: cores and NUMA nodes are placed, NICs and GPUs are not");
  } else if (candidates.nics.empty()) {
    note("NO_NIC", "no fabric NIC is known: no rank is given one");
  }
  Indices down, unplaced;
  for (std::size_t const nic : candidates.nics) {
    if (device(nic).state == PortState::down) down.push_back(nic);
  }
  if (!down.empty()) {
    note("NIC_DOWN", "ports are down: " + names(down) +
                         (!request.honour_port_state       ? "; they are used all the same, as asked"
                          : candidates.usable_nics.empty() ? "; no rank is given a NIC"
                                                           : "; they are not used"));
  }
  for (Indices const& devices : {candidates.gpus, candidates.nics}) {
    for (std::size_t const d : devices) {
      if (!device(d).anchored) unplaced.push_back(d);
    }
  }
  if (!unplaced.empty()) {
    note("NO_LOCALITY",
         "the firmware does not say where these hang: " + names(unplaced) + "; HWLOC_PCI_LOCALITY can tell hwloc");
  }
  std::vector<int> const load = load_of(plan, candidates.gpus, &Assignment::gpu);
  int const most = load.empty() ? 0 : *std::ranges::max_element(load);
  if (most > 1) {
    note("GPU_SHARED", "up to " + std::to_string(most) +
                           " ranks share a GPU: " + count(static_cast<std::size_t>(request.ranks), "rank") + ", " +
                           count(candidates.gpus.size(), "GPU"));
  }
  std::vector<int> far;
  for (Assignment const& rank : plan.assignments) {
    if (rank.forced_far) far.push_back(rank.rank);
  }
  if (!far.empty()) note("FORCED_FAR", "a nearer NIC is down or serves other ranks: " + ranks_text(far));
}

}  // namespace kramers::topology::detail
