// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <string>

namespace kramers::ml {

enum class Rule : int { sgd, adam, adamw };
std::string name_of(Rule rule);
/// @throws DomainError  no such rule
Rule rule_named(std::string const& name);

/// How gradients become steps. Defaults are PyTorch's.
///
/// sgd    g += weight_decay w;  buf = momentum buf + g;  w -= lr (nesterov ? g + momentum buf : buf)
/// adam   g += weight_decay w;  m = b1 m + (1 - b1) g;  v = b2 v + (1 - b2) g^2;
///        w -= lr (m / (1 - b1^t)) / (sqrt(v / (1 - b2^t)) + epsilon), t from 1
/// adamw  w -= lr weight_decay w, then as adam without decay
/// @see  Source  Kingma, Ba, arXiv:1412.6980 (2014), algorithm 1; Loshchilov, Hutter, arXiv:1711.05101 (2017)
struct OptimizerParams {
  Rule rule = Rule::adam;
  double momentum = 0;    ///< sgd only, [0, 1)
  bool nesterov = false;  ///< sgd with momentum only
  double beta1 = 0.9;     ///< adam and adamw, [0, 1)
  double beta2 = 0.999;   ///< adam and adamw, [0, 1)
  double epsilon = 1e-8;  ///< adam and adamw, > 0; outside the root, after the bias correction
};
/// @throws DomainError  a value out of its range
void check(OptimizerParams const& params);

}  // namespace kramers::ml
