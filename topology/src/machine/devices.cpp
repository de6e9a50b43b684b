// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the objects below PCI are to a job. Everything is told by PCI numbers and states, never by names of interfaces.
#include <kramers/topology/error.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <map>
#include <string>
#include <tuple>

#include "machine/machine_state.hpp"

namespace kramers::topology {

std::string_view name(DeviceKind kind) {
  constexpr std::array<std::string_view, 5> names = {"fabric NIC", "management NIC", "GPU", "GPU partition", "other"};
  return names[static_cast<std::size_t>(kind)];
}

std::string_view name(Fabric fabric) {
  constexpr std::array<std::string_view, 8> names = {"none", "Slingshot", "InfiniBand", "Omni-Path",
                                                     "EFA",  "RoCE",      "other",      "Ethernet"};
  return names[static_cast<std::size_t>(fabric)];
}

std::string_view name(PortState state) {
  constexpr std::array<std::string_view, 3> names = {"active", "down", "unknown"};
  return names[static_cast<std::size_t>(state)];
}

std::string_view name(NameKind kind) {
  constexpr std::array<std::string_view, 11> names = {"net",  "openfabrics", "cxi",   "cuda", "rsmi", "levelzero",
                                                      "nvml", "opencl",      "block", "dma",  "other"};
  return names[static_cast<std::size_t>(kind)];
}

std::optional<Fabric> fabric_from(std::string_view text) {
  auto const lower = [](std::string_view from) {
    std::string to(from);
    std::ranges::transform(to, to.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return to;
  };
  for (int i = 0; i <= static_cast<int>(Fabric::ethernet); ++i) {
    if (lower(name(static_cast<Fabric>(i))) == lower(text)) return static_cast<Fabric>(i);
  }
  return {};
}

std::string Device::os_name(NameKind wanted) const {
  auto const at = std::ranges::find(names, wanted, &OsName::kind);
  return at == names.end() ? std::string() : at->name;
}

std::string Device::id() const {
  if (bus_id.empty()) return name;
  return partition < 0 ? bus_id : bus_id + "/p" + std::to_string(partition);
}

namespace detail {

namespace {

constexpr unsigned nvidia = 0x10de, amd = 0x1002, intel = 0x8086, cray = 0x17db, amazon = 0x1d0f, cornelis = 0x434e;

double number_in(std::string const& text) {
  double value = 0;
  auto const result = std::from_chars(text.data(), text.data() + text.size(), value);
  return result.ec == std::errc{} && value > 0 ? value : 0;
}

bool is_gpu(Object const& pci) {
  // The graphics of Intel's desktop and laptop processors are always at this address; they are for the screen.
  if (pci.vendor == intel && pci.bus_id == "0000:00:02.0") return false;
  switch (pci.pci_class) {
    case 0x0302:  // 3D controller
    case 0x0380:  // display controller without screen
    case 0x1200:  // processing accelerator
      return true;
    case 0x0300:  // VGA: also the screens of service processors
      return pci.vendor == nvidia || pci.vendor == amd || pci.vendor == intel;
    default:
      return false;
  }
}

/// All that the objects below one PCI device say.
struct Function {
  int object = -1;
  std::vector<int> names;  // objects
};

class Joiner {
 public:
  explicit Joiner(Machine::State& state) : m_state(state) {}

  void join(LoadOptions const& options) {
    for (Function const& function : functions()) add(function, options);
    for (int i = 0; i < static_cast<int>(m_state.objects.size()); ++i) {
      if (is_network_name(i) && pci_above(i) < 0) add_without_pci(i);
    }
    check_partitions(options);
    choose_fabric(options);
    std::ranges::stable_sort(m_state.devices, [](Device const& a, Device const& b) {
      auto const key = [](Device const& d) {
        return std::tuple(d.bus_id.empty(), d.bus_id.size(), d.bus_id, d.partition);
      };
      if (key(a) != key(b)) return key(a) < key(b);
      return natural_less(a.name, b.name);
    });
  }

 private:
  Object const& object(int index) const { return m_state.objects[static_cast<std::size_t>(index)]; }
  Infos const& infos(int index) const { return m_state.object_infos[static_cast<std::size_t>(index)]; }
  NameKind name_kind(int index) const { return *m_state.name_kinds[static_cast<std::size_t>(index)]; }

  int pci_above(int index) const {
    for (int i = index; i >= 0; i = object(i).parent) {
      if (object(i).type == ObjectType::pci_device) return i;
    }
    return -1;
  }

  bool is_network_name(int index) const {
    if (object(index).type != ObjectType::os_device) return false;
    NameKind const kind = name_kind(index);
    return kind == NameKind::net || kind == NameKind::openfabrics || kind == NameKind::cxi;
  }

  std::vector<Function> functions() const {
    std::map<int, Function> by_object;
    for (int i = 0; i < static_cast<int>(m_state.objects.size()); ++i) {
      int const pci = pci_above(i);
      if (pci < 0) continue;
      Function& function = by_object[pci];
      function.object = pci;
      if (object(i).type == ObjectType::os_device && !object(i).name.empty()) function.names.push_back(i);
    }
    std::vector<Function> all;
    for (auto& [index, function] : by_object) all.push_back(std::move(function));
    return all;
  }

  void locate(Device& device, int index) const {
    device.object = index;
    int anchor = index;
    while (object(anchor).is_io() || object(anchor).type == ObjectType::misc) anchor = object(anchor).parent;
    device.anchor = anchor;
    device.cpus = object(anchor).cpus;
    device.nodes = object(anchor).nodes;
    bool const has_parts = m_state.packages.size() > 1 || m_state.domains.size() > 1;
    device.anchored = object(anchor).type != ObjectType::machine || !has_parts;
  }

  void read_ports(Device& device, std::vector<int> const& names) const {
    bool any = false, active = false;
    for (int const i : names) {
      if (name_kind(i) != NameKind::openfabrics) continue;
      for (auto const& [key, value] : infos(i)) {
        if (!key.starts_with("Port") || !key.ends_with("State")) continue;
        any = true;
        active = active || number_in(value) == 4;  // IBV_PORT_ACTIVE
      }
    }
    for (int const i : names) {
      std::string const state = value_of(infos(i), port_state_key);
      if (any || state.empty() || state == "unknown") continue;
      active = active || state == "up";
      // Both ports of a function with two: one that is up is enough.
      device.state = active ? PortState::active : PortState::down;
    }
    if (any) device.state = active ? PortState::active : PortState::down;
    for (int const i : names) {
      device.port_speed = std::max(device.port_speed, number_in(value_of(infos(i), port_speed_key)) / 1000);
    }
  }

  Fabric fabric_of(Device const& device, std::vector<int> const& names) const {
    bool const rdma = !device.os_name(NameKind::openfabrics).empty();
    bool const slingshot = std::ranges::any_of(names, [&](int i) { return object(i).subtype == "Slingshot"; });
    if (device.vendor == cray || slingshot || !device.os_name(NameKind::cxi).empty()) return Fabric::slingshot;
    if (device.pci_class == 0x0207) return Fabric::infiniband;
    if (device.pci_class == 0x0208) {
      return device.vendor == intel || device.vendor == cornelis ? Fabric::omni_path : Fabric::other;
    }
    if (device.vendor == amazon && (device.device & 0xfff0U) == 0xefa0) return Fabric::efa;
    if (device.pci_class != 0x0200) return Fabric::none;
    bool const fast = device.port_speed > 0 ? device.port_speed >= 10 : device.link_speed * 8 >= 10;
    return rdma && fast ? Fabric::roce : Fabric::ethernet;
  }

  static bool is_nic(Device const& device) {
    return device.pci_class >> 8U == 0x02 || !device.os_name(NameKind::net).empty() ||
           !device.os_name(NameKind::openfabrics).empty() || !device.os_name(NameKind::cxi).empty();
  }

  static void name_it(Device& device) {
    for (NameKind const kind : {NameKind::net, NameKind::openfabrics, NameKind::cxi, NameKind::cuda, NameKind::rsmi,
                                NameKind::level_zero, NameKind::nvml, NameKind::opencl, NameKind::block}) {
      device.name = device.os_name(kind);
      if (!device.name.empty()) return;
    }
    device.name = device.names.empty() ? device.id() : device.names.front().name;
  }

  void add_names(Device& device, std::vector<int> const& names) const {
    for (int const i : names) {
      device.names.push_back({name_kind(i), object(i).name});
      if (device.model.empty()) device.model = value_of(infos(i), "GPUModel");
      std::string uuid = value_of(infos(i), "NVIDIAUUID");
      if (uuid.empty()) {
        uuid = value_of(infos(i), "AMDUUID");
        // As ROCR_VISIBLE_DEVICES takes it: 16 digits, of which hwloc leaves out leading zeros.
        if (!uuid.empty()) uuid = "GPU-" + std::string(16 - std::min<std::size_t>(uuid.size(), 16), '0') + uuid;
      }
      if (device.uuid.empty()) device.uuid = uuid;
    }
    std::ranges::stable_sort(device.names, [](OsName const& a, OsName const& b) {
      return a.kind != b.kind ? a.kind < b.kind : natural_less(a.name, b.name);
    });
  }

  void add(Function const& function, LoadOptions const& options) {
    Object const& pci = object(function.object);
    Device device;
    locate(device, function.object);
    device.bus_id = pci.bus_id;
    device.slot = pci.bus_id.substr(0, pci.bus_id.find('.'));
    device.pci_class = pci.pci_class;
    device.vendor = pci.vendor;
    device.device = pci.device;
    device.link_speed = pci.link_speed;
    if (is_gpu(pci)) {
      add_gpu(device, function.names, options);
      return;
    }
    add_names(device, function.names);
    read_ports(device, function.names);
    if (is_nic(device)) {
      device.kind = DeviceKind::management_nic;
      device.fabric = fabric_of(device, function.names);
    }
    name_it(device);
    m_state.devices.push_back(std::move(device));
  }

  /// Names of one kind on a GPU, one for each partition: more than one name means partitions.
  std::vector<int> names_of_kind(std::vector<int> const& names, NameKind kind) const {
    std::vector<int> found;
    for (int const i : names) {
      if (name_kind(i) != kind) continue;
      // Level Zero names tiles below the GPU that they belong to: ze0.1 below ze0.
      bool const has_tiles = std::ranges::any_of(
          names, [&](int j) { return name_kind(j) == kind && object(j).name.starts_with(object(i).name + "."); });
      if (!has_tiles) found.push_back(i);
    }
    std::ranges::stable_sort(found, [&](int a, int b) { return natural_less(object(a).name, object(b).name); });
    return found;
  }

  void add_gpu(Device const& common, std::vector<int> const& names, LoadOptions const& options) {
    std::size_t parts = 1;
    for (NameKind const kind : {NameKind::cuda, NameKind::rsmi, NameKind::level_zero, NameKind::nvml}) {
      parts = std::max(parts, names_of_kind(names, kind).size());
    }
    std::vector<std::string> uuids;
    for (GpuPartition const& partition : options.partitions) {
      if (normalised_bus_id(partition.bus_id) == common.bus_id) uuids.push_back(partition.uuid);
    }
    bool const given = !uuids.empty();
    if (given) parts = uuids.size();
    bool const partitioned = given || parts > 1;
    for (std::size_t part = 0; part < parts; ++part) {
      Device device = common;
      device.kind = partitioned ? DeviceKind::gpu_partition : DeviceKind::gpu;
      device.partition = partitioned ? static_cast<int>(part) : -1;
      std::vector<int> own;
      for (int kind = 0; kind <= static_cast<int>(NameKind::other); ++kind) {
        std::vector<int> const all = names_of_kind(names, static_cast<NameKind>(kind));
        if (all.size() == parts && !given) {
          own.push_back(all[part]);
        } else {
          own.insert(own.end(), all.begin(), all.end());
        }
      }
      add_names(device, own);
      if (given) device.uuid = uuids[part];
      name_it(device);
      if (given) device.name += "/p" + std::to_string(part);
      m_state.devices.push_back(std::move(device));
    }
  }

  void add_without_pci(int index) {
    Device device;
    locate(device, index);
    add_names(device, {index});
    read_ports(device, {index});
    name_it(device);
    m_state.devices.push_back(std::move(device));
  }

  void check_partitions(LoadOptions const& options) const {
    for (GpuPartition const& partition : options.partitions) {
      std::string const bus_id = normalised_bus_id(partition.bus_id);
      bool const known = std::ranges::any_of(
          m_state.devices, [&](Device const& d) { return d.is_gpu() && !bus_id.empty() && d.bus_id == bus_id; });
      if (!known) {
        throw UsageError("partition '" + partition.uuid + "' is said to be on '" + partition.bus_id +
                         "', and there is no GPU with that bus id");
      }
    }
  }

  void choose_fabric(LoadOptions const& options) {
    Fabric chosen = Fabric::none;
    if (options.fabric) {
      chosen = *options.fabric;
    } else {
      for (Fabric const candidate :
           {Fabric::slingshot, Fabric::infiniband, Fabric::omni_path, Fabric::efa, Fabric::roce, Fabric::other}) {
        if (std::ranges::find(m_state.devices, candidate, &Device::fabric) == m_state.devices.end()) continue;
        chosen = candidate;
        break;
      }
    }
    if (chosen == Fabric::none) return;
    for (Device& device : m_state.devices) {
      // Whoever asks for Ethernet takes it with RDMA too.
      bool const is = device.fabric == chosen || (chosen == Fabric::ethernet && device.fabric == Fabric::roce);
      if (!is || device.kind != DeviceKind::management_nic) continue;
      device.kind = DeviceKind::fabric_nic;
      m_state.fabric = chosen;
    }
  }

  Machine::State& m_state;
};

}  // namespace

void join_devices(Machine::State& state, LoadOptions const& options) {
  Joiner(state).join(options);
}

}  // namespace detail

}  // namespace kramers::topology
