// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <string>
#include <string_view>

namespace kramers::topology::detail {

/// The XML of a node, of version 1 to 3 of hwloc, as XML that hwloc reads without harm: hwloc trusts what it reads, and
/// prints, or ends the process, where an object breaks its rules. Kept are the tree with its infos and the latencies
/// between NUMA nodes; sets are made anew from the processing units and NUMA nodes below each object, children sorted,
/// and version 1 becomes version 2.
/// @throws InputError  with the line: the text is no XML, or its tree none of a machine
std::string sanitize_xml(std::string_view text, std::string const& source);

}  // namespace kramers::topology::detail
