// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

#include "scratch.hpp"

namespace {

using kramers::DomainError;
using kramers::expects;
using kramers::expects_extent;
using kramers::test::message;

TEST(Error, AnArgumentOutsideItsDomainIsNamedWithItsValueAndTheRule) {
  EXPECT_NO_THROW(expects(true, "dt", 0.5, "> 0"));
  EXPECT_EQ(message<DomainError>([] { expects(false, "dt", -0.5, "> 0"); }), "invalid dt: got -0.5; expected > 0");
  EXPECT_EQ(message<DomainError>([] { expects(false, "walkers", std::int64_t{0}, "> 0"); }),
            "invalid walkers: got 0; expected > 0");
  EXPECT_EQ(message<DomainError>([] { expects(false, "loss", std::string("hinge"), "one of a, b"); }),
            "invalid loss: got hinge; expected one of a, b");
}

TEST(Error, AWrongExtentIsNamedWithTheRightOne) {
  EXPECT_NO_THROW(expects_extent("position", 3, 3));
  EXPECT_EQ(message<kramers::ShapeError>([] { expects_extent("position", 3, 4); }),
            "invalid extent of position: got 3; expected 4");
}

TEST(Error, InputIsPlacedWhereItHasALine) {
  EXPECT_STREQ(kramers::InputError("a.toml", 3, "what").what(), "a.toml:3: what");
  EXPECT_STREQ(kramers::InputError("command line", 0, "what").what(), "command line: what");
}

TEST(Error, NumbersAreWrittenAsShortAsTheyCanBeReadBack) {
  EXPECT_EQ(kramers::shortest_decimal(0.1), "0.1");
  EXPECT_EQ(kramers::shortest_decimal(1e300), "1e+300");
}

}  // namespace
