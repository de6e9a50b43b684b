// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rewrite.hpp"

#include <kramers/topology/cpu_set.hpp>
#include <kramers/topology/error.hpp>

#include <hwloc/bitmap.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "xml.hpp"
#include "xml_latencies.hpp"
#include "xml_tree.hpp"

namespace kramers::topology::detail {

namespace {

enum class Family { normal, memory, io };

/// An object on its way through.
struct Part {
  std::string type;
  Family family = Family::normal;
  XmlElement const* from = nullptr;  // null for a group that is made for a NUMA node of version 1
  std::optional<unsigned> os_index;
  std::vector<std::unique_ptr<Part>> normal, memory, io;
  CpuSet cpus, nodes;
};

/// Does the text look like the pattern, in which h is a digit of a hexadecimal number and * any number of them up to 4?
bool looks_like(std::string_view text, std::string_view pattern) {
  auto const hex = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  for (char const p : pattern) {
    if (p == '*') {
      for (int i = 0; i < 4 && !text.empty() && hex(text.front()); ++i) text.remove_prefix(1);
      continue;
    }
    if (text.empty() || !(p == 'h' ? hex(text.front()) : text.front() == p)) return false;
    text.remove_prefix(1);
  }
  return text.empty();
}

/// Level of a cache by its name, L1Cache or L1iCache; 0 for another type.
int level_of(std::string_view type) {
  bool const cache = type.size() >= 7 && type[0] == 'L' && type[1] >= '1' && type[1] <= '5' &&
                     (type.substr(2) == "Cache" || (type.substr(2) == "iCache" && type[1] <= '3'));
  return cache ? type[1] - '0' : 0;
}

/// Objects of a type must not be below one of a later type of this list, nor of the same.
int rank_of(std::string_view type) {
  constexpr std::array<std::string_view, 5> order = {"Machine", "Package", "Die", "Core", "PU"};
  auto const at = std::ranges::find(order, type);
  return at == order.end() ? -1 : static_cast<int>(at - order.begin());
}

class Rewriter {
 public:
  Rewriter(XmlElement const& root, std::string const& source) : m_root(root), m_source(source) {
    m_version = root.find("version") == nullptr ? "" : *root.find("version");
  }

  std::string rewrite() {
    XmlElement const* machine = nullptr;
    for (XmlElement const& child : m_root.children) {
      if (child.name != "object") continue;
      if (machine != nullptr) fail(child, "a second machine");
      machine = &child;
    }
    if (m_root.name != "topology" || machine == nullptr)
      throw DataError(m_source, "is damaged: it describes no machine");
    std::unique_ptr<Part> whole = convert(*machine, nullptr, {});
    if (m_cpus.empty()) throw DataError(m_source, "describes no CPU; export or copy it again");
    if (m_nodes.empty()) {
      // Version 1 leaves memory out where there is one node of it.
      auto node = std::make_unique<Part>();
      node->type = "NUMANode";
      node->family = Family::memory;
      node->os_index = 0;
      m_nodes.insert(0);
      whole->memory.push_back(std::move(node));
    }
    collect(*whole);
    spread_nodes(*whole, {});
    m_allowed_cpus = allowed(*machine, "allowed_cpuset", m_cpus);
    m_allowed_nodes = allowed(*machine, "allowed_nodeset", m_nodes);
    m_text =
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE topology SYSTEM \"hwloc2.dtd\">\n<topology version=\"" +
        (m_version.starts_with("3") ? m_version : "2.0") + "\">\n";
    write(*whole);
    for (XmlElement const& child : m_root.children) {
      auto const found = child.name == "distances2" && m_latencies.empty() ? latencies_of(child) : std::nullopt;
      if (found) m_latencies = xml_of(*found, m_nodes);
      if (child.name == "info") write_info(child);
    }
    // Version 1 does not say of which objects; those that are as many as NUMA nodes are taken for that.
    if (m_latencies.empty()) m_latencies = xml_of({m_node_order, m_old_latencies}, m_nodes);
    return m_text + m_latencies + "</topology>\n";
  }

