// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/topology/error.hpp>
#include <kramers/topology/machine.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstdio>

#include "machine/machine_state.hpp"

namespace kramers::topology {

namespace {

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

std::vector<std::size_t> where(std::vector<Device> const& devices, bool (*wanted)(Device const&)) {
  std::vector<std::size_t> found;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    if (wanted(devices[i])) found.push_back(i);
  }
  return found;
}

}  // namespace

std::string_view name(ObjectType type) {
  constexpr std::array<std::string_view, 14> names = {"Machine",   "Package", "Die",  "Group",    "Cache",
                                                      "Core",      "PU",      "NUMA", "MemCache", "HostBridge",
                                                      "PCIBridge", "PCI",     "OS",   "Misc"};
  return names[static_cast<std::size_t>(type)];
}

namespace detail {

std::string normalised_bus_id(std::string_view text) {
  std::array<unsigned, 4> parts{};  // domain, bus, device, function
  auto const take = [&](unsigned& value, std::size_t most) {
    auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, 16);
    auto const used = static_cast<std::size_t>(end - text.data());
    if (error != std::errc{} || used == 0 || used > most) return false;
    text.remove_prefix(used);
    return true;
  };
  auto const skip = [&](char c) {
    bool const is = text.starts_with(c);
    if (is) text.remove_prefix(1);
    return is;
  };
  bool const with_domain = std::ranges::count(text, ':') == 2;
  if (with_domain && !(take(parts[0], 8) && skip(':'))) return {};
  if (!(take(parts[1], 2) && skip(':') && take(parts[2], 2))) return {};
  if (!text.empty() && !(skip('.') && take(parts[3], 1))) return {};
  if (!text.empty()) return {};
  std::array<char, 32> id{};
  std::snprintf(id.data(), id.size(), "%04x:%02x:%02x.%01x", parts[0], parts[1], parts[2], parts[3]);
  return id.data();
}

bool natural_less(std::string_view a, std::string_view b) {
  auto const digit = [](char c) { return c >= '0' && c <= '9'; };
  std::string_view const whole_a = a, whole_b = b;
  while (!a.empty() && !b.empty()) {
    if (digit(a.front()) && digit(b.front())) {
      auto const number = [&](std::string_view& text) {
        std::size_t end = 0;
        while (end < text.size() && digit(text[end])) ++end;
        std::string_view digits = text.substr(0, end);
        text.remove_prefix(end);
        while (digits.size() > 1 && digits.front() == '0') digits.remove_prefix(1);
        return digits;
      };
      std::string_view const na = number(a), nb = number(b);
      if (na.size() != nb.size()) return na.size() < nb.size();
      if (na != nb) return na < nb;
    } else if (a.front() != b.front()) {
      return static_cast<unsigned char>(a.front()) < static_cast<unsigned char>(b.front());
    } else {
      a.remove_prefix(1);
      b.remove_prefix(1);
    }
  }
  if (a.empty() != b.empty()) return a.empty();
  return whole_a < whole_b;  // differ in leading zeros at most
}

}  // namespace detail

Machine Machine::load(Source const& source, LoadOptions const& options) {
  auto state = std::make_shared<State>();
  state->source = source.name();
  state->topology = detail::load_topology(source, options);
  state->this_system = hwloc_topology_is_thissystem(state->topology.get()) != 0;
  detail::read_tree(*state);
  detail::join_devices(*state, options);
  return Machine(std::move(state));
}

std::string const& Machine::source() const {
  return m_state->source;
}

bool Machine::is_this_system() const {
  return m_state->this_system;
}

std::string Machine::info(std::string_view key) const {
  return detail::value_of(m_state->infos, key);
}

std::span<Object const> Machine::objects() const {
  return m_state->objects;
}

std::span<Package const> Machine::packages() const {
  return m_state->packages;
}

std::span<NumaNode const> Machine::numa_nodes() const {
  return m_state->numa_nodes;
}

std::span<Domain const> Machine::domains() const {
  return m_state->domains;
}

std::span<Core const> Machine::cores() const {
  return m_state->cores;
}

std::span<Device const> Machine::devices() const {
  return m_state->devices;
}

CpuSet const& Machine::cpus() const {
  return m_state->cpus;
}

std::vector<std::size_t> Machine::fabric_nics() const {
  return where(m_state->devices, [](Device const& d) { return d.kind == DeviceKind::fabric_nic; });
}

