// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/topology/error.hpp>
#include <kramers/topology/json.hpp>
#include <kramers/topology/nccl.hpp>
#include <kramers/topology/render.hpp>
#include <kramers/topology/svg.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <sstream>
#include <string>
#include <vector>

#include "nodes.hpp"
#include "scratch.hpp"

namespace {

using namespace kramers::topology;
using kramers::InputError;
using kramers::UsageError;
using kramers::test::has;
using kramers::test::message;
using kramers::test::model;
using nlohmann::json;

Plan plan_of(Machine const& machine, int ranks) {
  PlanRequest request;
  request.ranks = ranks;
  return plan(machine, request);
}

Report report_of(Machine const& machine, Plan const& chosen) {
  std::vector<Binding> bindings;
  for (Assignment const& rank : chosen.assignments) {
    Binding binding;
    binding.rank = rank.rank;
    binding.cpus = rank.cpus;
    binding.environment["UCX_NET_DEVICES"] = "absent";  // so that there is something to tell
    bindings.push_back(binding);
  }
  return check(machine, bindings);
}

std::vector<std::string> texts(Machine const& machine, TextStyle style) {
  Plan const chosen = plan_of(machine, 8);
  return {tree_text(machine, style), distance_text(machine, style), plan_text(machine, chosen, style),
          distance_from_text(machine, machine.cores()[0].cpus, "core:0", style),
          report_text(machine, report_of(machine, chosen), style)};
}

TEST(Render, FitsAHundredColumns) {
  for (auto const& file : kramers::test::node_files()) {
    Machine const machine = Machine::load(Source::file(file));
    for (std::string const& text : texts(machine, {})) {
      std::istringstream lines(text);
      for (std::string line; std::getline(lines, line);) {
        EXPECT_LE(line.size(), 100U) << file << ": " << line;
        EXPECT_TRUE(line.empty() || line.back() != ' ') << file << ": " << line;
      }
    }
  }
}

TEST(Render, ColoursOnlyWhenAsked) {
  Machine const machine = model("ports-down");
  std::vector<std::string> const plain = texts(machine, {}), coloured = texts(machine, {.colour = true});
  for (std::size_t i = 0; i < plain.size(); ++i) {
    EXPECT_FALSE(has(plain[i], "\x1b"));
    EXPECT_TRUE(has(coloured[i], "\x1b[")) << coloured[i];
    std::string without;  // the same words but for the colours
    for (std::size_t at = 0; at < coloured[i].size(); ++at) {
      if (coloured[i][at] == '\x1b')
        at = coloured[i].find('m', at);
      else
        without += coloured[i][at];
    }
    EXPECT_EQ(without, plain[i]);
  }
}

TEST(Render, ShowsWhereDevicesHang) {
  std::string const tree = tree_text(model("perlmutter-gpu"));
  auto const numa1 = tree.find("NUMA 1"), numa2 = tree.find("NUMA 2"), hsn1 = tree.find("hsn1");
  EXPECT_LT(numa1, hsn1);
  EXPECT_LT(hsn1, numa2);
  EXPECT_TRUE(has(tree, "4 fabric NICs (Slingshot)"));
  EXPECT_TRUE(has(tree_text(model("unplaced-devices")), "no place told by the firmware"));
  EXPECT_TRUE(has(distance_text(model("perlmutter-gpu")), "NUMA 1  package 12"));
}

TEST(Render, SaysThatNothingIsWrong) {
  Machine const machine = model("laptop");
  Binding binding;
  binding.cpus = CpuSet::from_list("0-3");
  EXPECT_TRUE(has(report_text(machine, check(machine, {binding})), "fine: nothing to mend"));
  EXPECT_TRUE(has(difference_text({}), "alike"));
}

TEST(Differences, AreFoundByBusId) {
  EXPECT_TRUE(differences(model("perlmutter-gpu"), model("perlmutter-gpu")).empty());
  std::vector<Difference> const found = differences(model("perlmutter-gpu"), model("ports-down"));
  EXPECT_TRUE(
      std::ranges::any_of(found, [](Difference const& d) { return d.what == "fabric" && d.second == "InfiniBand"; }));
  EXPECT_TRUE(
      std::ranges::any_of(found, [](Difference const& d) { return d.what == "0000:83:00.0" && d.second.empty(); }));
}

/// In what a model differs from itself with one text replaced, where it stands first.
std::vector<std::string> differences_with(std::string const& name, std::string const& from, std::string const& to) {
  std::string text = kramers::test::file_text(kramers::test::model_file(name));
  text.replace(text.find(from), from.size(), to);
  std::vector<std::string> found;
  for (Difference const& d : differences(model(name), Machine::load(Source::text(text)))) found.push_back(d.what);
  return found;
}

TEST(Differences, OfMemoryCountBeyondTwoPercent) {
  std::string const whole = "local_memory=\"103079215104\"";
  EXPECT_EQ(differences_with("two-socket", whole, "local_memory=\"101017630802\""), std::vector<std::string>{});
  EXPECT_EQ(differences_with("two-socket", whole, "local_memory=\"101017630801\""),
            std::vector<std::string>{"NUMA 0, memory"});
}

TEST(Differences, OfPortsAreTold) {
  auto const found = differences_with("ports-down", "\"Port1State\" value=\"4\"", "\"Port1State\" value=\"1\"");
  ASSERT_EQ(found.size(), 1U);
  EXPECT_TRUE(has(found[0], ", port")) << found[0];
}

TEST(Json, HasASchemaAndTheSameFactsAsTheText) {
  EXPECT_EQ(json_document("plan"), (json{{"schema", 1}, {"kind", "plan"}}));
  Machine const machine = model("perlmutter-gpu");
  json const chosen = to_json(machine, plan_of(machine, 4));
  EXPECT_EQ(chosen["policy"], "gpu-first");
  EXPECT_EQ(chosen["assignments"][1]["nic"], "hsn1");
  EXPECT_EQ(chosen["assignments"][1]["nic_bus_id"], "0000:83:00.0");
  EXPECT_EQ(chosen["assignments"][1]["gpu_to_nic"], "PHB");
  json const tree = to_json(machine);
  EXPECT_EQ(tree["numa_nodes"].size(), 4U);
  EXPECT_EQ(tree["devices"].size(), 9U);
  json const distances = distances_json(machine);
  EXPECT_EQ(distances["locality"].size(), 20U);
  EXPECT_EQ(distances["pairs"].size(), 20U);
}

TEST(Json, ReportsEachRank) {
  Machine const machine = model("perlmutter-gpu");
  Report const report = report_of(machine, plan_of(machine, 4));
  json const whole = to_json(machine, report);
  EXPECT_EQ(whole["verdict"], "wrong");
  EXPECT_EQ(whole["findings"][0]["code"], "ENV_CONFLICT");
  EXPECT_EQ(whole["findings"][0]["ranks"], (json{0, 1, 2, 3}));
  json const one = to_json(machine, report, 2);
  EXPECT_EQ(one["cpus"], "32-47");
  EXPECT_EQ(one["findings"], json{"ENV_CONFLICT"});
  EXPECT_EQ(to_json(machine, report, 9), nullptr);
}

TEST(Json, GivesBindingsBack) {
  Binding binding;
  binding.rank = 3;
  binding.cpus = CpuSet::from_list("0-3,8");
  binding.mems = {0, 1};
  binding.memory = MemoryMode::interleave;
  binding.memory_nodes = {1};
  binding.environment["OMP_PLACES"] = "{0}:4";
  binding.gpu = "cuda0";
  binding.gpus_hidden = true;
  json document = json_document("check");
  document["bindings"] = {to_json(binding)};
  Binding const again = bindings_from_json(document.dump(), "text").at(0);
  EXPECT_EQ(to_json(again), to_json(binding));
  // A plan is a set of bindings too.
  Machine const machine = model("perlmutter-gpu");
  std::vector<Binding> const planned = bindings_from_json(to_json(machine, plan_of(machine, 4)).dump(), "text");
  ASSERT_EQ(planned.size(), 4U);
  EXPECT_EQ(planned[3].nic, "0000:04:00.0");
  EXPECT_FALSE(check(machine, planned).worst());
}

TEST(Json, SaysWhatIsWrongWithBindings) {
  auto const refusal = [](std::string const& text) {
    return message<InputError>([&] { bindings_from_json(text, "node.json"); });
  };
  EXPECT_TRUE(has(refusal("{"), "node.json"));
  EXPECT_TRUE(has(refusal("{"), "not JSON"));
  EXPECT_TRUE(has(refusal("[]"), "\"bindings\""));
  EXPECT_TRUE(has(refusal(R"({"bindings": []})"), "entry for each rank"));
  EXPECT_TRUE(has(refusal(R"({"schema": 7, "bindings": [{}]})"), "schema is 7"));
  EXPECT_TRUE(has(refusal(R"({"bindings": [3]})"), "bindings[0] must be an object"));
  EXPECT_TRUE(has(refusal(R"({"bindings": [{"rank": 0}, {"rank": -1}]})"), "bindings[1] needs \"rank\""));
  EXPECT_TRUE(has(refusal(R"({"bindings": [{"rank": 0, "cpus": "a-b"}]})"), "\"cpus\""));
  EXPECT_TRUE(has(refusal(R"({"bindings": [{"rank": 0, "cpus": 3}]})"), "no text"));
  EXPECT_TRUE(has(refusal(R"({"bindings": [{"rank": 0, "memory": {"mode": "far"}}]})"), "memory.mode"));
  EXPECT_TRUE(has(refusal(R"({"bindings": [{"rank": 0, "environment": {"A": 1}}]})"), "\"A\""));
}

/// How often a text holds another.
std::size_t times(std::string const& text, std::string const& part) {
  std::size_t number = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++number;
  return number;
}

TEST(Svg, DrawsEveryCoreAndDevice) {
  for (auto const& file : kramers::test::node_files()) {
    Machine const machine = Machine::load(Source::file(file));
    std::string const picture = svg(machine, "a <node> & \"more\"", plan_of(machine, 4));
    EXPECT_TRUE(has(picture, "a &lt;node&gt; &amp; &quot;more&quot;"));
    // Each core has a white square and a frame, each shape ends.
    EXPECT_GE(times(picture, "<rect "), 2 * machine.cores().size()) << file;
    EXPECT_EQ(times(picture, "<text "), times(picture, "</text>")) << file;
    EXPECT_EQ(times(picture, "<rect ") + times(picture, "<circle "), times(picture, "/>")) << file;
    for (auto const& list : {machine.fabric_nics(), machine.gpus()}) {
      for (std::size_t const device : list) {
        EXPECT_TRUE(has(picture, ">" + machine.devices()[device].name.substr(0, 4)))
            << file << machine.devices()[device].name;
      }
    }
    EXPECT_FALSE(has(svg(machine, "node"), "circle"));
  }
}

TEST(Nccl, HoldsEveryGpuAndNic) {
  for (auto const& file : kramers::test::node_files()) {
    Machine const machine = Machine::load(Source::file(file));
    if (!machine.has_pci()) continue;
    std::string const xml = nccl_topology(machine);
    std::vector<std::string> ids;
    for (Device const& device : machine.devices()) {
      if (device.is_gpu() || device.kind == DeviceKind::fabric_nic) ids.push_back(device.bus_id);
    }
    std::ranges::sort(ids);
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    for (std::string const& id : ids) EXPECT_EQ(times(xml, "<pci busid=\"" + id + "\""), 1U) << file << id;
    EXPECT_EQ(times(xml, "<cpu "), machine.domains().size());
  }
}

TEST(Nccl, RefusesAMachineWithoutPci) {
  LoadOptions options;
  options.without_io = true;
  EXPECT_TRUE(has(message<UsageError>([&] { nccl_topology(model("perlmutter-gpu", options)); }), "no PCI device"));
}

TEST(Nccl, WritesSpeedsAndMasksAsNcclReadsThem) {
  std::string const xml = nccl_topology(model("perlmutter-gpu"));
  EXPECT_TRUE(has(xml, "<system version=\"1\">"));
  EXPECT_TRUE(has(xml, "numaid=\"1\" affinity=\"0000ffff,00000000,ffff0000\"") ||
              has(xml, "affinity=\"ffff0000,00000000,ffff0000\""));
  EXPECT_TRUE(has(xml, "link_speed=\"16.0 GT/s PCIe\" link_width=\"16\""));
  EXPECT_TRUE(has(nccl_topology(model("mi300a-partitions")), "<system version=\"2\">"));  // RCCL counts on its own
}

}  // namespace
