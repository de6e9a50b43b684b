// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/runtime/communicator.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <utility>

namespace kramers {

/// Progress of a run on standard error, from rank 0: a bar with rate and time left on a terminal, a plain line every few
/// seconds elsewhere, nothing if quiet. A call costs a look at the clock. The line is closed at the end of the scope,
/// also when an exception leaves it.
class Progress {
 public:
  struct Options {
    bool quiet = false;
    std::string unit = "walker-steps";
    std::uint64_t start = 0;  ///< done before this run began, in units; the rate leaves it out
    std::chrono::milliseconds bar_interval{100};
    std::chrono::milliseconds line_interval{5000};
  };

  /// @param total  what will be done by all ranks together, in units; > 0
  Progress(Communicator const& comm, std::uint64_t total, std::string label, Options options);
  Progress(Communicator const& comm, std::uint64_t total, std::string label, bool quiet);
  ~Progress();
  Progress(Progress const&) = delete;
  Progress& operator=(Progress const&) = delete;

  /// Tell how much all ranks together have done so far, in units. Not collective.
  void update(std::uint64_t done);
  /// End the line of a bar, so that a message can follow.
  void end_line();
  /// From now on call it so: for a label that tells a number of the run.
  void relabel(std::string label) { m_label = std::move(label); }

 private:
  using Clock = std::chrono::steady_clock;
  enum class Kind { silent, bar, lines };
  void show(Clock::time_point now);

  Kind m_kind;
  std::uint64_t m_total;
  std::string m_label;
  Options m_options;
  Clock::time_point m_begin, m_next;
  std::uint64_t m_done;
  int m_exceptions;
  bool m_open = false;  ///< a bar stands on the terminal, without its newline
};

namespace detail {
/// "321 M" for 3.21e8.
std::string human_count(double value);
/// "1:05" for 65 s, "2:03:04" beyond an hour.
std::string human_time(double seconds);
/// One line of progress of at most `width` characters; no bar if `width` is 0, and then of any length.
std::string progress_line(std::string const& label, std::string const& unit, std::uint64_t start, std::uint64_t done,
                          std::uint64_t total, double seconds, int width);
}  // namespace detail

}  // namespace kramers
