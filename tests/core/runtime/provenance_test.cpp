// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/command_line.hpp>
#include <kramers/runtime/provenance.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace {

using kramers::Communicator;

TEST(Provenance, HoldsWhatIsNeededToRepeatARunAndIsTheSameOnAllRanks) {
  auto const world = Communicator::world();
  std::string const space = kramers::space_names().front();
  auto const origin = kramers::provenance(world, "app", space, {"app", "in.toml", "\xff"}, "[a]\nb = 1\n");
  for (char const* key :
       {"app", "version", "git_hash", "git_modified", "compiler", "compile_flags", "build_type", "kokkos_version",
        "kokkos_configuration", "space", "host", "cpu", "ranks", "threads", "date", "command_line", "input"}) {
    EXPECT_TRUE(origin.contains(key)) << key;
  }
  EXPECT_EQ(origin["input"], "[a]\nb = 1\n");
  EXPECT_EQ(origin["command_line"][1], "in.toml");
  EXPECT_EQ(origin["ranks"], world.size());
  EXPECT_EQ(origin["space"], space);
  EXPECT_GE(origin["threads"].get<int>(), 1);
  EXPECT_NE(origin["kokkos_configuration"].get<std::string>().find("Kokkos Version"), std::string::npos);
  EXPECT_EQ(origin["date"].get<std::string>().size(), std::string("2026-01-31T12:00:00Z").size());
  EXPECT_EQ(kramers::thread_count("serial"), 1);
  EXPECT_EQ(origin.contains("device"), space == "cuda" || space == "hip");
  if (origin.contains("device")) {
    EXPECT_FALSE(origin["device"]["name"].get<std::string>().empty());
    EXPECT_GT(origin["device"]["memory_bytes"].get<std::uint64_t>(), 0u);
  }
  auto text = origin.dump();
  world.broadcast(text);
  EXPECT_EQ(text, origin.dump());
}

TEST(Provenance, TheVersionNamesSourceAndKokkos) {
  std::string const text = kramers::version_text();
  EXPECT_EQ(text.find(kramers::version()), 0u) << text;
  EXPECT_NE(text.find("git "), std::string::npos) << text;
  EXPECT_NE(text.find("Kokkos "), std::string::npos) << text;
}

TEST(Provenance, PeakMemorySeesWhatWasUsed) {
  auto const world = Communicator::world();
  auto const before = kramers::peak_memory();
  std::vector<char> block(std::size_t{64} << 20, 1);
  EXPECT_EQ(block[block.size() / 2], 1);
  auto const after = kramers::peak_memory();
  // Part of the block may fit into pages that were in use before.
  EXPECT_GT(after, before + (std::uint64_t{32} << 20));
  EXPECT_GE(kramers::peak_memory(world), after);
}

}  // namespace
