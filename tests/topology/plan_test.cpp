// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/topology/error.hpp>
#include <kramers/topology/plan.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "nodes.hpp"
#include "scratch.hpp"

namespace {

using namespace kramers::topology;
using kramers::UsageError;
using kramers::test::has;
using kramers::test::message;
using kramers::test::model;
using Names = std::vector<std::string>;

PlanRequest of(int ranks, std::optional<Policy> policy = {}) {
  PlanRequest request;
  request.ranks = ranks;
  request.policy = policy;
  return request;
}

Names names(Machine const& machine, Plan const& plan, std::optional<std::size_t> Assignment::* which) {
  Names list;
  for (Assignment const& a : plan.assignments) list.push_back(a.*which ? machine.devices()[*(a.*which)].name : "-");
  return list;
}

Names gpus(Machine const& machine, Plan const& plan) {
  return names(machine, plan, &Assignment::gpu);
}
Names nics(Machine const& machine, Plan const& plan) {
  return names(machine, plan, &Assignment::nic);
}

Names cpus(Plan const& plan) {
  Names list;
  for (Assignment const& a : plan.assignments) list.push_back(a.cpus.to_list());
  return list;
}

bool noted(Plan const& plan, std::string const& code) {
  return std::ranges::any_of(plan.notes, [&](PlanNote const& note) { return note.code == code; });
}

std::string refusal(Machine const& machine, PlanRequest const& request) {
  return message<UsageError>([&] { plan(machine, request); });
}

/// What every plan holds: no hardware thread twice, none that is not there, a reason, and the distances that belong.
void expect_sound(Machine const& machine, Plan const& plan) {
  CpuSet seen;
  for (Assignment const& a : plan.assignments) {
    EXPECT_FALSE(a.cpus.empty());
    EXPECT_FALSE(seen.intersects(a.cpus)) << a.rank;
    EXPECT_TRUE(machine.cpus().includes(a.cpus));
    seen |= a.cpus;
    EXPECT_FALSE(a.why.empty());
    EXPECT_EQ(a.gpu.has_value(), a.gpu_distance.has_value());
    EXPECT_EQ(a.nic.has_value(), a.nic_distance.has_value());
    EXPECT_EQ(a.gpu && a.nic, a.gpu_nic.has_value());
    EXPECT_EQ(a.nic.has_value(), std::ranges::find(a.equal_nics, a.nic) != a.equal_nics.end());
  }
}

TEST(Plan, GpuFirstPutsEachRankAtItsGpu) {
  Machine const machine = model("perlmutter-gpu");
  Plan const four = plan(machine, of(4));
  expect_sound(machine, four);
  EXPECT_EQ(four.policy, Policy::gpu_first);
  EXPECT_EQ(gpus(machine, four), (Names{"cuda3", "cuda2", "cuda1", "cuda0"}));
  EXPECT_EQ(nics(machine, four), (Names{"hsn0", "hsn1", "hsn2", "hsn3"}));
  EXPECT_EQ(cpus(four), (Names{"0-15", "16-31", "32-47", "48-63"}));
  EXPECT_TRUE(four.notes.empty());
  EXPECT_EQ(four.assignments[0].numa, std::vector<int>{0});
  EXPECT_EQ(four.assignments[0].gpu_nic->pair, PairClass::phb);
  EXPECT_TRUE(has(four.assignments[0].why, "PHB")) << four.assignments[0].why;
}

TEST(Plan, SharesGpusEvenly) {
  Machine const machine = model("perlmutter-gpu");
  Plan const eight = plan(machine, of(8));
  expect_sound(machine, eight);
  EXPECT_EQ(gpus(machine, eight), (Names{"cuda3", "cuda3", "cuda2", "cuda2", "cuda1", "cuda1", "cuda0", "cuda0"}));
  EXPECT_EQ(cpus(eight)[1], "8-15");
  EXPECT_TRUE(noted(eight, "GPU_SHARED"));
  PlanRequest packed = of(3);
  packed.ranks_per_gpu = 2;
  EXPECT_EQ(gpus(machine, plan(machine, packed)), (Names{"cuda3", "cuda3", "cuda2"}));
  packed.ranks = 8;
  EXPECT_EQ(gpus(machine, plan(machine, packed)), gpus(machine, eight));
  packed.ranks = 9;
  EXPECT_TRUE(has(refusal(machine, packed), "4 GPUs"));
}

TEST(Plan, UsesThePartitionsOfAllGpus) {
  Machine const machine = model("mi300a-partitions");
  EXPECT_EQ(gpus(machine, plan(machine, of(4))), (Names{"rsmi0", "rsmi6", "rsmi12", "rsmi18"}));
  Plan const all = plan(machine, of(24));
  expect_sound(machine, all);
  Names wanted;
  for (int i = 0; i < 24; ++i) wanted.push_back("rsmi" + std::to_string(i));
  EXPECT_EQ(gpus(machine, all), wanted);
  EXPECT_FALSE(noted(all, "GPU_SHARED"));
}

TEST(Plan, HonoursPortStates) {
  Machine const machine = model("ports-down");
  Plan const honoured = plan(machine, of(4));
  EXPECT_EQ(nics(machine, honoured), (Names{"ib3", "ib3", "ib3", "ib3"}));
  EXPECT_TRUE(noted(honoured, "NIC_DOWN"));
  EXPECT_TRUE(noted(honoured, "FORCED_FAR"));
  EXPECT_TRUE(honoured.assignments[0].forced_far);
  EXPECT_FALSE(honoured.assignments[3].forced_far);
  EXPECT_TRUE(has(honoured.assignments[0].why, "ib0 is down")) << honoured.assignments[0].why;
  PlanRequest ignored = of(4);
  ignored.honour_port_state = false;
  EXPECT_EQ(nics(machine, plan(machine, ignored)), (Names{"ib0", "ib1", "ib2", "ib3"}));
}

TEST(Plan, GivesNoNicWhereAllAreDown) {
  std::string text = kramers::test::file_text(kramers::test::model_file("ports-down"));
  std::string const active = "\"Port1State\" value=\"4\"";
  text.replace(text.find(active), active.size(), "\"Port1State\" value=\"1\"");
  Machine const machine = Machine::load(Source::text(text));
  Plan const none = plan(machine, of(4));
  EXPECT_EQ(nics(machine, none), (Names{"-", "-", "-", "-"}));
  EXPECT_TRUE(noted(none, "NIC_DOWN"));
  EXPECT_TRUE(has(refusal(machine, of(4, Policy::nic_first)), "ports are down"));
}

TEST(Plan, TakesTheFastestOfNicsThatAreEquallyNear) {
  std::string text = kramers::test::file_text(kramers::test::model_file("perlmutter-gpu"));
  // On all NUMA nodes, so that each NIC is on one of them: NICs first, and by their distance to the cores alone.
  PlanRequest nic_first = of(1, Policy::nic_first), by_map = of(1);
  nic_first.threads = 64;
  by_map.map.push_back({.rank = 0, .cpus = CpuSet::from_list("0-63"), .gpu = "none", .nic = ""});
  Machine const alike = Machine::load(Source::text(text));
  EXPECT_EQ(nics(alike, plan(alike, nic_first)), Names{"hsn0"});
  EXPECT_EQ(nics(alike, plan(alike, by_map)), Names{"hsn3"});  // the least bus id
  for (auto const& [nic, speed] : {std::pair{"hsn2", "200000"}, std::pair{"hsn3", "100000"}}) {
    auto const open = text.find('>', text.find("name=\"" + std::string(nic) + "\"")) + 1;
    text.insert(open, "<info name=\"SpeedMbps\" value=\"" + std::string(speed) + "\"/>");
  }
  Machine const machine = Machine::load(Source::text(text));
  EXPECT_EQ(nics(machine, plan(machine, nic_first)), Names{"hsn2"});
  EXPECT_EQ(nics(machine, plan(machine, by_map)), Names{"hsn2"});
}

TEST(Plan, NumaFirstFillsNodesInBlocks) {
  Machine const machine = model("two-socket");
  Plan const four = plan(machine, of(4));
  expect_sound(machine, four);
  EXPECT_EQ(four.policy, Policy::numa_first);
  EXPECT_EQ(cpus(four), (Names{"0-3", "4-7", "8-11", "12-15"}));
  EXPECT_TRUE(noted(four, "NO_NIC"));
  Plan const three = plan(machine, of(3));
  EXPECT_EQ(cpus(three), (Names{"0-3", "4-7", "8-15"}));
}

TEST(Plan, CompactAndSpread) {
  Machine const machine = model("ports-down");
  EXPECT_EQ(cpus(plan(machine, of(10, Policy::compact))), (Names{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}));
  PlanRequest three = of(3, Policy::compact);
  three.threads = 3;
  EXPECT_EQ(cpus(plan(machine, three)), (Names{"0-2", "3-5", "8-10"}));
  PlanRequest spread = of(5, Policy::spread);
  spread.threads = 2;
  // Packages in turn, then NUMA nodes.
  EXPECT_EQ(cpus(plan(machine, spread)), (Names{"0-1", "16-17", "8-9", "24-25", "2-3"}));
}

TEST(Plan, NicFirstStartsFromTheNics) {
  Machine const machine = model("perlmutter-gpu");
  Plan const two = plan(machine, of(2, Policy::nic_first));
  expect_sound(machine, two);
  EXPECT_EQ(nics(machine, two), (Names{"hsn0", "hsn1"}));
  EXPECT_EQ(gpus(machine, two), (Names{"cuda3", "cuda2"}));
  EXPECT_EQ(cpus(two), (Names{"0-15", "16-31"}));
  EXPECT_TRUE(has(refusal(model("two-socket"), of(2, Policy::nic_first)), "none that is known"));
  EXPECT_TRUE(has(refusal(model("two-socket"), of(2, Policy::gpu_first)), "needs GPUs"));
}

TEST(Plan, UsesTheHardwareThreadsAskedFor) {
  Machine const machine = model("two-socket");  // 16 cores of 2 threads
  PlanRequest request = of(2);
  request.smt = 2;
  EXPECT_EQ(cpus(plan(machine, request)), (Names{"0-7,16-23", "8-15,24-31"}));
  request.threads = 4;
  EXPECT_EQ(cpus(plan(machine, request)), (Names{"0-1,16-17", "8-9,24-25"}));
  request = of(32);
  std::string const said = refusal(machine, request);
  EXPECT_TRUE(has(said, "32 ranks do not fit") && has(said, "16 cores") && has(said, "per core")) << said;
  request.smt = 2;
  Plan const full = plan(machine, request);
  expect_sound(machine, full);
  EXPECT_EQ(cpus(full)[0], "0");
  EXPECT_EQ(cpus(full)[1], "16");
  EXPECT_TRUE(noted(full, "SMT_SIBLING_SHARED"));
  request.ranks = 33;
  EXPECT_FALSE(refusal(machine, request).empty());
}

TEST(Plan, CopesWithCoresOfTwoKinds) {
  Machine const machine = model("laptop");  // 4 cores of 2 threads, 4 of 1
  PlanRequest request = of(2);
  request.smt = 2;
  request.threads = 4;
  Plan const two = plan(machine, request);
  expect_sound(machine, two);
  for (Assignment const& a : two.assignments) EXPECT_EQ(a.cpus.size(), 4U);
}

TEST(Plan, LeavesReservedCoresAlone) {
  Machine const machine = model("two-socket");
  PlanRequest request = of(2);
  request.reserved = CpuSet{16};  // the second thread of core 0
  EXPECT_EQ(cpus(plan(machine, request)), (Names{"1-7", "8-15"}));
  request.reserved = CpuSet{};
  request.reserved_per_domain = 1;
  EXPECT_EQ(cpus(plan(machine, request)), (Names{"1-7", "9-15"}));
  request.reserved_per_domain = 8;
  EXPECT_TRUE(has(refusal(machine, request), "16 reserved or taken"));
}

TEST(Plan, SpansNumaNodesOnlyWhereItMust) {
  Machine const machine = model("ports-down");  // 4 NUMA nodes of 8 cores
  PlanRequest request = of(2, Policy::numa_first);
  request.threads = 12;
  Plan const two = plan(machine, request);
  expect_sound(machine, two);
  EXPECT_TRUE(noted(two, "SPANS_NUMA"));
  EXPECT_EQ(cpus(two), (Names{"0-11", "12-23"}));
  EXPECT_EQ(two.assignments[0].numa, (std::vector<int>{0, 1}));
  request.threads = 8;
  EXPECT_FALSE(noted(plan(machine, request), "SPANS_NUMA"));
  request.threads = 17;
  EXPECT_TRUE(has(refusal(machine, request), "2 ranks of 17 threads do not fit"));
}

TEST(Plan, MovesOnWhereADomainIsFull) {
  Machine const machine = model("unplaced-devices");
  Plan const all = plan(machine, of(16));
  expect_sound(machine, all);
  EXPECT_TRUE(noted(all, "NO_LOCALITY"));
  EXPECT_EQ(all.assignments[0].nic_distance->locality, Locality::unknown);
}

TEST(Plan, NotesIdleCores) {
  Plan const three = plan(model("two-socket"), of(3));
  EXPECT_FALSE(noted(three, "IDLE_CORES"));
  EXPECT_TRUE(noted(plan(model("two-socket"), of(5)), "IDLE_CORES"));
}

TEST(Plan, NamesHighBandwidthMemoryAfterOrdinary) {
  Machine const machine = model("high-bandwidth");
  Plan const one = plan(machine, of(8));
  ASSERT_EQ(one.assignments[0].numa.size(), 2U);
  auto const& nodes = machine.numa_nodes();
  EXPECT_FALSE(nodes[static_cast<std::size_t>(one.assignments[0].numa[0])].high_bandwidth);
  EXPECT_TRUE(nodes[static_cast<std::size_t>(one.assignments[0].numa[1])].high_bandwidth);
}

TEST(Plan, WorksWithoutPci) {
  LoadOptions options;
  options.without_io = true;
  Machine const machine = model("perlmutter-gpu", options);
  Plan const four = plan(machine, of(4));
  expect_sound(machine, four);
  EXPECT_TRUE(noted(four, "NO_PCI"));
  EXPECT_EQ(cpus(four), (Names{"0-15", "16-31", "32-47", "48-63"}));
}

TEST(Plan, WorksInARestrictedView) {
  LoadOptions options;
  options.restrict_to = CpuSet::from_list("64-79");  // second threads only
  Machine const machine = model("perlmutter-gpu", options);
  Plan const two = plan(machine, of(2, Policy::numa_first));
  expect_sound(machine, two);
  EXPECT_EQ(cpus(two), (Names{"64-71", "72-79"}));
  EXPECT_EQ(nics(machine, two), (Names{"hsn0", "hsn0"}));
}

TEST(Plan, ChoosesDevicesForBindings) {
  Machine const machine = model("perlmutter-gpu");
  PlanRequest request = of(3);
  request.bindings = {CpuSet{20}, CpuSet{50}, CpuSet{21}};
  Plan const bound = plan(machine, request);
  EXPECT_EQ(cpus(bound), (Names{"20", "50", "21"}));
  // One GPU each as long as there are enough; the NIC belongs to the GPU.
  EXPECT_EQ(gpus(machine, bound), (Names{"cuda2", "cuda0", "cuda1"}));
  EXPECT_EQ(nics(machine, bound), (Names{"hsn1", "hsn3", "hsn2"}));
  request.policy = Policy::numa_first;  // or to the cores
  EXPECT_EQ(nics(machine, plan(machine, request)), (Names{"hsn1", "hsn3", "hsn1"}));
  request.bindings.pop_back();
  EXPECT_TRUE(has(refusal(machine, request), "2 of 3 ranks"));
  request.bindings.push_back({});
  EXPECT_TRUE(has(refusal(machine, request), "rank 2"));
}

TEST(Plan, ServesUnboundRanks) {
  Machine const machine = model("perlmutter-gpu");
  PlanRequest request = of(4);
  request.bindings.assign(4, machine.cpus());
  Plan const unbound = plan(machine, request);
  Names all = nics(machine, unbound), every = gpus(machine, unbound);
  std::ranges::sort(all);
  std::ranges::sort(every);
  EXPECT_EQ(all, (Names{"hsn0", "hsn1", "hsn2", "hsn3"}));
  EXPECT_EQ(every, (Names{"cuda0", "cuda1", "cuda2", "cuda3"}));
}

TEST(Plan, FollowsAMap) {
  Machine const machine = model("perlmutter-gpu");
  PlanRequest request = of(3);
  request.map = {{0, CpuSet::from_list("0-3"), "cuda0", "hsn3"}, {2, {}, "", "none"}};
  Plan const mapped = plan(machine, request);
  expect_sound(machine, mapped);
  EXPECT_EQ(mapped.policy, Policy::map);
  EXPECT_EQ(cpus(mapped)[0], "0-3");
  EXPECT_EQ(gpus(machine, mapped)[0], "cuda0");
  EXPECT_EQ(nics(machine, mapped)[0], "hsn3");
  EXPECT_EQ(nics(machine, mapped)[2], "-");
  EXPECT_FALSE(mapped.assignments[0].forced_far);  // it is what the user wants
  EXPECT_NE(gpus(machine, mapped)[1], "cuda0");
}

TEST(Plan, RefusesMapsThatDoNotFit) {
  Machine const machine = model("perlmutter-gpu");
  auto const said = [&](MapEntry const& entry) {
    PlanRequest request = of(2);
    request.map = {entry};
    return refusal(machine, request);
  };
  EXPECT_TRUE(has(said({2, {}, "", ""}), "ranks go from 0 to 1"));
  EXPECT_TRUE(has(said({-1, {}, "", ""}), "rank -1"));
  EXPECT_TRUE(has(said({0, {}, "cuda7", ""}), "'cuda7'"));
  EXPECT_TRUE(has(said({0, {}, "hsn0", ""}), "which is no GPU"));
  EXPECT_TRUE(has(said({0, {}, "", "cuda0"}), "which is no NIC"));
  EXPECT_TRUE(has(said({0, CpuSet{127, 128}, "", ""}), "'128'"));
  PlanRequest request = of(2);
  request.map = {{1, {}, "", ""}, {1, {}, "", ""}};
  EXPECT_TRUE(has(refusal(machine, request), "twice"));
  request.map.pop_back();
  request.policy = Policy::map;  // what the map leaves open goes the usual way
  EXPECT_EQ(gpus(machine, plan(machine, request)), (Names{"cuda3", "cuda2"}));
  request.map.clear();
  EXPECT_TRUE(has(refusal(machine, request), "needs a map"));
}

TEST(Plan, RefusesValuesOutOfRange) {
  Machine const machine = model("two-socket");
  EXPECT_TRUE(has(refusal(machine, of(0)), "invalid ranks: got 0; expected >= 1"));
  PlanRequest request = of(1);
  request.threads = -1;
  EXPECT_TRUE(has(refusal(machine, request), "invalid threads: got -1"));
  request = of(1);
  request.smt = 0;
  EXPECT_TRUE(has(refusal(machine, request), "invalid smt: got 0"));
  EXPECT_FALSE(refusal(machine, of(2000000000)).empty());
}

TEST(Plan, SharesNicsNearOrEvenly) {
  Machine const machine = model("ports-down");
  PlanRequest request = of(4, Policy::compact);
  request.honour_port_state = false;
  request.map = {{0, {}, "none", ""}, {1, {}, "none", ""}, {2, {}, "none", ""}, {3, {}, "none", ""}};
  Plan const near = plan(machine, request);
  EXPECT_EQ(nics(machine, near), (Names{"ib0", "ib0", "ib0", "ib0"}));
  EXPECT_FALSE(noted(near, "FORCED_FAR"));
  for (bool const exact : {false, true}) {
    request.sharing = Sharing::even;
    request.exact = exact;
    Plan const even = plan(machine, request);
    Names sorted = nics(machine, even);
    std::ranges::sort(sorted);
    EXPECT_EQ(sorted, (Names{"ib0", "ib1", "ib2", "ib3"}));
    EXPECT_TRUE(noted(even, "FORCED_FAR"));
  }
}

TEST(Plan, NamesAndPoliciesMatch) {
  for (Policy const policy :
       {Policy::gpu_first, Policy::nic_first, Policy::numa_first, Policy::compact, Policy::spread, Policy::map}) {
    EXPECT_EQ(policy_from(name(policy)), policy);
  }
  EXPECT_FALSE(policy_from("fastest"));
}

TEST(PlanGoldens, Tioga) {
  KRAMERS_REAL_NODE(machine, "tioga-mi250x-4slingshot.xml");
  Plan const eight = plan(machine, of(8));
  expect_sound(machine, eight);
  EXPECT_EQ(gpus(machine, eight), (Names{"rsmi4", "rsmi5", "rsmi2", "rsmi3", "rsmi6", "rsmi7", "rsmi0", "rsmi1"}));
  EXPECT_EQ(nics(machine, eight), (Names{"hsi2", "hsi2", "hsi1", "hsi1", "hsi3", "hsi3", "hsi0", "hsi0"}));
  for (int r = 0; r < 8; ++r) {  // every GPU hangs on an L3 cache, and its rank has the cores of that
    EXPECT_EQ(eight.assignments[static_cast<std::size_t>(r)].gpu_distance->locality, Locality::core_group);
  }
  PlanRequest reserved = of(8);
  reserved.reserved = CpuSet{0, 8, 16, 24, 32, 40, 48, 56};  // the first core of every L3, as that system has it
  EXPECT_EQ(cpus(plan(machine, reserved))[1], "9-15");
  EXPECT_EQ(nics(machine, plan(machine, of(4, Policy::numa_first))), (Names{"hsi2", "hsi1", "hsi3", "hsi0"}));
  EXPECT_EQ(gpus(machine, plan(machine, of(4))), (Names{"rsmi5", "rsmi3", "rsmi7", "rsmi1"}));  // those at a NIC
}

TEST(PlanGoldens, Turin) {
  KRAMERS_REAL_NODE(machine, "turin-4h200-4ib.xml");
  PlanRequest request = of(4);
  EXPECT_EQ(nics(machine, plan(machine, request)), (Names{"ib1x", "ib0", "ib1x", "ib0"}));
  request.honour_port_state = false;
  EXPECT_EQ(nics(machine, plan(machine, request)), (Names{"ib3x", "ib2x", "ib1x", "ib0"}));
  request = of(8, Policy::numa_first);
  request.honour_port_state = false;
  // Nodes without a NIC of their own share those of their package.
  EXPECT_EQ(nics(machine, plan(machine, request)),
            (Names{"ib3x", "ib3x", "ib2x", "ib2x", "ib1x", "ib0", "ib1x", "ib0"}));
}

TEST(PlanGoldens, LassenAlternates) {
  KRAMERS_REAL_NODE(machine, "lassen-p9-4v100-4ib.xml");
  EXPECT_EQ(nics(machine, plan(machine, of(4))), (Names{"hsi0", "hsi1", "hsi2", "hsi3"}));
  EXPECT_EQ(nics(machine, plan(machine, of(8, Policy::numa_first))),
            (Names{"hsi0", "hsi1", "hsi0", "hsi1", "hsi2", "hsi3", "hsi2", "hsi3"}));
  PlanRequest request = of(2);
  request.smt = 4;
  EXPECT_EQ(plan(machine, request).assignments[0].cpus.size(), 80U);
}

TEST(PlanGoldens, OneFarNic) {
  for (auto const& [file, nic] : {std::pair{"corona-8mi50-1ib.xml", "hsi0"}, {"aws-g4dn-8t4-1efa.xml", "rdmap197s0"}}) {
    KRAMERS_REAL_NODE(machine, file);
    Plan const two = plan(machine, of(2, Policy::numa_first));
    EXPECT_EQ(nics(machine, two), (Names{nic, nic}));
    EXPECT_FALSE(noted(two, "FORCED_FAR"));  // there is no nearer one
    EXPECT_EQ(gpus(machine, plan(machine, of(8))).size(), 8U);
  }
}

TEST(PlanGoldens, FillsTheLargestNode) {
  KRAMERS_REAL_NODE(machine, "turin-4h200-4ib.xml");
  for (bool const exact : {false, true}) {
    PlanRequest request = of(256, Policy::numa_first);
    request.smt = 2;
    request.exact = exact;
    Plan const full = plan(machine, request);
    expect_sound(machine, full);
    std::map<std::size_t, int> load;
    for (Assignment const& a : full.assignments) ++load[*a.nic];
    EXPECT_EQ(load.size(), 2U);
    for (auto const& [nic, ranks] : load) EXPECT_EQ(ranks, 128);
  }
}

}  // namespace
