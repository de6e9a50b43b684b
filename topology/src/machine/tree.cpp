// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Our own copy of hwloc's tree, in an order that does not depend on discovery.
#include <kramers/topology/error.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <map>
#include <string>
#include <tuple>
#include <unordered_map>

#include "machine/machine_state.hpp"

namespace kramers::topology::detail {

namespace {

Infos infos_of(hwloc_obj_t object) {
  Infos infos;
#if HWLOC_API_VERSION >= 0x00030000
  hwloc_info_s const* array = object->infos.array;
  unsigned const count = object->infos.count;
#else
  hwloc_info_s const* array = object->infos;
  unsigned const count = object->infos_count;
#endif
  for (unsigned i = 0; i < count; ++i) {
    if (array[i].name != nullptr && array[i].value != nullptr) infos.emplace_back(array[i].name, array[i].value);
  }
  return infos;
}

Infos infos_of(hwloc_topology_t topology) {
  Infos infos = infos_of(hwloc_get_root_obj(topology));
#if HWLOC_API_VERSION >= 0x00030000
  hwloc_infos_s const* more = hwloc_topology_get_infos(topology);
  for (unsigned i = 0; more != nullptr && i < more->count; ++i) {
    infos.emplace_back(more->array[i].name, more->array[i].value);
  }
#endif
  return infos;
}

ObjectType type_of(hwloc_obj_t object) {
  switch (object->type) {
    case HWLOC_OBJ_MACHINE:
      return ObjectType::machine;
    case HWLOC_OBJ_PACKAGE:
      return ObjectType::package;
    case HWLOC_OBJ_DIE:
      return ObjectType::die;
    case HWLOC_OBJ_GROUP:
      return ObjectType::group;
    case HWLOC_OBJ_CORE:
      return ObjectType::core;
    case HWLOC_OBJ_PU:
      return ObjectType::pu;
    case HWLOC_OBJ_NUMANODE:
      return ObjectType::numa;
    case HWLOC_OBJ_MEMCACHE:
      return ObjectType::memory_cache;
    case HWLOC_OBJ_BRIDGE:
      return object->attr->bridge.upstream_type == HWLOC_OBJ_BRIDGE_PCI ? ObjectType::bridge : ObjectType::host_bridge;
    case HWLOC_OBJ_PCI_DEVICE:
      return ObjectType::pci_device;
    case HWLOC_OBJ_OS_DEVICE:
      return ObjectType::os_device;
    default:
      return hwloc_obj_type_is_cache(object->type) != 0 ? ObjectType::cache : ObjectType::misc;
  }
}

bool starts_with_any(std::string_view text, std::initializer_list<std::string_view> starts) {
  return std::ranges::any_of(starts, [&](std::string_view start) { return text.starts_with(start); });
}

NameKind name_kind_of(hwloc_obj_t object) {
  std::string_view const subtype = object->subtype == nullptr ? "" : object->subtype;
  std::string_view const called = object->name == nullptr ? "" : object->name;
#if HWLOC_API_VERSION >= 0x00030000
  auto const is = [&](unsigned long type) { return (object->attr->osdev.types & type) != 0; };
  bool const storage = is(HWLOC_OBJ_OSDEV_STORAGE);
#else
  auto const is = [&](hwloc_obj_osdev_type_t type) { return object->attr->osdev.type == type; };
  bool const storage = is(HWLOC_OBJ_OSDEV_BLOCK);
#endif
  if (storage) return NameKind::block;
  if (subtype == "CXI" || called.starts_with("cxi")) return NameKind::cxi;
  // In hwloc 3 the RDMA devices are network devices too.
  if (is(HWLOC_OBJ_OSDEV_OPENFABRICS)) return NameKind::openfabrics;
  if (is(HWLOC_OBJ_OSDEV_NETWORK)) return NameKind::net;
  // Old exports leave the subtype out.
  auto const from = [&](std::string_view kind, std::string_view start) {
    return subtype == kind || (subtype.empty() && called.starts_with(start));
  };
  if (is(HWLOC_OBJ_OSDEV_GPU) || is(HWLOC_OBJ_OSDEV_COPROC)) {
    if (from("CUDA", "cuda")) return NameKind::cuda;
    if (from("RSMI", "rsmi")) return NameKind::rsmi;
    if (from("LevelZero", "ze")) return NameKind::level_zero;
    if (from("NVML", "nvml")) return NameKind::nvml;
    if (from("OpenCL", "opencl")) return NameKind::opencl;
  }
  if (is(HWLOC_OBJ_OSDEV_DMA)) return NameKind::dma;
  return NameKind::other;
}

template <class Pci>
std::string bus_id_of(Pci const& pci) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%04x:%02x:%02x.%01x", static_cast<unsigned>(pci.domain), pci.bus, pci.dev,
                pci.func & 0xfU);
  return text.data();
}

