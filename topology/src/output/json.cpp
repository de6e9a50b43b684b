// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/topology/json.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

#include "common/text_utils.hpp"

namespace kramers::topology {

namespace {

using nlohmann::json;

json name_or_null(Machine const& machine, std::optional<std::size_t> device) {
  return device ? json(machine.devices()[*device].name) : json(nullptr);
}

json bus_or_null(Machine const& machine, std::optional<std::size_t> device) {
  return device ? json(machine.devices()[*device].id()) : json(nullptr);
}

json distance_json(std::optional<Distance> const& distance) {
  if (!distance) return nullptr;
  json result = {{"locality", name(distance->locality)},
                 {"hops_cpu", distance->hops_cpu},
                 {"hops_pci", distance->hops_pci},
                 {"reason", distance->reason}};
  if (distance->numa_latency) result["numa_latency"] = *distance->numa_latency;
  return result;
}

json device_json(Machine const& machine, Device const& device) {
  json names = json::object();
  for (OsName const& os : device.names) names[std::string(name(os.kind))].push_back(os.name);
  json numa = json::array();
  for (unsigned const node : device.nodes.members()) numa.push_back(node);
  json result = {{"name", device.name},     {"kind", name(device.kind)},
                 {"bus_id", device.bus_id}, {"id", device.id()},
                 {"names", names},          {"cpus", device.cpus.to_list()},
                 {"numa_os", numa},         {"anchored", device.anchored},
                 {"vendor", device.vendor}, {"device", device.device}};
  if (device.is_nic()) {
    result["fabric"] = name(device.fabric);
    result["port"] = name(device.state);
  }
  if (device.link_speed > 0) result["link_GB_per_s"] = device.link_speed;
  if (device.port_speed > 0) result["port_Gb_per_s"] = device.port_speed;
  if (device.partition >= 0) result["partition"] = device.partition;
  if (!device.uuid.empty()) result["uuid"] = device.uuid;
  if (!device.model.empty()) result["model"] = device.model;
  if (device.object >= 0) result["link"] = name(machine.objects()[static_cast<std::size_t>(device.object)].type);
  return result;
}

json rank_json(Machine const& machine, RankReport const& rank) {
  json nearest = json::array();
  for (std::size_t const nic : rank.nearest_nics) nearest.push_back(machine.devices()[nic].name);
  return {{"rank", rank.rank},
          {"cpus", rank.cpus.to_list()},
          {"cores", rank.cores},
          {"numa", rank.numa},
          {"gpu", name_or_null(machine, rank.gpu)},
          {"gpu_bus_id", bus_or_null(machine, rank.gpu)},
          {"gpu_from", rank.gpu_from},
          {"gpu_distance", distance_json(rank.gpu_distance)},
          {"nic", name_or_null(machine, rank.nic)},
          {"nic_bus_id", bus_or_null(machine, rank.nic)},
          {"nic_from", rank.nic_from},
          {"nic_distance", distance_json(rank.nic_distance)},
          {"nearest_nics", nearest}};
}

}  // namespace

json json_document(std::string const& kind) {
  return {{"schema", json_schema}, {"kind", kind}};
}

json to_json(Machine const& machine) {
  json packages = json::array(), numa = json::array(), cores = json::array(), devices = json::array();
  for (Package const& package : machine.packages()) {
    packages.push_back({{"package", package.logical_index}, {"cpus", package.cpus.to_list()}});
  }
  for (NumaNode const& node : machine.numa_nodes()) {
    numa.push_back({{"numa", node.logical_index},
                    {"os_index", node.os_index},
                    {"package", node.package},
                    {"cpus", node.cpus.to_list()},
                    {"bytes", node.bytes},
                    {"high_bandwidth", node.high_bandwidth}});
  }
  for (Core const& core : machine.cores()) cores.push_back({{"core", core.logical_index}, {"threads", core.pus}});
  for (Device const& device : machine.devices()) {
    if (device.is_gpu() || device.is_nic()) devices.push_back(device_json(machine, device));
  }
  return {{"source", machine.source()},
          {"host", machine.info("HostName")},
          {"product", machine.info("DMIProductName")},
          {"cpus", machine.cpus().to_list()},
          {"fabric", name(machine.fabric())},
          {"has_pci", machine.has_pci()},
          {"packages", packages},
          {"numa_nodes", numa},
          {"cores", cores},
          {"devices", devices}};
}

json to_json(Machine const& machine, Plan const& plan) {
  json assignments = json::array(), notes = json::array();
  for (Assignment const& rank : plan.assignments) {
    json equal = json::array();
    for (std::size_t const nic : rank.equal_nics) equal.push_back(machine.devices()[nic].name);
    assignments.push_back({{"rank", rank.rank},
                           {"cpus", rank.cpus.to_list()},
                           {"cores", machine.cores_of(rank.cpus)},
                           {"numa", rank.numa},
                           {"gpu", name_or_null(machine, rank.gpu)},
                           {"gpu_bus_id", bus_or_null(machine, rank.gpu)},
                           {"gpu_distance", distance_json(rank.gpu_distance)},
                           {"nic", name_or_null(machine, rank.nic)},
                           {"nic_bus_id", bus_or_null(machine, rank.nic)},
                           {"nic_distance", distance_json(rank.nic_distance)},
                           {"equally_near_nics", equal},
                           {"gpu_to_nic", rank.gpu_nic ? json(name(rank.gpu_nic->pair)) : json(nullptr)},
                           {"forced_far", rank.forced_far},
                           {"why", rank.why}});
  }
  for (PlanNote const& note : plan.notes) notes.push_back({{"code", note.code}, {"text", note.text}});
  return {{"policy", name(plan.policy)}, {"assignments", assignments}, {"notes", notes}};
}

json to_json(Machine const& machine, Report const& report) {
  json ranks = json::array(), findings = json::array();
  for (RankReport const& rank : report.ranks) ranks.push_back(rank_json(machine, rank));
  for (Finding const& finding : report.findings) {
    findings.push_back({{"code", finding.code},
                        {"severity", name(finding.severity)},
                        {"ranks", finding.ranks},
                        {"what", finding.what},
                        {"fix", finding.fix}});
  }
  auto const worst = report.worst();
  return {{"verdict", worst && *worst != Severity::note ? json(name(*worst)) : json("fine")},
          {"ranks", ranks},
          {"findings", findings},
          {"unknown", report.unknown}};
}

json to_json(Machine const& machine, Report const& report, int rank) {
  auto const found =
      std::find_if(report.ranks.begin(), report.ranks.end(), [rank](RankReport const& r) { return r.rank == rank; });
  if (found == report.ranks.end()) return nullptr;
  json result = rank_json(machine, *found);
  json codes = json::array();
  for (Finding const& finding : report.findings) {
    if (std::find(finding.ranks.begin(), finding.ranks.end(), rank) != finding.ranks.end())
      codes.push_back(finding.code);
  }
  result["findings"] = codes;
  return result;
}

json to_json(Environment const& environment) {
  json variables = json::array();
  for (Variable const& variable : environment.variables) {
    variables.push_back({{"rank", variable.rank ? json(*variable.rank) : json(nullptr)},
                         {"name", variable.name},
                         {"value", variable.value},
                         {"why", variable.why}});
  }
  return {{"target", name(environment.target)}, {"ranks", environment.ranks}, {"variables", variables},
          {"launcher", environment.launcher},   {"file", environment.file},   {"notes", environment.notes}};
}

json to_json(Binding const& binding) {
  json result = {{"rank", binding.rank},
                 {"cpus", binding.cpus.to_list()},
                 {"mems", binding.mems.to_list()},
                 {"memory", {{"mode", name(binding.memory)}, {"nodes", binding.memory_nodes.to_list()}}},
                 {"environment", binding.environment},
                 {"gpus_hidden", binding.gpus_hidden}};
  if (!binding.gpu.empty()) result["gpu"] = binding.gpu;
  if (!binding.nic.empty()) result["nic"] = binding.nic;
  return result;
}

json to_json(std::vector<Difference> const& differences) {
  json all = json::array();
  for (Difference const& one : differences)
    all.push_back({{"what", one.what}, {"first", one.first}, {"second", one.second}});
  return all;
}

json distances_json(Machine const& machine) {
  json localities = json::array(), pairs = json::array();
  std::vector<std::size_t> nics = machine.fabric_nics();
  std::vector<std::size_t> const others = machine.management_nics();
  nics.insert(nics.end(), others.begin(), others.end());
  for (std::size_t const nic : nics) {
    Device const& device = machine.devices()[nic];
    for (Domain const& domain : machine.domains()) {
      json entry = distance_json(distance(machine, device, domain.cpus));
      entry["nic"] = device.name;
      entry["numa"] = domain.numa;
      localities.push_back(entry);
    }
    for (std::size_t const gpu : machine.gpus()) {
      Pair const pair = pair_of(machine, machine.devices()[gpu], device);
      pairs.push_back({{"nic", device.name},
                       {"gpu", machine.devices()[gpu].name},
                       {"class", name(pair.pair)},
                       {"hops", pair.hops},
                       {"reason", pair.reason}});
    }
  }
  return {{"locality", localities}, {"pairs", pairs}};
}

}  // namespace kramers::topology
