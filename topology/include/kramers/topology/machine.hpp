// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/topology/cpu_set.hpp>
#include <kramers/topology/device.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

struct hwloc_topology;

namespace kramers::topology {

/// Types of objects of the tree. `cache`: a data cache of any level; `memory_cache`: a cache in front of memory.
enum class ObjectType {
  machine,
  package,
  die,
  group,
  cache,
  core,
  pu,
  numa,
  memory_cache,
  host_bridge,
  bridge,
  pci_device,
  os_device,
  misc
};
std::string_view name(ObjectType type);  ///< "Machine", "Package", ..., as hwloc writes them

/// One object of the tree. Normal objects (machine to pu) are the children that share CPUs; memory and I/O hang aside.
struct Object {
  ObjectType type = ObjectType::misc;
  /// Level of a cache, 1 to 5; else 0.
  int level = 0;
  /// Number by the operating system; nothing where it gives none.
  std::optional<unsigned> os_index;
  /// Number among the objects of its type (and level), in the order of the tree.
  int logical_index = 0;
  std::string name, subtype;
  /// Index of the parent in Machine::objects(); -1 for the machine.
  int parent = -1;
  /// Links to the root.
  int depth = 0;
  std::vector<int> children, memory_children, io_children;
  /// Own sets; empty for I/O objects.
  CpuSet cpus, nodes;
  /// PCI devices and bridges below PCI: address (lower case), class, vendor, device and link speed in GB/s.
  std::string bus_id;
  unsigned pci_class = 0, vendor = 0, device = 0;
  double link_speed = 0;

  bool is_io() const { return type >= ObjectType::host_bridge && type <= ObjectType::os_device; }
  bool is_normal() const { return type <= ObjectType::pu; }
};

struct Package {
  int logical_index = 0;
  int object = -1;
  CpuSet cpus, nodes;
};

struct NumaNode {
  int logical_index = 0;
  unsigned os_index = 0;
  int object = -1;
  /// Hardware threads for which it is local memory; empty for memory without CPUs (CXL, memory of a GPU).
  CpuSet cpus;
  std::uint64_t bytes = 0;
  /// High-bandwidth memory beside ordinary memory.
  bool high_bandwidth = false;
  /// Logical index of its package; -1 where it belongs to none.
  int package = -1;
};

/// NUMA nodes with the same CPUs (ordinary and high-bandwidth memory) and these CPUs.
struct Domain {
  CpuSet cpus;
  /// Logical indices of the NUMA nodes, ordinary memory first.
  std::vector<int> numa;
  int package = -1;
  /// Logical indices of its cores.
  std::vector<int> cores;
};

struct Core {
  int logical_index = 0;
  int object = -1;
  /// Hardware threads by the operating system's numbers, in the order of the tree.
  std::vector<unsigned> pus;
  CpuSet cpus;
  /// Index of its domain; -1 where no memory is local to it.
  int domain = -1;
  int package = -1;
};

/// Where a machine's description comes from.
class Source {
 public:
  /// The machine this process runs on, as far as the process may use it.
  static Source this_system() { return Source(Kind::this_system, {}, "this machine"); }
  /// An XML file of hwloc (lstopo node.xml).
  static Source file(std::filesystem::path const& path) { return Source(Kind::file, path.string(), path.string()); }
  /// The text of such a file; `name` is what messages call it.
  static Source text(std::string xml, std::string name = "text") {
    return Source(Kind::text, std::move(xml), std::move(name));
  }

  enum class Kind { this_system, file, text };
  Kind kind() const { return m_kind; }
  /// Path or text.
  std::string const& content() const { return m_content; }
  std::string const& name() const { return m_name; }