Object converted(hwloc_obj_t from) {
  Object to;
  to.type = type_of(from);
  if (to.type == ObjectType::cache) to.level = static_cast<int>(from->attr->cache.depth);
  if (from->os_index != HWLOC_UNKNOWN_INDEX) to.os_index = from->os_index;
  to.logical_index = static_cast<int>(from->logical_index);
  if (from->name != nullptr) to.name = from->name;
  if (from->subtype != nullptr) to.subtype = from->subtype;
  to.cpus = CpuSet::copy_of(from->cpuset);
  to.nodes = CpuSet::copy_of(from->nodeset);
  hwloc_obj_attr_u::hwloc_pcidev_attr_s const* pci = nullptr;
  if (to.type == ObjectType::pci_device) pci = &from->attr->pcidev;
  if (to.type == ObjectType::bridge) pci = &from->attr->bridge.upstream.pci;
  if (pci != nullptr) {
    to.bus_id = bus_id_of(*pci);
    to.pci_class = pci->class_id;
    to.vendor = pci->vendor_id;
    to.device = pci->device_id;
    to.link_speed = static_cast<double>(pci->linkspeed);
  }
  if (to.type == ObjectType::host_bridge && from->attr->bridge.downstream_type == HWLOC_OBJ_BRIDGE_PCI) {
    // A host bridge has no address of its own: that of its first bus tells it from others.
    std::array<char, 32> text{};
    auto const& down = from->attr->bridge.downstream.pci;
    std::snprintf(text.data(), text.size(), "%04x:%02x", static_cast<unsigned>(down.domain), down.secondary_bus);
    to.bus_id = text.data();
  }
  return to;
}

/// Order of I/O objects below one parent.
bool io_less(hwloc_obj_t a, hwloc_obj_t b) {
  auto const key = [](hwloc_obj_t object) {
    Object const o = converted(object);
    // A bus id in text sorts as the numbers do, a wider domain last.
    return std::tuple(o.type, o.bus_id.size(), o.bus_id);
  };
  auto const ka = key(a), kb = key(b);
  if (ka != kb) return ka < kb;
  std::string_view const na = a->name == nullptr ? "" : a->name, nb = b->name == nullptr ? "" : b->name;
  return natural_less(na, nb);
}

class Reader {
 public:
  explicit Reader(Machine::State& state) : m_state(state) {}

  /// Depth first without recursion: hostile trees are deep.
  void read(hwloc_obj_t root) {
    std::vector<std::pair<hwloc_obj_t, int>> open{{root, -1}};
    while (!open.empty()) {
      auto const [from, parent] = open.back();
      open.pop_back();
      int const index = append(from, parent);
      std::vector<hwloc_obj_t> below;
      for (hwloc_obj_t c = from->memory_first_child; c != nullptr; c = c->next_sibling) below.push_back(c);
      for (hwloc_obj_t c = from->first_child; c != nullptr; c = c->next_sibling) below.push_back(c);
      auto const first_io = static_cast<std::ptrdiff_t>(below.size());
      for (hwloc_obj_t c = from->io_first_child; c != nullptr; c = c->next_sibling) below.push_back(c);
      std::stable_sort(below.begin() + first_io, below.end(), io_less);
      for (hwloc_obj_t c = from->misc_first_child; c != nullptr; c = c->next_sibling) below.push_back(c);
      for (auto at = below.rbegin(); at != below.rend(); ++at) open.emplace_back(*at, index);
    }
  }

