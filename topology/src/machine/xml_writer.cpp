// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "machine/xml_writer.hpp"

#include <kramers/topology/error.hpp>

#include <hwloc/bitmap.h>

#include <algorithm>
#include <cerrno>
#include <cmath>
#include <cstdlib>

#include "common/xml_escape.hpp"

namespace kramers::topology::detail {

namespace {

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

}  // namespace

int level_of(std::string_view type) {
  bool const cache = type.size() >= 7 && type[0] == 'L' && type[1] >= '1' && type[1] <= '5' &&
                     (type.substr(2) == "Cache" || (type.substr(2) == "iCache" && type[1] <= '3'));
  return cache ? type[1] - '0' : 0;
}

XmlWriter::XmlWriter(std::string const& source, std::string const& version)
    : m_source(source), m_is_version_3(version.starts_with("3")) {
  m_text =
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE topology SYSTEM \"hwloc2.dtd\">\n<topology version=\"" +
      (m_is_version_3 ? version : "2.0") + "\">\n";
}

void XmlWriter::attribute(std::string_view name, std::string_view value) {
  m_text += " ";
  m_text += name;
  m_text += "=\"" + escaped(value) + "\"";
}

void XmlWriter::attribute(std::string_view name, CpuSet const& set) {
  char* text = nullptr;
  if (hwloc_bitmap_asprintf(&text, set.native()) < 0) throw HwlocError("hwloc_bitmap_asprintf", ENOMEM);
  std::unique_ptr<char, void (*)(void*)> const owned(text, std::free);
  attribute(name, std::string_view(text));
}

void XmlWriter::copy_pattern(XmlElement const& from, char const* name, std::initializer_list<char const*> patterns) {
  std::string const* text = from.find(name);
  auto const fits = [&](char const* pattern) { return text != nullptr && looks_like(*text, pattern); };
  if (std::ranges::none_of(patterns, fits)) {
    reject_xml(
        m_source, from.line,
        text == nullptr ? std::string(name) + " is missing" : std::string(name) + " is '" + *text + "', which is none");
  }
  attribute(name, *text);
}

void XmlWriter::write_io(XmlObject const& object) {
  XmlElement const& from = *object.from;
  if (object.type == "OSDev") {
    std::string const* type = from.find("osdev_type");
    // Version 3 has a set of seven types, the others one of them.
    unsigned const most = m_is_version_3 ? 127 : 6;
    auto const value = type == nullptr ? std::nullopt : number<unsigned>(*type);
    if (!value || *value > most)
      reject_xml(m_source, from.line, "a device of the operating system without a type that can be");
    attribute("osdev_type", *type);
    return;
  }
  bool on_pci = object.type == "PCIDev";
  if (object.type == "Bridge") {
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

void XmlWriter::write_normal(XmlObject const& object) {
  attribute("cpuset", object.cpus);
  attribute("complete_cpuset", object.cpus);
  attribute("nodeset", object.nodes);
  attribute("complete_nodeset", object.nodes);
  if (object.type == "Machine") {
    attribute("allowed_cpuset", m_allowed_cpus);
    attribute("allowed_nodeset", m_allowed_nodes);
  }
  if (object.from == nullptr) return;
  XmlElement const& from = *object.from;
  if (int const level = level_of(object.type); level > 0) {
    bool const instruction = object.type.find('i') != std::string::npos;
    std::string const* kind = from.find("cache_type");
    attribute("depth", std::to_string(level));
    attribute("cache_type", instruction ? "2" : kind != nullptr && *kind == "1" ? "1" : "0");
    copy_number<std::uint64_t>(from, "cache_size");
    copy_number<unsigned>(from, "cache_linesize");
    copy_number<int>(from, "cache_associativity");
  }
  if (object.type == "Group") {
    copy_number<unsigned>(from, "kind");
    copy_number<unsigned>(from, "subkind");
  }
  if (object.type == "NUMANode") copy_number<std::uint64_t>(from, "local_memory");
  if (object.type == "MemCache") {
    copy_number<std::uint64_t>(from, "cache_size");
    attribute("depth", "1");
  }
}

void XmlWriter::write_info(XmlElement const& from) {
  std::string const* name = from.find("name");
  std::string const* value = from.find("value");
  if (name == nullptr || value == nullptr) return;
  m_text += "<info";
  attribute("name", *name);
  attribute("value", *value);
  m_text += "/>\n";
}

void XmlWriter::write(XmlObject const& object) {
  m_text += "<object";
  attribute("type", object.type);
  if (object.os_index && object.family != XmlFamily::io) attribute("os_index", std::to_string(*object.os_index));
  attribute("gp_index", std::to_string(++m_objects));
  if (object.family == XmlFamily::io) {
    write_io(object);
  } else {
    write_normal(object);
  }
  if (object.from != nullptr) {
    for (char const* name : {"name", "subtype"}) {
      if (std::string const* text = object.from->find(name)) attribute(name, *text);
    }
  }
  m_text += ">\n";
  if (object.from != nullptr) {
    for (XmlElement const& child : object.from->children) {
      if (child.name == "info") write_info(child);
    }
  }
  for (auto const& list : {&object.memory, &object.normal, &object.io}) {
    for (auto const& child : *list) write(*child);
  }
  m_text += "</object>\n";
}

}  // namespace kramers::topology::detail
