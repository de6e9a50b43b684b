// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "commands.hpp"

#include <kramers/base/text.hpp>
#include <kramers/ml/classifier_file.hpp>
#include <kramers/ml/classifier_memory.hpp>
#include <kramers/ml/pytorch.hpp>
#include <kramers/runtime/forecast.hpp>
#include <kramers/runtime/provenance.hpp>
#include <kramers/runtime/recorded_input.hpp>
#include <kramers/runtime/signals.hpp>

#include <cstdio>
#include <utility>

#include "data.hpp"
#include "learn_input.hpp"
#include "results.hpp"

namespace kramers::classify {
namespace {

using ml::ClassifierModel;
using ml::Evaluation;

struct Evaluations {
  Evaluation train, held_out;
};

Evaluations evaluated(ml::Predictor const& predict, ml::Problem const& problem, int classes) {
  auto const of = [&](std::vector<std::size_t> const& rows) {
    return ml::evaluate(predict(ml::rows_of(problem.inputs, problem.features, rows)), ml::rows_of(problem.labels, rows),
                        classes);
  };
  return {of(problem.split.train), of(problem.split.held_out)};
}

nlohmann::json origin_of(AppRun const& run) {
  return provenance(run.comm, "kramers-classify", run.options.space, run.options.words, run.config.verbatim());
}

void finish(AppRun const& run, Outputs const& outputs, nlohmann::json const& summary) {
  if (outputs.summary) write_summary(*outputs.summary, summary, run);
  if (run.options.quiet) return;
  for (auto const& file : {outputs.model, outputs.results, outputs.summary}) {
    if (file) std::printf("  written to %s\n", printable(file->string()).c_str());
  }
}

void write_model(AppRun const& run, Outputs const& outputs, ClassifierModel const& model, std::string const& origin) {
  if (!outputs.model) return;
  keep_former(run, *outputs.model);
  ml::write_classifier(*outputs.model, model, origin);
}

void tell(Evaluations const& found) {
  std::printf("  trained on  %s\n", text_of(found.train).c_str());
  std::printf("  held out    %s\n", text_of(found.held_out).c_str());
}

void report_interruption(ml::ClassifierTraining const& training, std::int64_t epochs,
                         std::filesystem::path const& checkpoint, int signal) {
  if (training.epoch() == 0) {
    std::fprintf(stderr, "kramers-classify: stopped by signal %d before the first epoch; start it again\n", signal);
    return;
  }
  std::fprintf(stderr,
               "kramers-classify: stopped by signal %d at epoch %lld of %lld; go on with --resume (checkpoint %s)\n",
               signal, static_cast<long long>(training.epoch()), static_cast<long long>(epochs),
               printable(checkpoint.string()).c_str());
}

ml::ClassSource class_source(AppRun const& run) {
  return ml::is_sample_file(run.options.files[0]) ? ml::ClassSource::labels : ml::ClassSource::spread;
}

/// Throw unless a text of samples and its numbers, of two bytes or more each, fit into memory.
void require_memory_to_read(AppRun const& run) {
  std::filesystem::path const& path = run.options.files[0];
  if (!ml::is_sample_file(path)) return;
  std::error_code none;  // whoever reads it says what is wrong
  auto const bytes = std::filesystem::file_size(path, none);
  double const most = none ? 0 : 5.0 * static_cast<double>(bytes);
  require_memory(run.comm, {{"the text of the samples", "the number of samples", most, 0}}, run.options.space);
}

/// What is to be learned; the network gets its ends.
Data learning_data(AppRun const& run, LearnInput& input) {
  require_memory_to_read(run);
  auto data = Data::to_learn(run.options.files[0], input.samples);
  data.fit(input.params);
  return data;
}

int train(AppRun const& run) {
  AppFiles files(run);
  files.add("DATASET", run.options.files[0], FileUse::reads_data);
  LearnInput input = read_learning(files, run, class_source(run));
  auto const& params = input.params;
  RandomPoints const& random = input.random;
  Outputs const& outputs = input.outputs;
  auto const every = input.every;
  auto const& checkpoint = input.checkpoint;
  // A signal makes any training write one.
  files.add("the checkpoint", checkpoint, every > 0 ? FileUse::writes_data : FileUse::may_write);
  run.config.reject_unknown();
  files.require_usable();

  Data const data = learning_data(run, input);
  auto const needs = ml::memory_needed(params, 1, data.size(), data.is_map() ? random.count : 0);
  require_memory(run.comm, needs, params.space);
  auto const problem = data.problem(params);
  if (run.options.check) return kramers::tell(run, forecast(input, problem, 1, host_bytes(needs, params.space)));
  ml::ClassifierTraining training(params, problem);
  if (run.options.resume) training.resume(ml::read_classifier_model(checkpoint), checkpoint.string());
  auto const origin = origin_of(run);
  auto const save = [&](ClassifierModel const& model) { ml::write_classifier(checkpoint, model, origin.dump()); };
  auto const warn = [](std::string const& what) {
    std::fprintf(stderr, "kramers-classify: warning: %s\n", printable(what).c_str());
  };
  if (int const signal = training.run(run.options.quiet, {every, save, warn}); signal != 0) {
    report_interruption(training, params.epochs, checkpoint, signal);
    return 128 + signal;
  }

  ClassifierModel const model = training.model();
  ml::Predictor const predict(model, params.space);
  Evaluations const found = evaluated(predict, problem, params.classes());
  nlohmann::json summary = basics(run);
  if (auto const units = data.units()) summary["units"] = *units;
  summary["model"] = to_json(model);
  summary["engine"] = training.engine();
  summary["engine_reason"] = training.reason();
  summary["wall_s"] = training.seconds();
  summary["loss"] = model.history.loss.back();
  summary["train"] = to_json(found.train);
  summary["held_out"] = to_json(found.held_out);
  summary["memory"] = {{"state_bytes", training.state_bytes()},
                       {"peak_resident_bytes", peak_memory()},
                       {"estimated_bytes", host_bytes(needs, params.space)}};
  summary["provenance"] = origin;
  summary["input"] = effective_keys(run.config);
  write_model(run, outputs, model, origin.dump());
  if (outputs.results) {
    ResultsFile file(*outputs.results, summary, run);
    data.write(file, problem, predict, params, random);
    file.history(model.history);
    file.evaluation("train", found.train);
    if (found.held_out.samples > 0) file.evaluation("held_out", found.held_out);
    file.commit();
  }
  if (!run.options.quiet) {
    std::printf("kramers-classify: %s, %s, %lld points, %lld held out; engine %s (%s)\n", params.network.text().c_str(),
                params.precision.c_str(), static_cast<long long>(data.size()),
                static_cast<long long>(found.held_out.samples), training.engine().c_str(), training.reason().c_str());
    std::printf("  %lld epochs, %lld steps in %.3g s, loss %.6f; state hash %s\n",
                static_cast<long long>(model.state.epoch), static_cast<long long>(model.state.step), training.seconds(),
                model.history.loss.back(), summary["model"]["state_hash"].get<std::string>().c_str());
    tell(found);
  }
  finish(run, outputs, summary);
  return exit_code::success;
}

int sweep(AppRun const& run) {
  AppFiles files(run);
  files.add("DATASET", run.options.files[0], FileUse::reads_data);
  LearnInput input = read_learning(files, run, class_source(run));  // and takes no checkpoints
  auto const& params = input.params;
  auto const& models = input.models;
  RandomPoints const& random = input.random;
  Outputs const& outputs = input.outputs;
  run.config.reject_unknown();
  files.require_usable();

  Data const data = learning_data(run, input);
  auto const needs = ml::memory_needed(params, std::ssize(models.seeds) * std::ssize(models.learning_rates),
                                       data.size(), data.is_map() ? random.count : 0);
  require_memory(run.comm, needs, params.space);
  auto const problem = data.problem(params);
  if (run.options.check) {
    auto const count = std::ssize(models.seeds) * std::ssize(models.learning_rates);
    return kramers::tell(run, forecast(input, problem, count, host_bytes(needs, params.space)));
  }
  ml::SweepResult const result = interruptible([&] { return ml::sweep(params, models, problem, run.options.quiet); });
  nlohmann::json summary = basics(run);
  if (auto const units = data.units()) summary["units"] = *units;
  summary["best"] = to_json(result.model);
  summary["engine"] = result.engine;
  summary["engine_reason"] = result.reason;
  summary["wall_s"] = result.seconds;
  summary["steps"] = result.steps;
  for (ml::SweepRow const& row : result.rows) {
    nlohmann::json entry{{"seed", row.model.seed},      {"learning_rate", row.model.learning_rate},
                         {"epochs", row.epochs},        {"loss", row.loss},
                         {"train", to_json(row.train)}, {"held_out", to_json(row.held_out)},
                         {"diverged_at_step", nullptr}};
    if (row.diverged_at) entry["diverged_at_step"] = *row.diverged_at;
    summary["models"].push_back(std::move(entry));
  }
  summary["provenance"] = origin_of(run);
  summary["input"] = effective_keys(run.config);
  ml::Predictor const predict(result.model, params.space);
  summary["memory"] = {{"peak_resident_bytes", peak_memory()}, {"estimated_bytes", host_bytes(needs, params.space)}};
  write_model(run, outputs, result.model, summary["provenance"].dump());
  if (outputs.results) {
    Evaluations const found = evaluated(predict, problem, params.classes());
    ResultsFile file(*outputs.results, summary, run);
    data.write(file, problem, predict, params, random);
    file.history(result.model.history);
    file.evaluation("train", found.train);
    if (found.held_out.samples > 0) file.evaluation("held_out", found.held_out);
    file.sweep(result);
    file.commit();
  }
  if (!run.options.quiet) {
    std::printf("kramers-classify: %s, %s, %zu models; engine %s (%s)\n  %lld steps in %.3g s\n",
                params.network.text().c_str(), params.precision.c_str(), result.rows.size(), result.engine.c_str(),
                result.reason.c_str(), static_cast<long long>(result.steps), result.seconds);
    std::printf("  %-20s %14s %10s %14s %18s\n", "seed", "learning rate", "loss", "held-out loss", "held-out accuracy");
    for (std::size_t i = 0; i < result.rows.size(); ++i) {
      ml::SweepRow const& row = result.rows[i];
      std::printf("%s %-20llu %14.6g %10.5f", i == result.best ? "->" : "  ",
                  static_cast<unsigned long long>(row.model.seed), row.model.learning_rate, row.loss);
      if (row.diverged_at) {
        std::printf("   diverged at step %lld\n", static_cast<long long>(*row.diverged_at));
      } else if (row.held_out.samples > 0) {
        std::printf(" %14.5f %18.4f\n", row.held_out.negative_log_likelihood, row.held_out.accuracy);
      } else {
        std::printf("\n");
      }
    }
  }
  finish(run, outputs, summary);
  return exit_code::success;
}

int predict(AppRun const& run) {
  AppFiles files(run);
  files.add("POINTS", run.options.files[0], FileUse::reads_data);
  files.add("MODEL", run.options.files[1], FileUse::reads_data);
  Outputs const outputs = add_outputs(files, run);
  files.require_usable();
  ClassifierModel const model = ml::read_classifier_model(run.options.files[1]);
  require_memory_to_read(run);
  Data const data = Data::to_predict(run.options.files[0], model);
  require_memory(run.comm, ml::memory_needed(model.params, 1, data.size(), 0), run.options.space);
  ml::Predictor const predictor(model, run.options.space);
  nlohmann::json summary = basics(run);
  if (auto const units = data.units()) summary["units"] = *units;
  summary["model"] = to_json(model);
  summary["points"] = data.size();
  summary["provenance"] = origin_of(run);
  std::vector<std::int64_t> counts(static_cast<std::size_t>(model.params.classes()), 0);
  auto const chances = interruptible([&] { return predictor(data.inputs()); });
  for (int const k : ml::most_likely(chances, model.params.classes())) {
    ++counts[static_cast<std::size_t>(k)];
  }
  summary["class_counts"] = counts;
  if (outputs.results) {
    ResultsFile file(*outputs.results, summary, run);
    data.write(file, predictor, model.params);
    if (data.is_map()) file.thresholds(model.params.thresholds);
    file.commit();
  }
  if (!run.options.quiet) {
    std::printf("kramers-classify: %lld points\n", static_cast<long long>(data.size()));
    for (std::size_t k = 0; k < counts.size(); ++k) {
      auto const name = model.names.empty() ? std::to_string(k) : printable(model.names.classes[k]);
      std::printf("  class %s  %lld\n", name.c_str(), static_cast<long long>(counts[k]));
    }
  }
  finish(run, outputs, summary);
  return exit_code::success;
}

int evaluate(AppRun const& run) {
  AppFiles files(run);
  files.add("DATASET", run.options.files[0], FileUse::reads_data);
  files.add("MODEL", run.options.files[1], FileUse::reads_data);
  Outputs const outputs = add_outputs(files, run);
  files.require_usable();
  ClassifierModel const model = ml::read_classifier_model(run.options.files[1]);
  require_memory_to_read(run);
  Data const data = Data::to_evaluate(run.options.files[0], model);
  int const classes = model.params.classes();
  require_memory(run.comm, ml::memory_needed(model.params, 1, data.size(), data.is_map() ? RandomPoints{}.count : 0),
                 run.options.space);
  ml::Predictor const predictor(model, run.options.space);
  bool const same = data.hash() == model.dataset_hash;
  ml::Problem const problem = data.problem(model);
  Evaluations const found = interruptible([&] { return evaluated(predictor, problem, classes); });
  nlohmann::json summary = basics(run);
  if (auto const units = data.units()) summary["units"] = *units;
  summary["model"] = to_json(model);
  summary["same_dataset"] = same;
  summary["train"] = to_json(found.train);
  summary["held_out"] = to_json(found.held_out);
  summary["provenance"] = origin_of(run);
  if (outputs.results) {
    ResultsFile file(*outputs.results, summary, run);
    data.write(file, problem, predictor, model.params, {});
    if (found.train.samples > 0) file.evaluation("train", found.train);
    if (found.held_out.samples > 0) file.evaluation("held_out", found.held_out);
    file.commit();
  }
  if (!run.options.quiet) {
    std::printf("kramers-classify: %s on %s dataset, %lld points\n", model.params.network.text().c_str(),
                same ? "its own" : "another", static_cast<long long>(data.size()));
    tell(found);
  }
  finish(run, outputs, summary);
  return exit_code::success;
}

int to_pytorch(AppRun const& run) {
  if (!run.options.output) throw UsageError("export wants to know where to: add --output FILE.safetensors");
  AppFiles files(run);
  files.add("MODEL", run.options.files[0], FileUse::reads_data);
  Outputs const outputs = add_outputs(files, run);
  files.require_usable();
  ClassifierModel const model = ml::read_classifier_model(run.options.files[0]);
  nlohmann::json summary = basics(run);
  summary["model"] = to_json(model);
  summary["module"] = ml::pytorch_text(model);
  summary["provenance"] = origin_of(run);
  ml::write_pytorch(*outputs.results, model, summary["provenance"].dump());
  if (!run.options.quiet) std::printf("module = %s\n", ml::pytorch_text(model).c_str());
  finish(run, outputs, summary);
  return exit_code::success;
}

}  // namespace

int run(AppRun const& run) {
  if (run.comm.size() > 1) {
    throw UsageError("kramers-classify trains on one device and runs as one rank, but was started as " +
                     std::to_string(run.comm.size()) + "; start it without mpirun");
  }
  std::string const& command = run.options.command;
  if (command == "train") return train(run);
  if (command == "sweep") return sweep(run);
  if (command == "predict") return predict(run);
  if (command == "export") return to_pytorch(run);
  return evaluate(run);
}

}  // namespace kramers::classify
