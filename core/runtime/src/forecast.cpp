// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/exit_code.hpp>
#include <kramers/base/text.hpp>
#include <kramers/runtime/forecast.hpp>
#include <kramers/runtime/kokkos_session.hpp>
#include <kramers/runtime/memory_problem.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace kramers {

namespace {

std::string duration_text(double seconds) {
  struct Unit {
    char const* name;
    double seconds;
  };
  constexpr std::array units = {Unit{"days", 86400}, Unit{"h", 3600}, Unit{"min", 60}, Unit{"s", 1}, Unit{"ms", 1e-3}};
  auto const unit = std::ranges::find_if(units, [&](Unit const& u) { return seconds >= 2 * u.seconds; });
  Unit const& chosen = unit == units.end() ? units.back() : *unit;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.2g %s", seconds / chosen.seconds, chosen.name);
  return text.data();
}

std::string text_of(AppRun const& run, Forecast const& forecast) {
  CommandLine const& options = run.options;
  std::string text = printable(options.input.string()) + " is good: " + forecast.work + "; " + options.precision +
                     " on " + options.space + ", ranks " + std::to_string(run.comm.size()) + ", threads " +
                     std::to_string(thread_count(options.space)) + "\n";
  text += "  memory  about " + memory_text(static_cast<std::uint64_t>(forecast.memory)) +
          " per rank beyond the program itself, an upper bound from the sizes of arrays\n";
  text +=
      "  time    " +
      (forecast.seconds ? "about " + duration_text(*forecast.seconds) + ", an estimate: " : std::string("unknown: ")) +
      forecast.sample + "\n";
  return text;
}

}  // namespace

int tell(AppRun const& run, Forecast const& forecast) {
  if (run.comm.is_root() && !run.options.quiet) std::fputs(text_of(run, forecast).c_str(), stdout);
  return exit_code::success;
}

Sample measure_sample(std::int64_t first, std::int64_t most, std::function<double(std::int64_t)> const& measure) {
  constexpr double enough = 0.15, wanted = 0.3;
  Sample sample{std::min(first, most), 0};
  for (;;) {
    sample.seconds = std::max(1e-9, measure(sample.size));
    if (sample.seconds >= enough || sample.size == most) return sample;
    double const growth = std::clamp(wanted / sample.seconds, 2.0, 16.0);
    double const next = std::ceil(static_cast<double>(sample.size) * growth);
    sample.size = next >= static_cast<double>(most) ? most : static_cast<std::int64_t>(next);
  }
}

}  // namespace kramers