 private:
  [[noreturn]] void fail(XmlElement const& at, std::string const& what) const {
    throw DataError(m_source,
                    "is damaged: line " + std::to_string(at.line) + ": " + what + "; export or copy it again");
  }

  std::string type_of(XmlElement const& object) const {
    std::string const* given = object.find("type");
    if (given == nullptr) fail(object, "an object without a type");
    if (*given == "Socket") return "Package";
    if (*given != "Cache") return *given;
    std::string const* depth = object.find("depth");
    std::string const* kind = object.find("cache_type");
    return "L" + (depth == nullptr ? std::string() : *depth) + (kind != nullptr && *kind == "2" ? "iCache" : "Cache");
  }

  /// The types above an object that matter for what may be below.
  struct Above {
    int rank = -1;
    int level = 6, instruction_level = 6;
  };

  std::unique_ptr<Part> convert(XmlElement const& object, Part const* parent, Above above) {
    auto part = std::make_unique<Part>();
    part->type = type_of(object);
    part->from = &object;
    if (part->type == "NUMANode" || part->type == "MemCache") part->family = Family::memory;
    if (part->type == "Bridge" || part->type == "PCIDev" || part->type == "OSDev") part->family = Family::io;
    if (std::string const* text = object.find("os_index")) part->os_index = number<unsigned>(*text);
    check_place(*part, parent, above);
    if (part->type == "PU") claim(*part, m_cpus);
    if (part->type == "NUMANode") {
      claim(*part, m_nodes);
      m_node_order.push_back(*part->os_index);
    }
    for (XmlElement const& child : object.children) {
      if (child.name == "distances") m_old_latencies = old_latencies_of(child);
      if (child.name != "object" || type_of(child) == "Misc") continue;
      add(*part, convert(child, part.get(), above));
    }
    if (part->type != "NUMANode" || part->normal.empty()) return part;
    // Version 1: what is below a NUMA node becomes its neighbour in a group.
    auto group = std::make_unique<Part>();
    group->type = "Group";
    group->normal = std::move(part->normal);
    group->io = std::move(part->io);
    part->normal.clear();
    part->io.clear();
    group->memory.push_back(std::move(part));
    return group;
  }

  void add(Part& parent, std::unique_ptr<Part> child) const {
    auto& list = child->family == Family::normal   ? parent.normal
                 : child->family == Family::memory ? parent.memory
                                                   : parent.io;
    list.push_back(std::move(child));
  }

  void check_place(Part const& part, Part const* parent, Above& above) const {
    XmlElement const& at = *part.from;
    int const rank = rank_of(part.type), level = level_of(part.type);
    bool const known = part.family != Family::normal || rank >= 0 || level > 0 || part.type == "Group";
    if (!known) fail(at, "an object of the unknown type '" + part.type + "'");
    if ((parent == nullptr) != (part.type == "Machine")) fail(at, "the machine must be the one object at the top");
    if (parent != nullptr) {
      bool const old_memory = m_version.empty() && parent->type == "NUMANode";
      bool const inside = parent->family == Family::normal || old_memory;
      bool const fits = part.family == Family::normal   ? inside && parent->type != "PU"
                        : part.family == Family::memory ? (inside && parent->type != "PU") || parent->type == "MemCache"
                                                        : inside || parent->family == Family::io;
      if (!fits) fail(at, "a " + part.type + " below a " + parent->type);
    }
    if (rank >= 0) {
      if (rank <= above.rank) fail(at, "a " + part.type + " below another or a smaller object");
      above.rank = rank;
    }
    if (level > 0) {
      int& last = part.type.find('i') == std::string::npos ? above.level : above.instruction_level;
      if (level >= last) fail(at, "a cache below one that is not larger");
      last = level;
    }
  }

  void claim(Part const& part, CpuSet& taken) const {
    if (!part.os_index || *part.os_index > CpuSet::largest)
      fail(*part.from, "a " + part.type + " without a number that can be");
    if (taken.contains(*part.os_index)) {
      fail(*part.from, "a second " + part.type + " with the number " + std::to_string(*part.os_index));
    }
    taken.insert(*part.os_index);
  }

