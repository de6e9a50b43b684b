// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/topology/cpu_set.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kramers::topology {

/// What a device is to a job. `fabric_nic`: an adapter of the network that jobs communicate over; `management_nic`: any
/// other network adapter on PCI; `gpu_partition`: a part of a GPU that the system shows as a device of its own (a
/// partition of an MI300, a tile, a MIG instance); `other`: everything else on PCI, and network interfaces without a
/// PCI device (bonds, VLANs, virtual ones), which are listed but never chosen.
enum class DeviceKind { fabric_nic, management_nic, gpu, gpu_partition, other };

/// The network of an adapter, told by PCI numbers and never by name. `roce`: Ethernet with an RDMA device on a link of
/// at least 10 Gb/s; `other`: an adapter of PCI class 0208 of another maker.
enum class Fabric { none, slingshot, infiniband, omni_path, efa, roce, other, ethernet };

/// State of the port(s) of a network adapter: `active` if one of them is, `unknown` where nothing says.
enum class PortState { active, down, unknown };

/// Who gave an operating system's name to a device.
enum class NameKind { net, openfabrics, cxi, cuda, rsmi, level_zero, nvml, opencl, block, dma, other };

std::string_view name(DeviceKind kind);  ///< "fabric NIC", "management NIC", "GPU", "GPU partition", "other"
/// "none", "Slingshot", "InfiniBand", "Omni-Path", "EFA", "RoCE", "other", "Ethernet"
std::string_view name(Fabric fabric);
std::string_view name(PortState state);  ///< "active", "down", "unknown"
std::string_view name(NameKind kind);    ///< "net", "openfabrics", "cxi", "cuda", "rsmi", "levelzero", ...
/// The fabric of that name, in any case ("slingshot"); nothing for another text.
std::optional<Fabric> fabric_from(std::string_view text);

/// One name that the operating system or a run-time library has for a device.
struct OsName {
  NameKind kind = NameKind::other;
  std::string name;
};

/// A device of the machine, joined from all its names by PCI bus id.
struct Device {
  /// The name for people: that of the network interface, RDMA device or GPU, else the bus id.
  std::string name;
  DeviceKind kind = DeviceKind::other;
  Fabric fabric = Fabric::none;
  PortState state = PortState::unknown;
  /// PCI address, "0000:d5:00.0", lower case; "" where the device has none.
  std::string bus_id;
  /// The bus id without the function: two ports of one card share a slot. "" where the device has none.
  std::string slot;
  unsigned pci_class = 0, vendor = 0, device = 0;
  /// Number of the partition on its GPU, from 0; -1 for a device that is no partition.
  int partition = -1;
  /// UUID of a GPU or partition as its run-time library writes it; "" where unknown.
  std::string uuid;
  /// Model of a GPU; "" where unknown.
  std::string model;
  /// All names, sorted by kind and then as people count: cuda2 before cuda10.
  std::vector<OsName> names;
  /// PCI link speed in GB/s; 0 where unknown.
  double link_speed = 0;
  /// Speed of the network port in Gb/s; 0 where unknown.
  double port_speed = 0;
  /// Hardware threads and NUMA nodes (by operating system's numbers) nearest to the device: those of its anchor. Empty
  /// where the view of the machine was restricted to others.
  CpuSet cpus, nodes;
  /// Index in Machine::objects() of the PCI device, or of the name for a device without one.
  int object = -1;
  /// Index of the nearest object above it that is no I/O object.
  int anchor = -1;
  /// Does the firmware say where the device hangs? False if its anchor is the whole of a machine that has parts.
  bool anchored = false;

  bool is_gpu() const { return kind == DeviceKind::gpu || kind == DeviceKind::gpu_partition; }
  bool is_nic() const { return kind == DeviceKind::fabric_nic || kind == DeviceKind::management_nic; }
  /// The first name of that kind; "" where there is none.
  std::string os_name(NameKind kind) const;
  /// Bus id, with "/p" and the number for a partition; the name for a device without a bus id. Unique in a machine.
  std::string id() const;
};

}  // namespace kramers::topology
