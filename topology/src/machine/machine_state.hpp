// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/topology/machine.hpp>

#include <hwloc.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kramers::topology {

/// Notes of hwloc on an object: keys and values.
using Infos = std::vector<std::pair<std::string, std::string>>;

struct DestroyTopology {
  void operator()(hwloc_topology* topology) const { hwloc_topology_destroy(topology); }
};
using TopologyHandle = std::unique_ptr<hwloc_topology, DestroyTopology>;

struct Machine::State {
  TopologyHandle topology;
  std::string source;
  bool this_system = false;
  std::vector<Object> objects;
  std::vector<Package> packages;
  std::vector<NumaNode> numa_nodes;
  std::vector<Domain> domains;
  std::vector<Core> cores;
  std::vector<Device> devices;
  Fabric fabric = Fabric::none;
  CpuSet cpus;
  /// Notes on the whole machine.
  Infos infos;
  /// Notes on each object, and of each OS device its kind: what devices are made from.
  std::vector<Infos> object_infos;
  std::vector<std::optional<NameKind>> name_kinds;
  /// numa_latency[from][to]; empty where the firmware tells none.
  std::vector<std::vector<std::uint64_t>> numa_latency;
};

namespace detail {

/// Value of the first note with that key; "" where there is none.
std::string value_of(Infos const& infos, std::string_view key);

/// hwloc's tree for a source.
/// @throws InputError, UsageError, HwlocError  as Machine::load
TopologyHandle load_topology(Source const& source, LoadOptions const& options);

/// Fill in objects and what is derived from them, all but the devices, from the loaded topology.
void read_tree(Machine::State& state);

/// Key and value of a note on a network interface, read from this system before the tree is: they stay in its XML.
inline constexpr char const* port_state_key = "OperState";
inline constexpr char const* port_speed_key = "SpeedMbps";

/// Join devices from the objects; needs everything else of the state.
/// @throws UsageError  a partition names no GPU
void join_devices(Machine::State& state, LoadOptions const& options);

/// "0000:d5:00.0" for a bus id with or without domain, in any case; "" for another text.
std::string normalised_bus_id(std::string_view text);

/// Order of names as people count: cuda2 before cuda10.
bool natural_less(std::string_view a, std::string_view b);

}  // namespace detail

}  // namespace kramers::topology
