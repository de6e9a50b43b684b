// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "common/text_utils.hpp"

#include <array>
#include <charconv>
#include <cstdio>

namespace kramers::topology::detail {

std::string join(std::vector<std::string> const& words, std::string_view separator) {
  std::string text;
  for (std::string const& word : words) {
    if (&word != &words.front()) text += separator;
    text += word;
  }
  return text;
}

std::string enumerate(std::vector<std::string> const& words) {
  if (words.size() < 2) return join(words, "");
  std::vector<std::string> const but_last(words.begin(), words.end() - 1);
  return join(but_last, ", ") + " and " + words.back();
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> words;
  while (true) {
    auto const end = text.find(separator);
    words.emplace_back(trimmed(text.substr(0, end)));
    if (end == std::string_view::npos) return words;
    text.remove_prefix(end + 1);
  }
}

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  for (auto end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  return lines;
}

std::string_view trimmed(std::string_view text) {
  auto const first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

CpuSet set_of(std::vector<int> const& numbers) {
  CpuSet set;
  for (int const number : numbers) set.insert(static_cast<unsigned>(number));
  return set;
}

std::string count(std::size_t number, std::string_view noun) {
  return std::to_string(number) + " " + std::string(noun) + (number == 1 ? "" : "s");
}

std::string rank_text(int rank) {
  return "rank " + std::to_string(rank);
}

std::string ranks_text(std::vector<int> const& ranks) {
  return (ranks.size() == 1 ? "rank " : "ranks ") + set_of(ranks).to_list();
}

std::optional<unsigned> whole_number(std::string_view text) {
  unsigned value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  return value;
}

std::optional<unsigned> number_at_end(std::string_view text) {
  auto const last_other = text.find_last_not_of("0123456789");
  return whole_number(text.substr(last_other == std::string_view::npos ? 0 : last_other + 1));
}

std::string name_and_bus(Device const& device) {
  if (device.bus_id.empty() || device.name == device.bus_id) return device.name;
  return device.name + " (" + device.bus_id + ")";
}

std::string speed_text(double gigabytes_per_second) {
  if (gigabytes_per_second <= 0) return "";
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), gigabytes_per_second < 100 ? "%.3g GB/s" : "%.0f GB/s", gigabytes_per_second);
  return text.data();
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr std::uint64_t giga = std::uint64_t{1} << 30U;
  constexpr std::uint64_t mega = std::uint64_t{1} << 20U;
  if (bytes >= giga) return std::to_string((bytes + giga / 2) / giga) + " GB";
  return std::to_string(bytes / mega) + " MB";
}

}  // namespace kramers::topology::detail
