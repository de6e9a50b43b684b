// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "commands.hpp"

#include <kramers/base/error.hpp>
#include <kramers/base/exit_code.hpp>
#include <kramers/base/file.hpp>
#include <kramers/base/text.hpp>
#include <kramers/topology/environment.hpp>
#include <kramers/topology/error.hpp>
#include <kramers/topology/json.hpp>
#include <kramers/topology/nccl.hpp>
#include <kramers/topology/process.hpp>
#include <kramers/topology/render.hpp>
#include <kramers/topology/svg.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>
#include <iostream>
#include <iterator>
#include <utility>

namespace kramers::topology::cli {

namespace {

using nlohmann::json;

void print(json const& document) {
  // Names out of a foreign file may be no UTF-8.
  std::cout << document.dump(2, ' ', false, json::error_handler_t::replace) << '\n';
}

/// Throw, before the machine is read, unless these files can be written.
void require_outputs(Options const& options, std::vector<std::filesystem::path> const& written, char const* role) {
  std::vector<NamedFile> files;
  if (!options.xml.empty()) files.push_back({"--xml", options.xml, FileUse::reads});
  if (!options.map.empty()) files.push_back({"--map", options.map, FileUse::reads});
  for (auto const& path : written) files.push_back({role, path, FileUse::writes});
  for (std::string const& note : require_usable(files)) {
    std::cerr << "kramers-topo: warning: " << printable(note) << '\n';
  }
}

TextStyle style() {
  return {.colour = coloured()};
}

std::string title_of(Machine const& machine) {
  std::string title = machine.info("HostName");
  if (title.empty()) title = std::filesystem::path(machine.source()).stem().string();
  std::string const product = machine.info("DMIProductName");
  return product.empty() ? title : title + ", " + product;
}

int number_after(std::string const& text, std::size_t prefix) {
  int value = -1;
  char const* const end = text.data() + text.size();
  auto const [stop, error] = std::from_chars(text.data() + prefix, end, value);
  return error == std::errc() && stop == end ? value : -1;
}

/// What --from names.
struct From {
  CpuSet cpus;
  int core = -1;
};

From from_of(Machine const& machine, std::string const& text) {
  if (text.starts_with("core:")) {
    int const core = number_after(text, 5);
    if (core < 0 || core >= static_cast<int>(machine.cores().size())) {
      reject_option("--from", text, "core:N, where the cores are 0 to " + std::to_string(machine.cores().size() - 1));
    }
    return {machine.cores()[static_cast<std::size_t>(core)].cpus, core};
  }
  if (text.starts_with("numa:")) {
    for (NumaNode const& node : machine.numa_nodes()) {
      if (node.logical_index == number_after(text, 5)) return {node.cpus, -1};
    }
    reject_option("--from", text, "a NUMA node that kramers-topo tree lists");
  }
  if (text.starts_with("cpus:")) {
    CpuSet const cpus = CpuSet::from_list(text.substr(5));
    if (!machine.cpus().includes(cpus)) {
      reject_option("--from", text, "some of the hardware threads " + machine.cpus().to_list());
    }
    return {cpus, -1};
  }
  return {machine.devices()[machine.device(text)].cpus, -1};
}

}  // namespace

int tree_command(Options const& options) {
  if (!options.svg.empty()) require_outputs(options, {options.svg}, "--svg");
  Machine const machine = machine_of(options);
  if (!options.svg.empty()) {
    std::optional<Plan> chosen;
    if (options.ranks) chosen = plan(machine, request_of(options, *options.ranks));
    write_text_atomically(options.svg, svg(machine, title_of(machine), chosen));
  } else if (options.json) {
    json document = json_document("tree");
    document["machine"] = to_json(machine);
    print(document);
  } else {
    std::cout << tree_text(machine, style());
  }
  return exit_code::success;
}

int distance_command(Options const& options) {
  bool const historic = options.metric == "hops" || options.metric == "legacy";
  if (!historic && options.metric != "class") reject_option("--metric", options.metric, "class, hops or legacy");
  if (historic && !options.from.starts_with("core:"))
    throw UsageError("--metric " + options.metric + " needs --from core:N");
  Machine const machine = machine_of(options);
  json document = json_document("distance");
  if (options.from.empty()) {
    document.update(distances_json(machine));
    if (options.json) print(document);
    if (!options.json) std::cout << distance_text(machine, style());
    return exit_code::success;
  }
  From const from = from_of(machine, options.from);
  if (!historic && !options.json) {
    std::cout << distance_from_text(machine, from.cpus, options.from, style());
    return exit_code::success;
  }
  std::vector<std::size_t> nics = machine.fabric_nics();
  std::vector<std::size_t> const others = machine.management_nics();
  nics.insert(nics.end(), others.begin(), others.end());
  document["from"] = options.from;
  document["metric"] = options.metric;
  json& list = document["nics"] = json::array();
  for (std::size_t const nic : nics) {
    Device const& device = machine.devices()[nic];
    json entry = {{"nic", device.name}, {"bus_id", device.bus_id}};
    if (!historic) {
      Distance const far = distance(machine, device, from.cpus);
      entry.update({{"locality", name(far.locality)},
                    {"hops_cpu", far.hops_cpu},
                    {"hops_pci", far.hops_pci},
                    {"reason", far.reason}});
    } else if (options.metric == "hops") {
      Object const& core =
          machine.objects()[static_cast<std::size_t>(machine.cores()[static_cast<std::size_t>(from.core)].object)];
      entry["hops"] = hops(
          machine, device.object,
          core.children.empty() ? machine.cores()[static_cast<std::size_t>(from.core)].object : core.children.front());
    } else {
      entry["steps"] = legacy_steps(machine, device.object, from.core);
    }
    list.push_back(entry);
  }
  if (options.json) {
    print(document);
  } else {
    std::cout << "for comparison with published numbers only: this metric prefers wrong NICs on real nodes\n";
    for (json const& entry : list) {
      std::cout << printable(entry["nic"].get<std::string>()) << "  "
                << entry[options.metric == "hops" ? "hops" : "steps"] << '\n';
    }
  }
  return exit_code::success;
}

int plan_command(Options const& options) {
  Machine const machine = machine_of(options);
  Plan const chosen = plan(machine, request_of(options, *options.ranks));
  if (options.json) {
    json document = json_document("plan");
    document.update(to_json(machine, chosen));
    print(document);
  } else {
    std::cout << plan_text(machine, chosen, style());
  }
  return exit_code::success;
}

namespace {

/// The settings for a target; where there are none, a note that says so, so that one script serves all nodes.
Environment settings_for(Machine const& machine, Plan const& plan, Target target, bool strict) {
  try {
    return environment(machine, plan, target);
  } catch (NothingToSet const& nothing) {
    if (strict) throw;
    Environment none;
    none.target = target;
    none.ranks = static_cast<int>(plan.assignments.size());
    none.notes = {nothing.what()};
    return none;
  }
}

}  // namespace

int env_command(Options const& options) {
  std::vector<Target> targets;
  for (std::string const& word : options.targets) {
    if (word == "all") {
      // What launchers read comes before the ranks, and is no shell for these.
      std::ranges::copy_if(kramers::topology::targets(), std::back_inserter(targets),
                           [](Target target) { return target != Target::slurm && target != Target::ompi; });
      continue;
    }
    auto const target = target_from(word);
    if (!target) reject_option("--for", word, "a target that kramers-topo env --help lists");
    targets.push_back(*target);
  }
  Machine const machine = machine_of(options);
  Plan const chosen = plan(machine, request_of(options, *options.ranks));
  json document = json_document("env");
  std::string text;
  for (Target const target : targets) {
    Environment const settings = settings_for(machine, chosen, target, options.strict);
    if (options.json) document["targets"].push_back(to_json(settings));
    text += shell_lines(settings, options.rank);
  }
  if (options.json) {
    print(document);
  } else {
    std::cout << text;
  }
  return exit_code::success;
}

int snapshot_command(Options const& options) {
  std::string const xml_file = options.output + ".xml", json_file = options.output + ".json";
  require_outputs(options, {xml_file, json_file}, "--output");
  Machine const machine = machine_of(options);
  json document = json_document("snapshot");
  document["machine"] = to_json(machine);
  if (machine.is_this_system()) {
    document["bindings"] = json::array({to_json(this_binding())});
    if (auto const rank = local_rank())
      document["local_rank"] = {{"rank", rank->rank}, {"size", rank->size}, {"from", rank->from}};
  }
  write_text_atomically(xml_file, machine.xml());
  write_text_atomically(json_file, document.dump(2, ' ', false, json::error_handler_t::replace) + "\n");
  std::cout << printable(xml_file) << '\n' << printable(json_file) << '\n';
  return exit_code::success;
}

int diff_command(Options const& options) {
  Machine const first = Machine::load(Source::file(options.first));
  Machine const second = Machine::load(options.second.empty() ? Source::this_system() : Source::file(options.second));
  std::vector<Difference> const found = differences(first, second);
  if (options.json) {
    json document = json_document("diff");
    document["first"] = first.source();
    document["second"] = second.source();
    document["differences"] = to_json(found);
    print(document);
  } else {
    std::cout << difference_text(found, style());
  }
  return found.empty() ? exit_code::success : exit_warnings;
}

int nccl_command(Options const& options) {
  if (!options.output.empty()) require_outputs(options, {options.output}, "--output");
  std::string const xml = nccl_topology(machine_of(options));
  if (options.output.empty()) {
    std::cout << xml;
  } else {
    write_text_atomically(options.output, xml);
  }
  return exit_code::success;
}

}  // namespace kramers::topology::cli