std::vector<std::size_t> Machine::management_nics() const {
  return where(m_state->devices, [](Device const& d) { return d.kind == DeviceKind::management_nic; });
}

std::vector<std::size_t> Machine::gpus() const {
  return where(m_state->devices, [](Device const& d) { return d.is_gpu(); });
}

Fabric Machine::fabric() const {
  return m_state->fabric;
}

std::optional<std::size_t> Machine::find_device(std::string_view text) const {
  if (text.empty()) return {};
  auto const& devices = m_state->devices;
  std::string const bus_id = detail::normalised_bus_id(text);
  auto const first = [&](auto const& is) -> std::optional<std::size_t> {
    auto const found = std::ranges::find_if(devices, is);
    if (found == devices.end()) return {};
    return static_cast<std::size_t>(found - devices.begin());
  };
  if (!bus_id.empty()) {
    if (auto const found = first([&](Device const& d) { return d.bus_id == bus_id; })) return found;
  }
  if (auto const found = first([&](Device const& d) { return d.id() == text || d.name == text; })) return found;
  return first([&](Device const& d) {
    return d.uuid == text || std::ranges::any_of(d.names, [&](OsName const& n) { return n.name == text; });
  });
}

std::size_t Machine::device(std::string_view text) const {
  if (auto const found = find_device(text)) return *found;
  std::string known;
  for (Device const& d : m_state->devices) {
    if (d.is_nic() || d.is_gpu()) known += (known.empty() ? "" : ", ") + d.name + " (" + d.id() + ")";
  }
  throw UsageError("there is no device '" + std::string(text) + "' on " + source() +
                   "; its NICs and GPUs are: " + (known.empty() ? "none" : known));
}

bool Machine::has_pci() const {
  return std::ranges::any_of(m_state->objects, [](Object const& o) { return o.type == ObjectType::pci_device; });
}

std::optional<std::uint64_t> Machine::numa_latency(int from, int to) const {
  auto const& matrix = m_state->numa_latency;
  if (from < 0 || to < 0 || at(from) >= matrix.size() || at(to) >= matrix.size()) return {};
  return matrix[at(from)][at(to)];
}

std::vector<int> Machine::numa_of(CpuSet const& cpus) const {
  std::vector<int> found;
  for (NumaNode const& node : m_state->numa_nodes) {
    if (node.cpus.intersects(cpus)) found.push_back(node.logical_index);
  }
  return found;
}

std::vector<int> Machine::packages_of(CpuSet const& cpus) const {
  std::vector<int> found;
  for (Package const& package : m_state->packages) {
    if (package.cpus.intersects(cpus)) found.push_back(package.logical_index);
  }
  return found;
}

std::vector<int> Machine::cores_of(CpuSet const& cpus) const {
  std::vector<int> found;
  for (Core const& core : m_state->cores) {
    if (core.cpus.intersects(cpus)) found.push_back(core.logical_index);
  }
  return found;
}

int Machine::common_ancestor(int a, int b) const {
  auto const& objects = m_state->objects;
  while (a != b) {
    int& deeper = objects[at(a)].depth >= objects[at(b)].depth ? a : b;
    deeper = objects[at(deeper)].parent;
  }
  return a;
}

int Machine::non_io_ancestor(int object) const {
  auto const& objects = m_state->objects;
  while (objects[at(object)].is_io() || objects[at(object)].type == ObjectType::misc)
    object = objects[at(object)].parent;
  return object;
}

int Machine::covering(CpuSet const& cpus) const {
  CpuSet const own = cpus & m_state->cpus;
  int object = 0;
  for (bool lower = !own.empty(); lower;) {
    lower = false;
    for (int const child : m_state->objects[at(object)].children) {
      if (!m_state->objects[at(child)].cpus.includes(own)) continue;
      object = child;
      lower = true;
      break;
    }
  }
  return object;
}

std::string Machine::xml() const {
  char* buffer = nullptr;
  int size = 0;
  if (hwloc_topology_export_xmlbuffer(native(), &buffer, &size, 0) < 0) {
    throw HwlocError("hwloc_topology_export_xmlbuffer", errno);
  }
  std::string text(buffer, size > 0 ? static_cast<std::size_t>(size - 1) : 0);  // the size includes the final zero
  hwloc_free_xmlbuffer(native(), buffer);
  return text;
}

hwloc_topology* Machine::native() const {
  return m_state->topology.get();
}

}  // namespace kramers::topology
