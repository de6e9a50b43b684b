// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/runtime/command_line.hpp>

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace kramers {

/// What a run is expected to take: the answer of --check.
struct Forecast {
  std::string work;               ///< "65536 walkers, 100000 steps"
  double memory = 0;              ///< of the rank that needs most [bytes]
  std::optional<double> seconds;  ///< nothing where nobody has measured a sample
  std::string sample;             ///< what was measured, "4096 walkers and 800 steps took 0.21 s"; or why nothing was
};

/// Print it for people, from one rank and unless --quiet; returns exit_code::success.
int tell(AppRun const& run, Forecast const& forecast);

/// A part of the work, and how long it took.
struct Sample {
  std::int64_t size = 0;
  double seconds = 0;
  double seconds_each() const { return seconds / static_cast<double>(size); }
};

/// Do more and more of some work, of which there are `most` pieces, until it takes a few tenths of a second.
/// @param[in] first    pieces to begin with: few enough to take a second at most
/// @param[in] measure  seconds that so many pieces take
Sample measure_sample(std::int64_t first, std::int64_t most, std::function<double(std::int64_t)> const& measure);

}  // namespace kramers
