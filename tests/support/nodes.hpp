// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/topology/machine.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace kramers::test {

inline std::filesystem::path model_file(std::string const& name) {
  return std::filesystem::path(KRAMERS_MODELS) / (name + ".xml");
}

/// A node that was modelled for these tests (tests/topology/models).
inline topology::Machine model(std::string const& name, topology::LoadOptions const& options = {}) {
  return topology::Machine::load(topology::Source::file(model_file(name)), options);
}

/// The folder with exports of real nodes; empty where there is none.
inline std::filesystem::path corpus() {
  char const* folder = std::getenv("KRAMERS_TOPO_CORPUS");
  return folder == nullptr ? "" : folder;
}

/// All nodes that this hwloc can read: models, and real ones where they are.
inline std::vector<std::filesystem::path> node_files() {
  std::vector<std::filesystem::path> files;
  for (auto const& folder : {std::filesystem::path(KRAMERS_MODELS), corpus()}) {
    if (folder.empty()) continue;
    for (auto const& entry : std::filesystem::directory_iterator(folder)) {
      std::string const name = entry.path().filename().string();
      if (name.ends_with(".xml") && !name.ends_with("-v3.xml")) files.push_back(entry.path());
    }
  }
  std::ranges::sort(files);
  return files;
}

/// The device of that name.
inline topology::Device named(topology::Machine const& machine, std::string const& name) {
  return machine.devices()[machine.device(name)];
}

inline std::string file_text(std::filesystem::path const& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace kramers::test

/// Load a real node into `machine`, or skip the test with the reason.
#define KRAMERS_REAL_NODE(machine, node)                                                               \
  if (kramers::test::corpus().empty() || !std::filesystem::exists(kramers::test::corpus() / (node))) { \
    GTEST_SKIP() << "KRAMERS_TOPO_CORPUS names no folder with " << (node);                             \
  }                                                                                                    \
  auto const machine =                                                                                 \
      kramers::topology::Machine::load(kramers::topology::Source::file(kramers::test::corpus() / (node)))
