// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/studies/study_params.hpp>
#include <kramers/runtime/command_line.hpp>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace kramers::langevin {

using namespace kramers::dynamics;

/// --until NAME:PERCENT: a run may end once it knows this observable so well.
struct Target {
  std::string observable;
  double percent;  ///< standard error over value
};

/// @throws UsageError  no such observable, or an error above 10 % or of nothing
std::optional<Target> read_target(CommandLine const& options);

/// Are these launches' ends, from one to the next, where a target is looked at? They depend on steps alone: from 20 frames
/// on, each time a tenth more of them are done, and not before sampling begins.
bool is_look(StudyParams const& params, std::int64_t first_step, std::int64_t last_step);

/// The error of the observable in percent; nothing where it is not known or, where events are counted, they are fewer than
/// 100.
std::optional<double> error_of(Target const& target, nlohmann::json const& observables);

}  // namespace kramers::langevin
