// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/ml/training.hpp>

namespace kramers::ml {

std::string name_of(Loss loss) {
  return loss == Loss::softmax_cross_entropy ? "softmax_cross_entropy" : "mean_squared_error";
}

Loss loss_named(std::string const& name) {
  expects(name == "softmax_cross_entropy" || name == "mean_squared_error", "loss", name,
          "softmax_cross_entropy or mean_squared_error");
  return name == "softmax_cross_entropy" ? Loss::softmax_cross_entropy : Loss::mean_squared_error;
}

std::string name_of(Rule rule) {
  return rule == Rule::sgd ? "sgd" : rule == Rule::adam ? "adam" : "adamw";
}

Rule rule_named(std::string const& name) {
  expects(name == "sgd" || name == "adam" || name == "adamw", "optimizer", name, "one of sgd, adam, adamw");
  return name == "sgd" ? Rule::sgd : name == "adam" ? Rule::adam : Rule::adamw;
}

void check(OptimizerParams const& p) {
  auto const share = [](char const* name, double value) { expects(value >= 0 && value < 1, name, value, "in [0, 1)"); };
  share("momentum", p.momentum);
  share("beta1", p.beta1);
  share("beta2", p.beta2);
  expects(p.epsilon > 0 && p.epsilon < 1, "epsilon", p.epsilon, "in (0, 1)");
  expects(!p.nesterov || (p.rule == Rule::sgd && p.momentum > 0), "nesterov", "true", "false, or sgd with a momentum");
}

void check(NetworkSpec const& network, TrainParams const& params) {
  expects(!network.layers().empty(), "layers", 0, "at least one");
  check(params.optimizer);
  expects(params.batch >= 1, "batch", params.batch, ">= 1");
  expects(params.loss != Loss::softmax_cross_entropy || network.outputs() >= 2, "outputs of the network",
          network.outputs(), ">= 2 for softmax_cross_entropy");
  expects(!params.models.empty(), "models", 0, "at least one");
  expects(params.patience >= 0, "patience", params.patience, ">= 0");
  for (ModelParams const& model : params.models) {
    expects(model.learning_rate > 0 && model.learning_rate < 1e10, "learning_rate", model.learning_rate, "> 0");
    expects(model.weight_decay >= 0 && model.weight_decay < 1e10, "weight_decay", model.weight_decay, ">= 0");
  }
}

void check_batches(NetworkSpec const& network, int batch, std::int64_t samples) {
  expects(samples >= 1 && samples < (std::int64_t{1} << 31), "samples", samples, "between 1 and 2^31 - 1");
  expects(batch <= samples, "batch", batch, "at most the number of samples, " + std::to_string(samples));
  if (!network.has_batch_norm()) return;
  std::int64_t const last = samples % batch;
  expects(batch > 1 && last != 1, "batch", batch,
          "one that leaves no batch of a single sample of " + std::to_string(samples) +
              ", because batch_norm needs two for a variance");
}

}  // namespace kramers::ml
