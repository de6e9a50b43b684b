// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/text.hpp>
#include <kramers/dynamics/studies/study_memory.hpp>
#include <kramers/dynamics/studies/study_units.hpp>
#include <kramers/ml/classifier_keys.hpp>
#include <kramers/ml/classifier_memory.hpp>
#include <kramers/runtime/app_files.hpp>
#include <kramers/runtime/forecast.hpp>
#include <kramers/runtime/h5.hpp>
#include <kramers/runtime/provenance.hpp>
#include <kramers/runtime/recorded_input.hpp>
#include <kramers/runtime/signals.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <iterator>
#include <limits>

#include "adaptive.hpp"
#include "run_map.hpp"

namespace kramers::spread {
namespace {

LoopParams read_params(Config const& config, SpreadRequest const& request, ml::ClassifierParams const& classifier) {
  LoopParams p;
  auto const points = static_cast<std::int64_t>(
      ml::hold_out(static_cast<std::size_t>(request.params.points()), classifier.held_out, 0).train.size());
  p.initial = config.get<std::int64_t>("adaptive.initial", std::min(p.initial, points));
  config.check(p.initial >= 2 && p.initial <= points, "adaptive.initial",
               "between 2 and the number of points that are not held out, " + std::to_string(points));
  p.per_round = config.positive<std::int64_t>("adaptive.per_round", std::min(p.per_round, points));
  config.check(p.per_round <= points, "adaptive.per_round", "at most " + std::to_string(points));
  p.rounds = config.positive<std::int64_t>("adaptive.rounds", p.rounds);
  p.choices = config.positive<std::int64_t>("adaptive.choices", p.choices);
  p.models = config.positive<std::int64_t>("adaptive.models", p.models);
  p.repeats = config.positive<std::int64_t>("adaptive.repeats", p.repeats);
  p.reference_batches = config.positive<std::int64_t>("adaptive.reference_batches", p.reference_batches);
  std::int64_t const most = max_member_id / request.params.members;
  config.check(p.rounds < most, "adaptive.rounds", "below " + std::to_string(most) + ", or members run out of numbers");
  config.check(p.reference_batches < most, "adaptive.reference_batches", "below " + std::to_string(most));
  config.check(p.models <= 4096 && p.repeats <= 4096, "adaptive.models", "at most 4096, as adaptive.repeats");
  constexpr std::int64_t most_choices = 1 << 20;
  config.check(p.choices <= most_choices, "adaptive.choices", "at most 2^20");
  return p;
}

std::vector<MemoryNeed> memory_needed_by_loop(SpreadRequest const& request, ml::ClassifierParams const& classifier,
                                              LoopParams const& loop) {
  auto needs = memory_needed(request, 0, 1);
  // Two maps grow side by side, none of which is gathered and written.
  for (MemoryNeed& need : needs) {
    need.space *= 2;
    need.host /= 2;
  }
  // A committee is asked of the points held out, and of those among which it chooses.
  auto const points = request.params.points();
  double const asked = std::max(classifier.held_out * static_cast<double>(points),
                                static_cast<double>(loop.per_round) * static_cast<double>(loop.choices));
  auto const others = static_cast<std::int64_t>(std::min(asked, static_cast<double>(points)));
  std::ranges::copy(ml::memory_needed(classifier, loop.models, points, others), std::back_inserter(needs));
  return needs;
}

void write_file(std::filesystem::path const& path, UnitSystem const& units, LoopResult const& result,
                nlohmann::json const& summary, InputRecord const& input) {
  h5::Writer file(path, Communicator::self());
  file.attribute("/", "app", "kramers-spread");
  file.attribute("/", "version", version());
  file.attribute("/", "provenance", summary.at("provenance").dump());
  write_input(file, input);
  file.write("/summary", summary.dump());
  Curves const& c = result.curves;
  h5::Extents const rounds{c.steps.size()}, points{result.points.size()};
  file.write("/adaptive/steps", c.steps, rounds);
  file.write("/adaptive/uniform", c.uniform, rounds);
  file.write("/adaptive/uniform_error", c.uniform_error, rounds);
  file.write("/adaptive/adaptive", c.adaptive, rounds);
  file.write("/adaptive/adaptive_error", c.adaptive_error, rounds);
  file.write("/adaptive/position", result.points.position, points);
  file.write("/adaptive/velocity", result.points.velocity, points);
  file.write("/adaptive/batches", result.batches, points);
  file.attribute("/adaptive", "thresholds", result.thresholds);
  file.attribute("/adaptive", "target", result.target);
  file.attribute("/adaptive", "uniform_steps", result.uniform_steps);
  file.attribute("/adaptive", "adaptive_steps", result.adaptive_steps);
  file.attribute("/adaptive", "saving", result.saving);
  file.attribute("/adaptive", "saving_error", result.saving_error);
  write_unit(file, units, "adaptive/position");
  write_unit(file, units, "adaptive/velocity");
  write_attribute_units(file, units, "adaptive");
  file.commit();
}

void tell(LoopResult const& result, LoopParams const& loop) {
  Curves const& c = result.curves;
  std::printf("kramers-spread: %zu points, %lld held out; mean of %lld repeats\n", result.points.size(),
              static_cast<long long>(result.held_out), static_cast<long long>(loop.repeats));
  std::printf("  %14s %22s %22s\n", "member steps", "accuracy, uniform", "accuracy, adaptive");
  for (std::size_t i = 0; i < c.steps.size(); ++i) {
    std::printf("  %14lld %13.4f +- %.4f %13.4f +- %.4f\n", static_cast<long long>(c.steps[i]), c.uniform[i],
                c.uniform_error[i], c.adaptive[i], c.adaptive_error[i]);
  }
  std::printf(
      "  accuracy %.4f after %.0f steps where the classifier is least sure, %.0f uniformly: saving %.2f +- %.2f\n",
      result.target, result.adaptive_steps, result.uniform_steps, result.saving, result.saving_error);
}

}  // namespace

LoopInput read_loop(AppRun const& run) {
  SpreadRequest request = read_spread(run.config, run.options, builtin_potentials());
  run.config.check(!request.params.adaptive(), "spread.adaptive", "absent, since --adaptive=classifier decides");
  KeyUnits const key_units(run.config, ml::classifier_keys());
  ml::ClassifierParams classifier = ml::read_classifier(run.config, run.options);
  run.config.check(classifier.held_out > 0, "data.held_out", "> 0, or there is nothing to compare with");
  LoopParams const loop = read_params(run.config, request, classifier);
  return {std::move(request), std::move(classifier), loop};
}

int run_adaptively(AppRun const& run) {
  if (run.comm.size() > 1) {
    throw UsageError("--adaptive=classifier trains on one device and runs as one rank, but was started as " +
                     std::to_string(run.comm.size()) + "; start it without mpirun");
  }
  auto const [request, classifier, loop] = read_loop(run);
  AppFiles files(run);
  auto const [output, summary_file] = add_outputs(files, run);
  run.config.reject_unknown();
  files.require_usable();
  InputRecord const input = record_input(run.config, run.options.precision, run.comm);

  auto const needs = memory_needed_by_loop(request, classifier, loop);
  require_memory(run.comm, needs, request.space);
  if (run.options.check) {
    return tell(run, {std::to_string(request.params.points()) + " points, " + std::to_string(loop.rounds) +
                          " rounds of " + std::to_string(loop.repeats) + " repeats",
                      host_bytes(needs, request.space), std::nullopt,
                      "rounds train many classifiers, of which no sample was run"});
  }

  auto const begin = std::chrono::steady_clock::now();
  LoopResult const result =
      interruptible([&] { return learn_adaptively(request, classifier, loop, run.options.quiet); });
  double const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  Curves const& c = result.curves;
  nlohmann::json summary{{"app", "kramers-spread"},
                         {"version", version()},
                         {"space", request.space},
                         {"precision", request.precision},
                         {"threads", thread_count(request.space)},
                         {"points", request.params.points()},
                         {"wall_s", seconds},
                         {"thresholds", result.thresholds},
                         {"classifier",
                          {{"steps", c.steps},
                           {"uniform", c.uniform},
                           {"uniform_error", c.uniform_error},
                           {"adaptive", c.adaptive},
                           {"adaptive_error", c.adaptive_error},
                           {"held_out", result.held_out},
                           {"accuracy", result.target},
                           {"uniform_steps", result.uniform_steps},
                           {"adaptive_steps", result.adaptive_steps},
                           {"saving", result.saving},
                           {"saving_error", result.saving_error}}}};
  summary["memory"] = {{"peak_resident_bytes", peak_memory()}, {"estimated_bytes", host_bytes(needs, request.space)}};
  summary["provenance"] =
      provenance(run.comm, "kramers-spread", request.space, run.options.words, run.config.verbatim());
  summary["input"] = effective_keys(run.config);
  UnitSystem const units = read_units(run.config);
  summary["units"] = units_json(units, summary);
  if (output) {
    keep_former(run, *output);
    write_file(*output, units, result, summary, input);
  }
  if (summary_file) write_summary(*summary_file, summary, run);
  if (!run.options.quiet) {
    tell(result, loop);
    if (output) std::printf("  written to %s\n", printable(output->string()).c_str());
  }
  return exit_code::success;
}

}  // namespace kramers::spread
