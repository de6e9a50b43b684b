// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/command_line.hpp>
#include <kramers/runtime/provenance.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
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

TEST(Provenance, RanksThatAreAlikeStandTogether) {
  auto const world = Communicator::world();
  std::string const space = kramers::space_names().front();
  auto const alike = kramers::rank_kinds(world, space);
  ASSERT_EQ(alike.size(), 1U);
  EXPECT_EQ(alike[0]["space"], space);
  EXPECT_EQ(alike[0]["ranks"], world.size() == 1 ? "0" : "0-" + std::to_string(world.size() - 1));
  EXPECT_EQ(alike[0]["threads"], kramers::thread_count(space));
  EXPECT_EQ(kramers::spaces_text(alike), space);
  // One rank names another space, as one of another build would.
  int const other = world.size() / 2;
  auto const kinds = kramers::rank_kinds(world, world.rank() == other ? "none" : space);
  ASSERT_EQ(kinds.size(), world.size() == 1 ? 1U : 2U);
  EXPECT_EQ(kramers::spaces_text(kinds), world.size() == 1 ? "none" : space + " + none");
  std::vector<int> all;
  for (auto const& kind : kinds) {
    for (int const rank : kramers::ranks_of(kind)) {
      EXPECT_EQ(kind["space"], rank == other ? "none" : space);
      all.push_back(rank);
    }
  }
  std::ranges::sort(all);
  for (int rank = 0; rank < world.size(); ++rank) EXPECT_EQ(all.at(static_cast<std::size_t>(rank)), rank);
  EXPECT_EQ(kramers::ranks_of({{"ranks", "0-3,8,10-11"}}), (std::vector<int>{0, 1, 2, 3, 8, 10, 11}));
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
