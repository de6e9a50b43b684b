// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/topology/cpu_set.hpp>

#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "machine/xml_latencies.hpp"
#include "machine/xml_tree.hpp"

namespace kramers::topology::detail {

enum class XmlFamily { normal, memory, io };

/// An object of a machine, on its way from one XML to the other.
struct XmlObject {
  std::string type;
  XmlFamily family = XmlFamily::normal;
  XmlElement const* from = nullptr;  // null for a group that is made for a NUMA node of version 1
  std::optional<unsigned> os_index;
  std::vector<std::unique_ptr<XmlObject>> normal, memory, io;
  CpuSet cpus, nodes;
};

/// Level of a cache by its name, L1Cache or L1iCache; 0 for another type.
int level_of(std::string_view type);

/// Writes objects as XML that hwloc reads: of each, the attributes known to be harmless.
class XmlWriter {
 public:
  /// @param  version  that of the text the objects are from; "" for version 1
  XmlWriter(std::string const& source, std::string const& version);

  /// What may be used of the machine, written with it.
  void allow(CpuSet cpus, CpuSet nodes) {
    m_allowed_cpus = std::move(cpus);
    m_allowed_nodes = std::move(nodes);
  }
  /// @throws InputError  an attribute that an object must have is missing or wrong
  void write(XmlObject const& object);
  void write_info(XmlElement const& from);
  /// All that was written, from the head of the file on.
  std::string take() { return std::move(m_text); }

 private:
  void attribute(std::string_view name, std::string_view value);
  void attribute(std::string_view name, CpuSet const& set);
  /// Copy an attribute that is a number; one that is none is left out.
  template <class Number>
  void copy_number(XmlElement const& from, char const* name) {
    std::string const* text = from.find(name);
    if (text != nullptr && number<Number>(*text)) attribute(name, *text);
  }
  void copy_pattern(XmlElement const& from, char const* name, std::initializer_list<char const*> patterns);
  void write_io(XmlObject const& object);
  void write_normal(XmlObject const& object);

  std::string const& m_source;
  bool m_is_version_3;
  std::string m_text;
  CpuSet m_allowed_cpus, m_allowed_nodes;
  std::uint64_t m_objects = 0;
};

}  // namespace kramers::topology::detail
