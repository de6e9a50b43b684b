// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "plan/request.hpp"

#include <kramers/topology/error.hpp>

#include <string>

#include "common/text_utils.hpp"

namespace kramers::topology::detail {

namespace {

void expects_at_least(int value, int least, char const* what) {
  if (value < least) throw UsageError(invalid_value(what, std::to_string(value), ">= " + std::to_string(least)));
}

}  // namespace

Candidates::Candidates(Machine const& machine, PlanRequest const& request)
    : gpus(machine.gpus()), nics(machine.fabric_nics()) {
  for (std::size_t const nic : nics) {
    bool const down = machine.devices()[nic].state == PortState::down;
    if (!request.honour_port_state || !down) usable_nics.push_back(nic);
  }
}

void check_request(Machine const& machine, PlanRequest const& request, Candidates const& candidates) {
  expects_at_least(request.ranks, 1, "ranks");
  expects_at_least(request.threads, 0, "threads");
  expects_at_least(request.smt, 1, "smt");
  expects_at_least(request.reserved_per_domain, 0, "reserved_per_domain");
  expects_at_least(request.ranks_per_gpu, 0, "ranks_per_gpu");
  auto const ranks = static_cast<std::size_t>(request.ranks);
  constexpr std::size_t most_ranks = 1U << 16U;  // more than any node has hardware threads
  if (ranks > most_ranks) {
    throw UsageError(
        invalid_value("ranks", std::to_string(ranks), "at most " + std::to_string(most_ranks) + " on a node"));
  }
  if (!request.bindings.empty() && request.bindings.size() != ranks) {
    throw UsageError("bindings are given for " + std::to_string(request.bindings.size()) + " of " +
                     count(ranks, "rank") + "; give one for each, or none");
  }
  if (request.policy == Policy::gpu_first && candidates.gpus.empty()) {
    throw UsageError("policy gpu-first needs GPUs, and " + machine.source() +
                     " has none that are known; use numa-first");
  }
  if (request.policy == Policy::nic_first && candidates.usable_nics.empty()) {
    throw UsageError("policy nic-first needs a fabric NIC, and " + machine.source() + " has " +
                     (candidates.nics.empty() ? "none that is known" : "only such whose ports are down") +
                     "; use numa-first");
  }
  if (request.policy == Policy::map && request.map.empty()) throw UsageError("policy map needs a map");
  if (request.ranks_per_gpu > 0 && !candidates.gpus.empty()) {
    std::size_t const room = candidates.gpus.size() * static_cast<std::size_t>(request.ranks_per_gpu);
    if (room < ranks) {
      throw UsageError(count(ranks, "rank") + " with " + std::to_string(request.ranks_per_gpu) +
                       " per GPU need more than the " + count(candidates.gpus.size(), "GPU") + " of " +
                       machine.source() + "; ask for fewer ranks or more per GPU");
    }
  }
}

}  // namespace kramers::topology::detail
