// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "machine/xml_latencies.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

namespace kramers::topology::detail {

namespace {

/// All numbers inside the children of that name; nothing if one is none.
std::optional<std::vector<std::uint64_t>> numbers(XmlElement const& from, std::string_view name) {
  std::vector<std::uint64_t> all;
  for (XmlElement const& child : from.children) {
    if (child.name != name) continue;
    std::string_view rest = child.text;
    while (!rest.empty()) {
      std::size_t const end = std::min(rest.find_first_of(" \n\t"), rest.size());
      auto const value = number<std::uint64_t>(rest.substr(0, end));
      if (end > 0 && !value) return {};
      if (end > 0) all.push_back(*value);
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return all;
}

}  // namespace

std::optional<XmlLatencies> latencies_of(XmlElement const& distances) {
  auto const is = [&](char const* name, std::string_view value) {
    std::string const* text = distances.find(name);
    return text != nullptr && *text == value;
  };
  std::string const* kind = distances.find("kind");
  auto const bits = kind == nullptr ? std::nullopt : number<unsigned>(*kind);
  bool const means_latency = bits && (*bits & 4U) != 0;
  if (!is("type", "NUMANode") || !is("indexing", "os") || !means_latency) return {};
  auto nodes = numbers(distances, "indexes"), values = numbers(distances, "u64values");
  if (!nodes || !values) return {};
  return XmlLatencies{std::move(*nodes), std::move(*values)};
}

std::vector<std::uint64_t> old_latencies_of(XmlElement const& distances) {
  std::string const* base = distances.find("latency_base");
  auto const scale = base == nullptr ? std::nullopt : number<double>(*base);
  std::vector<std::uint64_t> values;
  for (XmlElement const& child : distances.children) {
    std::string const* text = child.find("value");
    auto const value = text == nullptr ? std::nullopt : number<double>(*text);
    if (!scale || !value || !(*value * *scale >= 0 && *value * *scale < 1e9)) return {};
    values.push_back(static_cast<std::uint64_t>(std::lround(*value * *scale)));
  }
  return values;
}

std::string xml_of(XmlLatencies const& latencies, CpuSet const& known) {
  CpuSet named;
  for (std::uint64_t const node : latencies.nodes) {
    if (node <= CpuSet::largest && known.contains(static_cast<unsigned>(node)))
      named.insert(static_cast<unsigned>(node));
  }
  if (latencies.nodes.size() < 2 || named.size() != latencies.nodes.size() ||
      latencies.values.size() != latencies.nodes.size() * latencies.nodes.size())
    return {};
  auto const list = [](std::vector<std::uint64_t> const& from) {
    std::string text;
    for (std::uint64_t const value : from) text += std::to_string(value) + " ";
    return text;
  };
  std::string const index = list(latencies.nodes), matrix = list(latencies.values);
  return "<distances2 type=\"NUMANode\" nbobjs=\"" + std::to_string(latencies.nodes.size()) +
         "\" kind=\"5\" name=\"NUMALatency\" indexing=\"os\">\n<indexes length=\"" + std::to_string(index.size()) +
         "\">" + index + "</indexes>\n<u64values length=\"" + std::to_string(matrix.size()) + "\">" + matrix +
         "</u64values>\n</distances2>\n";
}

}  // namespace kramers::topology::detail
