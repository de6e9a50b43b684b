// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/file.hpp>
#include <kramers/topology/error.hpp>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>

#include "machine/machine_state.hpp"
#include "machine/sanitize_xml.hpp"

namespace kramers::topology::detail {

namespace {

namespace fs = std::filesystem;

// The largest node known exports less than one; a device or a core dump given by mistake is larger.
constexpr std::size_t largest_input = std::size_t{64} << 20U;

void check(int status, char const* call) {
  if (status < 0) throw HwlocError(call, errno);
}

std::string read_file(std::string const& path) {
  std::error_code problem;
  fs::file_status const status = fs::status(path, problem);
  if (status.type() == fs::file_type::not_found) {
    throw InputError(path, 0, "no such file; write one on the node with 'lstopo node.xml'");
  }
  if (problem) throw InputError(path, 0, "cannot be opened: " + problem.message());
  if (fs::is_directory(status)) throw InputError(path, 0, "is a folder, not an XML file of hwloc");
  return read_input(path, largest_input);
}

/// The value of attribute version of the element, or "" without one.
std::string version_of(std::string const& text, std::size_t element) {
  std::size_t const end = text.find('>', element);
  std::size_t const at = text.find("version=", element);
  if (end == std::string::npos || at == std::string::npos || at > end || at + 9 >= text.size()) return {};
  std::size_t const close = text.find(text[at + 8], at + 9);
  return close == std::string::npos ? std::string() : text.substr(at + 9, close - at - 9);
}

/// What can be told from the text itself, for better messages than hwloc's "invalid argument".
void inspect(std::string const& text, std::string const& source) {
  if (text.size() > largest_input) throw InputError(source, 0, "is larger than 64 MiB, so it is no XML file of hwloc");
  if (text.empty()) throw InputError(source, 0, "is empty; write one on the node with 'lstopo node.xml'");
  if (text.find('\0') != std::string::npos) throw InputError(source, 0, "is binary, not an XML file of hwloc");
  std::size_t const element = text.find("<topology");
  if (element == std::string::npos) {
    if (text.find("<root") != std::string::npos) {
      throw InputError(source, 0, "is of a version of hwloc before 1.0, which is no longer read; export it anew");
    }
    if (text.find("<system") != std::string::npos && text.find("<cpu") != std::string::npos) {
      throw InputError(source, 0, "is a topology file of NCCL, not of hwloc");
    }
    throw InputError(source, 0, "is not an XML file of hwloc: it has no <topology>");
  }
  std::string const version = version_of(text, element);
  int const major = version.empty() ? 1 : std::atoi(version.c_str());
  constexpr int own = HWLOC_API_VERSION >> 16;
  if (own < 3 && major > 2) {
    throw InputError(source, 0,
                     "is XML of hwloc " + version + ", and this program's hwloc reads versions 1 and 2 only; " +
                         "export it with 'lstopo --export-xml-flags v2 node.xml'");
  }
  if (own >= 3 && major < 2) {
    throw InputError(source, 0,
                     "is XML of hwloc 1, which hwloc 3 no longer reads; convert it with an lstopo of hwloc 2");
  }
  if (text.find("</topology", element) == std::string::npos) {
    throw InputError(source, 0, "is truncated: </topology> is missing; export or copy it again");
  }
}

/// Read the state of the network ports while they can be, as notes that an export keeps.
void note_port_states(hwloc_topology_t topology) {
  hwloc_obj_t port = nullptr;
  while ((port = hwloc_get_next_osdev(topology, port)) != nullptr) {
#if HWLOC_API_VERSION >= 0x00030000
    if ((port->attr->osdev.types & HWLOC_OBJ_OSDEV_NETWORK) == 0) continue;
#else
    if (port->attr->osdev.type != HWLOC_OBJ_OSDEV_NETWORK) continue;
#endif
    if (port->name == nullptr) continue;
    fs::path const folder = fs::path("/sys/class/net") / port->name;
    for (auto const& [file, key] : {std::pair{"operstate", port_state_key}, std::pair{"speed", port_speed_key}}) {
      std::string value;
      std::ifstream(folder / file) >> value;  // speed is unreadable while a port is down
      if (!value.empty()) check(hwloc_obj_add_info(port, key, value.c_str()), "hwloc_obj_add_info");
    }
  }
}

}  // namespace

TopologyHandle load_topology(Source const& source, LoadOptions const& options) {
  hwloc_topology_t raw = nullptr;
  check(hwloc_topology_init(&raw), "hwloc_topology_init");
  TopologyHandle topology(raw);
  hwloc_type_filter_e const io = options.without_io ? HWLOC_TYPE_FILTER_KEEP_NONE : HWLOC_TYPE_FILTER_KEEP_ALL;
  check(hwloc_topology_set_io_types_filter(raw, io), "hwloc_topology_set_io_types_filter");

  bool const from_text = source.kind() != Source::Kind::this_system;
  if (from_text) {
    std::string const given = source.kind() == Source::Kind::file ? read_file(source.content()) : source.content();
    inspect(given, source.name());
    std::string const text = sanitize_xml(given, source.name());
    std::string const damaged = "is damaged: hwloc cannot read it as XML of a topology; export or copy it again";
    // The size includes the final zero.
    if (hwloc_topology_set_xmlbuffer(raw, text.c_str(), static_cast<int>(text.size() + 1)) < 0) {
      if (errno == ENOMEM) throw HwlocError("hwloc_topology_set_xmlbuffer", errno);
      throw InputError(source.name(), 0, damaged);
    }
    if (hwloc_topology_load(raw) < 0) {
      if (errno == ENOMEM) throw HwlocError("hwloc_topology_load", errno);
      throw InputError(source.name(), 0, damaged);
    }
  } else {
    check(hwloc_topology_load(raw), "hwloc_topology_load");
    note_port_states(raw);
  }

  if (options.restrict_to) {
    CpuSet const all = CpuSet::copy_of(hwloc_get_root_obj(raw)->cpuset);
    if (!all.intersects(*options.restrict_to)) {
      throw UsageError("restricting " + source.name() + " to the hardware threads '" + options.restrict_to->to_list() +
                       "' leaves none: it has " + all.to_list());
    }
    // Devices below an object that goes move to its parent, as they do for a real cgroup.
    check(hwloc_topology_restrict(raw, options.restrict_to->native(), HWLOC_RESTRICT_FLAG_ADAPT_IO),
          "hwloc_topology_restrict");
  }
  return topology;
}

}  // namespace kramers::topology::detail
