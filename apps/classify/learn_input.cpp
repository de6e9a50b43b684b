// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "learn_input.hpp"

#include <kramers/ml/classifier_keys.hpp>
#include <kramers/runtime/signals.hpp>

#include <cstdio>
#include <string>
#include <utility>

namespace kramers::classify {
namespace {

std::filesystem::path checkpoint_of(AppRun const& run, Outputs const& outputs) {
  auto const named = run.config.find_output("checkpoint.file");
  if (named) return *named;
  auto path = outputs.model.value_or(run.options.input.filename());
  return path.replace_extension(".checkpoint.safetensors");
}

void refuse(Config const& config, bool is_wrong, char const* table, char const* why) {
  if (is_wrong && config.has(table)) throw config.error(table, why);
}

}  // namespace

LearnInput read_learning(AppFiles& files, AppRun const& run, ml::ClassSource source) {
  LearnInput input;
  bool const has_labels = source == ml::ClassSource::labels;
  refuse(run.config, has_labels, "classes", "is for spread maps; samples have their classes");
  refuse(run.config, has_labels, "random_points", "is for spread maps; samples span no plane");
  refuse(run.config, !has_labels, "samples", "is for files of samples, which end in .csv, .tsv, .txt, .dat or .npz");
  if (has_labels) input.samples = ml::read_sample_choice(run.config);
  input.params = ml::read_classifier(run.config, run.options, source);
  input.models = ml::read_sweep(run.config, input.params);
  if (!has_labels) input.random = read_random_points(run.config);
  input.every = run.config.non_negative<std::int64_t>("checkpoint.every", std::int64_t{0});
  input.outputs = add_outputs(files, run);
  input.checkpoint = checkpoint_of(run, input.outputs);
  return input;
}

Forecast forecast(LearnInput const& input, ml::Problem const& problem, std::int64_t models, double memory) {
  ml::ClassifierParams params = input.params;
  Sample const measured = measure_sample(1, input.params.epochs, [&](std::int64_t epochs) {
    params.epochs = epochs;
    return interruptible([&] {
      if (models > 1) return ml::sweep(params, input.models, problem, true).seconds;
      ml::ClassifierTraining training(params, problem);
      if (int const signal = training.run(true, {}); signal != 0)
        throw Error("stopped by signal " + std::to_string(signal));
      return training.seconds();
    });
  });
  char text[120];
  std::snprintf(text, sizeof text, "%lld epochs took %.2g s here just now, and time grows with their number",
                static_cast<long long>(measured.size), measured.seconds);
  return {std::to_string(models) + (models > 1 ? " models of " : " model ") + params.network.text() + ", " +
              std::to_string(input.params.epochs) + " epochs on " + std::to_string(problem.split.train.size()) +
              " points",
          memory, measured.seconds_each() * static_cast<double>(input.params.epochs), text};
}

InputGuide input_guide() {
  InputGuide guide{ml::classifier_keys(), {}, [](AppRun const& run) {
                     AppFiles files(run);
                     bool const samples = run.config.has("samples");
                     read_learning(files, run, samples ? ml::ClassSource::labels : ml::ClassSource::spread);
                   }};
  for (KeyNote const& note : ml::sample_keys()) guide.keys.push_back(note);
  for (KeyNote const& note : {
           KeyNote{"sweep.seeds", "", "sweep: so many seeds from training.seed on, with each learning rate"},
           KeyNote{"sweep.learning_rates", "", "sweep: each with all seeds"},
           KeyNote{"random_points.count", "", "random points of the figure"},
           KeyNote{"random_points.lower", "", "lowest position and velocity of them"},
           KeyNote{"random_points.upper", "", "highest"},
           KeyNote{"random_points.seed", "", "of them"},
           KeyNote{"checkpoint.every", "epochs", "train: between checkpoints; 0: only when a signal ends the run"},
           KeyNote{"checkpoint.file", "", "train: where checkpoints go", "MODEL.checkpoint.safetensors"},
           KeyNote{"output.file", "", "as --output, which comes first"},
           KeyNote{"output.summary", "", "as --summary, which comes first"},
           KeyNote{"output.model", "", "as --model, which comes first"},
       }) {
    guide.keys.push_back(note);
  }
  guide.examples = {
      {"classifier", "Three classes of the spread, and a small network that learns them.",
       "[training]\nepochs = 1000\n"},
      {"", "", "[training]\noptimizer = \"sgd\"\n"},  // what no template has
      {"", "", "[samples]\nheader = \"yes\"\n"},
  };
  return guide;
}

}  // namespace kramers::classify
