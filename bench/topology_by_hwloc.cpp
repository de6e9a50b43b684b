// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>

#include <hwloc.h>

#include <string>

namespace kramers::bench {

void load_by_hwloc(std::string const& file) {
  hwloc_topology_t tree = nullptr;
  if (hwloc_topology_init(&tree) != 0) throw Error("hwloc_topology_init failed");
  hwloc_topology_set_io_types_filter(tree, HWLOC_TYPE_FILTER_KEEP_ALL);
  bool const loaded = hwloc_topology_set_xml(tree, file.c_str()) == 0 && hwloc_topology_load(tree) == 0;
  hwloc_topology_destroy(tree);
  if (!loaded) throw IoError(file, "hwloc cannot read it");
}

}  // namespace kramers::bench
