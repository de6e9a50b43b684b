// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/topology/machine.hpp>

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kramers::topology {

/// How near a device is to a set of hardware threads. `core_group`: below the same cache, die or group inside one NUMA
/// node; `numa`: same NUMA node; `package`: same package; `remote`: another package; `unknown`: nothing says.
enum class Locality { core_group, numa, package, remote, unknown };

/// The path between two devices. `pix`: through one PCIe switch at most; `pxb`: through several; `phb`: through one
/// host bridge; `node`: within a NUMA node; `sys`: across NUMA nodes, or unknown.
enum class PairClass { pix, pxb, phb, node, sys };

std::string_view name(Locality locality);  ///< "core group", "NUMA", "package", "remote", "unknown"
std::string_view name(PairClass pair);     ///< "PIX", "PXB", "PHB", "NODE", "SYS"

/// The distance of a device to a binding. Compared left to right, smaller is nearer: locality; then, within package and
/// remote, the NUMA latency where the firmware tells one, else the links of the tree outside PCI. Links on PCI are only
/// reported: devices behind one more switch are not farther.
struct Distance {
  Locality locality = Locality::unknown;
  std::optional<std::uint64_t> numa_latency;
  int hops_cpu = 0;
  int hops_pci = 0;
  /// One clause for people: "on the NUMA node of the cores (NUMA 3)".
  std::string reason;

  friend std::weak_ordering operator<=>(Distance const& a, Distance const& b);
  friend bool operator==(Distance const& a, Distance const& b) { return (a <=> b) == 0; }
};

/// Distance of a device to the hardware threads of a binding, any of which may be near. An empty binding, or a device
/// that the firmware puts nowhere, is at an unknown distance; a device whose own CPUs are not in the view is never
/// near.
Distance distance(Machine const& machine, Device const& device, CpuSet const& binding);

/// The path between two objects, in words.
struct Pair {
  PairClass pair = PairClass::sys;
  /// Links between them in the tree.
  int hops = 0;
  std::string reason;
};

/// Path between two objects of the tree (indices in objects()); symmetric.
Pair pair_of(Machine const& machine, int a, int b);
/// Path between two devices; symmetric.
Pair pair_of(Machine const& machine, Device const& a, Device const& b);

/// The nearest of the fabric NICs to a binding: by distance, then speed (port, PCI link), then bus id. All NICs that
/// are as near as the first come with it, in that order.
/// @param  honour_port_state  leave out NICs whose ports are down
/// @return indices in devices(); empty where there is no usable NIC
std::vector<std::size_t> nearest_nics(Machine const& machine, CpuSet const& binding, bool honour_port_state = true);

/// Links of the tree between two objects. The historic metric `hops` of a NIC's PCI device and a hardware thread: it
/// counts bridges, and so prefers management NICs on real nodes. For comparison with published numbers only.
int hops(Machine const& machine, int a, int b);

/// The historic metric `legacy`: the steps of the depth-first walk that starts at the PCI device, looks through whole
/// subtrees before it climbs, and ends at the core; no distance at all. For comparison with published numbers only.
/// @param  object  the PCI device
/// @param  core    logical index of the core
/// @return steps; -1 if the walk does not meet the core
int legacy_steps(Machine const& machine, int object, int core);

}  // namespace kramers::topology
