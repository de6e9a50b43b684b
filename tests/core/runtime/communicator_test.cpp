// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/build_config.hpp>
#include <kramers/runtime/communicator.hpp>
#include <kramers/runtime/exchange.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdint>
#include <limits>
#include <random>
#include <span>
#include <string>
#include <vector>

namespace {

using kramers::Communicator;

TEST(Communicator, RanksAreNumberedAndSelfIsAlone) {
  auto const world = Communicator::world();
  EXPECT_GE(world.rank(), 0);
  EXPECT_LT(world.rank(), world.size());
  EXPECT_EQ(world.is_root(), world.rank() == 0);
  EXPECT_EQ(Communicator::self().size(), 1);
  EXPECT_TRUE(Communicator::self().is_root());
  auto const machine = world.local();
  EXPECT_GE(machine.rank(), 0);
  EXPECT_LT(machine.rank(), machine.size());
  EXPECT_EQ(machine.size(), world.size());  // the tests run on one machine
  EXPECT_EQ(machine.sum(static_cast<std::int64_t>(world.rank())), world.sum(static_cast<std::int64_t>(world.rank())));
}

TEST(Communicator, GathersOneTextPerRank) {
  auto const world = Communicator::world();
  std::string const mine(static_cast<std::size_t>(world.rank()), 'x');  // rank 0 gives an empty one
  std::vector<std::string> const texts = world.gather_texts(mine);
  ASSERT_EQ(texts.size(), world.is_root() ? static_cast<std::size_t>(world.size()) : 0U);
  for (std::size_t rank = 0; rank < texts.size(); ++rank) EXPECT_EQ(texts[rank], std::string(rank, 'x'));
}

TEST(Exchange, TheFirstRankHearsOfEachTheNumberThatItGave) {
  using namespace std::chrono_literals;
  auto const world = Communicator::world();
  auto const answers = kramers::roll_call(world, 0.5 + world.rank(), "its number", 1min);
  ASSERT_EQ(answers.size(), world.is_root() ? static_cast<std::size_t>(world.size()) : 0U);
  for (std::size_t rank = 0; rank < answers.size(); ++rank) {
    EXPECT_EQ(answers[rank], 0.5 + static_cast<double>(rank));
  }
}

// Each row says its number; owners before and after are chosen so that some give all, some get all, and some neither.
TEST(Exchange, RowsGoToTheirNewOwners) {
  auto const world = Communicator::world();
  std::int64_t const rows = 1000;
  std::mt19937 random(3);
  auto const owners = [&] {
    std::vector<std::int64_t> starts(static_cast<std::size_t>(world.size()) + 1);
    for (auto& start : starts) start = static_cast<std::int64_t>(random() % 5) * (rows / 4);
    starts.front() = 0;
    starts.back() = rows;
    std::ranges::sort(starts);
    std::vector<kramers::RowRange> ranges;
    for (std::size_t i = 0; i + 1 < starts.size(); ++i) ranges.push_back({starts[i], starts[i + 1]});
    return ranges;
  };
  auto const me = static_cast<std::size_t>(world.rank());
  for (int repeat = 0; repeat < 20; ++repeat) {
    auto const from = owners(), to = owners();
    std::vector<std::array<std::int64_t, 3>> mine;
    for (std::int64_t row = from[me].first; row < from[me].last; ++row) mine.push_back({row, 7, -row});
    auto const bytes = kramers::redistribute(world, from, to, std::as_bytes(std::span(mine)), sizeof mine[0]);
    ASSERT_EQ(bytes.size(), static_cast<std::size_t>(to[me].last - to[me].first) * sizeof mine[0]);
    std::vector<std::array<std::int64_t, 3>> after(bytes.size() / sizeof mine[0]);
    std::ranges::copy(bytes, std::as_writable_bytes(std::span(after)).begin());
    for (std::size_t i = 0; i < after.size(); ++i) {
      std::int64_t const row = to[me].first + static_cast<std::int64_t>(i);
      ASSERT_EQ(after[i], (std::array<std::int64_t, 3>{row, 7, -row}));
    }
  }
}

TEST(Communicator, BroadcastCarriesTextAndNumbersFromAnyRoot) {
  auto const world = Communicator::world();
  for (int root = 0; root < world.size(); ++root) {
    bool const mine = world.rank() == root;
    std::string text = mine ? std::string("h\0llo", 5) : "something longer than that";
    world.broadcast(text, root);
    EXPECT_EQ(text, std::string("h\0llo", 5));
    std::string empty = mine ? "" : "x";
    world.broadcast(empty, root);
    EXPECT_EQ(empty, "");
    std::array<double, 3> values{};
    if (mine) values = {1.5, -2.5, 1e300};
    world.broadcast(std::span<double>(values), root);
    EXPECT_EQ(values, (std::array<double, 3>{1.5, -2.5, 1e300}));
  }
}

TEST(Communicator, ReductionsGiveTheSameOnEveryRank) {
  auto const world = Communicator::world();
  auto const n = static_cast<std::int64_t>(world.size());
  auto const r = static_cast<std::int64_t>(world.rank());
  EXPECT_EQ(world.sum(r + 1), n * (n + 1) / 2);
  EXPECT_EQ(world.min(-r), 1 - n);
  EXPECT_EQ(world.max(r), n - 1);
  EXPECT_EQ(world.sum(static_cast<double>(r)), static_cast<double>(n * (n - 1) / 2));
  EXPECT_EQ(world.max(static_cast<std::uint64_t>(r)), static_cast<std::uint64_t>(n - 1));
  std::vector<std::int64_t> values = {r, -r, 7};
  world.max(std::span<std::int64_t>(values));
  EXPECT_EQ(values, (std::vector<std::int64_t>{n - 1, 0, 7}));
  // 64 bits survive: a detour over double would lose the last ones.
  std::uint64_t const odd = (std::uint64_t{1} << 63) + 1;
  EXPECT_EQ(world.sum(odd), odd * static_cast<std::uint64_t>(n));
  std::vector<double> none;
  world.sum(std::span<double>(none));
}

TEST(Communicator, GatherKeepsRankOrderWithUnequalParts) {
  auto const world = Communicator::world();
  // Rank r holds r values r, r, ...: rank 0 none.
  std::vector<std::int32_t> const mine(static_cast<std::size_t>(world.rank()), world.rank());
  std::vector<std::int32_t> expected;
  if (world.is_root()) {
    for (int r = 0; r < world.size(); ++r) expected.insert(expected.end(), static_cast<std::size_t>(r), r);
  }
  EXPECT_EQ(world.gather(mine), expected);
}

TEST(Communicator, ADuplicateHasItsOwnMessages) {
  auto const world = Communicator::world();
  auto const copy = world.duplicate();
  EXPECT_EQ(copy.rank(), world.rank());
  EXPECT_EQ(copy.size(), world.size());
  if (world.size() < 2) return;
  int const number = 1;
  int const other = 2;
  auto const bytes = [](int const& value) { return std::as_bytes(std::span<int const>(&value, 1)); };
  if (world.rank() == 1) {
    world.send(bytes(number), 0);
    copy.send(bytes(other), 0);
  } else if (world.rank() == 0) {
    int got = 0;
    copy.receive(std::as_writable_bytes(std::span<int>(&got, 1)), 1);  // in the other order than sent
    EXPECT_EQ(got, other);
    world.receive(std::as_writable_bytes(std::span<int>(&got, 1)), 1);
    EXPECT_EQ(got, number);
  }
}

TEST(Communicator, MinWithinFindsTheLeast) {
  auto const world = Communicator::world();
  auto const least = world.min_within(5 - world.rank(), std::chrono::milliseconds::max());
  ASSERT_TRUE(least.has_value());
  EXPECT_EQ(*least, 6 - world.size());
}

TEST(Communicator, AFailingCallIsAnExceptionThatNamesIt) {
  auto const world = Communicator::world();
  if (world.size() == 1) GTEST_SKIP() << "a group of one calls nothing that can fail";
  int value = 0;
  try {
    world.broadcast(value, world.size());  // no such root
    FAIL() << "no exception";
  } catch (kramers::MpiError const& e) {
    EXPECT_EQ(e.call(), "MPI_Bcast");
    EXPECT_NE(e.code(), 0);
    EXPECT_NE(std::string(e.what()).find("MPI_Bcast failed: "), std::string::npos);
  }
}

}  // namespace
