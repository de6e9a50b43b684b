// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "placement.hpp"

#include <kramers/base/text.hpp>
#include <kramers/topology/check.hpp>
#include <kramers/topology/environment.hpp>
#include <kramers/topology/error.hpp>
#include <kramers/topology/json.hpp>
#include <kramers/topology/machine.hpp>
#include <kramers/topology/plan.hpp>
#include <kramers/topology/process.hpp>
#include <kramers/topology/render.hpp>

#include <dlfcn.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

namespace kramers {
namespace {

namespace topo = topology;

/// Nodes whose warnings are printed; what is wrong on one is most often wrong on all.
constexpr std::size_t shown_nodes = 4;

std::string host_name() {
  char name[256] = "";
  gethostname(name, sizeof name - 1);
  return name;
}

/// Hardware threads of all places that OpenMP, if it is in this process, has for its threads.
topo::CpuSet openmp_places() {
  auto const find = [](char const* name) { return dlsym(RTLD_DEFAULT, name); };
  auto const count = reinterpret_cast<int (*)()>(find("omp_get_num_places"));
  auto const size = reinterpret_cast<int (*)(int)>(find("omp_get_place_num_procs"));
  auto const members = reinterpret_cast<void (*)(int, int*)>(find("omp_get_place_proc_ids"));
  topo::CpuSet all;
  if (count == nullptr || size == nullptr || members == nullptr) return all;
  for (int place = 0; place < count(); ++place) {
    std::vector<int> ids(static_cast<std::size_t>(size(place)));
    members(place, ids.data());
    for (int const id : ids) all.insert(static_cast<unsigned>(id));
  }
  return all;
}

/// How this rank is bound, as text; nothing where the system does not tell. Where OMP_PROC_BIND is set, OpenMP has put
/// this thread on one of its places before main began; `as_given` asks for all of them, which the launcher gave.
std::string binding_text(int rank, bool as_given) {
  try {
    topo::Binding mine = topo::this_binding();
    if (as_given) {
      topo::CpuSet const places = openmp_places();
      if (places.includes(mine.cpus)) mine.cpus = places;
    }
    mine.rank = rank;
    return topo::to_json(mine).dump();
  } catch (Error const&) {
    return {};
  }
}

std::vector<topo::Binding> read_bindings(std::vector<std::string> const& texts) {
  nlohmann::json all{{"bindings", nlohmann::json::array()}};
  for (std::string const& text : texts) {
    if (text.empty()) throw InputError("the ranks of this node", 0, "the system does not tell how they are bound");
    all["bindings"].push_back(nlohmann::json::parse(text));
  }
  return topo::bindings_from_json(all.dump(), "the ranks of this node");
}

/// Nobody has bound this rank if it may run on the whole machine.
bool is_bound(topo::Machine const& machine, std::vector<topo::Binding> const& ranks) {
  return std::ranges::all_of(ranks, [&](topo::Binding const& rank) { return rank.cpus != machine.cpus(); });
}

/// Number by which a GPU run-time library, told to count by bus id, knows the GPU of an assignment; nothing where there
/// is none, or where the launcher already hides GPUs from ranks.
std::optional<int> device_number(topo::Machine const& machine, topo::Assignment const& assignment,
                                 topo::Binding const& binding) {
  if (!assignment.gpu || binding.gpus_hidden) return {};
  for (char const* variable : {"CUDA_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES"}) {
    if (binding.environment.contains(variable)) return {};
  }
  auto const gpus = topo::numbered_gpus(machine, static_cast<topo::Vendor>(machine.devices()[*assignment.gpu].vendor));
  return static_cast<int>(std::ranges::find(gpus, *assignment.gpu) - gpus.begin());
}

/// What the first rank of a node finds out for all of them: {"host", "report", "devices", "text"}, or {"host", "error"}.
/// @param[in] device_users  of the ranks, those of builds for devices: only they get a GPU
nlohmann::json look(std::vector<std::string> const& binding_texts, std::vector<std::size_t> const& device_users,
                    bool with_text) {
  nlohmann::json node{{"host", host_name()}};
  try {
    auto ranks = read_bindings(binding_texts);
    auto const machine = topo::Machine::load(topo::Source::this_system());
    node["devices"] = std::vector<nlohmann::json>(ranks.size());
    // Not by the number of devices: the driver must not be asked before it is told how to count them.
    if (!device_users.empty() && !machine.gpus().empty()) {
      topo::PlanRequest request;
      request.ranks = static_cast<int>(device_users.size());
      if (is_bound(machine, ranks)) {
        for (std::size_t const r : device_users) request.bindings.push_back(ranks[r].cpus);
      }
      topo::Plan const plan = topo::plan(machine, request);
      for (std::size_t i = 0; i < device_users.size(); ++i) {
        topo::Binding& rank = ranks[device_users[i]];
        auto const number = device_number(machine, plan.assignments[i], rank);
        if (!number) continue;
        node["devices"][device_users[i]] = *number;
        rank.gpu = machine.devices()[*plan.assignments[i].gpu].id();
      }
    }
    topo::Report const report = topo::check(machine, ranks);
    node["report"] = topo::to_json(machine, report);
    if (with_text) node["text"] = topo::report_text(machine, report);
  } catch (Error const& error) {
    node["error"] = error.what();
  }
  return node;
}

/// Move this rank to its place in the plan of its node.
void apply_plan(Communicator const& node) {
  std::string plans;
  if (node.is_root()) {
    nlohmann::json answer;
    try {
      auto const machine = topo::Machine::load(topo::Source::this_system());
      topo::PlanRequest request;
      request.ranks = node.size();
      for (topo::Assignment const& rank : topo::plan(machine, request).assignments) {
        answer["cpus"].push_back(rank.cpus.to_list());
      }
    } catch (Error const& error) {
      answer["error"] = error.what();
    }
    plans = answer.dump();
  }
  node.broadcast(plans);
  auto const answer = nlohmann::json::parse(plans);
  if (answer.contains("error")) {
    throw Error("--topology apply: " + answer["error"].get<std::string>() + "; use --topology off to run as it is");
  }
  auto const mine = answer["cpus"][static_cast<std::size_t>(node.rank())].get<std::string>();
  topo::bind_this_thread(topo::CpuSet::from_list(mine));
}

/// One line for each node where something is wrong; what is merely worth knowing stands in the report.
void warn(nlohmann::json const& nodes) {
  std::size_t shown = 0;
  std::size_t silent = 0;
  for (nlohmann::json const& node : nodes) {
    if (!node.contains("report")) continue;
    std::string text;
    for (nlohmann::json const& finding : node["report"]["findings"]) {
      if (finding["severity"] != topo::name(topo::Severity::wrong)) continue;
      text += (text.empty() ? "" : "; ") + finding["what"].get<std::string>() + " (" +
              finding["fix"].get<std::string>() + ")";
    }
    if (text.empty()) continue;
    if (++shown > shown_nodes) {
      ++silent;
      continue;
    }
    std::fprintf(stderr, "kramers: warning: %s: %s; --topology apply places the ranks, off is silent\n",
                 printable(node["host"].get<std::string>()).c_str(), printable(text).c_str());
  }
  if (silent > 0) std::fprintf(stderr, "kramers: warning: the same or other faults on %zu more nodes\n", silent);
}

Placement place(Communicator const& comm, std::string const& mode) {
  Communicator const node = comm.local();
  if (mode == "apply") apply_plan(node);
  auto const bindings = node.gather_texts(binding_text(node.rank(), mode != "apply"));
  auto const builds = node.gather(std::vector<char>{is_built_for_devices()});
  std::vector<std::size_t> device_users;
  for (std::size_t rank = 0; rank < builds.size(); ++rank) {
    if (builds[rank] != 0) device_users.push_back(rank);
  }
  std::string text;
  if (node.is_root()) text = look(bindings, device_users, mode == "report").dump();

  nlohmann::json nodes = nlohmann::json::array();
  for (std::string const& of_node : comm.gather_texts(text)) {
    if (!of_node.empty()) nodes.push_back(nlohmann::json::parse(of_node));
  }
  if (comm.is_root()) {
    for (nlohmann::json& one : nodes) {
      if (one.contains("text")) std::fputs(one["text"].get<std::string>().c_str(), stdout);
      one.erase("text");
    }
    warn(nodes);
  }

  node.broadcast(text);
  Placement placement;
  auto const mine = nlohmann::json::parse(text);
  if (mine.contains("devices")) {
    nlohmann::json const& device = mine["devices"][static_cast<std::size_t>(node.rank())];
    if (device.is_number()) {
      placement.device = device.get<int>();
      setenv("CUDA_DEVICE_ORDER", "PCI_BUS_ID", 0);  // the order in which the number counts
    }
  }
  placement.report = nlohmann::json{{"mode", mode}, {"nodes", std::move(nodes)}}.dump();
  return placement;
}

}  // namespace

AppInfo with_placement(AppInfo info) {
  info.place = place;
  for (AppInfo& command : info.commands) command.place = place;
  return info;
}

}  // namespace kramers
