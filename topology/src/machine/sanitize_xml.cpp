// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "machine/sanitize_xml.hpp"

#include <kramers/topology/cpu_set.hpp>
#include <kramers/topology/error.hpp>

#include <hwloc/bitmap.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "machine/xml_latencies.hpp"
#include "machine/xml_tree.hpp"
#include "machine/xml_writer.hpp"

namespace kramers::topology::detail {

namespace {

/// Objects of a type must not be below one of a later type of this list, nor of the same.
int rank_of(std::string_view type) {
  constexpr std::array<std::string_view, 5> order = {"Machine", "Package", "Die", "Core", "PU"};
  auto const at = std::ranges::find(order, type);
  return at == order.end() ? -1 : static_cast<int>(at - order.begin());
}

class Sanitizer {
 public:
  Sanitizer(XmlElement const& root, std::string const& source) : m_root(root), m_source(source) {
    m_version = root.find("version") == nullptr ? "" : *root.find("version");
  }

  std::string sanitized() {
    XmlElement const* machine = nullptr;
    for (XmlElement const& child : m_root.children) {
      if (child.name != "object") continue;
      if (machine != nullptr) fail(child, "a second machine");
      machine = &child;
    }
    if (m_root.name != "topology" || machine == nullptr)
      throw InputError(m_source, 0, "is damaged: it describes no machine");
    std::unique_ptr<XmlObject> whole = convert(*machine, nullptr, {});
    if (m_cpus.empty()) throw InputError(m_source, 0, "describes no CPU; export or copy it again");
    if (m_nodes.empty()) {
      // Version 1 leaves memory out where there is one node of it.
      auto node = std::make_unique<XmlObject>();
      node->type = "NUMANode";
      node->family = XmlFamily::memory;
      node->os_index = 0;
      m_nodes.insert(0);
      whole->memory.push_back(std::move(node));
    }
    collect(*whole);
    spread_nodes(*whole, {});
    XmlWriter writer(m_source, m_version);
    CpuSet const cpus = allowed(*machine, "allowed_cpuset", m_cpus);
    writer.allow(cpus, allowed(*machine, "allowed_nodeset", m_nodes));
    writer.write(*whole);
    std::string latencies;
    for (XmlElement const& child : m_root.children) {
      auto const found = child.name == "distances2" && latencies.empty() ? latencies_of(child) : std::nullopt;
      if (found) latencies = xml_of(*found, m_nodes);
      if (child.name == "info") writer.write_info(child);
    }
    // Version 1 does not say of which objects; those that are as many as NUMA nodes are taken for that.
    if (latencies.empty()) latencies = xml_of({m_node_order, m_old_latencies}, m_nodes);
    return writer.take() + latencies + "</topology>\n";
  }

 private:
  [[noreturn]] void fail(XmlElement const& at, std::string const& what) const { reject_xml(m_source, at.line, what); }

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

  std::unique_ptr<XmlObject> convert(XmlElement const& element, XmlObject const* parent, Above above) {
    auto object = std::make_unique<XmlObject>();
    object->type = type_of(element);
    object->from = &element;
    if (object->type == "NUMANode" || object->type == "MemCache") object->family = XmlFamily::memory;
    if (object->type == "Bridge" || object->type == "PCIDev" || object->type == "OSDev") object->family = XmlFamily::io;
    if (std::string const* text = element.find("os_index")) object->os_index = number<unsigned>(*text);
    check_position(*object, parent, above);
    if (object->type == "PU") claim(*object, m_cpus);
    if (object->type == "NUMANode") {
      claim(*object, m_nodes);
      m_node_order.push_back(*object->os_index);
    }
    for (XmlElement const& child : element.children) {
      if (child.name == "distances") m_old_latencies = old_latencies_of(child);
      if (child.name != "object" || type_of(child) == "Misc") continue;
      add(*object, convert(child, object.get(), above));
    }
    if (object->type != "NUMANode" || object->normal.empty()) return object;
    // Version 1: what is below a NUMA node becomes its neighbour in a group.
    auto group = std::make_unique<XmlObject>();
    group->type = "Group";
    group->normal = std::move(object->normal);
    group->io = std::move(object->io);
    object->normal.clear();
    object->io.clear();
    group->memory.push_back(std::move(object));
    return group;
  }

