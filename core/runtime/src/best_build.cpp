// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/best_build.hpp>
#include <kramers/runtime/build_config.hpp>

#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

namespace kramers {

namespace {

constexpr std::string_view baseline = "baseline";
constexpr std::array<std::string_view, 2> known_levels{"x86-64-v4", "x86-64-v3"};  // best first

/// Levels of this processor, best first. By instructions that stand for the rest of a level: compilers from GCC 6 on
/// know their names.
std::vector<std::string_view> levels_of_processor() {
#if defined(__x86_64__)
  bool const v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2");
  bool const v4 = v3 && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
  if (v4) return {known_levels.begin(), known_levels.end()};
  if (v3) return {known_levels[1]};
#endif
  return {};
}

std::string listed(std::vector<std::string_view> const& levels) {
  std::string text;
  for (auto const level : levels) text += std::string(level) + " or ";
  return text.append(baseline);
}

}  // namespace

std::optional<std::string> become_best_build(char** argv, std::string const& folder) {
  std::error_code failure;
  auto const program = std::filesystem::read_symlink("/proc/self/exe", failure);
  if (folder.empty() || failure) return std::nullopt;
  auto levels = levels_of_processor();
  char const* const asked = std::getenv("KRAMERS_CPU_LEVEL");
  if (asked != nullptr && asked == baseline) return std::nullopt;
  if (asked != nullptr) {
    if (std::ranges::find(levels, asked) == levels.end())
      return "invalid KRAMERS_CPU_LEVEL: got " + std::string(asked) + "; expected a level of this processor, " +
             listed(levels);
    levels = {asked};
  }
  for (auto const level : levels) {
    auto const build = program.parent_path() / folder / level / program.filename();
    execv(build.c_str(), argv);  // returns where there is none
    if (asked != nullptr)
      return "invalid KRAMERS_CPU_LEVEL: got " + std::string(asked) + "; expected one that is installed, but " +
             build.lexically_normal().string() + " does not start: " + std::generic_category().message(errno);
  }
  return std::nullopt;
}

std::optional<std::string> become_best_build(char** argv) {
  return become_best_build(argv, KRAMERS_BEST_BUILDS);
}

}  // namespace kramers
