// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>
#include <string_view>

namespace kramers::detail {

/// Bytes of the character of UTF-8 that begins the text; 0 where none does, as for one written longer than it need be
/// and for halves of surrogate pairs.
std::size_t character_length(std::string_view text);

/// Number of characters in a text of UTF-8.
std::size_t characters(std::string_view text);

}  // namespace kramers::detail