  /// Sets from below, and children in the order of their first processing unit.
  static void collect(Part& part) {
    if (part.type == "PU") part.cpus.insert(*part.os_index);
    if (part.type == "NUMANode") part.nodes.insert(*part.os_index);
    for (auto const& list : {&part.normal, &part.memory}) {
      for (auto const& child : *list) {
        collect(*child);
        part.cpus |= child->cpus;
        part.nodes |= child->nodes;
      }
    }
    auto const first = [](CpuSet const& set) { return set.empty() ? UINT_MAX : set.first(); };
    std::ranges::stable_sort(part.normal, {}, [&](auto const& child) { return first(child->cpus); });
    std::ranges::stable_sort(part.memory, {}, [&](auto const& child) { return first(child->nodes); });
  }

  /// Memory of an object is local to all below it, and has its processing units.
  static void spread_nodes(Part& part, CpuSet const& above) {
    CpuSet local = above;
    for (auto const& child : part.memory) local |= child->nodes;
    part.nodes |= above;
    for (auto const& child : part.memory) give_cpus(*child, part.cpus);
    for (auto const& child : part.normal) spread_nodes(*child, local);
  }

  static void give_cpus(Part& memory, CpuSet const& cpus) {
    memory.cpus = cpus;
    for (auto const& child : memory.memory) give_cpus(*child, cpus);
  }

  /// The set that may be used, where the file says.
  CpuSet allowed(XmlElement const& machine, char const* attribute, CpuSet const& all) const {
    std::string const* text = machine.find(attribute);
    if (text == nullptr || text->find_first_not_of("0123456789abcdefx,.") != std::string::npos) return all;
    std::unique_ptr<hwloc_bitmap_s, void (*)(hwloc_bitmap_t)> const bits(hwloc_bitmap_alloc(), hwloc_bitmap_free);
    if (bits == nullptr || hwloc_bitmap_sscanf(bits.get(), text->c_str()) < 0)
      fail(machine, std::string(attribute) + " is no set");
    hwloc_bitmap_and(bits.get(), bits.get(), all.native());  // it may have no end
    CpuSet const some = CpuSet::copy_of(bits.get());
    if (some.empty()) fail(machine, std::string(attribute) + " leaves nothing of the machine");
    return some;
  }

  void attribute(std::string_view name, std::string_view value) {
    m_text += " ";
    m_text += name;
    m_text += "=\"" + escaped(value) + "\"";
  }

  void attribute(std::string_view name, CpuSet const& set) {
    char* text = nullptr;
    if (hwloc_bitmap_asprintf(&text, set.native()) < 0) throw HwlocError("hwloc_bitmap_asprintf", ENOMEM);
    std::unique_ptr<char, void (*)(void*)> const owned(text, std::free);
    attribute(name, std::string_view(text));
  }

  /// Copy an attribute that is a number; one that is none is left out.
  template <class Number>
  void copy_number(XmlElement const& from, char const* name) {
    std::string const* text = from.find(name);
    if (text != nullptr && number<Number>(*text)) attribute(name, *text);
  }

  void copy_pattern(XmlElement const& from, char const* name, std::initializer_list<char const*> patterns) {
    std::string const* text = from.find(name);
    auto const fits = [&](char const* pattern) { return text != nullptr && looks_like(*text, pattern); };
    if (std::ranges::none_of(patterns, fits)) {
      fail(from, text == nullptr ? std::string(name) + " is missing"
                                 : std::string(name) + " is '" + *text + "', which is none");
    }
    attribute(name, *text);
  }

