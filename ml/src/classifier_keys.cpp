// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/ml/classifier_keys.hpp>

namespace kramers::ml {

std::vector<KeyNote> classifier_keys() {
  return {
      {"classes.count", "", "classes of equal size, by quantiles of the spread"},
      {"classes.thresholds", "length", "parts the classes here instead"},
      {"data.held_out", "", "share of the points that only measures"},
      {"data.seed", "", "which points these are"},
      {"data.standardise", "", "inputs to mean 0 and deviation 1 of the points trained on; kept in the model"},
      {"network.hidden", "", "widths of the hidden layers"},
      {"network.activation", "", "after each hidden layer"},
      {"network.batch_norm", "", "after each hidden layer"},
      {"network.dropout", "", "share that is dropped after each hidden layer"},
      {"training.epochs", "epochs", "how long"},
      {"training.batch", "", "samples per step"},
      {"training.optimizer", "", "rule of the steps"},
      {"training.beta1", "", "adam, adamw: decay of the mean of gradients"},
      {"training.beta2", "", "adam, adamw: decay of the mean of their squares"},
      {"training.epsilon", "", "adam, adamw: added to the root of that"},
      {"training.momentum", "", "sgd"},
      {"training.nesterov", "", "sgd: Nesterov's momentum"},
      {"training.learning_rate", "", "length of the steps"},
      {"training.weight_decay", "", "pull of the weights to 0"},
      {"training.seed", "", "of initial weights, order of the data, dropout"},
      {"training.initialisation", "", "initial weights"},
      {"training.patience", "epochs", "stop after so many without a lower loss; 0: never"},
      {"training.engine", "", "how steps are computed (ml/README.md)"},
  };
}

}  // namespace kramers::ml
