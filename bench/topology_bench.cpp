// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How long do the questions of kramers-topo take? Each is timed beside what hwloc alone needs to load the same file.
// The node is the modelled one of the tests, or the file that KRAMERS_NODE names.
#include <kramers/topology/check.hpp>
#include <kramers/topology/machine.hpp>
#include <kramers/topology/plan.hpp>

#include <string>

#include "limits.hpp"

namespace kramers::bench {

namespace topo = topology;
using Space = Kokkos::DefaultHostExecutionSpace;

std::string node_file() {
  char const* const named = std::getenv("KRAMERS_NODE");
  return named == nullptr ? KRAMERS_MODELS "/perlmutter-gpu.xml" : named;
}

/// By hwloc alone (topology_by_hwloc.cpp).
void load_by_hwloc(std::string const& file);

/// A rank on each hardware thread, so 256 on a node of two sockets with 64 cores each.
topo::PlanRequest crowd_of(topo::Machine const& machine, bool exact) {
  topo::PlanRequest request;
  request.ranks = static_cast<int>(machine.cpus().size());
  request.threads = 1;
  request.smt = static_cast<int>(machine.cores().front().pus.size());
  request.exact = exact;
  return request;
}

/// Throws unless the ranks use all hardware threads of the node.
void expect_full_use(topo::Plan const& plan, topo::Machine const& machine) {
  topo::CpuSet all;
  for (topo::Assignment const& rank : plan.assignments) all |= rank.cpus;
  if (!(all == machine.cpus())) throw Error("the plan leaves hardware threads of " + machine.source() + " empty");
}

/// question(file, machine) over the loading of the file by hwloc.
template <class Question>
void over_hwloc(benchmark::State& state, Question const& question) {
  Space const exec = one_core<Space>();
  std::string const file = node_file();
  auto const machine = topo::Machine::load(topo::Source::file(file));
  expect_full_use(topo::plan(machine, crowd_of(machine, false)), machine);
  question(file, machine);
  compare(state, limit_of<double, Unit::multiply_adds>(exec, "latency", 0),
          Side([&] { return measure(exec, [&] { load_by_hwloc(file); }); }, 1.0),
          Side([&] { return measure(exec, [&] { question(file, machine); }); }, 1.0));
  state.counters["ranks"] = static_cast<double>(machine.cpus().size());
}

void load_and_plan(std::string const& file, topo::Machine const&) {
  auto const machine = topo::Machine::load(topo::Source::file(file));
  benchmark::DoNotOptimize(topo::plan(machine, crowd_of(machine, false)).assignments.data());
}

void plan_exactly(std::string const&, topo::Machine const& machine) {
  benchmark::DoNotOptimize(topo::plan(machine, crowd_of(machine, true)).assignments.data());
}

void check_all(std::string const&, topo::Machine const& machine) {
  std::vector<topo::Binding> ranks;
  for (unsigned const thread : machine.cpus().members()) {
    topo::Binding& rank = ranks.emplace_back();
    rank.rank = static_cast<int>(thread);
    rank.cpus = topo::CpuSet{thread};
  }
  benchmark::DoNotOptimize(topo::check(machine, ranks).ranks.data());
}

}  // namespace kramers::bench

int main(int argc, char** argv) {
  using namespace kramers::bench;
  auto const add = [](std::string const& name, auto const& question) {
    for (auto const& [label, count] : {std::pair{"/smoke", 1}, std::pair{"/node", repetitions()}}) {
      benchmark::RegisterBenchmark((name + label).c_str(),
                                   [question](benchmark::State& state) { over_hwloc(state, question); })
          ->UseManualTime()
          ->Iterations(count)
          ->Unit(benchmark::kMillisecond);
    }
  };
  add("load_and_plan", load_and_plan);
  add("plan_exactly", plan_exactly);
  add("check", check_all);
  return run(argc, argv);
}