  void write_io(Part const& part) {
    XmlElement const& from = *part.from;
    if (part.type == "OSDev") {
      std::string const* type = from.find("osdev_type");
      // Version 3 has a set of seven types, the others one of them.
      unsigned const most = m_version.starts_with("3") ? 127 : 6;
      auto const value = type == nullptr ? std::nullopt : number<unsigned>(*type);
      if (!value || *value > most) fail(from, "a device of the operating system without a type that can be");
      attribute("osdev_type", *type);
      return;
    }
    bool on_pci = part.type == "PCIDev";
    if (part.type == "Bridge") {
      copy_pattern(from, "bridge_type", {"0-1", "1-1"});
      copy_pattern(from, "bridge_pci", {"hhhh*:[hh-hh]"});
      on_pci = from.find("bridge_type")->starts_with("1");
      copy_number<std::uint16_t>(from, "depth");
    }
    if (!on_pci) return;
    copy_pattern(from, "pci_busid", {"hhhh*:hh:hh.h"});
    copy_pattern(from, "pci_type", {"hhhh [hhhh:hhhh] [hhhh:hhhh] hh", "hhhh [hhhh:hhhh] [hhhh:hhhh] hh hh"});
    if (std::string const* text = from.find("pci_link_speed")) {
      auto const speed = number<double>(*text);
      if (speed && std::isfinite(*speed) && *speed >= 0 && *speed < 1e6) attribute("pci_link_speed", *text);
    }
  }

  void write_normal(Part const& part) {
    attribute("cpuset", part.cpus);
    attribute("complete_cpuset", part.cpus);
    attribute("nodeset", part.nodes);
    attribute("complete_nodeset", part.nodes);
    if (part.type == "Machine") {
      attribute("allowed_cpuset", m_allowed_cpus);
      attribute("allowed_nodeset", m_allowed_nodes);
    }
    if (part.from == nullptr) return;
    XmlElement const& from = *part.from;
    if (int const level = level_of(part.type); level > 0) {
      bool const instruction = part.type.find('i') != std::string::npos;
      std::string const* kind = from.find("cache_type");
      attribute("depth", std::to_string(level));
      attribute("cache_type", instruction ? "2" : kind != nullptr && *kind == "1" ? "1" : "0");
      copy_number<std::uint64_t>(from, "cache_size");
      copy_number<unsigned>(from, "cache_linesize");
      copy_number<int>(from, "cache_associativity");
    }
    if (part.type == "Group") {
      copy_number<unsigned>(from, "kind");
      copy_number<unsigned>(from, "subkind");
    }
    if (part.type == "NUMANode") copy_number<std::uint64_t>(from, "local_memory");
    if (part.type == "MemCache") {
      copy_number<std::uint64_t>(from, "cache_size");
      attribute("depth", "1");
    }
  }

  void write_info(XmlElement const& from) {
    std::string const* name = from.find("name");
    std::string const* value = from.find("value");
    if (name == nullptr || value == nullptr) return;
    m_text += "<info";
    attribute("name", *name);
    attribute("value", *value);
    m_text += "/>\n";
  }

  void write(Part const& part) {
    m_text += "<object";
    attribute("type", part.type);
    if (part.os_index && part.family != Family::io) attribute("os_index", std::to_string(*part.os_index));
    attribute("gp_index", std::to_string(++m_objects));
    if (part.family == Family::io) {
      write_io(part);
    } else {
      write_normal(part);
    }
    if (part.from != nullptr) {
      for (char const* name : {"name", "subtype"}) {
        if (std::string const* text = part.from->find(name)) attribute(name, *text);
      }
    }
    m_text += ">\n";
    if (part.from != nullptr) {
      for (XmlElement const& child : part.from->children) {
        if (child.name == "info") write_info(child);
      }
    }
    for (auto const& list : {&part.memory, &part.normal, &part.io}) {
      for (auto const& child : *list) write(*child);
    }
    m_text += "</object>\n";
  }

  XmlElement const& m_root;
  std::string const& m_source;
  std::string m_version, m_text, m_latencies;
  std::vector<std::uint64_t> m_node_order, m_old_latencies;
  CpuSet m_cpus, m_nodes, m_allowed_cpus, m_allowed_nodes;
  std::uint64_t m_objects = 0;
};

}  // namespace

std::string rewritten(std::string_view text, std::string const& source) {
  XmlElement const root = parse_xml(text, source);
  return Rewriter(root, source).rewrite();
}

}  // namespace kramers::topology::detail