 private:
  Source(Kind kind, std::string content, std::string name)
      : m_kind(kind), m_content(std::move(content)), m_name(std::move(name)) {}
  Kind m_kind;
  std::string m_content, m_name;
};

/// A part of a GPU that hwloc does not know of, such as a MIG instance.
struct GpuPartition {
  std::string bus_id, uuid;
};

struct LoadOptions {
  /// Keep these hardware threads only, as a cgroup would.
  std::optional<CpuSet> restrict_to;
  /// Leave PCI devices out, as in a container that hides them.
  bool without_io = false;
  /// The fabric that jobs use; by default the first of Slingshot, InfiniBand, Omni-Path, EFA, RoCE that is there.
  /// `ethernet` makes every wired Ethernet adapter a fabric NIC.
  std::optional<Fabric> fabric;
  /// Partitions that GPUs are divided into.
  std::vector<GpuPartition> partitions;
};

/// A node: its tree, cores, memory and devices. A value; copies share one immutable state, so it is cheap to pass and
/// safe to use from many threads. Everything is in an order that does not depend on the order of discovery: objects as
/// in the tree, devices by bus id.
class Machine {
 public:
  /// Read a machine's description.
  /// @throws InputError  the file or text is missing, truncated, foreign, of a version that this hwloc cannot read, or
  ///                     describes no CPU
  /// @throws UsageError  restrict_to names no CPU of the machine; a partition names no GPU
  /// @throws HwlocError  a call of hwloc failed for another reason
  /// @note   Cost        some milliseconds for a file; tens of milliseconds for this machine
  static Machine load(Source const& source, LoadOptions const& options = {});

  std::string const& source() const;
  /// Was it read from the machine this process runs on?
  bool is_this_system() const;
  /// HostName, DMIProductName, Backend, ...: a fact that hwloc noted on the machine; "" where it did not.
  std::string info(std::string_view key) const;

  /// All objects, parents before children; the first is the machine itself.
  std::span<Object const> objects() const;
  std::span<Package const> packages() const;
  std::span<NumaNode const> numa_nodes() const;
  std::span<Domain const> domains() const;
  std::span<Core const> cores() const;
  std::span<Device const> devices() const;
  /// All hardware threads that may be used.
  CpuSet const& cpus() const;

  /// Indices in devices().
  std::vector<std::size_t> fabric_nics() const;
  std::vector<std::size_t> management_nics() const;
  /// GPUs, or their partitions where a GPU has some.
  std::vector<std::size_t> gpus() const;
  /// The fabric of the fabric NICs; `none` where there are none.
  Fabric fabric() const;
  /// Index of the device with that bus id (case and a missing domain "0000:" do not matter), id, UUID or name; nothing
  /// where there is none.
  std::optional<std::size_t> find_device(std::string_view text) const;
  /// Index of the device with that bus id or name. @throws UsageError  there is none; the message lists those there are
  std::size_t device(std::string_view text) const;

  /// Is any PCI device known?
  bool has_pci() const;
  /// Latency between two NUMA nodes (logical indices) as the firmware tells it, 10 for a node to itself.
  std::optional<std::uint64_t> numa_latency(int from, int to) const;
  /// Logical indices of the NUMA nodes that are local to some of these hardware threads.
  std::vector<int> numa_of(CpuSet const& cpus) const;
  /// Logical indices of the packages that hold some of these hardware threads.
  std::vector<int> packages_of(CpuSet const& cpus) const;
  /// Logical indices of the cores that hold some of these hardware threads.
  std::vector<int> cores_of(CpuSet const& cpus) const;

  /// The nearest common ancestor of two objects, by walking up from both; works for I/O objects too.
  int common_ancestor(int a, int b) const;
  /// The nearest object at or above that is no I/O object.
  int non_io_ancestor(int object) const;
  /// The lowest normal object that holds all of these hardware threads; the machine if none of them are its own.
  int covering(CpuSet const& cpus) const;

  /// The machine as hwloc XML, with the port states that were read: reading it again gives the same machine.
  std::string xml() const;
  /// hwloc's handle, owned by this object. Do not change it.
  hwloc_topology* native() const;

  struct State;  // defined by the library

 private:
  explicit Machine(std::shared_ptr<State const> state) : m_state(std::move(state)) {}
  std::shared_ptr<State const> m_state;
};

}  // namespace kramers::topology
