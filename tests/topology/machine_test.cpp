// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/topology/error.hpp>
#include <kramers/topology/machine.hpp>

#include <gtest/gtest.h>
#include <hwloc.h>

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "nodes.hpp"
#include "scratch.hpp"

namespace {

using namespace kramers::topology;
using kramers::InputError;
using kramers::UsageError;
using kramers::test::file_text;
using kramers::test::has;
using kramers::test::message;
using kramers::test::model;
using kramers::test::model_file;
using kramers::test::named;

Machine from_text(std::string const& xml, LoadOptions const& options = {}) {
  return Machine::load(Source::text(xml, "node"), options);
}

std::string replaced(std::string text, std::string const& from, std::string const& to) {
  std::size_t const at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

/// All that a plan can depend on, as text.
std::string summary(Machine const& machine) {
  std::string text;
  for (Object const& o : machine.objects()) {
    text += std::string(name(o.type)) + " " + o.name + " " + o.bus_id + " " + std::to_string(o.parent) + " " +
            std::to_string(o.logical_index) + " " + o.cpus.to_list() + ";" + o.nodes.to_list() + "\n";
  }
  for (Device const& d : machine.devices()) {
    text += d.id() + " " + d.name + " " + std::string(name(d.kind)) + " " + std::string(name(d.state)) + " " +
            std::string(name(d.fabric)) + " " + d.cpus.to_list() + " " + std::to_string(d.port_speed) + "\n";
  }
  return text;
}

TEST(Machine, ReadsThePartsOfANode) {
  Machine const machine = model("perlmutter-gpu");
  EXPECT_EQ(machine.packages().size(), 1U);
  EXPECT_EQ(machine.numa_nodes().size(), 4U);
  EXPECT_EQ(machine.domains().size(), 4U);
  ASSERT_EQ(machine.cores().size(), 64U);
  EXPECT_EQ(machine.cores()[20].cpus.to_list(), "20,84");
  EXPECT_EQ(machine.cores()[20].pus, (std::vector<unsigned>{20, 84}));
  EXPECT_EQ(machine.cores()[20].domain, 1);
  EXPECT_EQ(machine.domains()[1].cpus.to_list(), "16-31,80-95");
  EXPECT_EQ(machine.numa_nodes()[3].bytes, std::uint64_t{64} << 30U);
  EXPECT_EQ(machine.numa_latency(0, 0), 10U);
  EXPECT_EQ(machine.numa_latency(0, 3), 12U);
  EXPECT_FALSE(machine.numa_latency(0, 4));
  EXPECT_FALSE(machine.is_this_system());
  EXPECT_TRUE(has(machine.info("Model"), "Perlmutter"));
  EXPECT_EQ(machine.info("Nothing"), "");
}

TEST(Machine, KnowsWhatDevicesAre) {
  Machine const machine = model("perlmutter-gpu");
  EXPECT_EQ(machine.fabric(), Fabric::slingshot);
  EXPECT_EQ(machine.gpus().size(), 4U);
  EXPECT_EQ(machine.fabric_nics().size(), 4U);
  EXPECT_EQ(machine.management_nics().size(), 1U);
  Device const gpu = named(machine, "cuda0");
  EXPECT_EQ(gpu.bus_id, "0000:03:00.0");
  EXPECT_EQ(gpu.kind, DeviceKind::gpu);
  EXPECT_EQ(gpu.os_name(NameKind::nvml), "nvml0");
  EXPECT_EQ(gpu.cpus.to_list(), "48-63,112-127");
  EXPECT_TRUE(gpu.anchored);
  Device const nic = named(machine, "hsn1");
  EXPECT_EQ(nic.kind, DeviceKind::fabric_nic);
  EXPECT_EQ(nic.state, PortState::unknown);
  EXPECT_EQ(nic.nodes.to_list(), "1");
  EXPECT_EQ(named(machine, "nmn0").kind, DeviceKind::management_nic);
}

TEST(Machine, FindsDevicesByAnyName) {
  Machine const machine = model("perlmutter-gpu");
  std::size_t const gpu = machine.device("cuda1");
  for (char const* text :
       {"41:00.0", "0000:41:00.0", "00000000:41:00.0", "41:00", "nvml1", "GPU-00000000-0000-0000-0000-000000000001"}) {
    EXPECT_EQ(machine.find_device(text), gpu) << text;
  }
  EXPECT_EQ(machine.find_device("0000:C1:00.0"), machine.device("cuda3"));
  for (char const* text : {"", "cuda9", "0000:41:00.1", "0001:41:00.0", "41", ":", "0000:41:00.0.0"}) {
    EXPECT_FALSE(machine.find_device(text)) << text;
  }
  std::string const said = message<UsageError>([&] { machine.device("hsn9"); });
  EXPECT_TRUE(has(said, "'hsn9'") && has(said, "hsn0 (0000:c2:00.0)")) << said;
}

TEST(Machine, KnowsPortsThatAreDown) {
  Machine const machine = model("ports-down");
  EXPECT_EQ(machine.fabric(), Fabric::infiniband);
  EXPECT_EQ(named(machine, "ib0").state, PortState::down);
  EXPECT_EQ(named(machine, "ib3").state, PortState::active);
  EXPECT_EQ(named(machine, "eno1").state, PortState::active);
  EXPECT_EQ(named(machine, "ib3").os_name(NameKind::openfabrics), "mlx5_3");
}

TEST(Machine, TellsPortStatesOfTheOperatingSystem) {
  std::string const xml = file_text(model_file("ports-down"));
  auto const state = [&](std::string const& to) {
    return named(from_text(replaced(xml, "\"OperState\" value=\"up\"", "\"OperState\" value=\"" + to + "\"")), "eno1")
        .state;
  };
  EXPECT_EQ(state("down"), PortState::down);
  EXPECT_EQ(state("lowerlayerdown"), PortState::down);
  EXPECT_EQ(state("unknown"), PortState::unknown);
}

TEST(Machine, TellsFabricsByPciNumbersNotByNames) {
  std::string const xml = file_text(model_file("ports-down"));
  // Not all of them: the nearest fabric decides the others.
  auto const fabric = [&](std::string const& type) {
    std::string text = xml;
    for (std::size_t at = 0; (at = text.find("0207 [15b3:101b]", at)) != std::string::npos;) text.replace(at, 16, type);
    Machine const machine = from_text(text);
    EXPECT_EQ(machine.fabric_nics().size(), machine.fabric() == Fabric::none ? 0U : 4U);
    return machine.fabric();
  };
  EXPECT_EQ(fabric("0208 [8086:24f0]"), Fabric::omni_path);
  EXPECT_EQ(fabric("0208 [119f:0001]"), Fabric::other);
  EXPECT_EQ(fabric("0200 [17db:0501]"), Fabric::slingshot);
  EXPECT_EQ(fabric("0200 [1d0f:efa1]"), Fabric::efa);
  EXPECT_EQ(fabric("0200 [15b3:101d]"), Fabric::roce);
  EXPECT_EQ(fabric("0280 [8086:51f0]"), Fabric::none);
}

TEST(Machine, TakesEthernetForAFabricWhereTold) {
  LoadOptions options;
  options.fabric = Fabric::ethernet;
  Machine const machine = model("ports-down", options);
  ASSERT_EQ(machine.fabric_nics().size(), 1U);
  EXPECT_EQ(machine.devices()[machine.fabric_nics().front()].name, "eno1");
  EXPECT_EQ(named(machine, "ib3").kind, DeviceKind::management_nic);
}

TEST(Machine, SplitsGpusIntoTheirPartitions) {
  Machine const machine = model("mi300a-partitions");
  std::vector<std::size_t> const gpus = machine.gpus();
  ASSERT_EQ(gpus.size(), 24U);
  for (std::size_t i = 0; i < gpus.size(); ++i) {
    Device const& gpu = machine.devices()[gpus[i]];
    EXPECT_EQ(gpu.kind, DeviceKind::gpu_partition);
    EXPECT_EQ(gpu.partition, static_cast<int>(i % 6));
    EXPECT_EQ(gpu.name, "rsmi" + std::to_string(i));  // rsmi10 after rsmi9
  }
  EXPECT_EQ(named(machine, "rsmi23").id(), "0003:01:00.0/p5");
  EXPECT_EQ(machine.find_device("0003:01:00.0/p5"), machine.device("rsmi23"));
  EXPECT_EQ(named(machine, "rsmi0").uuid, "GPU-0000000000000001");
}

TEST(Machine, CopesWithWidePciDomains) {
  std::string text = file_text(model_file("mi300a-partitions"));
  for (std::size_t at = 0; (at = text.find("0003:0", at)) != std::string::npos; at += 7) text.insert(at, "1");
  // hwloc 2 may leave such devices out; the others stay.
  Machine const machine = from_text(text);
  EXPECT_GE(machine.gpus().size(), 18U);
  EXPECT_EQ(named(machine, "rsmi0").bus_id, "0000:01:00.0");
  EXPECT_EQ(named(machine, "hsi2").bus_id, "0002:02:00.0");
}

TEST(Machine, SplitsGpusAsTold) {
  LoadOptions options;
  options.partitions = {{"03:00.0", "MIG-a"}, {"0000:03:00.0", "MIG-b"}, {"0000:41:00.0", "MIG-c"}};
  Machine const machine = model("perlmutter-gpu", options);
  EXPECT_EQ(machine.gpus().size(), 5U);
  EXPECT_EQ(machine.find_device("MIG-b"), machine.find_device("0000:03:00.0/p1"));
  EXPECT_EQ(named(machine, "MIG-c").name, "cuda1/p0");
  options.partitions = {{"0000:c2:00.0", "MIG-d"}};
  EXPECT_TRUE(has(message<UsageError>([&] { model("perlmutter-gpu", options); }), "MIG-d"));
}

TEST(Machine, ListsInterfacesWithoutADevice) {
  Machine const machine = model("unplaced-devices");
  Device const bond = named(machine, "bond0");
  EXPECT_EQ(bond.kind, DeviceKind::other);
  EXPECT_EQ(bond.bus_id, "");
  EXPECT_EQ(bond.state, PortState::active);
  EXPECT_EQ(named(machine, "hsnb0:chn").kind, DeviceKind::other);
  EXPECT_FALSE(named(machine, "ib0").anchored);
}

TEST(Machine, KnowsScreensFromGpus) {
  EXPECT_TRUE(model("laptop").gpus().empty());      // the graphics of the processor
  EXPECT_TRUE(model("two-socket").gpus().empty());  // the service processor
  EXPECT_EQ(model("laptop").fabric(), Fabric::none);
  EXPECT_EQ(model("laptop").management_nics().size(), 1U);
}

TEST(Machine, KnowsHighBandwidthMemory) {
  Machine const machine = model("high-bandwidth");
  EXPECT_EQ(machine.numa_nodes().size(), 16U);
  ASSERT_EQ(machine.domains().size(), 8U);
  for (Domain const& domain : machine.domains()) {
    ASSERT_EQ(domain.numa.size(), 2U);
    EXPECT_FALSE(machine.numa_nodes()[static_cast<std::size_t>(domain.numa[0])].high_bandwidth);
    EXPECT_TRUE(machine.numa_nodes()[static_cast<std::size_t>(domain.numa[1])].high_bandwidth);
  }
}

TEST(Machine, KeepsFarDevicesInARestrictedView) {
  LoadOptions options;
  options.restrict_to = CpuSet::from_list("0-15");
  Machine const machine = model("perlmutter-gpu", options);
  EXPECT_EQ(machine.cpus().to_list(), "0-15");
  EXPECT_EQ(machine.fabric_nics().size(), 4U);
  EXPECT_TRUE(named(machine, "hsn1").cpus.empty());
  EXPECT_EQ(named(machine, "hsn0").cpus.to_list(), "0-15");
  EXPECT_EQ(machine.domains().size(), 1U);
  options.restrict_to = CpuSet{500};
  std::string const said = message<UsageError>([&] { model("perlmutter-gpu", options); });
  EXPECT_TRUE(has(said, "'500'") && has(said, "0-127")) << said;
  options.restrict_to = CpuSet{};
  EXPECT_THROW(model("perlmutter-gpu", options), UsageError);
}

TEST(Machine, WorksWithoutPci) {
  LoadOptions options;
  options.without_io = true;
  Machine const machine = model("perlmutter-gpu", options);
  EXPECT_FALSE(machine.has_pci());
  EXPECT_TRUE(machine.devices().empty());
  EXPECT_EQ(machine.cores().size(), 64U);
}

TEST(Machine, FindsPlacesOfHardwareThreads) {
  Machine const machine = model("high-bandwidth");
  EXPECT_EQ(machine.numa_of(CpuSet{8}), (std::vector<int>{2, 3}));  // in the tree a domain's memories are neighbours
  EXPECT_EQ(machine.packages_of(CpuSet::from_list("0,40")), (std::vector<int>{0, 1}));
  EXPECT_EQ(machine.cores_of(CpuSet{65}), std::vector<int>{1});
  EXPECT_TRUE(machine.numa_of({}).empty());
  EXPECT_EQ(machine.objects()[static_cast<std::size_t>(machine.covering(CpuSet{5}))].type, ObjectType::pu);
  EXPECT_EQ(machine.objects()[static_cast<std::size_t>(machine.covering(CpuSet{5, 69}))].type, ObjectType::core);
  EXPECT_EQ(machine.covering(CpuSet{}), 0);
  EXPECT_EQ(machine.covering(CpuSet{4000}), 0);
}

TEST(Machine, ReadsItsOwnExport) {
  for (auto const& file : kramers::test::node_files()) {
    Machine const machine = Machine::load(Source::file(file));
    EXPECT_EQ(summary(from_text(machine.xml())), summary(machine)) << file;
  }
}

TEST(Machine, LoadsThisMachine) {
  Machine const machine = Machine::load(Source::this_system());
  EXPECT_FALSE(machine.cores().empty());
  EXPECT_FALSE(machine.cpus().empty());
  EXPECT_FALSE(machine.domains().empty());
  EXPECT_EQ(summary(from_text(machine.xml())), summary(machine));
}

TEST(Machine, SaysWhatIsWrongWithAFile) {
  kramers::test::Scratch const scratch;
  std::string const good = file_text(model_file("laptop"));
  std::map<std::string, std::string> const cases = {
      {"", "is empty"},
      {"hello", "is not an XML file of hwloc"},
      {std::string("<topology>\0</topology>", 22), "is binary"},
      {good.substr(0, good.size() / 2), "is truncated"},
      {"<?xml version=\"1.0\"?><system version=\"1\"><cpu numaid=\"0\"/></system>", "NCCL"},
      {"<topology version=\"2.0\"></topology>", "is damaged"},
      {"<topology version=\"2.0\"><object type=\"Machine\"/></topology>", "describes no CPU"},
      {replaced(good, "type=\"Core\"", "type=\"Kernel\""), ":16: is damaged: an object of the unknown type 'Kernel'"},
      {replaced(good, "type=\"PU\" os_index=\"1\"", "type=\"PU\" os_index=\"0\""),
       ":18: is damaged: a second PU with the number 0"},
      {replaced(good, "0000:00:02.0", "0000:00:2.0"), "pci_busid is '0000:00:2.0', which is none"},
      {replaced(good, "allowed_cpuset=\"0x00000fff\"", "allowed_cpuset=\"0x00fff000\""), "leaves nothing"},
      {replaced(good, "<info", "<!ENTITY a \"b\"><info"), "only elements and comments"},
      {replaced(good, "</topology>", "</topology"), "is damaged"},
  };
  for (auto const& [text, words] : cases) {
    kramers::test::put(scratch / "node.xml", text);
    std::string const said = message<InputError>([&] { Machine::load(Source::file(scratch / "node.xml")); });
    EXPECT_TRUE(has(said, words)) << "'" << said << "' for '" << text.substr(0, 60) << "'";
    EXPECT_TRUE(has(said, "node.xml")) << said;
    EXPECT_THROW(from_text(text), InputError);
  }
  std::string const absent = message<InputError>([&] { Machine::load(Source::file(scratch / "absent.xml")); });
  EXPECT_TRUE(has(absent, "no such file") && has(absent, "lstopo")) << absent;
  EXPECT_TRUE(has(message<InputError>([&] { Machine::load(Source::file(scratch.folder())); }), "is a folder"));
}

TEST(Machine, CorrectsWhatHwlocWouldStumbleOver) {
  Machine const good = model("two-socket");
  std::string text = file_text(model_file("two-socket"));
  // Sets are those of what is below, whatever the file says; siblings may come in any order.
  for (std::size_t at = 0; (at = text.find(" cpuset=\"", at)) != std::string::npos;) {
    at += 9;
    text.replace(at, text.find('"', at) - at, "0x00000004");
  }
  std::string const second = "<object type=\"Package\" os_index=\"1\"";
  std::size_t const at = text.find(second);
  std::size_t const end = text.rfind("</object>", text.find("<distances2"));
  std::string const moved = text.substr(at, end - at);
  text.erase(at, end - at);
  text.insert(text.find("<object type=\"Package\" os_index=\"0\""), moved);
  EXPECT_EQ(summary(from_text(text)), summary(good));
}

#if HWLOC_API_VERSION < 0x00030000
TEST(Machine, ReadsVersionOne) {
  Machine const machine = model("perlmutter-gpu");
  char* buffer = nullptr;
  int size = 0;
  ASSERT_EQ(hwloc_topology_export_xmlbuffer(machine.native(), &buffer, &size, HWLOC_TOPOLOGY_EXPORT_XML_FLAG_V1), 0);
  std::string const xml(buffer);
  hwloc_free_xmlbuffer(machine.native(), buffer);
  ASSERT_FALSE(has(xml, "version=\"2"));
  Machine const old = from_text(xml);
  EXPECT_EQ(old.cores().size(), 64U);
  EXPECT_EQ(old.numa_nodes().size(), 4U);
  EXPECT_EQ(old.numa_latency(0, 3), 12U);
  EXPECT_EQ(old.devices().size(), machine.devices().size());
  for (std::size_t i = 0; i < machine.devices().size(); ++i) {
    EXPECT_EQ(old.devices()[i].id(), machine.devices()[i].id());
    EXPECT_EQ(old.devices()[i].kind, machine.devices()[i].kind);
    EXPECT_EQ(old.devices()[i].cpus, machine.devices()[i].cpus);
  }
}
#endif

TEST(Machine, RefusesVersionsThatHwlocCannotRead) {
  std::string const good = file_text(model_file("laptop"));
  std::string const said =
      message<InputError>([&] { from_text(replaced(good, "version=\"2.0\"", "version=\"7.0\"")); });
  EXPECT_TRUE(has(said, "7.0")) << said;
  if (kramers::test::corpus().empty()) GTEST_SKIP() << "KRAMERS_TOPO_CORPUS names no folder with a file of version 3";
  std::string const real = message<InputError>(
      [] { Machine::load(Source::file(kramers::test::corpus() / "hwloc-irregular-disallowed-v3.xml")); });
  EXPECT_TRUE(real.empty() || has(real, "export-xml-flags v2")) << real;
}

}  // namespace
