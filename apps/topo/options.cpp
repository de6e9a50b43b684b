// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "options.hpp"

#include <kramers/base/error.hpp>
#include <kramers/base/exit_code.hpp>
#include <kramers/base/file.hpp>
#include <kramers/topology/environment.hpp>
#include <kramers/topology/process.hpp>

#include <CLI/CLI.hpp>
#include <hwloc.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <tuple>

#include "commands.hpp"
#include "git_version.hpp"

namespace kramers::topology::cli {

namespace {

/// The words of a list option, with a sentence that names the option where it is none.
CpuSet set_option(std::string const& option, std::string const& text) {
  try {
    return CpuSet::from_list(text);
  } catch (UsageError const&) {
    reject_option(option, text, "a list of hardware threads like 0-3,8");
  }
}

/// A map: lines "rank cpus [gpu [nic]]", "-" for the planner's choice, "none" for none, # for comments.
std::vector<MapEntry> read_map(std::string const& path) {
  std::istringstream file(read_input(path));
  std::vector<MapEntry> entries;
  std::string line;
  for (int number = 1; std::getline(file, line); ++number) {
    std::istringstream words(line.substr(0, line.find('#')));
    std::string cpus, more;
    MapEntry entry;
    if (words >> std::ws; words.eof()) continue;
    if (!(words >> entry.rank >> cpus) || entry.rank < 0) {
      throw InputError(path, number, "it needs a rank and its hardware threads: 0 0-15 cuda0 hsn0");
    }
    if (cpus != "-") {
      try {
        entry.cpus = CpuSet::from_list(cpus);
      } catch (UsageError const&) {
        throw InputError(path, number, "'" + cpus + "' is no list of hardware threads like 0-3,8");
      }
    }
    words >> entry.gpu >> entry.nic;
    if (words >> more) throw InputError(path, number, "it has more than rank, threads, GPU and NIC");
    if (entry.gpu == "-") entry.gpu.clear();
    if (entry.nic == "-") entry.nic.clear();
    entries.push_back(entry);
  }
  if (entries.empty()) throw InputError(path, 0, "it holds no line for a rank");
  return entries;
}

void add_machine_options(CLI::App& command, Options& options) {
  command.add_option("--xml", options.xml, "an XML file of hwloc (lstopo node.xml) instead of this machine")
      ->type_name("FILE");
  command.add_option("--restrict", options.restrict_to, "only these hardware threads, as a cgroup would")
      ->type_name("LIST");
  command.add_option("--fabric", options.fabric, "the fabric that jobs use, where a node has several")
      ->type_name("NAME");
  command.add_option("--partition", options.partitions, "a part of a GPU that hwloc does not know (MIG)")
      ->type_name("BUS=UUID");
}

void add_json_option(CLI::App& command, Options& options) {
  command.add_flag("--json", options.json, "for programs: JSON, schema 1");
}

void add_plan_options(CLI::App& command, Options& options) {
  command.add_option("--policy", options.policy, "gpu-first, nic-first, numa-first, compact or spread")
      ->type_name("NAME");
  command.add_option("--map", options.map, "a file of lines: rank threads [gpu [nic]]")->type_name("FILE");
  command.add_option("--threads", options.threads, "threads per rank; 0: its share of the cores")->type_name("N");
  command.add_option("--smt", options.smt, "hardware threads used per core")->type_name("N");
  command.add_option("--reserve", options.reserved, "hardware threads left to the system")->type_name("LIST");
  command
      .add_option("--reserve-per-numa", options.reserved_per_domain, "first cores of each NUMA node left to the system")
      ->type_name("N");
  command.add_option("--ranks-per-gpu", options.ranks_per_gpu, "ranks on each GPU; 0: evenly over all")->type_name("N");
  command.add_option("--sharing", options.sharing, "near: the nearest NIC, shared; even: as many ranks on each NIC")
      ->type_name("HOW");
  command.add_flag("--ignore-port-state", options.ignore_port_state, "choose NICs whose ports are down too");
  command.add_flag("--exact", options.exact, "share NICs by the least total distance");
}

using Command = int (*)(Options const&);

std::string version_text() {
  unsigned const hwloc = hwloc_get_api_version();
  return KRAMERS_VERSION " (git " + std::string(git_hash) + (git_dirty ? ", modified" : "") + ", hwloc " +
         std::to_string(hwloc >> 16U) + "." + std::to_string(hwloc >> 8U & 0xffU) + ")";
}

}  // namespace

void reject_option(std::string const& option, std::string const& value, std::string const& expected) {
  throw UsageError(invalid_value(option, value, expected));
}

Machine machine_of(Options const& options) {
  LoadOptions load;
  if (!options.restrict_to.empty()) load.restrict_to = set_option("--restrict", options.restrict_to);
  if (!options.fabric.empty()) {
    load.fabric = fabric_from(options.fabric);
    if (!load.fabric) {
      reject_option("--fabric", options.fabric, "slingshot, infiniband, omni-path, efa, roce or ethernet");
    }
  }
  for (std::string const& text : options.partitions) {
    auto const equals = text.find('=');
    if (equals == std::string::npos) reject_option("--partition", text, "BUS_ID=UUID");
    load.partitions.push_back({.bus_id = text.substr(0, equals), .uuid = text.substr(equals + 1)});
  }
  return Machine::load(options.xml.empty() ? Source::this_system() : Source::file(options.xml), load);
}

PlanRequest request_of(Options const& options, int ranks) {
  // As the command line names them, which the library cannot know.
  for (auto const& [option, value, least] : {std::tuple{"--ranks", ranks, 1},
                                             {"--threads", options.threads, 0},
                                             {"--smt", options.smt, 1},
                                             {"--reserve-per-numa", options.reserved_per_domain, 0},
                                             {"--ranks-per-gpu", options.ranks_per_gpu, 0}}) {
    if (value < least) reject_option(option, std::to_string(value), ">= " + std::to_string(least));
  }
  PlanRequest request;
  request.ranks = ranks;
  if (!options.policy.empty()) {
    request.policy = policy_from(options.policy);
    if (!request.policy) {
      reject_option("--policy", options.policy, "gpu-first, nic-first, numa-first, compact, spread or map");
    }
  }
  if (options.sharing != "near" && options.sharing != "even") {
    reject_option("--sharing", options.sharing, "near or even");
  }
  request.sharing = options.sharing == "even" ? Sharing::even : Sharing::near;
  if (!options.map.empty()) request.map = read_map(options.map);
  if (!options.reserved.empty()) request.reserved = set_option("--reserve", options.reserved);
  request.threads = options.threads;
  request.smt = options.smt;
  request.reserved_per_domain = options.reserved_per_domain;
  request.ranks_per_gpu = options.ranks_per_gpu;
  request.honour_port_state = !options.ignore_port_state;
  request.exact = options.exact;
  return request;
}

int run_command_line(int argc, char** argv) {
  Options options;
  CLI::App app("The right cores, memory, GPU and NIC for every rank of a node, and a verdict inside a running job.",
               "kramers-topo");
  app.set_version_flag("--version", "kramers-topo " + version_text());
  app.require_subcommand(1);
  app.fallthrough(false);
  app.footer("Exit codes: 0 fine, 1 failure or warnings, 2 wrong binding, 64 wrong command line, 65 wrong input file.");
  std::vector<std::pair<CLI::App*, Command>> commands;
  auto const add = [&](std::string const& name, std::string const& what, Command command) {
    CLI::App* const sub = app.add_subcommand(name, what);
    sub->footer(app.get_footer());
    commands.emplace_back(sub, command);
    return sub;
  };
  auto const ranks_option = [&](CLI::App* sub) {
    return sub->add_option("-n,--ranks", options.ranks, "ranks on the node")->type_name("R");
  };

  CLI::App* const tree = add("tree", "Show packages, NUMA nodes, cores and devices.", tree_command);
  add_machine_options(*tree, options);
  add_json_option(*tree, options);
  tree->add_option("--svg", options.svg, "draw the node into this file instead")->type_name("FILE");
  ranks_option(tree)->needs("--svg");
  add_plan_options(*tree, options);

  CLI::App* const distance = add("distance", "Show how near NICs are to cores and GPUs.", distance_command);
  add_machine_options(*distance, options);
  add_json_option(*distance, options);
  distance->add_option("--from", options.from, "only from here: core:20, numa:1, cpus:0-3, or a GPU")
      ->type_name("WHERE");
  distance->add_option("--metric", options.metric, "class, or of published numbers: hops, legacy (with --from core:N)")
      ->type_name("NAME");

  CLI::App* const plan = add("plan", "Choose cores, memory, GPU and NIC for each rank, and say why.", plan_command);
  add_machine_options(*plan, options);
  add_json_option(*plan, options);
  ranks_option(plan)->required();
  add_plan_options(*plan, options);

  CLI::App* const env = add("env", "Print what to set so that a launcher or library follows the plan.", env_command);
  add_machine_options(*env, options);
  add_json_option(*env, options);
  ranks_option(env)->required();
  add_plan_options(*env, options);
  std::string all_targets;
  for (Target const target : targets()) all_targets += (all_targets.empty() ? "" : ", ") + std::string(name(target));
  env->add_option("--for", options.targets, "who shall follow: " + all_targets + "; all: the libraries")
      ->required()
      ->type_name("TARGET");
  env->add_flag("--strict", options.strict, "refuse a target for which the node has nothing to set");
  env->add_option("--rank", options.rank, "the lines of this local rank only")->type_name("r");

  CLI::App* const check = add("check", "Judge the binding of this job, of processes or of a file.", check_command);
  add_machine_options(*check, options);
  add_json_option(*check, options);
  check->add_option("--pid", options.pids, "judge running processes instead, one rank each")->type_name("PID");
  check->add_option("--binding", options.binding, "judge the bindings in a JSON file instead")
      ->type_name("FILE")
      ->excludes("--pid");
  check->add_option("--reserve", options.reserved, "hardware threads that ranks must leave alone")->type_name("LIST");

  CLI::App* const run = add("run", "Apply the plan to this rank, then start CMD in its place.", run_command);
  add_machine_options(*run, options);
  ranks_option(run);
  run->add_option("--rank", options.rank, "this process's rank on the node, where no launcher says it")->type_name("r");
  add_plan_options(*run, options);
  run->add_option("--for", options.targets, "set the variables of these only; default: OpenMP and what the node has")
      ->type_name("TARGET");
  run->add_flag("--force", options.force, "replace variables that are set already");
  run->add_option("command", options.command, "the program and its arguments")->required()->type_name("CMD");
  run->prefix_command(false);
  run->positionals_at_end();

  CLI::App* const snapshot =
      add("snapshot", "Write the node's description and this process's place into files.", snapshot_command);
  add_machine_options(*snapshot, options);
  snapshot->add_option("-o,--output", options.output, "BASE.xml and BASE.json are written")
      ->required()
      ->type_name("BASE");

  CLI::App* const diff = add("diff", "Tell in what two nodes differ.", diff_command);
  add_json_option(*diff, options);
  diff->add_option("first", options.first, "XML file of one node")->required()->type_name("A.xml");
  diff->add_option("second", options.second, "XML file of the other; this machine without one")->type_name("B.xml");

  CLI::App* const nccl = add("emit-nccl-topo", "Write the node as NCCL_TOPO_FILE wants it.", nccl_command);
  add_machine_options(*nccl, options);
  nccl->add_option("-o,--output", options.output, "write this file instead of printing")->type_name("FILE");

  try {
    app.parse(argc, argv);
  } catch (CLI::Success const& answer) {
    return app.exit(answer);
  } catch (CLI::ParseError const& error) {
    if (!app.get_subcommands().empty()) {
      throw UsageError(std::string(error.what()) + " (kramers-topo --help lists the options)");
    }
    std::string all;
    for (auto const& [sub, command] : commands) all += (all.empty() ? "" : ", ") + sub->get_name();
    throw UsageError("the first word must be one of " + all + (argc > 1 ? std::string(", but is ") + argv[1] : "") +
                     " (kramers-topo --help describes them)");
  }
  for (auto const& [sub, command] : commands) {
    if (sub->parsed()) return command(options);
  }
  return exit_code::usage;
}

bool coloured() {
  char const* const plain = std::getenv("NO_COLOR");
  char const* const terminal = std::getenv("TERM");
  bool const dumb = terminal != nullptr && std::string(terminal) == "dumb";
  // Launchers give ranks a pseudo-terminal and may write what comes from it into a file.
  return isatty(STDOUT_FILENO) == 1 && !local_rank() && (plain == nullptr || *plain == '\0') && !dumb;
}

}  // namespace kramers::topology::cli
