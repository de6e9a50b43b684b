// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/topology/render.hpp>

#include <algorithm>

#include "common/text_utils.hpp"
#include "output/table.hpp"

namespace kramers::topology {

namespace {

using detail::Cell;
using detail::Table;
using detail::Tone;
using detail::toned;

Tone state_tone(Device const& device) {
  if (device.state == PortState::down) return Tone::bad;
  return device.state == PortState::active ? Tone::good : Tone::faint;
}

std::string kind_text(Device const& device) {
  if (device.kind == DeviceKind::fabric_nic) return "NIC " + std::string(name(device.fabric));
  if (device.kind == DeviceKind::management_nic) return "NIC, management";
  return std::string(name(device.kind));
}

std::string other_names(Device const& device) {
  std::vector<std::string> words;
  for (OsName const& name : device.names) {
    bool const told = name.name == device.name || name.kind == NameKind::opencl || name.kind == NameKind::block;
    if (!told) words.push_back(name.name);
  }
  if (device.is_gpu() && !device.model.empty()) words.push_back(device.model);
  return detail::join(words, " ");
}

/// Devices whose CPUs are exactly shared by these NUMA nodes; one line each.
std::string device_lines(std::vector<Device const*> const& devices, std::size_t indent, TextStyle style) {
  Table table({"", "", "", "", "", ""});
  for (Device const* device : devices) {
    bool const first_class = device->kind != DeviceKind::management_nic;
    std::string speed = detail::speed_text(device->link_speed);
    if (device->port_speed > 0)
      speed += (speed.empty() ? "" : ", ") + std::to_string(static_cast<int>(device->port_speed)) + " Gb/s";
    Cell state;
    if (device->is_nic() && device->state != PortState::unknown)
      state = Cell(std::string(name(device->state)), state_tone(*device));
    table.add({Cell(kind_text(*device), first_class ? Tone::plain : Tone::faint),
               Cell(device->name, first_class ? Tone::strong : Tone::faint), device->bus_id, state, speed,
               Cell(detail::cut(other_names(*device), 32), Tone::faint)});
  }
  return table.text(indent, style.colour);
}

}  // namespace

std::string tree_text(Machine const& machine, TextStyle style) {
  std::size_t threads = machine.cpus().size();
  std::string title = machine.info("HostName");
  std::string const product = machine.info("DMIProductName");
  if (title.empty()) title = machine.source();
  if (!product.empty()) title += ", " + product;
  std::string text =
      toned(title, Tone::strong, style.colour) + "\n" + detail::count(machine.packages().size(), "package") + ", " +
      detail::count(machine.numa_nodes().size(), "NUMA node") + ", " + detail::count(machine.cores().size(), "core") +
      ", " + detail::count(threads, "hardware thread") + ", " + detail::count(machine.gpus().size(), "GPU") + ", " +
      detail::count(machine.fabric_nics().size(), "fabric NIC") +
      (machine.fabric_nics().empty() ? "" : " (" + std::string(name(machine.fabric())) + ")") + "\n";
  std::vector<Device const*> left;
  for (Device const& device : machine.devices()) {
    if (device.is_gpu() || device.is_nic()) left.push_back(&device);
  }
  // A device is told below the first thing that holds it: NUMA domain, package, machine.
  auto const take = [&left](auto const& holds) {
    std::vector<Device const*> found;
    std::copy_if(left.begin(), left.end(), std::back_inserter(found), [&](Device const* d) { return holds(*d); });
    left.erase(std::remove_if(left.begin(), left.end(), [&](Device const* d) { return holds(*d); }), left.end());
    return found;
  };
  auto const domain_lines = [&](Domain const& domain, std::size_t indent) {
    std::vector<std::string> memory;
    CpuSet numbers;
    for (int const index : domain.numa) {
      NumaNode const& node = machine.numa_nodes()[static_cast<std::size_t>(index)];
      numbers.insert(node.os_index);
      memory.push_back(detail::bytes_text(node.bytes) + (node.high_bandwidth ? " HBM" : ""));
    }
    std::string const logical = detail::set_of(domain.numa).to_list();
    text += std::string(indent, ' ') + toned("NUMA " + logical, Tone::strong, style.colour) + "  " +
            (numbers.to_list() == logical ? "" : "(numbered " + numbers.to_list() + ") ") +
            detail::join(memory, " + ") + ", cores " + detail::shortened(detail::set_of(domain.cores).to_list(), 20) +
            ", hardware threads " + detail::shortened(domain.cpus.to_list(), 28) + "\n";
    text += device_lines(take([&](Device const& d) { return d.anchored && domain.cpus.includes(d.cpus); }), indent + 2,
                         style);
  };
  for (Package const& package : machine.packages()) {
    text += toned("Package " + std::to_string(package.logical_index), Tone::strong, style.colour) + "\n";
    for (Domain const& domain : machine.domains()) {
      if (domain.package == package.logical_index) domain_lines(domain, 2);
    }
    std::vector<Device const*> const shared =
        take([&](Device const& d) { return d.anchored && package.cpus.includes(d.cpus); });
    if (!shared.empty()) text += "  at the package\n" + device_lines(shared, 4, style);
  }
  for (Domain const& domain : machine.domains()) {
    if (domain.package < 0) domain_lines(domain, 0);
  }
  for (NumaNode const& node : machine.numa_nodes()) {
    if (node.cpus.empty()) {
      text += toned("NUMA " + std::to_string(node.logical_index), Tone::strong, style.colour) + "  " +
              detail::bytes_text(node.bytes) + ", without cores\n";
    }
  }
  if (!left.empty()) text += "no place told by the firmware, or outside this view\n" + device_lines(left, 2, style);
  if (!machine.has_pci()) text += "The description holds no PCI device: NICs and GPUs are not known.\n";
  return text;
}

}  // namespace kramers::topology
