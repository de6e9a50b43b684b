// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/studies/study.hpp>
#include <kramers/runtime/command_line.hpp>
#include <kramers/runtime/progress.hpp>
#include <kramers/runtime/recorded_input.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "report.hpp"
#include "target.hpp"

namespace kramers::langevin {

/// Looks at a study on its way: every `output.partial_every` seconds it writes what was found up to now, as results whose
/// summary has `partial`, and tells it in the line of progress. What took t seconds is not done again before 20 t have
/// passed. Results that cannot be written now are a warning. A run with a target ends where that is reached.
class Watch {
 public:
  Watch(Study& study, Outputs const& outputs, InputRecord const& input, AppRun const& run, std::optional<Target> target,
        std::function<void(std::string const&)> warn);

  /// Study::Look; collective.
  bool look(std::int64_t first_step, Progress& progress);

  /// Say under `until` of the summary, or in a warning, what became of the target, if there is one; where it has ended
  /// the run, the recorded input has the steps that were done, so that it alone gives the same results.
  void conclude(Findings& found, InputRecord& input) const;

 private:
  using Clock = std::chrono::steady_clock;
  bool is_due() const;
  void show(nlohmann::json const& observables, Progress& progress) const;
  void write_partial(Progress& progress);

  Study& m_study;
  Outputs const& m_outputs;
  InputRecord const& m_input;
  AppRun const& m_run;
  std::function<void(std::string const&)> m_warn;
  std::optional<Target> m_target;
  std::int64_t m_steps;  ///< that the input asks for
  bool m_wanted;
  Clock::time_point m_next;  ///< on rank 0
};

}  // namespace kramers::langevin
