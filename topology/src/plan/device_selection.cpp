// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "plan/device_selection.hpp"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

namespace kramers::topology::detail {

namespace {

/// The package in which a device hangs; -1 if unknown.
int package_of(Machine const& machine, Device const& device) {
  for (Package const& package : machine.packages()) {
    if (package.cpus.includes(device.cpus)) return package.logical_index;
  }
  return -1;
}

}  // namespace

int domain_of(Machine const& machine, Device const& device) {
  auto const domains = machine.domains();
  for (std::size_t d = 0; d < domains.size(); ++d) {
    if (domains[d].cpus.includes(device.cpus)) return static_cast<int>(d);
  }
  return -1;
}

std::vector<int> load_of(Plan const& plan, Indices const& devices, std::optional<std::size_t> Assignment::* which) {
  std::vector<int> load(devices.size(), 0);
  for (Assignment const& rank : plan.assignments) {
    if (!(rank.*which)) continue;
    auto const at = std::ranges::find(devices, *(rank.*which));
    if (at != devices.end()) ++load[static_cast<std::size_t>(at - devices.begin())];
  }
  return load;
}

Indices choose_evenly(Machine const& machine, Indices const& devices, std::size_t number, std::vector<int> load,
                      std::vector<int> const& badness) {
  std::map<int, int> packages, domains;
  std::vector<std::pair<int, int>> positions;  // package and domain
  for (std::size_t const i : devices) {
    Device const& device = machine.devices()[i];
    positions.emplace_back(package_of(machine, device), domain_of(machine, device));
  }
  Indices chosen;
  while (chosen.size() < number) {
    auto const key = [&](std::size_t i) {
      return std::tuple(load[i], badness[i], packages[positions[i].first], domains[positions[i].second],
                        positions[i].second, i);
    };
    std::size_t best = 0;
    for (std::size_t i = 1; i < devices.size(); ++i) {
      if (key(i) < key(best)) best = i;
    }
    ++load[best];
    ++packages[positions[best].first];
    ++domains[positions[best].second];
    chosen.push_back(devices[best]);
  }
  std::ranges::sort(chosen, {}, [&](std::size_t d) {
    std::vector<int> const cores = machine.cores_of(machine.devices()[d].cpus);
    return std::tuple(domain_of(machine, machine.devices()[d]), cores.empty() ? -1 : cores.front(), d);
  });
  return chosen;
}

std::vector<int> choose_domains(Machine const& machine, PlanRequest const& request, Policy policy,
                                CorePool const& cores, Indices const& nics, std::size_t ranks) {
  auto const domains = machine.domains();
  std::vector<int> load(domains.size(), 0), room(domains.size()), chosen;
  std::vector<char> near_nic(domains.size(), 0);
  for (std::size_t d = 0; d < domains.size(); ++d) {
    room[d] = cores.capacity(d, request.threads, request.ranks);
    for (std::size_t const nic : nics) {
      if (domain_of(machine, machine.devices()[nic]) == static_cast<int>(d)) near_nic[d] = 1;
    }
  }
  std::map<int, int> packages;
  auto const add = [&](std::size_t d) {
    ++load[d];
    ++packages[domains[d].package];
    chosen.push_back(static_cast<int>(d));
  };
  while (chosen.size() < ranks) {
    auto const key = [&](std::size_t d) {
      bool const full = load[d] >= room[d];
      switch (policy) {
        case Policy::compact:
          return std::tuple(full, 0, 0, 0, d);
        case Policy::spread:
          return std::tuple(full, packages[domains[d].package], load[d], 0, d);
        default:
          return std::tuple(full, load[d], near_nic[d] != 0 ? 0 : 1, packages[domains[d].package], d);
      }
    };
    std::size_t best = 0;
    for (std::size_t d = 1; d < domains.size(); ++d) {
      if (key(d) < key(best)) best = d;
    }
    add(best);
  }
  if (policy != Policy::spread) std::ranges::sort(chosen);
  return chosen;
}

int least_loaded_domain(Machine const& machine, Device const& device, std::vector<int> const& ranks) {
  int const own = domain_of(machine, device);
  if (own >= 0) return own;
  auto const domains = machine.domains();
  auto const key = [&](std::size_t d) { return std::tuple(!device.cpus.intersects(domains[d].cpus), ranks[d], d); };
  std::size_t best = 0;
  for (std::size_t d = 1; d < domains.size(); ++d) {
    if (key(d) < key(best)) best = d;
  }
  return static_cast<int>(best);
}

std::vector<int> memory_of(Machine const& machine, CpuSet const& cpus) {
  std::vector<int> numa;
  for (Domain const& domain : machine.domains()) {
    if (!domain.cpus.intersects(cpus)) continue;
    for (int const node : domain.numa) {
      if (std::ranges::find(numa, node) == numa.end()) numa.push_back(node);
    }
  }
  auto const fast = [&](int node) { return machine.numa_nodes()[static_cast<std::size_t>(node)].high_bandwidth; };
  std::ranges::stable_sort(numa, {}, fast);
  return numa;
}

}  // namespace kramers::topology::detail
