// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any bytes as the description of a node: a machine that can be planned for, or an Error, nothing else.
#include <kramers/topology/error.hpp>
#include <kramers/topology/plan.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

namespace topo = kramers::topology;

void use(topo::Machine const& machine) {
  for (topo::Device const& device : machine.devices()) {
    if (topo::distance(machine, device, machine.cpus()).reason.empty()) std::abort();
    if (machine.find_device(device.id()) == std::nullopt) std::abort();
    topo::hops(machine, device.object, static_cast<int>(machine.objects().size()) - 1);
    topo::legacy_steps(machine, device.object, 0);
  }
  for (topo::Policy const policy : {topo::Policy::gpu_first, topo::Policy::numa_first, topo::Policy::spread}) {
    topo::PlanRequest request;
    request.ranks = 3;
    request.policy = policy;
    try {
      topo::Plan const plan = topo::plan(machine, request);
      for (topo::Assignment const& a : plan.assignments) {
        if (a.cpus.empty()) std::abort();
      }
    } catch (kramers::UsageError const&) {
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string const text(data, data + size);
  try {
    use(topo::Machine::load(topo::Source::text(text, "fuzz.xml")));
  } catch (kramers::Error const&) {
  }
  return 0;
}
