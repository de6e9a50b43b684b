// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/text.hpp>

#include <gtest/gtest.h>

#include <string_view>

namespace {

using kramers::printable;

TEST(Text, ControlCharactersAreShown) {
  EXPECT_EQ(printable("a\x1b[31mb\n\t\x7f"), "a\\x1b[31mb\\x0a\\x09\\x7f");
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
  EXPECT_EQ(printable("\xc2\x9b"
                      "1m"),
            "\\xc2\\x9b"
            "1m");                                                   // U+009B begins a command as ESC [ does
  EXPECT_EQ(printable("\xc2\x80\xc2\x9f"), "\\xc2\\x80\\xc2\\x9f");  // the first and the last of these
}

TEST(Text, WhatIsNoUtf8IsShown) {
  EXPECT_EQ(printable("\xff\xc3"), "\\xff\\xc3");
  EXPECT_EQ(printable("\xc0\x9b"), "\\xc0\\x9b");
}

TEST(Text, OtherCharactersStay) {
  for (char const* text : {"", "plain \\x1b ~",
                           "gr\xc3\xb6\xc3\x9f"
                           "e",
                           "\xc2\xa0", "\xe2\x86\x92", "\xf0\x9f\x98\x80"}) {
    EXPECT_EQ(printable(text), text);
    EXPECT_EQ(printable(printable(text)), text);
  }
}

}  // namespace
