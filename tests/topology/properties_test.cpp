// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What holds on every node: over all pairs of objects and devices, and when a node is described in another way.
#include <kramers/topology/error.hpp>
#include <kramers/topology/plan.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <functional>
#include <random>
#include <string>
#include <vector>

#include "nodes.hpp"

namespace {

using namespace kramers::topology;
using kramers::UsageError;

/// The lines of one object of an XML file: its own, those of its notes, its children, and its end.
struct Lines {
  std::string open;
  std::vector<std::string> notes;
  std::vector<Lines> children;
  std::string close;
};

/// The file as lines before the machine, the machine, and lines after it. Exports have one tag per line.
struct NodeText {
  std::string before, after;
  Lines machine;
};

NodeText split(std::string const& text) {
  NodeText node;
  std::vector<Lines> open;
  bool done = false;
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t const end = std::min(text.find('\n', at), text.size() - 1) + 1;
    std::string const line = text.substr(at, end - at);
    at = end;
    auto const finish = [&](Lines lines) {
      if (open.empty()) {
        node.machine = std::move(lines);
        done = true;
      } else {
        open.back().children.push_back(std::move(lines));
      }
    };
    if (line.find("<object ") != std::string::npos) {
      Lines lines{line, {}, {}, ""};
      if (line.find("/>") != std::string::npos) {
        finish(std::move(lines));
      } else {
        open.push_back(std::move(lines));
      }
    } else if (line.find("</object>") != std::string::npos) {
      Lines lines = std::move(open.back());
      open.pop_back();
      lines.close = line;
      finish(std::move(lines));
    } else if (!open.empty()) {
      open.back().notes.push_back(line);
    } else {
      (done ? node.after : node.before) += line;
    }
  }
  return node;
}

std::string joined(Lines const& lines) {
  std::string text = lines.open;
  for (std::string const& note : lines.notes) text += note;
  for (Lines const& child : lines.children) text += joined(child);
  return text + lines.close;
}

std::string joined(NodeText const& node) {
  return node.before + joined(node.machine) + node.after;
}

void each(Lines& lines, std::function<void(Lines&)> const& work) {
  work(lines);
  for (Lines& child : lines.children) each(child, work);
}

Machine machine_of(NodeText const& node) {
  return Machine::load(Source::text(joined(node)));
}

/// Requests of all kinds that this node can meet.
std::vector<PlanRequest> requests(Machine const& machine) {
  std::vector<PlanRequest> all;
  for (int const ranks : {1, 2, 3, 4, 8, 13}) {
    for (Policy const policy :
         {Policy::gpu_first, Policy::nic_first, Policy::numa_first, Policy::compact, Policy::spread}) {
      for (bool const exact : {false, true}) {
        for (bool const honour : {false, true}) {
          PlanRequest request;
          request.ranks = ranks;
          request.policy = policy;
          request.exact = exact;
          request.honour_port_state = honour;
          request.sharing = exact ? Sharing::even : Sharing::near;
          try {
            static_cast<void>(plan(machine, request));
            all.push_back(request);
          } catch (UsageError const&) {
          }
        }
      }
    }
  }
  return all;
}

/// A plan in words of the node: cores by logical index, devices by bus id.
std::string in_words(Machine const& machine, Plan const& plan) {
  std::string text;
  for (Assignment const& a : plan.assignments) {
    for (int const core : machine.cores_of(a.cpus)) text += std::to_string(core) + " ";
    text += a.gpu ? machine.devices()[*a.gpu].id() : "-";
    text += a.nic ? " " + machine.devices()[*a.nic].id() : " -";
    text += "\n";
  }
  return text;
}

class EveryNode : public testing::TestWithParam<std::filesystem::path> {
 protected:
  std::string text() const { return kramers::test::file_text(GetParam()); }
  Machine machine() const { return Machine::load(Source::file(GetParam())); }
};

TEST_P(EveryNode, HopsAreADistance) {
  Machine const machine = this->machine();
  int const objects = static_cast<int>(machine.objects().size());
  for (int a = 0; a < objects; ++a) {
    for (int b = 0; b <= a; ++b) {
      int const ab = hops(machine, a, b);
      ASSERT_GE(ab, 0);
      ASSERT_EQ(ab == 0, a == b);
      ASSERT_EQ(ab, hops(machine, b, a));
    }
  }
  // Triangles by samples: all are too many.
  std::mt19937 random(3);
  auto const any = [&] { return static_cast<int>(random() % static_cast<unsigned>(objects)); };
  for (int i = 0; i < 20000; ++i) {
    int const a = any(), b = any(), c = any();
    ASSERT_LE(hops(machine, a, c), hops(machine, a, b) + hops(machine, b, c));
  }
}

