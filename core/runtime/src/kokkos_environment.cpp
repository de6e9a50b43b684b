// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/runtime/kokkos_session.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdlib>
#include <string_view>

namespace kramers {
namespace {

/// Is it an integer of at least `least` that fits into an int?
bool is_integer(std::string_view text, int least) {
  int value = 0;
  auto const [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  return error == std::errc() && end == text.data() + text.size() && value >= least;
}

/// As OpenMP reads it: one number per level of nested regions, with blanks around them.
bool is_thread_list(std::string_view text) {
  while (true) {
    auto const comma = std::min(text.find(','), text.size());
    std::string_view number = text.substr(0, comma);
    auto const is_blank = [](char c) { return std::isspace(static_cast<unsigned char>(c)) != 0; };
    while (!number.empty() && is_blank(number.front())) number.remove_prefix(1);
    while (!number.empty() && is_blank(number.back())) number.remove_suffix(1);
    if (!is_integer(number, 1)) return false;
    if (comma == text.size()) return true;
    text.remove_prefix(comma + 1);
  }
}

bool is_switch(std::string_view text) {
  std::string word(text);
  std::ranges::transform(word, word.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  constexpr std::array<std::string_view, 6> words = {"yes", "true", "1", "no", "false", "0"};
  return std::ranges::find(words, word) != words.end();
}

bool is_device_rule(std::string_view text) {
  return text == "mpi_rank" || text == "random";
}

struct Variable {
  char const* name;
  bool (*is_valid)(std::string_view text);
  char const* rule;
};

constexpr std::array variables = {
    Variable{"OMP_NUM_THREADS", is_thread_list, "an integer >= 1, or several with commas between them"},
    Variable{"KOKKOS_NUM_THREADS", [](std::string_view text) { return is_integer(text, 1); }, "an integer >= 1"},
    Variable{"KOKKOS_DEVICE_ID", [](std::string_view text) { return is_integer(text, 0); }, "an integer >= 0"},
    Variable{"KOKKOS_MAP_DEVICE_ID_BY", is_device_rule, "mpi_rank or random"},
    Variable{"KOKKOS_DISABLE_WARNINGS", is_switch, "yes or no"},
    Variable{"KOKKOS_PRINT_CONFIGURATION", is_switch, "yes or no"},
    Variable{"KOKKOS_TUNE_INTERNALS", is_switch, "yes or no"},
};

}  // namespace

void check_environment() {
  for (Variable const& variable : variables) {
    char const* const value = std::getenv(variable.name);
    if (value == nullptr || variable.is_valid(value)) continue;
    throw UsageError(invalid_value("environment variable " + std::string(variable.name), "'" + std::string(value) + "'",
                                   std::string(variable.rule) + ", or no such variable"));
  }
}

}  // namespace kramers
