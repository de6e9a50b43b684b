// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace kramers {

/// A text out of a file, a name or a command line as a terminal may show it: what could steer the terminal, control
/// characters and bytes that are no UTF-8, becomes "\x1b".
std::string printable(std::string_view text);

namespace detail {

/// Bytes of the character of UTF-8 that begins the text; 0 where none does, as for one written longer than it need be
/// and for halves of surrogate pairs.
std::size_t character_length(std::string_view text);

/// Number of characters in a text of UTF-8.
std::size_t characters(std::string_view text);

}  // namespace detail

}  // namespace kramers
