// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/text.hpp>

#include <algorithm>

namespace kramers {

namespace detail {

std::size_t character_length(std::string_view text) {
  auto const within = [&](std::size_t i, unsigned lowest, unsigned highest) {
    unsigned const byte = i < text.size() ? static_cast<unsigned char>(text[i]) : 0x100U;
    return byte >= lowest && byte <= highest;
  };
  auto const goes_on = [&](std::size_t i) { return within(i, 0x80, 0xbf); };
  if (within(0, 0x00, 0x7f)) return 1;
  if (within(0, 0xc2, 0xdf)) return goes_on(1) ? 2 : 0;
  // The second byte of the longer ones may be less free.
  bool const three = (within(0, 0xe0, 0xe0) && within(1, 0xa0, 0xbf)) ||
                     (within(0, 0xed, 0xed) && within(1, 0x80, 0x9f)) ||
                     ((within(0, 0xe1, 0xec) || within(0, 0xee, 0xef)) && goes_on(1));
  if (three) return goes_on(2) ? 3 : 0;
  bool const four = (within(0, 0xf0, 0xf0) && within(1, 0x90, 0xbf)) ||
                    (within(0, 0xf4, 0xf4) && within(1, 0x80, 0x8f)) || (within(0, 0xf1, 0xf3) && goes_on(1));
  return four && goes_on(2) && goes_on(3) ? 4 : 0;
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xc0U) != 0x80U; }));
}

}  // namespace detail

std::string printable(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string shown;
  while (!text.empty()) {
    std::size_t const length = detail::character_length(text);
    auto const first = static_cast<unsigned char>(text.front());
    // The second row of control characters, U+0080 to U+009F, is c2 80 to c2 9f.
    bool const steers = length == 0 || (length == 1 && (first < 0x20 || first == 0x7f)) ||
                        (length == 2 && first == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0);
    std::string_view const character = text.substr(0, std::max<std::size_t>(1, length));
    for (char const c : character) {
      auto const byte = static_cast<unsigned char>(c);
      shown += steers ? std::string("\\x") + digits[byte >> 4U] + digits[byte & 15U] : std::string(1, c);
    }
    text.remove_prefix(character.size());
  }
  return shown;
}

}  // namespace kramers
