// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/topology/cpu_set.hpp>

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "machine/xml_tree.hpp"

namespace kramers::topology::detail {

/// The whole text as a number; nothing if it is none.
template <class Number>
std::optional<Number> number(std::string_view text) {
  Number value{};
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

/// Latencies between NUMA nodes (by the operating system's numbers), row by row.
struct XmlLatencies {
  std::vector<std::uint64_t> nodes, values;
};

/// What <distances2> says about NUMA nodes; nothing if it is about something else, or damaged.
std::optional<XmlLatencies> latencies_of(XmlElement const& distances);

/// The values of <distances> of version 1, multiples of a base; it does not say of which objects.
std::vector<std::uint64_t> old_latencies_of(XmlElement const& distances);

/// As <distances2>; "" unless it is a full matrix of some of the known nodes.
std::string xml_of(XmlLatencies const& latencies, CpuSet const& known);

}  // namespace kramers::topology::detail