 private:
  int append(hwloc_obj_t from, int parent) {
    int const index = static_cast<int>(m_state.objects.size());
    Object object = converted(from);
    object.parent = parent;
    if (object.is_io() || object.type == ObjectType::misc) object.logical_index = m_numbers[object.type]++;
    if (parent >= 0) {
      Object& above = m_state.objects[static_cast<std::size_t>(parent)];
      object.depth = above.depth + 1;
      if (object.is_io()) above.io_children.push_back(index);
      if (object.is_normal()) above.children.push_back(index);
      if (object.type == ObjectType::numa || object.type == ObjectType::memory_cache) {
        above.memory_children.push_back(index);
      }
    }
    m_state.object_infos.push_back(infos_of(from));
    m_state.name_kinds.push_back(object.type == ObjectType::os_device ? std::optional(name_kind_of(from))
                                                                      : std::nullopt);
    if (object.type == ObjectType::numa) {
      NumaNode node;
      node.logical_index = object.logical_index;
      node.os_index = from->os_index;
      node.object = index;
      node.cpus = object.cpus;
      node.bytes = from->attr->numanode.local_memory;
      node.high_bandwidth = starts_with_any(object.subtype, {"HBM", "MCDRAM"});
      m_state.numa_nodes.push_back(std::move(node));
    }
    m_state.objects.push_back(std::move(object));
    return index;
  }

  Machine::State& m_state;
  std::map<ObjectType, int> m_numbers;
};

int package_above(Machine::State const& state, int object) {
  for (int i = object; i >= 0; i = state.objects[static_cast<std::size_t>(i)].parent) {
    Object const& o = state.objects[static_cast<std::size_t>(i)];
    if (o.type == ObjectType::package) return o.logical_index;
  }
  return -1;
}

void list_parts(Machine::State& state) {
  std::ranges::sort(state.numa_nodes, {}, &NumaNode::logical_index);
  for (NumaNode& node : state.numa_nodes) node.package = package_above(state, node.object);
  for (std::size_t i = 0; i < state.objects.size(); ++i) {
    Object const& o = state.objects[i];
    int const index = static_cast<int>(i);
    if (o.type == ObjectType::package) state.packages.push_back({o.logical_index, index, o.cpus, o.nodes});
    // Systems that hide cores show hardware threads only: each is a core of its own then.
    if (o.type == ObjectType::core) {
      Core core;
      core.object = index;
      core.cpus = o.cpus;
      state.cores.push_back(std::move(core));
    }
    if (o.type == ObjectType::pu && o.os_index) {
      if (state.cores.empty() || !state.cores.back().cpus.contains(*o.os_index)) {
        Core core;
        core.object = index;
        core.cpus = o.cpus;
        state.cores.push_back(std::move(core));
      }
      state.cores.back().pus.push_back(*o.os_index);
    }
  }
  std::erase_if(state.cores, [](Core const& core) { return core.pus.empty(); });
  for (std::size_t i = 0; i < state.cores.size(); ++i) {
    state.cores[i].logical_index = static_cast<int>(i);
    state.cores[i].package = package_above(state, state.cores[i].object);
  }
}

