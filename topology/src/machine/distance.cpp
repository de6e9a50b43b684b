// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/topology/distance.hpp>

#include <algorithm>
#include <array>
#include <tuple>

namespace kramers::topology {

namespace {

Object const& at(Machine const& machine, int object) {
  return machine.objects()[static_cast<std::size_t>(object)];
}

/// Links from an object up to one of its ancestors.
int links_up(Machine const& machine, int from, int ancestor) {
  return at(machine, from).depth - at(machine, ancestor).depth;
}

/// The domain that holds all these CPUs; -1 if none does.
int domain_of(Machine const& machine, CpuSet const& cpus) {
  auto const domains = machine.domains();
  auto const found = std::ranges::find_if(domains, [&](Domain const& d) { return d.cpus.includes(cpus); });
  return found == domains.end() ? -1 : static_cast<int>(found - domains.begin());
}

/// The object of the package at or above; -1 if there is none.
int package_above(Machine const& machine, int object) {
  while (object >= 0 && at(machine, object).type != ObjectType::package) object = at(machine, object).parent;
  return object;
}

std::string label_of(Object const& object) {
  std::string text(name(object.type));
  if (object.type == ObjectType::cache) text = "L" + std::to_string(object.level) + " cache";
  return text + " " + std::to_string(object.logical_index);
}

std::string numa_label(Machine const& machine, int domain) {
  auto const& numa = machine.domains()[static_cast<std::size_t>(domain)].numa;
  return numa.empty() ? "without memory of its own" : "NUMA " + std::to_string(numa.front());
}

std::optional<std::uint64_t> latency(Machine const& machine, Device const& device, CpuSet const& binding) {
  std::optional<std::uint64_t> least;
  for (NumaNode const& node : machine.numa_nodes()) {
    if (!device.nodes.contains(node.os_index)) continue;
    for (int const own : machine.numa_of(binding)) {
      auto const value = machine.numa_latency(node.logical_index, own);
      if (value && (!least || *value < *least)) least = value;
    }
  }
  return least;
}

/// The lowest cache, die or group above the device, inside one NUMA node, that the binding shares; -1 if there is none.
int shared_group(Machine const& machine, Device const& device, CpuSet const& domain, CpuSet const& binding) {
  for (int i = device.anchor; i >= 0; i = at(machine, i).parent) {
    Object const& object = at(machine, i);
    if (object.cpus == domain || !domain.includes(object.cpus)) return -1;
    bool const groups =
        object.type == ObjectType::cache || object.type == ObjectType::die || object.type == ObjectType::group;
    if (groups && object.cpus.intersects(binding)) return i;
  }
  return -1;
}

/// Locality and reason of a device that hangs somewhere, to a binding that is not empty.
void locate(Machine const& machine, Device const& device, CpuSet const& binding, Distance& distance) {
  int const domain = domain_of(machine, device.cpus);
  if (domain >= 0) {
    CpuSet const& cpus = machine.domains()[static_cast<std::size_t>(domain)].cpus;
    if (cpus.intersects(binding)) {
      int const group = shared_group(machine, device, cpus, binding);
      distance.locality = group >= 0 ? Locality::core_group : Locality::numa;
      distance.reason = group >= 0 ? "below the same " + label_of(at(machine, group))
                                   : "on the same NUMA node (" + numa_label(machine, domain) + ")";
      return;
    }
  }
  int const package = package_above(machine, device.anchor);
  std::string place = domain >= 0 ? numa_label(machine, domain) : "on no NUMA node in particular";
  if (device.cpus.empty()) place = "its own cores are not in this view";
  if (distance.numa_latency) place += ", NUMA latency " + std::to_string(*distance.numa_latency);
  bool const same_package = package >= 0 ? at(machine, package).cpus.intersects(binding)
                                         : machine.packages().empty() || device.cpus.intersects(binding);
  distance.locality = same_package ? Locality::package : Locality::remote;
  if (same_package) {
    distance.reason = "elsewhere on the same package (" + place + ")";
  } else {
    std::string const number =
        package >= 0 ? "package " + std::to_string(at(machine, package).logical_index) + ", " : "";
    distance.reason = "on another package (" + number + place + ")";
  }
}

/// Better of two NICs at the same distance: faster, then first by bus id, in which order devices are.
bool faster(Machine const& machine, std::size_t a, std::size_t b) {
  Device const& da = machine.devices()[a];
  Device const& db = machine.devices()[b];
  return std::tuple(-da.port_speed, -da.link_speed, a) < std::tuple(-db.port_speed, -db.link_speed, b);
}

}  // namespace

std::string_view name(Locality locality) {
  constexpr std::array<std::string_view, 5> names = {"core group", "NUMA", "package", "remote", "unknown"};
  return names[static_cast<std::size_t>(locality)];
}

std::string_view name(PairClass pair) {
  constexpr std::array<std::string_view, 5> names = {"PIX", "PXB", "PHB", "NODE", "SYS"};
  return names[static_cast<std::size_t>(pair)];
}

std::weak_ordering operator<=>(Distance const& a, Distance const& b) {
  if (a.locality != b.locality) return a.locality <=> b.locality;
  if (a.locality != Locality::package && a.locality != Locality::remote) return std::weak_ordering::equivalent;
  if (a.numa_latency.has_value() != b.numa_latency.has_value())
    return b.numa_latency.has_value() <=> a.numa_latency.has_value();
  if (a.numa_latency) return *a.numa_latency <=> *b.numa_latency;
  return a.hops_cpu <=> b.hops_cpu;
}

Distance distance(Machine const& machine, Device const& device, CpuSet const& binding) {
  Distance distance;
  CpuSet const own = binding & machine.cpus();
  distance.hops_pci = links_up(machine, device.object, device.anchor);
  if (own.empty()) {
    distance.reason = binding.empty() ? "at an unknown distance: the binding is empty"
                                      : "at an unknown distance: none of the binding's cores are in this view";
    return distance;
  }
  distance.hops_cpu = hops(machine, device.anchor, machine.covering(own));
  if (!device.anchored) {
    distance.reason =
        "at an unknown distance: the firmware does not say where it hangs (HWLOC_PCI_LOCALITY can tell hwloc)";
    return distance;
  }
  distance.numa_latency = latency(machine, device, own);
  locate(machine, device, own, distance);
  return distance;
}

int hops(Machine const& machine, int a, int b) {
  int const ancestor = machine.common_ancestor(a, b);
  return links_up(machine, a, ancestor) + links_up(machine, b, ancestor);
}

Pair pair_of(Machine const& machine, int a, int b) {
  Pair pair;
  pair.hops = hops(machine, a, b);
  int const ancestor = machine.common_ancestor(a, b);
  Object const& meeting = at(machine, ancestor);
  if (meeting.is_io()) {
    if (meeting.type == ObjectType::host_bridge) {
      pair.pair = PairClass::phb;
      pair.reason = "through the host bridge of PCI bus " + meeting.bus_id;
      return pair;
    }
    // A name of a device is on the device. A switch is a port towards the CPU with ports below it: one switch is two
    // links on either side.
    auto const links = [&](int from) {
      while (from != ancestor && at(machine, from).type == ObjectType::os_device) from = at(machine, from).parent;
      return links_up(machine, from, ancestor);
    };
    int const longer = std::max(links(a), links(b));
    pair.pair = longer <= 2 ? PairClass::pix : PairClass::pxb;
    if (longer == 0) {
      pair.reason = "the same device " + (meeting.bus_id.empty() ? meeting.name : meeting.bus_id);
    } else {
      pair.reason =
          (longer <= 2 ? "through one PCIe switch (" : "through several PCIe switches (") + meeting.bus_id + ")";
    }
    return pair;
  }
  int const anchor_a = machine.non_io_ancestor(a);
  int const anchor_b = machine.non_io_ancestor(b);
  int const domain = domain_of(machine, at(machine, anchor_a).cpus);
  if (domain >= 0 && domain == domain_of(machine, at(machine, anchor_b).cpus)) {
    pair.pair = PairClass::node;
    pair.reason = "within one NUMA node (" + numa_label(machine, domain) + ")";
    return pair;
  }
  pair.pair = PairClass::sys;
  bool const unknown =
      at(machine, anchor_a).type == ObjectType::machine || at(machine, anchor_b).type == ObjectType::machine;
  int const package_a = package_above(machine, anchor_a);
  pair.reason = unknown ? "at an unknown distance: the firmware does not say where they hang"
                : package_a >= 0 && package_a == package_above(machine, anchor_b) ? "across NUMA nodes of one package"
                                                                                  : "across packages";
  return pair;
}

Pair pair_of(Machine const& machine, Device const& a, Device const& b) {
  return pair_of(machine, a.object, b.object);
}

std::vector<std::size_t> nearest_nics(Machine const& machine, CpuSet const& binding, bool honour_port_state) {
  std::vector<std::pair<Distance, std::size_t>> candidates;
  for (std::size_t const nic : machine.fabric_nics()) {
    Device const& device = machine.devices()[nic];
    if (honour_port_state && device.state == PortState::down) continue;
    candidates.emplace_back(distance(machine, device, binding), nic);
  }
  std::ranges::sort(candidates, [&](auto const& a, auto const& b) {
    return a.first == b.first ? faster(machine, a.second, b.second) : (a.first <=> b.first) < 0;
  });
  std::vector<std::size_t> nearest;
  for (auto const& [far, nic] : candidates) {
    if (far == candidates.front().first) nearest.push_back(nic);
  }
  return nearest;
}

int legacy_steps(Machine const& machine, int object, int core) {
  auto const objects = machine.objects();
  std::vector<char> seen(objects.size(), 0);
  std::vector<std::size_t> next(objects.size(), 0);  // first child not yet looked at
  int here = object;
  for (int steps = 0;; ++steps) {
    Object const& o = at(machine, here);
    auto const index = static_cast<std::size_t>(here);
    seen[index] = 1;
    if (o.type == ObjectType::core && o.logical_index == core) return steps;
    std::size_t& child = next[index];
    while (child < o.children.size() && seen[static_cast<std::size_t>(o.children[child])] != 0) ++child;
    here = child < o.children.size() ? o.children[child] : o.parent;
    if (here < 0) return -1;
  }
}

}  // namespace kramers::topology