TEST_P(EveryNode, PairsAreSymmetric) {
  Machine const machine = this->machine();
  int const objects = static_cast<int>(machine.objects().size());
  // All pairs with an I/O object, for which hwloc's own common ancestor crashes, and every seventh of the others.
  for (int a = 0; a < objects; ++a) {
    bool const io = machine.objects()[static_cast<std::size_t>(a)].is_io();
    for (int b = 0; b < objects; b += io ? 1 : 7) {
      Pair const ab = pair_of(machine, a, b), ba = pair_of(machine, b, a);
      ASSERT_EQ(ab.pair, ba.pair) << a << " " << b;
      ASSERT_EQ(ab.hops, ba.hops);
      ASSERT_EQ(ab.reason, ba.reason);
      ASSERT_FALSE(ab.reason.empty());
    }
  }
}

TEST_P(EveryNode, DevicesHaveDistancesToEverything) {
  Machine const machine = this->machine();
  for (Device const& device : machine.devices()) {
    for (Object const& object : machine.objects()) {
      Distance const far = distance(machine, device, object.cpus);
      ASSERT_GE(far.hops_cpu, 0);
      ASSERT_GE(far.hops_pci, 0);
      ASSERT_FALSE(far.reason.empty());
      ASSERT_EQ(far.locality == Locality::unknown, object.cpus.empty() || !device.anchored);
      if (object.cpus.intersects(device.cpus) && device.anchored) {
        ASSERT_LE(far.locality, Locality::package);
      }
    }
    EXPECT_EQ(machine.find_device(device.id()), static_cast<std::size_t>(&device - machine.devices().data()));
  }
}

TEST_P(EveryNode, FartherClassesAreFarther) {
  Machine const machine = this->machine();
  for (Device const& device : machine.devices()) {
    // More hardware threads are never farther away.
    for (Domain const& domain : machine.domains()) {
      Distance const part = distance(machine, device, CpuSet{domain.cpus.first()});
      EXPECT_LE(distance(machine, device, domain.cpus).locality, part.locality);
      EXPECT_LE(distance(machine, device, machine.cpus()).locality, part.locality);
    }
  }
}

TEST_P(EveryNode, OrderOfDiscoveryChangesNothing) {
  Machine const machine = this->machine();
  auto const wanted = requests(machine);
  NodeText node = split(text());
  std::mt19937 random(11);
  for (int round = 0; round < 3; ++round) {
    each(node.machine, [&](Lines& lines) { std::ranges::shuffle(lines.children, random); });
    Machine const shuffled = machine_of(node);
    ASSERT_EQ(shuffled.devices().size(), machine.devices().size());
    for (std::size_t i = 0; i < machine.devices().size(); ++i) {
      EXPECT_EQ(shuffled.devices()[i].id(), machine.devices()[i].id());
      EXPECT_EQ(shuffled.devices()[i].name, machine.devices()[i].name);
    }
    for (PlanRequest const& request : wanted) {
      ASSERT_EQ(in_words(shuffled, plan(shuffled, request)), in_words(machine, plan(machine, request)));
    }
  }
}

TEST_P(EveryNode, NumbersOfHardwareThreadsChangeNothing) {
  Machine const machine = this->machine();
  auto const wanted = requests(machine);
  // Sets follow the processing units when a file is read, so new numbers for these are enough; in the order of the
  // tree, as the tree is ordered by numbers.
  NodeText node = split(text());
  unsigned next = 3;
  each(node.machine, [&](Lines& lines) {
    if (lines.open.find("type=\"PU\"") == std::string::npos) return;
    std::size_t const at = lines.open.find("os_index=\"") + 10;
    lines.open.replace(at, lines.open.find('"', at) - at, std::to_string(next));
    next += 2;
  });
  each(node.machine, [&](Lines& lines) {
    std::size_t const at = lines.open.find(" allowed_cpuset=\"");
    if (at != std::string::npos) lines.open.erase(at, lines.open.find('"', at + 17) + 1 - at);
  });
  Machine const renumbered = machine_of(node);
  ASSERT_EQ(renumbered.cores().size(), machine.cores().size());
  for (PlanRequest const& request : wanted) {
    ASSERT_EQ(in_words(renumbered, plan(renumbered, request)), in_words(machine, plan(machine, request)));
  }
}

