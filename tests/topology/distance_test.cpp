// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/topology/distance.hpp>
#include <kramers/topology/error.hpp>

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "nodes.hpp"
#include "scratch.hpp"

namespace {

using namespace kramers::topology;
using kramers::test::has;
using kramers::test::model;
using kramers::test::named;

Distance between(Machine const& machine, std::string const& device, std::string const& cpus) {
  return distance(machine, named(machine, device), CpuSet::from_list(cpus));
}

/// Names of the nearest NICs to the CPUs of a NUMA node.
std::vector<std::string> nearest(Machine const& machine, int numa, bool honour_port_state) {
  CpuSet const& cpus = machine.numa_nodes()[static_cast<std::size_t>(numa)].cpus;
  std::vector<std::string> names;
  for (std::size_t const nic : nearest_nics(machine, cpus, honour_port_state)) {
    names.push_back(machine.devices()[nic].name);
  }
  return names;
}

std::string_view pair_name(Machine const& machine, std::string const& a, std::string const& b) {
  return name(pair_of(machine, named(machine, a), named(machine, b)).pair);
}

using Names = std::vector<std::string>;

// The two published sets of numbers of a Perlmutter node, for Core L#20.
TEST(Distance, ReproducesTheHistoricMetrics) {
  Machine const machine = model("perlmutter-gpu");
  Object const& core = machine.objects()[static_cast<std::size_t>(machine.cores()[20].object)];
  std::map<std::string, std::pair<int, int>> const published = {
      {"hsn0", {10, 213}}, {"hsn1", {8, 47}}, {"hsn2", {10, 379}}, {"hsn3", {10, 379}}};
  for (auto const& [nic, numbers] : published) {
    int const pci = named(machine, nic).object;
    for (int const pu : core.children) EXPECT_EQ(hops(machine, pci, pu), numbers.first) << nic;
    EXPECT_EQ(legacy_steps(machine, pci, 20), numbers.second) << nic;
  }
  EXPECT_EQ(legacy_steps(machine, named(machine, "hsn0").object, 64), -1);
}

TEST(Distance, ClassesOfLocality) {
  Machine const machine = model("ports-down");
  Distance const near = between(machine, "ib1", "8-15");
  EXPECT_EQ(near.locality, Locality::numa);
  EXPECT_EQ(near.numa_latency, 10U);
  EXPECT_EQ(near.hops_pci, 5);
  EXPECT_EQ(near.reason, "on the same NUMA node (NUMA 1)");
  Distance const package = between(machine, "ib1", "0");
  EXPECT_EQ(package.locality, Locality::package);
  EXPECT_EQ(package.numa_latency, 12U);
  EXPECT_EQ(package.reason, "elsewhere on the same package (NUMA 1, NUMA latency 12)");
  Distance const remote = between(machine, "ib1", "16-23");
  EXPECT_EQ(remote.locality, Locality::remote);
  EXPECT_EQ(remote.numa_latency, 21U);
  EXPECT_EQ(remote.reason, "on another package (package 0, NUMA 1, NUMA latency 21)");
  EXPECT_LT(near, package);
  EXPECT_LT(package, remote);
  // Any thread of a binding may be near.
  EXPECT_EQ(between(machine, "ib1", "0-31").locality, Locality::numa);
  EXPECT_EQ(between(machine, "ib1", "0-31").numa_latency, 10U);
  EXPECT_EQ(between(machine, "ib1", "0-7,16-23").numa_latency, 12U);
}

TEST(Distance, CountsNoPciLinks) {
  // By links the management port wins on NUMA node 0; the classes hold them equal.
  Machine const machine = model("ports-down");
  Object const& core = machine.objects()[static_cast<std::size_t>(machine.cores()[0].object)];
  int const pu = core.children.front();
  EXPECT_LT(hops(machine, named(machine, "eno1").object, pu), hops(machine, named(machine, "ib0").object, pu));
  EXPECT_EQ(between(machine, "eno1", "0"), between(machine, "ib0", "0"));
}

TEST(Distance, LinksCountOnlyWithoutLatencies) {
  for (Locality const locality : {Locality::package, Locality::remote}) {
    Distance const few{.locality = locality, .numa_latency = 12, .hops_cpu = 3, .hops_pci = 0, .reason = ""};
    Distance many = few;
    many.hops_cpu = 4;
    EXPECT_EQ(few, many);
    many.numa_latency = 11;
    EXPECT_LT(many, few);
    Distance unknown = few;
    unknown.numa_latency.reset();
    unknown.hops_cpu = 1;
    EXPECT_LT(few, unknown);  // what the firmware tells comes first
    many.numa_latency.reset();
    EXPECT_LT(unknown, many);
  }
  // Within a NUMA node all are as near.
  Distance const here{.locality = Locality::numa, .numa_latency = 10, .hops_cpu = 1, .hops_pci = 0, .reason = ""};
  Distance farther = here;
  farther.numa_latency = 12;
  farther.hops_cpu = 5;
  EXPECT_EQ(here, farther);
}

TEST(Distance, SaysWhereNothingIsKnown) {
  Machine const machine = model("unplaced-devices");
  Distance const unknown = between(machine, "ib0", "0-7");
  EXPECT_EQ(unknown.locality, Locality::unknown);
  EXPECT_TRUE(has(unknown.reason, "HWLOC_PCI_LOCALITY")) << unknown.reason;
  EXPECT_EQ(pair_name(machine, "ib0", "cuda0"), "PHB");
  // On a machine of one NUMA node there is nothing to tell apart.
  EXPECT_EQ(between(model("laptop"), "wlp0s20f3", "3").locality, Locality::numa);
}

TEST(Distance, EmptyBindingsAreNowhere) {
  Machine const machine = model("perlmutter-gpu");
  EXPECT_EQ(between(machine, "hsn0", "").locality, Locality::unknown);
  EXPECT_EQ(between(machine, "hsn0", "500").locality, Locality::unknown);
}

TEST(Distance, DevicesWithoutCpusInTheViewAreNotLocal) {
  LoadOptions options;
  options.restrict_to = CpuSet::from_list("0-15");
  Machine const machine = model("perlmutter-gpu", options);
  EXPECT_EQ(between(machine, "hsn0", "0-15").locality, Locality::numa);
  for (char const* nic : {"hsn1", "hsn2", "hsn3"}) {
    Distance const far = between(machine, nic, "0-15");
    EXPECT_EQ(far.locality, Locality::package) << nic;
    EXPECT_TRUE(has(far.reason, "not in this view")) << far.reason;
  }
  EXPECT_EQ(nearest(machine, 0, true), Names{"hsn0"});
}

TEST(Distance, PairClasses) {
  Machine const down = model("ports-down");
  EXPECT_EQ(pair_name(down, "ib0", "cuda0"), "PIX");
  EXPECT_EQ(pair_name(down, "ib0", "eno1"), "NODE");
  EXPECT_EQ(pair_name(down, "ib0", "cuda1"), "SYS");
  EXPECT_EQ(pair_name(down, "ib0", "ib0"), "PIX");
  EXPECT_EQ(pair_of(down, named(down, "ib0"), named(down, "cuda1")).reason, "across NUMA nodes of one package");
  EXPECT_EQ(pair_of(down, named(down, "ib0"), named(down, "cuda3")).reason, "across packages");
  EXPECT_EQ(pair_of(down, named(down, "ib0"), named(down, "cuda0")).reason, "through one PCIe switch (0000:11:00.0)");
  Machine const perlmutter = model("perlmutter-gpu");
  EXPECT_EQ(pair_name(perlmutter, "hsn1", "cuda2"), "PHB");
  EXPECT_EQ(pair_name(perlmutter, "hsn1", "cuda0"), "SYS");
  EXPECT_EQ(pair_name(perlmutter, "hsn0", "nmn0"), "NODE");
  Machine const partitions = model("mi300a-partitions");
  EXPECT_EQ(pair_name(partitions, "rsmi0", "rsmi5"), "PIX");
  EXPECT_EQ(pair_name(partitions, "rsmi0", "hsi0"), "NODE");
}

TEST(Distance, NearestNicsHonourPortState) {
  Machine const machine = model("ports-down");
  for (int numa = 0; numa < 4; ++numa) {
    EXPECT_EQ(nearest(machine, numa, true), Names{"ib3"});
    EXPECT_EQ(nearest(machine, numa, false), Names{"ib" + std::to_string(numa)});
  }
  EXPECT_TRUE(nearest(model("two-socket"), 0, true).empty());
}

TEST(Distance, NearestNicsOfHighBandwidthMemory) {
  Machine const machine = model("high-bandwidth");
  for (int numa = 0; numa < 16; ++numa) EXPECT_EQ(nearest(machine, numa, true), Names{"ib0"});
  EXPECT_EQ(between(machine, "ib0", "48").locality, Locality::numa);
}

TEST(Goldens, Tioga) {
  KRAMERS_REAL_NODE(machine, "tioga-mi250x-4slingshot.xml");
  EXPECT_EQ(machine.fabric(), Fabric::slingshot);
  Names const wanted = {"hsi2", "hsi1", "hsi3", "hsi0"};
  std::map<std::string, Names> const gcds = {{"hsi2", {"rsmi5", "rsmi4"}},
                                             {"hsi1", {"rsmi3", "rsmi2"}},
                                             {"hsi3", {"rsmi7", "rsmi6"}},
                                             {"hsi0", {"rsmi1", "rsmi0"}}};
  for (int numa = 0; numa < 4; ++numa) {
    EXPECT_EQ(nearest(machine, numa, false), Names{wanted[static_cast<std::size_t>(numa)]});
  }
  for (auto const& [nic, names] : gcds) {
    EXPECT_EQ(pair_name(machine, names[0], nic), "PHB");
    EXPECT_EQ(pair_name(machine, names[1], nic), "NODE");
  }
  // The NIC hangs on one of the two L3 caches of the NUMA node.
  EXPECT_EQ(between(machine, "hsi2", "8-15").locality, Locality::core_group);
  EXPECT_EQ(between(machine, "hsi2", "0-7").locality, Locality::numa);
}

TEST(Goldens, TiogaRestrictedToItsFirstNumaNode) {
  KRAMERS_REAL_NODE(whole, "tioga-mi250x-4slingshot.xml");
  LoadOptions options;
  options.restrict_to = whole.numa_nodes()[0].cpus;
  Machine const machine = Machine::load(Source::file(whole.source()), options);
  EXPECT_EQ(machine.fabric_nics().size(), 4U);
  EXPECT_EQ(machine.gpus().size(), 8U);
  EXPECT_EQ(nearest(machine, 0, true), Names{"hsi2"});
  for (char const* nic : {"hsi0", "hsi1", "hsi3"}) {
    EXPECT_GE(distance(machine, named(machine, nic), machine.cpus()).locality, Locality::package) << nic;
  }
}

TEST(Goldens, Turin) {
  KRAMERS_REAL_NODE(machine, "turin-4h200-4ib.xml");
  EXPECT_EQ(nearest(machine, 1, false), Names{"ib3x"});
  EXPECT_EQ(nearest(machine, 2, false), Names{"ib2x"});
  EXPECT_EQ(nearest(machine, 6, false), Names{"ib1x"});
  EXPECT_EQ(nearest(machine, 7, false), Names{"ib0"});
  EXPECT_EQ(nearest(machine, 0, false), (Names{"ib3x", "ib2x"}));  // same package: a tie
  for (int numa = 0; numa < 4; ++numa) EXPECT_EQ(nearest(machine, numa, true), (Names{"ib1x", "ib0"})) << numa;
  EXPECT_EQ(nearest(machine, 6, true), Names{"ib1x"});
  Names const nics = {"ib3x", "ib2x", "ib1x", "ib0"};
  for (int i = 0; i < 4; ++i) {
    EXPECT_EQ(pair_name(machine, "cuda" + std::to_string(i), nics[static_cast<std::size_t>(i)]), "PXB");
  }
}

TEST(Goldens, Lassen) {
  KRAMERS_REAL_NODE(machine, "lassen-p9-4v100-4ib.xml");
  EXPECT_EQ(nearest(machine, 0, false), (Names{"hsi0", "hsi1"}));
  EXPECT_EQ(nearest(machine, 1, false), (Names{"hsi2", "hsi3"}));
}

TEST(Goldens, OneFarNic) {
  for (auto const& [file, nic] : {std::pair{"corona-8mi50-1ib.xml", "hsi0"}, {"aws-g4dn-8t4-1efa.xml", "rdmap197s0"}}) {
    KRAMERS_REAL_NODE(machine, file);
    EXPECT_EQ(nearest(machine, 1, false), Names{nic});
    EXPECT_EQ(nearest(machine, 0, false), Names{nic});
    EXPECT_EQ(distance(machine, named(machine, nic), machine.numa_nodes()[0].cpus).locality, Locality::remote);
    EXPECT_EQ(distance(machine, named(machine, nic), machine.numa_nodes()[1].cpus).locality, Locality::numa);
  }
}

}  // namespace
