// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/base/exit_code.hpp>
#include <kramers/base/file.hpp>
#include <kramers/topology/check.hpp>
#include <kramers/topology/json.hpp>
#include <kramers/topology/process.hpp>
#include <kramers/topology/render.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <iostream>
#include <set>

#include "commands.hpp"
#include "gathering.hpp"

namespace kramers::topology::cli {

namespace {

/// Whom to judge, and whether this process is the one that prints.
struct Ranks {
  std::vector<Binding> bindings;
  int on_node = 0;
  bool prints = true;
  std::vector<std::string> remarks;
};

Ranks from_pids(std::vector<int> const& pids) {
  Ranks ranks;
  std::set<int> numbers;
  for (int const pid : pids) {
    ranks.bindings.push_back(binding_of(pid));
    numbers.insert(ranks.bindings.back().rank);
  }
  if (numbers.size() < ranks.bindings.size()) {  // no launcher has numbered them
    for (std::size_t i = 0; i < ranks.bindings.size(); ++i) ranks.bindings[i].rank = static_cast<int>(i);
  }
  ranks.remarks.emplace_back("The memory policy of other processes.");
  return ranks;
}

Ranks from_job() {
  Ranks ranks;
  Binding const mine = this_binding();
  auto const rank = local_rank();
  ranks.bindings = {mine};
  if (!rank) {
    ranks.remarks.emplace_back(
        "No launcher's variables are set, so this process is taken to be the only rank of the node.");
    return ranks;
  }
  if (rank->size == 0) {
    ranks.remarks.push_back("How many ranks the node has: " + rank->from +
                            " comes without it, so sharing is not judged.");
    return ranks;
  }
  ranks.bindings = gather(*rank, mine);
  ranks.on_node = rank->size;
  ranks.prints =
      std::all_of(ranks.bindings.begin(), ranks.bindings.end(), [&](Binding const& b) { return b.rank >= mine.rank; });
  return ranks;
}

}  // namespace

int check_command(Options const& options) {
  CheckOptions how;
  if (!options.reserved.empty()) how.reserved = request_of(options, 1).reserved;
  Ranks ranks;
  if (!options.binding.empty()) {
    ranks.bindings = bindings_from_json(read_input(options.binding), options.binding);
  } else {
    ranks = options.pids.empty() ? from_job() : from_pids(options.pids);
  }
  how.ranks = ranks.on_node;
  Machine const machine = machine_of(options);
  Report report = check(machine, ranks.bindings, how);
  report.unknown.insert(report.unknown.end(), ranks.remarks.begin(), ranks.remarks.end());
  if (ranks.prints && options.json) {
    nlohmann::json document = json_document("check");
    document.update(to_json(machine, report));
    for (Binding const& binding : ranks.bindings) document["bindings"].push_back(to_json(binding));
    std::cout << document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
  } else if (ranks.prints) {
    std::cout << report_text(machine, report, {.colour = coloured()});
  }
  // One rank carries the verdict: mpirun ends the others as soon as one fails, be it before another has printed.
  auto const worst = ranks.prints ? report.worst() : std::nullopt;
  if (!worst || *worst == Severity::note) return exit_code::success;
  return *worst == Severity::wrong ? exit_wrong : exit_warnings;
}

}  // namespace kramers::topology::cli