TEST_P(EveryNode, AFarNicNeverChangesANearChoice) {
  Machine const machine = this->machine();
  if (machine.fabric_nics().empty()) GTEST_SKIP() << "the node has no fabric NIC";
  Device const model = machine.devices()[machine.fabric_nics().front()];
  NodeText const node = split(text());
  std::string const open = "<object type=\"PCIDev\" pci_busid=\"0000:ff:1f.0\" pci_type=\"";
  for (Package const& package : machine.packages()) {
    // Below the package: as near as can be said to none of its NUMA nodes in particular, and far from other packages.
    NodeText more = node;
    int number = 0;
    each(more.machine, [&](Lines& lines) {
      if (lines.open.find("type=\"Package\"") == std::string::npos || number++ != package.logical_index) return;
      std::array<char, 64> type{};
      std::snprintf(type.data(), type.size(), "%04x [%04x:%04x] [0000:0000] 00", model.pci_class, model.vendor,
                    model.device);
      Lines device{open + type.data() + "\" pci_link_speed=\"900.0\">\n", {}, {}, "</object>\n"};
      device.children.push_back({"<object type=\"OSDev\" name=\"far0\" osdev_type=\"2\"/>\n", {}, {}, ""});
      device.children.push_back({"<object type=\"OSDev\" name=\"far_0\" osdev_type=\"3\">\n",
                                 {"<info name=\"Port1State\" value=\"4\"/>\n"},
                                 {},
                                 "</object>\n"});
      Lines bridge{
          "<object type=\"Bridge\" bridge_type=\"0-1\" bridge_pci=\"0000:[ff-ff]\">\n", {}, {device}, "</object>\n"};
      lines.children.push_back(bridge);
    });
    Machine const with = machine_of(more);
    ASSERT_EQ(with.fabric_nics().size(), machine.fabric_nics().size() + 1);
    Device const added = with.devices()[with.device("far0")];
    for (PlanRequest request : requests(machine)) {
      request.sharing = Sharing::near;
      if (request.policy == Policy::nic_first) continue;  // that asks for all NICs, near or far
      Plan const before = plan(machine, request);
      request.bindings.clear();
      for (Assignment const& a : before.assignments) request.bindings.push_back(a.cpus);
      Plan const old = plan(machine, request), now = plan(with, request);
      for (std::size_t r = 0; r < old.assignments.size(); ++r) {
        Assignment const& a = old.assignments[r];
        if (!a.nic) continue;
        bool const by_gpu = a.gpu && request.policy == Policy::gpu_first;
        PairClass const pair =
            by_gpu ? pair_of(with, with.devices()[with.device(machine.devices()[*a.gpu].id())], added).pair
                   : PairClass::pix;
        bool const nearer_pair = by_gpu && a.gpu_nic->pair < pair;
        bool const same_pair = !by_gpu || a.gpu_nic->pair == pair;
        bool const near = nearer_pair || (same_pair && *a.nic_distance < distance(with, added, a.cpus));
        if (near) {
          ASSERT_EQ(with.devices()[*now.assignments[r].nic].id(), machine.devices()[*a.nic].id()) << r;
        }
      }
    }
  }
}

TEST_P(EveryNode, PlansNeverOverlapAndRepeatThemselves) {
  Machine const machine = this->machine();
  for (PlanRequest const& request : requests(machine)) {
    Plan const first = plan(machine, request);
    CpuSet seen;
    for (Assignment const& a : first.assignments) {
      ASSERT_FALSE(a.cpus.empty());
      ASSERT_FALSE(seen.intersects(a.cpus));
      seen |= a.cpus;
      if (!a.nic) continue;
      ASSERT_EQ(machine.devices()[*a.nic].kind, DeviceKind::fabric_nic);
      ASSERT_FALSE(request.honour_port_state && machine.devices()[*a.nic].state == PortState::down);
    }
    ASSERT_EQ(in_words(machine, plan(machine, request)), in_words(machine, first));
  }
}

TEST_P(EveryNode, AnyOneNumaNodeIsEnough) {
  Machine const whole = this->machine();
  for (Domain const& domain : whole.domains()) {
    LoadOptions options;
    options.restrict_to = domain.cpus;
    Machine const machine = Machine::load(Source::file(GetParam()), options);
    EXPECT_EQ(machine.cpus(), domain.cpus);
    EXPECT_EQ(machine.devices().size(), whole.devices().size());
    for (Device const& device : machine.devices()) {
      // What hung elsewhere is not local now, whatever its set says.
      Device const before = whole.devices()[whole.device(device.id())];
      if (before.anchored && !before.cpus.intersects(domain.cpus)) {
        EXPECT_GE(distance(machine, device, machine.cpus()).locality, Locality::package) << device.name;
      }
    }
    PlanRequest request;
    request.ranks = 2;
    EXPECT_EQ(plan(machine, request).assignments.size(), 2U);
  }
}

std::string test_name(testing::TestParamInfo<std::filesystem::path> const& node) {
  std::string name = node.param.stem().string();
  std::ranges::replace_if(name, [](char c) { return c == '-' || c == '.'; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Nodes, EveryNode, testing::ValuesIn(kramers::test::node_files()), test_name);

}  // namespace
