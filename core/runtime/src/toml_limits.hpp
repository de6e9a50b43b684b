// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace kramers::detail {

/// More than any input needs, and little enough for every function that walks through tables by calling itself.
inline constexpr int most_parts = 32;            ///< of a key, "a.b.c" has three
inline constexpr int deepest = 32;               ///< arrays and inline tables within each other
inline constexpr std::size_t longest_key = 256;  ///< characters, of all its parts

/// Throw InputError, with line, for keys of too many parts and values that are nested too deeply: a parser that calls
/// itself for each level would leave its stack. What is malformed in other ways is left to the parser, which stops there.
void check_nesting(std::string_view toml, std::string const& source);

/// Throw InputError for a key that is too long.
void check_key(std::string_view key, std::string const& source, int line);

}  // namespace kramers::detail
