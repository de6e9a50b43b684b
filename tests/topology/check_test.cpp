// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/topology/check.hpp>
#include <kramers/topology/environment.hpp>
#include <kramers/topology/error.hpp>
#include <kramers/topology/plan.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "nodes.hpp"
#include "scratch.hpp"

// The node of most tests, modelled: NUMA 0 to 3 of 16 cores, hsn0 to hsn3 and cuda3 to cuda0 beside them, nmn0 at NUMA 0.
namespace {

using namespace kramers::topology;
using kramers::UsageError;
using kramers::test::has;
using kramers::test::message;
using kramers::test::model;
using Variables = std::map<std::string, std::string>;

Binding bound(int rank, std::string const& cpus, Variables const& environment = {}) {
  Binding binding;
  binding.rank = rank;
  binding.cpus = CpuSet::from_list(cpus);
  binding.environment = environment;
  return binding;
}

/// One rank per NUMA node, with what the plan gives it.
std::vector<Binding> good() {
  std::vector<Binding> bindings;
  for (int r = 0; r < 4; ++r) {
    std::string const first = std::to_string(16 * r), last = std::to_string(16 * r + 15), index = std::to_string(3 - r);
    bindings.push_back(bound(r, first + "-" + last,
                             {{"UCX_NET_DEVICES", "hsn" + std::to_string(r)},
                              {"CUDA_VISIBLE_DEVICES", index},
                              {"CUDA_DEVICE_ORDER", "PCI_BUS_ID"}}));
  }
  return bindings;
}

PlanRequest of(int ranks) {
  PlanRequest request;
  request.ranks = ranks;
  return request;
}

std::vector<Binding> of_plan(Plan const& plan) {
  std::vector<Binding> bindings;
  for (Assignment const& rank : plan.assignments) bindings.push_back(bound(rank.rank, rank.cpus.to_list()));
  return bindings;
}

Finding const* find(Report const& report, std::string const& code) {
  auto const found = std::ranges::find(report.findings, code, &Finding::code);
  return found == report.findings.end() ? nullptr : &*found;
}

std::vector<std::string> codes(Report const& report) {
  std::vector<std::string> list;
  for (Finding const& finding : report.findings) list.push_back(finding.code);
  return list;
}

using Codes = std::vector<std::string>;

/// The one finding, with what it must say and about whom.
void expect_one(Report const& report, std::string const& code, Severity severity, std::vector<int> const& ranks,
                std::string const& words) {
  ASSERT_EQ(codes(report), Codes{code});
  EXPECT_EQ(report.findings[0].severity, severity);
  EXPECT_EQ(report.findings[0].ranks, ranks);
  EXPECT_TRUE(has(report.findings[0].what, words)) << report.findings[0].what;
  EXPECT_FALSE(report.findings[0].fix.empty());
}

TEST(Check, IsSilentOnAGoodBinding) {
  Report const report = check(model("perlmutter-gpu"), good());
  EXPECT_EQ(codes(report), Codes{});
  EXPECT_TRUE(report.unknown.empty());
  EXPECT_FALSE(report.worst());
  ASSERT_EQ(report.ranks.size(), 4U);
  EXPECT_EQ(report.ranks[1].nic_from, "UCX_NET_DEVICES");
  EXPECT_EQ(report.ranks[1].gpu_from, "CUDA_VISIBLE_DEVICES");
  EXPECT_EQ(report.ranks[1].numa, std::vector<int>{1});
  EXPECT_EQ(report.ranks[1].nic_distance->locality, Locality::numa);
}

TEST(Check, AcceptsThePlanOfEveryNode) {
  for (auto const& file : kramers::test::node_files()) {
    Machine const machine = Machine::load(Source::file(file));
    for (int const ranks : {1, 2, 4, 8}) {
      Plan const chosen = plan(machine, of(ranks));
      EXPECT_NE(check(machine, of_plan(chosen)).worst(), Severity::wrong) << file << ' ' << ranks;
    }
  }
}

// What environment() writes is what check() reads: the settings of a plan leave nothing to mend.
TEST(Check, AcceptsTheEnvironmentOfThePlan) {
  int settings = 0;
  for (auto const& file : kramers::test::node_files()) {
    Machine const machine = Machine::load(Source::file(file));
    Plan const chosen = plan(machine, of(4));
    for (Target const target : targets()) {
      std::vector<Binding> bindings = of_plan(chosen);
      try {
        Environment const settings_of_target = environment(machine, chosen, target);
        for (Binding& binding : bindings) {
          for (Variable const& variable : settings_of_target.of_rank(binding.rank)) {
            binding.environment[variable.name] = variable.value;
          }
        }
        ++settings;
      } catch (UsageError const&) {
        continue;  // no NIC, or no GPU of that maker
      }
      Report const report = check(machine, bindings);
      EXPECT_NE(report.worst(), Severity::wrong)
          << file << ' ' << name(target) << ": " << (report.findings.empty() ? "" : report.findings[0].what);
    }
  }
  EXPECT_GT(settings, 20);
}

TEST(Check, FindsRanksThatAreNotBound) {
  Machine const machine = model("perlmutter-gpu");
  expect_one(check(machine, {bound(0, "0-127"), bound(1, "0-127")}), "UNBOUND", Severity::wrong, {0, 1},
             "all 64 cores");
  expect_one(check(machine, {bound(0, "0-127")}), "UNBOUND", Severity::warning, {0}, "4 NUMA domains");
  // More ranks than cores share them whatever the binding.
  std::vector<Binding> crowd;
  std::vector<int> ranks;
  for (int rank = 0; rank < 65; ++rank) {
    crowd.push_back(bound(rank, "0-127"));
    ranks.push_back(rank);
  }
  expect_one(check(machine, crowd), "UNBOUND", Severity::warning, ranks, "65 ranks share all 64 cores");
  // One domain: one rank may have it all.
  EXPECT_EQ(codes(check(model("laptop"), {bound(0, "0-11")})), Codes{});
}

TEST(Check, FindsRanksThatShare) {
  Machine const machine = model("perlmutter-gpu");
  expect_one(check(machine, {bound(0, "0-3"), bound(1, "3-5"), bound(2, "16-17")}), "OVERLAP", Severity::wrong, {0, 1},
             "share the hardware threads 3");
  // Threads 64-67 are the second ones of cores 0-3.
  expect_one(check(machine, {bound(0, "0-3"), bound(1, "64-67")}), "SMT_SIBLING_SHARED", Severity::warning, {0, 1},
             "ranks 0-1");
  // As many ranks as the laptop has cores could have one each; one more could not.
  std::vector<Binding> bindings;
  for (char const* cpu : {"0", "1", "2", "4", "6", "8", "9", "10"})
    bindings.push_back(bound(static_cast<int>(bindings.size()), cpu));
  expect_one(check(model("laptop"), bindings), "SMT_SIBLING_SHARED", Severity::warning, {0, 1}, "ranks 0-1");
  bindings.push_back(bound(8, "11"));
  EXPECT_EQ(codes(check(model("laptop"), bindings)), Codes{});
}

TEST(Check, FindsOneOverlapPerGroup) {
  Report const report =
      check(model("perlmutter-gpu"), {bound(0, "0-3"), bound(1, "0-3"), bound(2, "0-3"), bound(3, "0-3")});
  expect_one(report, "OVERLAP", Severity::wrong, {0, 1, 2, 3}, "ranks 0-3 share the hardware threads 0-3");
}

TEST(Check, FindsARankAcrossNumaNodes) {
  Machine const machine = model("perlmutter-gpu");
  expect_one(check(machine, {bound(0, "12-19")}), "SPANS_NUMA", Severity::wrong, {0}, "8 cores on NUMA 0-1");
  // As many as one domain has would still have room in one.
  expect_one(check(machine, {bound(0, "8-23")}), "SPANS_NUMA", Severity::wrong, {0}, "though one domain has 16");
  // Too many cores for one node: nothing to mend.
  EXPECT_EQ(codes(check(machine, {bound(0, "0-31")})), Codes{});
}

TEST(Check, FindsReservedAndForeignThreads) {
  Machine const machine = model("perlmutter-gpu");
  CheckOptions options;
  options.reserved = CpuSet::from_list("0,64");
  expect_one(check(machine, {bound(0, "0-15")}, options), "RESERVED_CORE", Severity::wrong, {0}, "threads 0");
  expect_one(check(machine, {bound(0, "127-128")}), "FOREIGN_CPUS", Severity::wrong, {0}, "128");
  expect_one(check(machine, {bound(0, "")}), "FOREIGN_CPUS", Severity::wrong, {0}, "no hardware thread");
}

// Every variable that names NICs, with a far one.
TEST(Check, FindsAFarNicInEachVariable) {
  Machine const machine = model("perlmutter-gpu");
  for (Variables const& variables :
       {Variables{{"UCX_NET_DEVICES", "hsn3"}}, Variables{{"UCX_NET_DEVICES", "hsn2,hsn3"}},
        Variables{{"FI_CXI_DEVICE_NAME", "cxi3"}}, Variables{{"MPIR_CVAR_CH4_OFI_PREF_NIC", "3"}},
        Variables{{"MPICH_OFI_NIC_POLICY", "USER"}, {"MPICH_OFI_NIC_MAPPING", "3:0"}},
        Variables{{"MPICH_OFI_NIC_POLICY", "user"},
                  {"MPICH_OFI_NIC_MAPPING", "0:1; 1:0"},
                  {"MPICH_OFI_NUM_NICS", "2:0,3"}}}) {
    Report const report = check(machine, {bound(0, "0-15", variables)});
    expect_one(report, "FAR_NIC", Severity::wrong, {0}, "hsn0, on the same NUMA node (NUMA 0), is nearer");
    EXPECT_EQ(report.ranks[0].nic_distance->locality, Locality::package) << variables.begin()->first;
  }
  // A list that holds the near one leaves the library a good choice.
  EXPECT_EQ(codes(check(machine, {bound(0, "0-15", {{"UCX_NET_DEVICES", "hsn3,hsn0"}})})), Codes{});
  EXPECT_EQ(codes(check(machine, {bound(0, "0-15", {{"UCX_NET_DEVICES", "all"}})})), Codes{});
}

/// A setting of a placement variable, what is found of a rank that has it, and the variables it has before.
struct Setting {
  std::string variable, value, code;
  Variables others = {};
};

/// All are of rank 0 on the first domain of a node of GPUs of that maker.
std::vector<Setting> wrong_settings(std::string const& maker) {
  Variables const order{{"CUDA_DEVICE_ORDER", "PCI_BUS_ID"}};
  Variables const to_nic_0{{"MPICH_OFI_NIC_POLICY", "USER"}, {"MPICH_OFI_NIC_MAPPING", "0:0"}};
  if (maker == "intel") return {{"ZE_AFFINITY_MASK", "0", "GPU_FAR"}};
  if (maker == "amd") return {{"HIP_VISIBLE_DEVICES", "6", "GPU_FAR"}, {"ROCR_VISIBLE_DEVICES", "6", "GPU_FAR"}};
  Variables const near_gpu{{"CUDA_DEVICE_ORDER", "PCI_BUS_ID"}, {"CUDA_VISIBLE_DEVICES", "3"}};
  return {{"CUDA_DEVICE_ORDER", "FASTEST_FIRST", "GPU_INDEX_AMBIGUOUS", near_gpu},
          {"CUDA_VISIBLE_DEVICES", "0", "GPU_FAR", order},
          {"FI_CXI_DEVICE_NAME", "cxi3", "FAR_NIC"},
          {"FI_EFA_IFACE", "hsn3", "FAR_NIC"},
          {"FI_TCP_IFACE", "hsn3", "FAR_NIC"},
          {"FI_VERBS_DEVICE_NAME", "hsn3", "FAR_NIC"},
          {"FI_VERBS_IFACE", "hsn3", "FAR_NIC"},
          {"MPICH_OFI_NIC_MAPPING", "3:0", "FAR_NIC", {{"MPICH_OFI_NIC_POLICY", "USER"}}},
          {"MPICH_OFI_NIC_POLICY", "NEAREST", "ENV_CONFLICT"},
          {"MPICH_OFI_NUM_NICS", "1:3", "FAR_NIC", to_nic_0},
          {"MPIR_CVAR_CH4_OFI_PREF_NIC", "3", "FAR_NIC"},
          {"NCCL_IB_HCA", "mlx5_0", "ENV_CONFLICT"},
          {"OMP_NUM_THREADS", "17", "ENV_CONFLICT"},
          {"OMP_PLACES", "{16}", "ENV_CONFLICT"},
          {"UCX_NET_DEVICES", "hsn3", "FAR_NIC"}};
}

// The list is what a process reports of itself: a variable is in it if and only if it is judged.
TEST(Check, JudgesEveryPlacementVariable) {
  kramers::test::Scratch const scratch;
  std::string text = kramers::test::file_text(kramers::test::model_file("perlmutter-gpu"));
  for (auto at = text.find("[10de:"); at != std::string::npos; at = text.find("[10de:")) text.replace(at, 6, "[8086:");
  kramers::test::put(scratch / "intel.xml", text);
  std::map<std::string, Machine> const machines{{"nvidia", model("perlmutter-gpu")},
                                                {"amd", model("mi300a-partitions")},
                                                {"intel", Machine::load(Source::file(scratch / "intel.xml"))}};
  std::vector<std::string> judged;
  for (auto const& [maker, machine] : machines) {
    for (Setting const& setting : wrong_settings(maker)) {
      judged.push_back(setting.variable);
      Binding binding = bound(0, "0-15", setting.others);
      EXPECT_EQ(find(check(machine, {binding}), setting.code), nullptr) << setting.variable;
      binding.environment[setting.variable] = setting.value;
      EXPECT_NE(find(check(machine, {binding}), setting.code), nullptr) << setting.variable;
    }
  }
  std::ranges::sort(judged);
  EXPECT_EQ(judged, placement_variables());
}

TEST(Check, FindsWhatTheProgramKnows) {
  Machine const machine = model("perlmutter-gpu");
  Binding binding = bound(0, "0-15");
  binding.nic = "hsn1";
  binding.gpu = "0000:c1:00.0";
  Report const report = check(machine, {binding});
  expect_one(report, "FAR_NIC", Severity::wrong, {0}, "hsn1");
  EXPECT_EQ(report.ranks[0].gpu_from, "the program");
  EXPECT_EQ(machine.devices()[*report.ranks[0].gpu].name, "cuda3");
}

TEST(Check, TakesTheNicOfTheGpuForANearOne) {
  // The cores are elsewhere, but the NIC is the GPU's: right for data that stay on GPUs; the GPU is what is far.
  Report const report =
      check(model("perlmutter-gpu"),
            {bound(0, "0-15",
                   {{"UCX_NET_DEVICES", "hsn1"}, {"CUDA_VISIBLE_DEVICES", "2"}, {"CUDA_DEVICE_ORDER", "PCI_BUS_ID"}})});
  EXPECT_EQ(codes(report), Codes{"GPU_FAR"});
}

TEST(Check, FindsPortsThatAreDown) {
  Machine const machine = model("ports-down");  // of ib0 to ib3 only ib3 is up
  Report const named = check(machine, {bound(0, "0-7", {{"UCX_NET_DEVICES", "mlx5_0:1"}})});
  ASSERT_NE(find(named, "NIC_DOWN"), nullptr);
  EXPECT_EQ(find(named, "NIC_DOWN")->severity, Severity::wrong);
  Report const one_of_two = check(machine, {bound(0, "0-7", {{"UCX_NET_DEVICES", "mlx5_0:1,mlx5_3:1"}})});
  expect_one(one_of_two, "NIC_DOWN", Severity::warning, {0}, "the port of ib0 is down");
  // Nothing named: a library that takes the nearest takes a dead one.
  expect_one(check(machine, {bound(0, "0-7")}), "NIC_DOWN", Severity::warning, {0}, "the nearest that is up is ib3");
  EXPECT_EQ(codes(check(machine, {bound(0, "24-31", {{"NCCL_IB_HCA", "=mlx5_3"}})})), Codes{});
}

TEST(Check, ReadsNcclsListOfOthers) {
  Machine const machine = model("ports-down");
  expect_one(check(machine, {bound(0, "24-31", {{"NCCL_IB_HCA", "^mlx5_3"}})}), "NIC_DOWN", Severity::wrong, {0},
             "down");
  expect_one(check(machine, {bound(0, "24-31", {{"NCCL_IB_HCA", "^=mlx5_0"}})}), "NIC_DOWN", Severity::warning, {0},
             "ib1 and ib2");
}

TEST(Check, FindsManagementNics) {
  Report const report = check(model("perlmutter-gpu"), {bound(0, "0-15", {{"UCX_NET_DEVICES", "nmn0"}})});
  expect_one(report, "MGMT_NIC", Severity::wrong, {0}, "nmn0 is no NIC of the fabric (Slingshot)");
}

TEST(Check, FindsANicThatServesTooMany) {
  // Both ranks lie on NUMA 0 and 1, so hsn0 and hsn1 are equally near.
  Variables const same{{"UCX_NET_DEVICES", "hsn0"}};
  Report const report = check(model("perlmutter-gpu"), {bound(0, "0-11,16-27", same), bound(1, "12-15,28-31", same)});
  ASSERT_NE(find(report, "NIC_OVERSUBSCRIBED"), nullptr);
  EXPECT_EQ(find(report, "NIC_OVERSUBSCRIBED")->ranks, (std::vector<int>{0, 1}));
  EXPECT_TRUE(has(find(report, "NIC_OVERSUBSCRIBED")->what, "hsn1"));
}

TEST(Check, FindsSharedGpus) {
  std::vector<Binding> bindings = good();
  for (Binding& binding : bindings) binding.environment["CUDA_VISIBLE_DEVICES"] = "3";
  Report const report = check(model("perlmutter-gpu"), bindings);
  ASSERT_NE(find(report, "GPU_SHARED"), nullptr);
  EXPECT_TRUE(has(find(report, "GPU_SHARED")->what, "share cuda3 while 3 GPUs are idle"));
}

TEST(Check, FindsFarGpus) {
  std::vector<Binding> bindings = good();
  std::swap(bindings[0].environment["CUDA_VISIBLE_DEVICES"], bindings[1].environment["CUDA_VISIBLE_DEVICES"]);
  expect_one(check(model("perlmutter-gpu"), bindings), "GPU_FAR", Severity::wrong, {0, 1}, "cuda3 is nearer");
}

TEST(Check, CountsGpusInLayers) {
  // HIP counts what ROCR leaves: the GPUs of the second package.
  Machine const machine = model("mi300a-partitions");
  Variables variables{{"ROCR_VISIBLE_DEVICES", "6,7"}, {"HIP_VISIBLE_DEVICES", "1"}};
  EXPECT_EQ(codes(check(machine, {bound(0, "24-47", variables)})), Codes{});
  EXPECT_EQ(codes(check(machine, {bound(0, "0-23", variables)})), Codes{"GPU_FAR"});
  variables["HIP_VISIBLE_DEVICES"] = "2";
  expect_one(check(machine, {bound(0, "24-47", variables)}), "ENV_CONFLICT", Severity::wrong, {0}, "they are fewer");
}

TEST(Check, LeavesAloneAGpuThatIsTheNearestLeft) {
  // Two ranks of NUMA 0 and a node of one GPU each: the second must go elsewhere.
  Variables const order{{"CUDA_DEVICE_ORDER", "PCI_BUS_ID"}};
  Binding first = bound(0, "0-7", order), second = bound(1, "8-15", order);
  first.environment["CUDA_VISIBLE_DEVICES"] = "3";
  second.environment["CUDA_VISIBLE_DEVICES"] = "2";
  EXPECT_EQ(codes(check(model("perlmutter-gpu"), {first, second})), Codes{});
}

TEST(Check, SaysThatIndicesMayMeanAnotherGpu) {
  std::vector<Binding> bindings = good();
  bindings[0].environment.erase("CUDA_DEVICE_ORDER");
  Report const report = check(model("perlmutter-gpu"), bindings);
  expect_one(report, "GPU_INDEX_AMBIGUOUS", Severity::note, {0},
             "CUDA_VISIBLE_DEVICES=3");  // alike GPUs: no more than a note
}

TEST(Check, DoesNotCountGpusThatACgroupHides) {
  std::vector<Binding> bindings = good();
  for (Binding& binding : bindings) {
    binding.gpus_hidden = true;
    binding.environment["CUDA_VISIBLE_DEVICES"] = "0";
  }
  Report const report = check(model("perlmutter-gpu"), bindings);
  EXPECT_EQ(codes(report), Codes{});
  ASSERT_EQ(report.unknown.size(), 1U);
  EXPECT_TRUE(has(report.unknown[0], "cgroup"));
}

TEST(Check, FindsRemoteMemory) {
  Machine const machine = model("perlmutter-gpu");
  Binding binding = bound(0, "0-15");
  for (MemoryMode const mode : {MemoryMode::bind, MemoryMode::preferred}) {
    binding.memory = mode;
    binding.memory_nodes = {2};
    expect_one(check(machine, {binding}), "MEM_REMOTE", Severity::wrong, {0}, "takes its memory of 2");
    binding.memory_nodes = {0};
    EXPECT_EQ(codes(check(machine, {binding})), Codes{});
  }
  binding.memory = MemoryMode::interleave;
  binding.memory_nodes = {0, 1, 2, 3};
  expect_one(check(machine, {binding}), "MEM_REMOTE", Severity::warning, {0}, "0-3");
  binding = bound(0, "0-15");
  binding.mems = {3};
  expect_one(check(machine, {binding}), "MEM_REMOTE", Severity::wrong, {0}, "may only take memory of 3");
}

TEST(Check, NotesHighBandwidthMemory) {
  Machine const machine = model("high-bandwidth");
  Binding binding = bound(0, machine.domains()[6].cpus.to_list());
  Report const report = check(machine, {binding});
  Finding const* const note = find(report, "HBM_UNUSED");
  ASSERT_NE(note, nullptr);
  EXPECT_EQ(note->severity, Severity::note);
  binding.memory = MemoryMode::preferred;
  for (int const numa : machine.domains()[6].numa) {
    if (machine.numa_nodes()[static_cast<std::size_t>(numa)].high_bandwidth) {
      binding.memory_nodes.insert(machine.numa_nodes()[static_cast<std::size_t>(numa)].os_index);
    }
  }
  EXPECT_EQ(find(check(machine, {binding}), "HBM_UNUSED"), nullptr);
}

TEST(Check, FindsEnvironmentsThatContradict) {
  Machine const machine = model("perlmutter-gpu");
  auto const conflict = [&](std::string const& cpus, Variables const& variables, std::string const& words) {
    Report const report = check(machine, {bound(0, cpus, variables)});
    Finding const* const finding = find(report, "ENV_CONFLICT");
    ASSERT_NE(finding, nullptr) << words;
    EXPECT_EQ(finding->severity, Severity::wrong);
    EXPECT_TRUE(has(finding->what, words)) << finding->what;
  };
  conflict("0-15", {{"MPICH_OFI_NIC_MAPPING", "0:0"}}, "not USER");
  conflict("0-15", {{"MPICH_OFI_NIC_POLICY", "USER"}, {"MPICH_OFI_NIC_MAPPING", "0:1"}}, "names no NIC for it");
  conflict("0-15", {{"MPICH_OFI_NIC_POLICY", "USER"}, {"MPICH_OFI_NIC_MAPPING", "0:x"}}, "cannot be read");
  conflict("0-15", {{"MPICH_OFI_NIC_POLICY", "NEAREST"}}, "no policy");
  conflict("0-15", {{"UCX_NET_DEVICES", "hsn0"}, {"FI_CXI_DEVICE_NAME", "cxi1"}}, "another NIC");
  conflict("0-15", {{"UCX_NET_DEVICES", "mlx5_7:1"}}, "no mlx5_7:1");
  conflict("0-15", {{"MPIR_CVAR_CH4_OFI_PREF_NIC", "9"}}, "no NIC 9");
  conflict("0-15", {{"CUDA_VISIBLE_DEVICES", "4"}}, "the node has 4 GPUs");
  conflict("0-3", {{"OMP_NUM_THREADS", "8"}}, "on 4 hardware threads");
  conflict("0-3", {{"OMP_PLACES", "{0}:8"}}, "4-7, outside its binding 0-3");
}

TEST(Check, FindsBlocksOfRanksThatMissTheirNic) {
  // Ranks in the order of NUMA nodes suit Cray MPICH's default; in reverse they do not.
  std::vector<Binding> bindings = good();
  for (Binding& binding : bindings) binding.environment = {{"MPICH_OFI_NIC_POLICY", "BLOCK"}};
  EXPECT_EQ(codes(check(model("perlmutter-gpu"), bindings)), Codes{});
  for (int r = 0; r < 4; ++r) bindings[static_cast<std::size_t>(r)].rank = 3 - r;
  expect_one(check(model("perlmutter-gpu"), bindings), "ENV_CONFLICT", Severity::wrong, {0, 1, 2, 3},
             "MPICH_OFI_NIC_POLICY=BLOCK");
}

TEST(Check, DealsNicsOutInTurn) {
  std::vector<Binding> bindings;
  for (int r = 0; r < 8; ++r) {
    int const first = 16 * (r % 4) + 8 * (r / 4);
    bindings.push_back(
        bound(r, std::to_string(first) + "-" + std::to_string(first + 7), {{"MPICH_OFI_NIC_POLICY", "ROUND-ROBIN"}}));
  }
  Machine const machine = model("perlmutter-gpu");
  EXPECT_EQ(codes(check(machine, bindings)), Codes{});
  std::swap(bindings[0].rank, bindings[1].rank);
  expect_one(check(machine, bindings), "ENV_CONFLICT", Severity::wrong, {0, 1}, "MPICH_OFI_NIC_POLICY=ROUND-ROBIN");
}

TEST(Check, ReadsPlacesAsOpenMpDoes) {
  Machine const machine = model("perlmutter-gpu");
  for (char const* inside :
       {"{0},{1}", "{0:16}", "{0}:16", "{0:2:64}:1", "{0,1}:8:2", "cores", "sockets(1)", "{", "{0}:", "nonsense"}) {
    EXPECT_EQ(codes(check(machine, {bound(0, "0-15,64", {{"OMP_PLACES", inside}})})), Codes{}) << inside;
  }
  for (char const* outside : {"{16}", "{0:17}", "{0}:2:16", "{0},{1},{99}"}) {
    EXPECT_EQ(codes(check(machine, {bound(0, "0-15,64", {{"OMP_PLACES", outside}})})), Codes{"ENV_CONFLICT"})
        << outside;
  }
}

TEST(Check, SaysWhatIsNotKnown) {
  Machine const machine = model("perlmutter-gpu");
  CheckOptions options;
  options.ranks = 4;
  Report const report = check(machine, {bound(0, "0-15")}, options);
  EXPECT_EQ(codes(report), Codes{});
  ASSERT_EQ(report.unknown.size(), 3U);  // the GPU, the NIC, three ranks
  EXPECT_TRUE(has(report.unknown.back(), "3 of 4 ranks"));
  EXPECT_FALSE(report.ranks[0].nic);
  EXPECT_EQ(machine.devices()[report.ranks[0].nearest_nics.at(0)].name, "hsn0");
}

TEST(Check, WarnsWithoutPci) {
  LoadOptions options;
  options.without_io = true;
  Machine const machine = model("perlmutter-gpu", options);
  expect_one(check(machine, {bound(0, "0-15")}), "NO_PCI", Severity::warning, {}, "no PCI device");
}

TEST(Check, RefusesTwoBindingsOfOneRank) {
  Machine const machine = model("laptop");
  EXPECT_TRUE(has(message<UsageError>([&] { check(machine, {bound(1, "0"), bound(1, "1")}); }), "rank 1"));
}

TEST(Check, PutsTheWorstFirst) {
  Report const report = check(model("ports-down"), {bound(0, "0-7"), bound(1, "0-7")});
  EXPECT_EQ(codes(report), (Codes{"OVERLAP", "NIC_DOWN"}));
  EXPECT_EQ(report.worst(), Severity::wrong);
}

}  // namespace
