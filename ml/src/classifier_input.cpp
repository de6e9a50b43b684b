// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/ml/classifier.hpp>

#include <algorithm>
#include <functional>
#include <limits>

namespace kramers::ml {
namespace {

constexpr std::int64_t widest = 1 << 16;
constexpr std::int64_t most_layers = 64;

NetworkSpec read_network(Config const& config, int classes) {
  auto const widths = config.get("network.hidden", std::vector<std::int64_t>{8});
  bool const fits = std::ranges::all_of(widths, [](std::int64_t width) { return width >= 1 && width <= widest; });
  config.check(fits && std::ssize(widths) <= most_layers, "network.hidden", "at most 64 widths between 1 and 65536");
  auto const activation = activation_named(config.one_of("network.activation", activation_names(), "tanh"));
  bool const batch_norm = config.get<bool>("network.batch_norm", true);
  double const dropout = config.get<double>("network.dropout", 0.0);
  config.check(dropout >= 0 && dropout < 1, "network.dropout", "in [0, 1)");
  NetworkSpec network(default_classifier_network().inputs());
  for (std::int64_t const width : widths) {
    network.dense(static_cast<int>(width), activation);
    if (dropout > 0) network.dropout(dropout);
    if (batch_norm) network.batch_norm();
  }
  return network.dense(classes);
}

/// The number of classes; sets the thresholds.
int read_classes(Config const& config, ClassifierParams& params) {
  params.thresholds = config.get("classes.thresholds", params.thresholds);
  config.check(std::ranges::adjacent_find(params.thresholds, std::greater_equal<>()) == params.thresholds.end(),
               "classes.thresholds", "rising");
  constexpr int most = 1000;
  config.check(params.thresholds.size() < most, "classes.thresholds", "at most 999 numbers");
  int const implied = static_cast<int>(params.thresholds.size()) + 1;
  int const classes = config.bounded<int>("classes.count", 2, most, implied > 1 ? implied : params.classes());
  config.check(params.thresholds.empty() || classes == implied, "classes.count",
               "one more than there are classes.thresholds, or left out");
  return classes;
}

OptimizerParams read_optimizer(Config const& config) {
  OptimizerParams p;
  auto const share = [&](char const* key, double& value) {
    value = config.get<double>(key, value);
    config.check(value >= 0 && value < 1, key, "in [0, 1)");
  };
  p.rule = rule_named(config.one_of("training.optimizer", {"sgd", "adam", "adamw"}, name_of(p.rule)));
  if (p.rule == Rule::sgd) {
    share("training.momentum", p.momentum);
    p.nesterov = config.get<bool>("training.nesterov", p.nesterov);
    config.check(!p.nesterov || p.momentum > 0, "training.nesterov", "false, or there must be a momentum");
    return p;
  }
  share("training.beta1", p.beta1);
  share("training.beta2", p.beta2);
  p.epsilon = config.positive<double>("training.epsilon", p.epsilon);
  config.check(p.epsilon < 1, "training.epsilon", "below 1");
  return p;
}

void read_training(Config const& config, ClassifierParams& params) {
  TrainParams& train = params.train;
  ModelParams& model = train.models.front();
  train.optimizer = read_optimizer(config);
  train.initialisation = initialisation_named(
      config.one_of("training.initialisation", {"glorot", "pytorch"}, name_of(train.initialisation)));
  train.batch = config.bounded<int>("training.batch", 1, std::numeric_limits<int>::max(), train.batch);
  train.patience = config.non_negative<std::int64_t>("training.patience", train.patience);
  model.seed = config.get<std::uint64_t>("training.seed", model.seed);
  model.learning_rate = config.positive<double>("training.learning_rate", model.learning_rate);
  config.check(model.learning_rate < 1e10, "training.learning_rate", "below 1e10");
  model.weight_decay = config.non_negative<double>("training.weight_decay", model.weight_decay);
  config.check(model.weight_decay < 1e10, "training.weight_decay", "below 1e10");
  params.epochs = config.positive<std::int64_t>("training.epochs", params.epochs);
  config.renamed("training.engine", "training.path");
  params.engine = engine_named(
      config.one_of("training.engine", {name_of(Engine::automatic), name_of(Engine::resident), name_of(Engine::gemm)},
                    name_of(params.engine)));
}

}  // namespace

ClassifierParams read_classifier(Config const& config, CommandLine const& options, ClassSource source) {
  ClassifierParams params;
  params.space = options.space;
  params.precision = options.precision;
  params.network = read_network(config, source == ClassSource::spread ? read_classes(config, params) : 2);
  params.held_out = config.get<double>("data.held_out", params.held_out);
  config.check(params.held_out >= 0 && params.held_out < 1, "data.held_out", "in [0, 1)");
  params.split_seed = config.get<std::uint64_t>("data.seed", params.split_seed);
  params.standardise = config.get<bool>("data.standardise", params.standardise);
  read_training(config, params);
  return params;
}

}  // namespace kramers::ml
