// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/text.hpp>
#include <kramers/topology/render.hpp>

#include <algorithm>
#include <map>

#include "common/text_utils.hpp"
#include "output/table.hpp"

namespace kramers::topology {

namespace {

using detail::Cell;
using detail::Table;
using detail::Tone;
using detail::toned;

Tone tone_of(Severity severity) {
  if (severity == Severity::wrong) return Tone::bad;
  return severity == Severity::warning ? Tone::warn : Tone::faint;
}

Tone tone_of(Locality locality) {
  if (locality <= Locality::numa) return Tone::good;
  return locality == Locality::remote ? Tone::bad : Tone::warn;
}

std::string code_and_text(std::string const& code, Tone tone, std::string const& text, TextStyle style) {
  return "  " + toned(code, tone, style.colour) + "  " + detail::wrapped(text, code.size() + 4) + "\n";
}

Cell device_cell(Machine const& machine, std::optional<std::size_t> device, std::optional<Distance> const& distance) {
  if (!device) return {"-", Tone::faint};
  std::string text = machine.devices()[*device].name;
  if (!distance) return {text};
  return {text + " (" + std::string(name(distance->locality)) + ")", tone_of(distance->locality)};
}

}  // namespace

std::string plan_text(Machine const& machine, Plan const& plan, TextStyle style) {
  bool const gpus = !machine.gpus().empty();
  std::vector<std::string> head{"rank", "cores", "hardware threads", "NUMA", "GPU", "NIC"};
  if (gpus) head.emplace_back("GPU to NIC");
  Table table(head, {0});
  for (Assignment const& rank : plan.assignments) {
    std::vector<Cell> row{std::to_string(rank.rank),
                          detail::shortened(detail::set_of(machine.cores_of(rank.cpus)).to_list(), 15),
                          detail::shortened(rank.cpus.to_list(), 20),
                          detail::set_of(rank.numa).to_list(),
                          device_cell(machine, rank.gpu, rank.gpu_distance),
                          device_cell(machine, rank.nic, rank.nic_distance)};
    if (gpus) row.emplace_back(rank.gpu_nic ? std::string(name(rank.gpu_nic->pair)) : "");
    table.add(row);
  }
  std::string text = toned(detail::count(plan.assignments.size(), "rank") + ", " + std::string(name(plan.policy)),
                           Tone::strong, style.colour) +
                     "\n" + table.text(0, style.colour) + "\n" + toned("Why", Tone::strong, style.colour) + "\n";
  for (Assignment const& rank : plan.assignments) {
    std::string const label = "rank " + std::to_string(rank.rank);
    text += code_and_text(label, rank.forced_far ? Tone::warn : Tone::plain, rank.why, style);
  }
  if (!plan.notes.empty()) text += "\n" + toned("To know", Tone::strong, style.colour) + "\n";
  for (PlanNote const& note : plan.notes) text += code_and_text(note.code, Tone::warn, note.text, style);
  return text;
}

std::string report_text(Machine const& machine, Report const& report, TextStyle style) {
  Table table({"rank", "cores", "hardware threads", "NUMA", "GPU", "NIC", "nearest NIC"}, {0});
  for (RankReport const& rank : report.ranks) {
    table.add(
        {std::to_string(rank.rank), detail::shortened(detail::set_of(rank.cores).to_list(), 15),
         detail::shortened(rank.cpus.to_list(), 20), detail::set_of(rank.numa).to_list(),
         device_cell(machine, rank.gpu, rank.gpu_distance), device_cell(machine, rank.nic, rank.nic_distance),
         rank.nearest_nics.empty() ? Cell("-", Tone::faint) : Cell(machine.devices()[rank.nearest_nics.front()].name)});
  }
  std::string text = table.text(0, style.colour) + "\n";
  auto const counted = [&](Severity severity) {
    return std::count_if(report.findings.begin(), report.findings.end(),
                         [&](Finding const& f) { return f.severity == severity; });
  };
  auto const wrong = static_cast<std::size_t>(counted(Severity::wrong));
  auto const warnings = static_cast<std::size_t>(counted(Severity::warning));
  if (wrong + warnings == 0) {
    text += toned("fine", Tone::good, style.colour) + ": nothing to mend\n";
  } else {
    text += toned(wrong > 0 ? "wrong binding" : "warnings", wrong > 0 ? Tone::bad : Tone::warn, style.colour) + ": " +
            detail::count(wrong, "thing") + " to mend, " + detail::count(warnings, "warning") + "\n";
  }
  for (Finding const& finding : report.findings) {
    text += code_and_text(finding.code, tone_of(finding.severity), finding.what, style);
    std::size_t const indent = finding.code.size() + 4;
    text += std::string(indent, ' ') + toned("do: ", Tone::strong, style.colour) +
            detail::wrapped(finding.fix, indent + 4) + "\n";
  }
  if (!report.unknown.empty()) text += toned("not known", Tone::strong, style.colour) + "\n";
  for (std::string const& sentence : report.unknown) text += "  " + detail::wrapped(sentence, 2) + "\n";
  return text;
}

std::string distance_text(Machine const& machine, TextStyle style) {
  std::vector<std::size_t> const nics = [&] {
    std::vector<std::size_t> all = machine.fabric_nics();
    std::vector<std::size_t> const others = machine.management_nics();
    all.insert(all.end(), others.begin(), others.end());
    return all;
  }();
  std::string text;
  if (nics.empty()) text = machine.has_pci() ? "The node has no NIC.\n" : "The description holds no PCI device.\n";
  // As many NICs side by side as a line holds.
  constexpr std::size_t columns = 6;
  for (std::size_t begin = 0; begin < nics.size(); begin += columns) {
    std::size_t const end = std::min(begin + columns, nics.size());
    std::vector<std::string> head{"cores"}, states{""};
    for (std::size_t i = begin; i < end; ++i) head.push_back(machine.devices()[nics[i]].name);
    Table near(head), paths(head);
    std::vector<Cell> kinds{Cell("")};
    for (std::size_t i = begin; i < end; ++i) {
      Device const& nic = machine.devices()[nics[i]];
      bool const fabric = nic.kind == DeviceKind::fabric_nic;
      bool const down = nic.state == PortState::down;
      kinds.emplace_back((fabric ? std::string(name(nic.fabric)) : "management") + (down ? ", down" : ""),
                         down ? Tone::bad : (fabric ? Tone::plain : Tone::faint));
    }
    near.add(kinds);
    for (std::size_t d = 0; d < machine.domains().size(); ++d) {
      Domain const& domain = machine.domains()[d];
      std::vector<Cell> row{"NUMA " + detail::set_of(domain.numa).to_list()};
      for (std::size_t i = begin; i < end; ++i) {
        Distance const there = distance(machine, machine.devices()[nics[i]], domain.cpus);
        std::string label(name(there.locality));
        if (there.numa_latency && there.locality > Locality::numa) label += " " + std::to_string(*there.numa_latency);
        row.emplace_back(label, tone_of(there.locality));
      }
      near.add(row);
    }
    text += near.text(0, style.colour) + "\n";
    for (std::size_t const gpu : machine.gpus()) {
      std::vector<Cell> row{machine.devices()[gpu].name};
      for (std::size_t i = begin; i < end; ++i) {
        PairClass const pair = pair_of(machine, machine.devices()[gpu], machine.devices()[nics[i]]).pair;
        row.emplace_back(std::string(name(pair)),
                         pair <= PairClass::phb ? Tone::good : (pair == PairClass::sys ? Tone::bad : Tone::warn));
      }
      paths.add(row);
    }
    if (!paths.empty()) text += paths.text(0, style.colour) + "\n";
  }
  text += detail::wrapped(
              "core group, NUMA: beside the cores; package: another NUMA node of the package; remote: another package; "
              "a number after it: the latency that the firmware tells, 10 being local.",
              0) +
          "\n";
  if (!machine.gpus().empty() && !nics.empty()) {
    text +=
        detail::wrapped(
            "PIX: one PCIe switch at most; PXB: several; PHB: one host bridge; NODE: one NUMA node; SYS: across them.",
            0) +
        "\n";
  }
  return text;
}

std::string distance_from_text(Machine const& machine, CpuSet const& cpus, std::string const& from, TextStyle style) {
  std::vector<std::size_t> order = machine.fabric_nics();
  std::vector<std::size_t> const others = machine.management_nics();
  order.insert(order.end(), others.begin(), others.end());
  std::map<std::size_t, Distance> far;
  for (std::size_t const nic : order) far[nic] = distance(machine, machine.devices()[nic], cpus);
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return far[a] < far[b]; });
  Table table({"NIC", "kind", "distance", "PCI links"}, {3});
  for (std::size_t const nic : order) {
    Device const& device = machine.devices()[nic];
    bool const fabric = device.kind == DeviceKind::fabric_nic;
    bool const down = device.state == PortState::down;
    std::string const kind = fabric ? std::string(name(device.fabric)) : "management";
    table.add({Cell(device.name, fabric ? Tone::strong : Tone::faint),
               Cell(kind + (down ? ", down" : ""), down ? Tone::bad : Tone::plain),
               Cell(std::string(name(far[nic].locality)), tone_of(far[nic].locality)),
               std::to_string(far[nic].hops_pci)});
  }
  // The reasons stand beside the table, broken where they are long.
  std::vector<std::string> const plain = detail::split_lines(table.text(0, false));
  std::vector<std::string> const lines = detail::split_lines(table.text(0, style.colour));
  std::string text =
      "from " + printable(from) + "\n" + lines.front() + "  " + toned("why", Tone::strong, style.colour) + "\n";
  for (std::size_t i = 0; i < order.size(); ++i) {
    std::size_t const indent = plain.front().size() + 2;
    text += lines[i + 1] + std::string(indent - plain[i + 1].size(), ' ') +
            detail::wrapped(far[order[i]].reason, indent) + "\n";
  }
  return text;
}

std::string difference_text(std::vector<Difference> const& differences, TextStyle style) {
  if (differences.empty()) return "alike: nothing that matters for placement differs\n";
  Table table({"what", "first", "second"});
  for (Difference const& one : differences) {
    table.add(
        {one.what, Cell(one.first.empty() ? "-" : one.first), Cell(one.second.empty() ? "-" : one.second, Tone::warn)});
  }
  return table.text(0, style.colour);
}

}  // namespace kramers::topology