  void add(XmlObject& parent, std::unique_ptr<XmlObject> child) const {
    auto& list = child->family == XmlFamily::normal   ? parent.normal
                 : child->family == XmlFamily::memory ? parent.memory
                                                      : parent.io;
    list.push_back(std::move(child));
  }

  void check_position(XmlObject const& object, XmlObject const* parent, Above& above) const {
    XmlElement const& at = *object.from;
    int const rank = rank_of(object.type), level = level_of(object.type);
    bool const known = object.family != XmlFamily::normal || rank >= 0 || level > 0 || object.type == "Group";
    if (!known) fail(at, "an object of the unknown type '" + object.type + "'");
    if ((parent == nullptr) != (object.type == "Machine")) fail(at, "the machine must be the one object at the top");
    if (parent != nullptr) {
      bool const old_memory = m_version.empty() && parent->type == "NUMANode";
      bool const inside = parent->family == XmlFamily::normal || old_memory;
      bool const fits = object.family == XmlFamily::normal ? inside && parent->type != "PU"
                        : object.family == XmlFamily::memory
                            ? (inside && parent->type != "PU") || parent->type == "MemCache"
                            : inside || parent->family == XmlFamily::io;
      if (!fits) fail(at, "a " + object.type + " below a " + parent->type);
    }
    if (rank >= 0) {
      if (rank <= above.rank) fail(at, "a " + object.type + " below another or a smaller object");
      above.rank = rank;
    }
    if (level > 0) {
      int& last = object.type.find('i') == std::string::npos ? above.level : above.instruction_level;
      if (level >= last) fail(at, "a cache below one that is not larger");
      last = level;
    }
  }

  void claim(XmlObject const& object, CpuSet& taken) const {
    if (!object.os_index || *object.os_index > CpuSet::largest)
      fail(*object.from, "a " + object.type + " without a number that can be");
    if (taken.contains(*object.os_index)) {
      fail(*object.from, "a second " + object.type + " with the number " + std::to_string(*object.os_index));
    }
    taken.insert(*object.os_index);
  }

  /// Sets from below, and children in the order of their first processing unit.
  static void collect(XmlObject& object) {
    if (object.type == "PU") object.cpus.insert(*object.os_index);
    if (object.type == "NUMANode") object.nodes.insert(*object.os_index);
    for (auto const& list : {&object.normal, &object.memory}) {
      for (auto const& child : *list) {
        collect(*child);
        object.cpus |= child->cpus;
        object.nodes |= child->nodes;
      }
    }
    auto const first = [](CpuSet const& set) { return set.empty() ? UINT_MAX : set.first(); };
    std::ranges::stable_sort(object.normal, {}, [&](auto const& child) { return first(child->cpus); });
    std::ranges::stable_sort(object.memory, {}, [&](auto const& child) { return first(child->nodes); });
  }

  /// Memory of an object is local to all below it, and has its processing units.
  static void spread_nodes(XmlObject& object, CpuSet const& above) {
    CpuSet local = above;
    for (auto const& child : object.memory) local |= child->nodes;
    object.nodes |= above;
    for (auto const& child : object.memory) give_cpus(*child, object.cpus);
    for (auto const& child : object.normal) spread_nodes(*child, local);
  }

  static void give_cpus(XmlObject& memory, CpuSet const& cpus) {
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

  XmlElement const& m_root;
  std::string const& m_source;
  std::string m_version;
  std::vector<std::uint64_t> m_node_order, m_old_latencies;
  CpuSet m_cpus, m_nodes;
};

}  // namespace

std::string sanitize_xml(std::string_view text, std::string const& source) {
  XmlElement const root = parse_xml(text, source);
  return Sanitizer(root, source).sanitized();
}

}  // namespace kramers::topology::detail
