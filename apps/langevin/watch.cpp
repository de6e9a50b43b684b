// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "watch.hpp"

#include <kramers/runtime/collective_errors.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <utility>

namespace kramers::langevin {
namespace {

// Of the time of a run, at most this part goes into looking at it.
constexpr double least_pause = 20;
// A clock that counts nanoseconds ends after 292 years.
constexpr double longest_pause = 1e9;

std::chrono::nanoseconds pause(double seconds) {
  return std::chrono::nanoseconds(static_cast<std::int64_t>(1e9 * std::min(seconds, longest_pause)));
}

bool is_number(nlohmann::json const& json) {
  return json.is_number() && std::isfinite(json.get<double>());
}

/// "rate 0.00222 +- 3.1 %, 312 events", as far as it is known; empty where the study counts nothing.
std::string progress_of(nlohmann::json const& observables) {
  std::string text;
  for (char const* const name : {"rate", "core_set_rate_ab", "first_passage_rate"}) {
    auto const rate = observables.find(name);
    if (rate == observables.end() || !is_number((*rate)["value"]) || !is_number((*rate)["stderr"])) continue;
    double const value = (*rate)["value"].get<double>(), error = (*rate)["stderr"].get<double>();
    char number[64];
    std::snprintf(number, sizeof number, "%s %.3g +- %.2g %%", name, value, 100 * error / std::abs(value));
    text = number;
    break;
  }
  auto const transitions = observables.find("transitions"), passages = observables.find("first_passage_rate");
  double events = -1;
  if (transitions != observables.end() && is_number((*transitions)["value"])) {
    events = (*transitions)["value"].get<double>();
  } else if (passages != observables.end() && passages->contains("events")) {
    events = (*passages)["events"].get<double>();
  }
  if (events < 0) return text;
  std::string const count = events < 1e5 ? std::to_string(std::llround(events)) : detail::human_count(events);
  if (!text.empty() && events == 0) return text;  // counted only since sampling began
  return text + (text.empty() ? "" : ", ") + count + " events";
}

}  // namespace

Watch::Watch(Study& study, Outputs const& outputs, InputRecord const& input, AppRun const& run,
             std::optional<Target> target, std::function<void(std::string const&)> warn)
    : m_study(study),
      m_outputs(outputs),
      m_input(input),
      m_run(run),
      m_warn(std::move(warn)),
      m_target(std::move(target)),
      m_steps(study.params().steps),
      m_wanted(study.params().partial_every > 0 && (outputs.results || outputs.summary || !run.options.quiet)),
      m_next(Clock::now() + pause(study.params().partial_every)) {}

bool Watch::is_due() const {
  if (!m_wanted) return false;
  int due = m_run.comm.is_root() && Clock::now() >= m_next ? 1 : 0;
  m_run.comm.broadcast(due);
  return due != 0;
}

bool Watch::look(std::int64_t first_step, Progress& progress) {
  if (is_due()) write_partial(progress);
  if (!m_target || !is_look(m_study.params(), first_step, m_study.step())) return false;
  nlohmann::json const observables = evaluate(m_study).observables;
  show(observables, progress);
  auto const percent = error_of(*m_target, observables);
  return percent && *percent <= m_target->percent;
}

void Watch::conclude(Findings& found, InputRecord& input) const {
  if (!m_target) return;
  auto const percent = error_of(*m_target, found.summary["observables"]);
  bool const reached = percent && *percent <= m_target->percent;
  std::int64_t const steps = m_study.params().steps;
  char known[64] = "not known";
  if (percent) std::snprintf(known, sizeof known, "known to %.3g %%", *percent);
  char goal[32];
  std::snprintf(goal, sizeof goal, "%.3g %%", m_target->percent);
  found.summary["until"] = {{"observable", m_target->observable},
                            {"percent", m_target->percent},
                            {"reached", reached},
                            {"steps_asked", m_steps},
                            {"says", m_target->observable + " is " + known + " after " + std::to_string(steps) +
                                         " of " + std::to_string(m_steps) + " steps; --until asks for " + goal}};
  if (!reached) {
    found.results.warnings.push_back("--until asks for " + m_target->observable + " to " + goal + ", and it is " +
                                     known + " after all of run.steps; raise run.steps or ensemble.walkers");
    found.summary["warnings"] = found.results.warnings;
  }
  if (steps == m_steps) return;
  nlohmann::json keys = effective_keys(m_run.config);
  keys["run"]["steps"] = steps;
  input.effective = toml_text(keys);
  found.summary["input"] = std::move(keys);
}

void Watch::write_partial(Progress& progress) {
  auto const begin = Clock::now();
  Findings const found = find_out(m_study, m_run);
  show(found.summary["observables"], progress);
  auto const failure = failure_to_write(m_run.comm, [&] {
    write_results_file(m_outputs, m_study, found, m_input, m_run);
    write_summary_file(m_outputs, found.summary, m_run);
  });
  if (failure) {
    progress.end_line();
    m_warn("no partial results at step " + std::to_string(m_study.step()) + ": " + *failure);
  }
  double const seconds = std::chrono::duration<double>(Clock::now() - begin).count();
  m_next = Clock::now() + pause(std::max(m_study.params().partial_every, least_pause * seconds));
}

void Watch::show(nlohmann::json const& observables, Progress& progress) const {
  std::string const text = progress_of(observables);
  if (!text.empty()) progress.relabel(m_study.params().request.potential->kind() + ", " + text);
}

}  // namespace kramers::langevin
