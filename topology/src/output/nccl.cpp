// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/topology/environment.hpp>
#include <kramers/topology/error.hpp>
#include <kramers/topology/nccl.hpp>

#include <hwloc.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

#include "common/text_utils.hpp"
#include "common/xml_escape.hpp"

namespace kramers::topology {

namespace {

std::string hexadecimal(unsigned value, int digits) {
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "0x%0*x", digits, value);
  return text.data();
}

struct Link {
  double lane;  // GT/s
  unsigned width;
};

/// The generation and width whose bandwidth is the one told. Bandwidth is all that NCCL computes from them.
Link link_of(double gigabytes) {
  Link best{2.5, 1};
  double nearest = 1e30;
  for (unsigned const width : {16U, 12U, 8U, 4U, 2U, 1U}) {
    for (double const lane : {2.5, 5.0, 8.0, 16.0, 32.0, 64.0}) {
      double const coding = lane <= 5 ? 0.8 : 128.0 / 130.0;
      double const off = std::abs(std::log(lane * coding * width / 8 / gigabytes));
      if (off + 1e-3 < nearest) {
        nearest = off;
        best = {lane, width};
      }
    }
  }
  return best;
}

class Writer {
 public:
  explicit Writer(Machine const& machine)
      : m_machine(machine), m_wanted(machine.objects().size()), m_written(machine.objects().size()) {}

  std::string write() {
    for (Device const& device : m_machine.devices()) {
      bool const told = device.is_gpu() || device.kind == DeviceKind::fabric_nic;
      if (!told || device.object < 0) continue;
      for (int object = device.object; object >= 0; object = parent(object)) mark(m_wanted, object);
    }
    // RCCL has a version of its own of the format.
    bool const amd = !numbered_gpus(m_machine, Vendor::amd).empty();
    m_text = "<system version=\"" + std::string(amd ? "2" : "1") + "\">\n";
    std::vector<Domain> domains(m_machine.domains().begin(), m_machine.domains().end());
    for (std::size_t i = 0; i < domains.size(); ++i) cpu(domains[i], i + 1 == domains.size());
    return m_text + "</system>\n";
  }

 private:
  Object const& object(int index) const { return m_machine.objects()[static_cast<std::size_t>(index)]; }
  int parent(int index) const { return object(index).parent; }
  static void mark(std::vector<bool>& flags, int index) { flags[static_cast<std::size_t>(index)] = true; }
  bool marked(std::vector<bool> const& flags, int index) const { return flags[static_cast<std::size_t>(index)]; }

  void cpu(Domain const& domain, bool last) {
    NumaNode const& node = m_machine.numa_nodes()[static_cast<std::size_t>(domain.numa.front())];
    m_text += "  <cpu numaid=\"" + std::to_string(node.os_index) + "\" affinity=\"" + affinity(domain.cpus) + "\"" +
              cpu_model() + ">\n";
    for (std::size_t i = 0; i < m_machine.objects().size(); ++i) {
      auto const index = static_cast<int>(i);
      if (object(index).type != ObjectType::host_bridge && !hangs_loose(index)) continue;
      if (!m_wanted[i] || m_written[i]) continue;
      CpuSet const& cpus = object(m_machine.non_io_ancestor(index)).cpus;
      // What no domain holds, since its CPUs are not in this view, goes to the last.
      if (!cpus.intersects(domain.cpus) && !last) continue;
      mark(m_written, index);
      if (object(index).type == ObjectType::host_bridge) {
        for (int const child : object(index).io_children) pci(child, 4);
      } else {
        pci(index, 4);
      }
    }
    m_text += "  </cpu>\n";
  }

  /// A PCI device that stands below no host bridge.
  bool hangs_loose(int index) const {
    Object const& here = object(index);
    bool const pci = here.type == ObjectType::pci_device || here.type == ObjectType::bridge;
    return pci && here.parent >= 0 && !object(here.parent).is_io();
  }

  void pci(int index, std::size_t indent) {
    Object const& here = object(index);
    bool const known = here.type == ObjectType::pci_device || here.type == ObjectType::bridge;
    if (!known || !marked(m_wanted, index)) return;
    m_text += std::string(indent, ' ') + "<pci busid=\"" + here.bus_id + "\" class=\"" +
              hexadecimal(here.pci_class << 8U, 6) + "\" vendor=\"" + hexadecimal(here.vendor, 4) + "\" device=\"" +
              hexadecimal(here.device, 4) + "\"";
    if (here.link_speed > 0) {
      Link const link = link_of(here.link_speed);
      std::array<char, 32> lane{};
      std::snprintf(lane.data(), lane.size(), "%.1f", link.lane);
      m_text += " link_speed=\"" + std::string(lane.data()) + " GT/s PCIe\" link_width=\"" +
                std::to_string(link.width) + "\"";
    }
    std::vector<int> children;
    std::copy_if(here.io_children.begin(), here.io_children.end(), std::back_inserter(children), [this](int child) {
      ObjectType const type = object(child).type;
      return (type == ObjectType::pci_device || type == ObjectType::bridge) && marked(m_wanted, child);
    });
    if (children.empty()) {
      m_text += "/>\n";
      return;
    }
    m_text += ">\n";
    for (int const child : children) pci(child, indent + 2);
    m_text += std::string(indent, ' ') + "</pci>\n";
  }

  /// A mask with a comma every 32 bits, as in local_cpus of sysfs.
  static std::string affinity(CpuSet const& cpus) {
    std::string digits = cpus.to_mask().substr(2);
    digits.insert(0, (8 - digits.size() % 8) % 8, '0');
    std::string text;
    for (std::size_t i = 0; i < digits.size(); i += 8) text += (i > 0 ? "," : "") + digits.substr(i, 8);
    return text;
  }

  /// What hwloc noted of the processor. NCCL itself finds out what is left away here.
  std::string cpu_model() const {
    hwloc_obj_t const package = hwloc_get_obj_by_type(m_machine.native(), HWLOC_OBJ_PACKAGE, 0);
    auto const noted = [package](char const* key) -> std::string {
      char const* const text = package == nullptr ? nullptr : hwloc_obj_get_info_by_name(package, key);
      return text == nullptr ? "" : text;
    };
    std::string const arch = m_machine.info("Architecture");
    std::string text;
    auto const add = [&text](char const* key, std::string const& value) {
      if (!value.empty()) text += std::string(" ") + key + "=\"" + detail::escaped(value) + "\"";
    };
    add("arch", arch == "ppc64le" ? "ppc64" : (arch == "aarch64" ? "arm64" : arch));
    add("vendor", noted("CPUVendor"));
    add("familyid", noted("CPUFamilyNumber"));
    add("modelid", noted("CPUModelNumber"));
    return text;
  }

  Machine const& m_machine;
  std::vector<bool> m_wanted, m_written;
  std::string m_text;
};

}  // namespace

std::string nccl_topology(Machine const& machine) {
  if (!machine.has_pci() || machine.domains().empty()) {
    throw UsageError(machine.source() +
                     " holds no PCI device, so there is nothing to tell NCCL: write the description outside the "
                     "container, with lstopo node.xml, and give it as --xml node.xml");
  }
  return Writer(machine).write();
}

}  // namespace kramers::topology