/// The smallest sets of CPUs that share all their memory; then CPUs without memory of their own, by package.
void list_domains(Machine::State& state) {
  std::vector<CpuSet> sets;
  for (NumaNode const& node : state.numa_nodes) {
    if (!node.cpus.empty()) sets.push_back(node.cpus);
  }
  std::ranges::stable_sort(sets, {}, [](CpuSet const& set) { return std::pair(set.size(), set.first()); });
  CpuSet covered;
  std::vector<CpuSet> kept;
  for (CpuSet const& set : sets) {
    if (covered.intersects(set)) continue;
    covered |= set;
    kept.push_back(set);
  }
  for (Package const& package : state.packages) {
    CpuSet const rest = package.cpus - covered;
    if (rest.empty()) continue;
    covered |= rest;
    kept.push_back(rest);
  }
  if (CpuSet const rest = state.cpus - covered; !rest.empty()) kept.push_back(rest);
  // In the order of the tree: by their first core.
  std::map<unsigned, int> core_of;
  for (Core const& core : state.cores) {
    for (unsigned const pu : core.pus) core_of[pu] = core.logical_index;
  }
  for (CpuSet const& set : kept) {
    Domain domain;
    domain.cpus = set;
    for (unsigned const pu : set.members()) {
      auto const core = core_of.find(pu);
      if (core != core_of.end()) domain.cores.push_back(core->second);
    }
    std::ranges::sort(domain.cores);
    auto const twice = std::ranges::unique(domain.cores);
    domain.cores.erase(twice.begin(), twice.end());
    if (domain.cores.empty()) continue;
    for (NumaNode const& node : state.numa_nodes) {
      if (node.cpus.includes(set)) domain.numa.push_back(node.logical_index);
    }
    std::ranges::stable_sort(domain.numa, {}, [&](int index) {
      NumaNode const& node = state.numa_nodes[static_cast<std::size_t>(index)];
      return std::pair(node.high_bandwidth, node.cpus.size());
    });
    state.domains.push_back(std::move(domain));
  }
  std::ranges::sort(state.domains, {}, [](Domain const& domain) { return domain.cores.front(); });
  for (std::size_t d = 0; d < state.domains.size(); ++d) {
    Domain& domain = state.domains[d];
    domain.package = state.cores[static_cast<std::size_t>(domain.cores.front())].package;
    for (int const core : domain.cores) {
      Core& c = state.cores[static_cast<std::size_t>(core)];
      if (c.domain < 0) c.domain = static_cast<int>(d);
    }
  }
}

void read_latencies(Machine::State& state) {
  unsigned count = 1;
  hwloc_distances_s* found = nullptr;
  int const status = hwloc_distances_get_by_type(state.topology.get(), HWLOC_OBJ_NUMANODE, &count, &found,
                                                 HWLOC_DISTANCES_KIND_MEANS_LATENCY, 0);
  if (status < 0 || count == 0 || found == nullptr) return;
  std::size_t const nodes = state.numa_nodes.size();
  std::vector<std::vector<std::uint64_t>> matrix(nodes, std::vector<std::uint64_t>(nodes, 0));
  std::size_t known = 0;
  for (unsigned i = 0; i < found->nbobjs; ++i) {
    for (unsigned j = 0; j < found->nbobjs; ++j) {
      if (found->objs[i] == nullptr || found->objs[j] == nullptr) continue;
      std::size_t const from = found->objs[i]->logical_index, to = found->objs[j]->logical_index;
      if (from >= nodes || to >= nodes) continue;
      matrix[from][to] = found->values[std::size_t{i} * found->nbobjs + j];
      ++known;
    }
  }
  hwloc_distances_release(state.topology.get(), found);
  if (known == nodes * nodes) state.numa_latency = std::move(matrix);
}

}  // namespace

std::string value_of(Infos const& infos, std::string_view key) {
  auto const at = std::ranges::find(infos, key, [](auto const& info) { return std::string_view(info.first); });
  return at == infos.end() ? std::string() : at->second;
}

void read_tree(Machine::State& state) {
  hwloc_obj_t const root = hwloc_get_root_obj(state.topology.get());
  try {
    Reader(state).read(root);
  } catch (UsageError const& e) {
    throw InputError(state.source, 0, std::string("describes no machine that can be: ") + e.what());
  }
  state.cpus = state.objects.front().cpus;
  state.infos = infos_of(state.topology.get());
  list_parts(state);
  if (state.cores.empty()) throw InputError(state.source, 0, "describes no CPU; export or copy it again");
  list_domains(state);
  read_latencies(state);
}

}  // namespace kramers::topology::detail
