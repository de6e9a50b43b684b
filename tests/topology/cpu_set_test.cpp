// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/topology/cpu_set.hpp>
#include <kramers/topology/error.hpp>

#include <gtest/gtest.h>
#include <hwloc/bitmap.h>

#include <random>
#include <set>
#include <string>
#include <utility>

namespace {

using kramers::UsageError;
using kramers::topology::CpuSet;

TEST(CpuSet, ReadsAndWritesLists) {
  EXPECT_EQ(CpuSet::from_list("0-3,8").to_list(), "0-3,8");
  EXPECT_EQ(CpuSet::from_list(" 8 , 1-2,2-3 ,0\n").to_list(), "0-3,8");
  EXPECT_EQ(CpuSet::from_list("").to_list(), "");
  EXPECT_EQ(CpuSet::from_list("5").to_list(), "5");
  EXPECT_EQ(CpuSet::from_list("1048575").first(), CpuSet::largest);
}

TEST(CpuSet, RejectsWhatIsNoList) {
  for (char const* text : {"-", "1-", "-1", "3-1", "1,,2", "1,", ",1", "a", "1 2", "0x3", "1-2-3", "1048576",
                           "99999999999999999999", "4294967296", "1.5"}) {
    EXPECT_THROW(CpuSet::from_list(text), UsageError) << text;
  }
}

TEST(CpuSet, ReadsAndWritesMasks) {
  EXPECT_EQ(CpuSet::from_mask("0x10f").to_list(), "0-3,8");
  EXPECT_EQ(CpuSet::from_mask("10F").to_list(), "0-3,8");
  EXPECT_EQ(CpuSet::from_mask("00000001,00000000").to_list(), "32");
  EXPECT_EQ(CpuSet::from_mask("0").to_list(), "");
  EXPECT_EQ(CpuSet::from_list("0-3,8").to_mask(), "0x10f");
  EXPECT_EQ(CpuSet::from_list("32").to_mask(), "0x100000000");
  EXPECT_EQ(CpuSet().to_mask(), "0x0");
  for (char const* text : {"", "0x", "g", "0x1g", "-1"}) EXPECT_THROW(CpuSet::from_mask(text), UsageError) << text;
  EXPECT_THROW(CpuSet::from_mask(std::string(300000, 'f')), UsageError);
}

TEST(CpuSet, EmptySetsAreNowhere) {
  CpuSet const none, some{1, 2};
  EXPECT_TRUE(none.empty());
  EXPECT_FALSE(some.includes(none));
  EXPECT_FALSE(none.includes(none));
  EXPECT_FALSE(some.intersects(none));
  EXPECT_FALSE(none.includes(some));
  EXPECT_THROW(none.first(), UsageError);
}

TEST(CpuSet, IsASetOfNumbers) {
  std::mt19937 random(7);
  for (int round = 0; round < 200; ++round) {
    std::set<unsigned> a, b;
    CpuSet ca, cb;
    for (int i = 0; i < 30; ++i) {
      auto const x = static_cast<unsigned>(random() % 90), y = static_cast<unsigned>(random() % 90);
      a.insert(x), ca.insert(x), b.insert(y), cb.insert(y);
    }
    std::set<unsigned> both = a, common, rest;
    both.insert(b.begin(), b.end());
    for (unsigned const x : a) (b.count(x) != 0 ? common : rest).insert(x);
    auto const same = [](CpuSet const& set, std::set<unsigned> const& wanted) {
      return set.members() == std::vector<unsigned>(wanted.begin(), wanted.end()) && set.size() == wanted.size();
    };
    EXPECT_TRUE(same(ca | cb, both));
    EXPECT_TRUE(same(ca & cb, common));
    EXPECT_TRUE(same(ca - cb, rest));
    EXPECT_EQ(ca.intersects(cb), !common.empty());
    EXPECT_EQ((ca <=> cb) < 0, a < b);
    EXPECT_EQ(CpuSet::from_list(ca.to_list()), ca);
    EXPECT_EQ(CpuSet::from_mask(ca.to_mask()), ca);
  }
}

TEST(CpuSet, OrdersAsWordsInADictionary) {
  EXPECT_LT(CpuSet{}, CpuSet{0});
  EXPECT_LT(CpuSet{0}, (CpuSet{0, 1}));
  EXPECT_LT((CpuSet{0, 5}), CpuSet{1});
}

TEST(CpuSet, IsAValue) {
  CpuSet a{1, 2};
  CpuSet b = a;
  b.insert(3);
  EXPECT_EQ(a.to_list(), "1-2");
  a = std::move(b);
  EXPECT_EQ(a.to_list(), "1-3");
  CpuSet const& same = a;
  a = same;
  EXPECT_EQ(a.to_list(), "1-3");
  EXPECT_THROW(a.insert(CpuSet::largest + 1), UsageError);
}

TEST(CpuSet, CopiesBitmapsThatEnd) {
  EXPECT_TRUE(CpuSet::copy_of(nullptr).empty());
  hwloc_bitmap_t const endless = hwloc_bitmap_alloc_full();
  EXPECT_THROW(CpuSet::copy_of(endless), UsageError);
  hwloc_bitmap_only(endless, 4);
  EXPECT_EQ(CpuSet::copy_of(endless).to_list(), "4");
  hwloc_bitmap_free(endless);
}

}  // namespace
