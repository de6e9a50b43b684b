// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/ml/trainer.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "ml_mutants.hpp"
#include "ml_reference.hpp"

namespace kramers::test {

/// One step of one parameter, as the optimisers' papers and PyTorch's documentation state it.
///
/// @param[in] t  number of the step, from 1
template <class R>
void reference_update(ml::OptimizerParams const& p, R learning_rate, R weight_decay, std::int64_t t, R g, R& w, R& m,
                      R& v, Mutant mutant = Mutant::none) {
  bool const coupled = p.rule != ml::Rule::adamw || mutant == Mutant::adamw_decay_in_gradient;
  if (mutant == Mutant::decay_left_out) weight_decay = 0;
  if (coupled) g += weight_decay * w;
  if (!coupled) w -= learning_rate * weight_decay * w;
  if (p.rule == ml::Rule::sgd) {
    R const momentum = static_cast<R>(p.momentum);
    m = momentum * m + (mutant == Mutant::momentum_dampened ? 1 - momentum : R(1)) * g;
    bool const nesterov = p.nesterov && mutant != Mutant::nesterov_left_out;
    w -= learning_rate * (nesterov ? g + momentum * m : m);
    return;
  }
  // 1 - 0.999 in single precision is wrong by 2e-5: what depends on the step alone is computed in double precision.
  R const epsilon = static_cast<R>(p.epsilon);
  m = static_cast<R>(p.beta1) * m + static_cast<R>(1 - p.beta1) * g;
  v = static_cast<R>(p.beta2) * v + static_cast<R>(1 - p.beta2) * g * g;
  double const time = static_cast<double>(mutant == Mutant::adam_time_runs_twice ? 2 * t : t);
  bool const corrected = mutant != Mutant::adam_without_bias_correction;
  R const correction1 = corrected ? static_cast<R>(1 - std::pow(p.beta1, time)) : R(1);
  R const correction2 = corrected ? static_cast<R>(1 - std::pow(p.beta2, time)) : R(1);
  R denominator = std::sqrt(v / correction2) + epsilon;
  if (mutant == Mutant::adam_epsilon_in_root) denominator = std::sqrt(v / correction2 + epsilon);
  if (mutant == Mutant::adam_epsilon_before_correction) denominator = (std::sqrt(v) + epsilon) / std::sqrt(correction2);
  w -= learning_rate * (m / correction1) / denominator;
}

/// One model in training by plain loops: epochs in the order of Permutation, the partial batch kept, running statistics
/// updated after each step.
template <class R>
class ReferenceTrainer {
 public:
  std::vector<R> parameters, first_moment, second_moment, buffers;
  std::int64_t step = 0, epoch = 0;

  ReferenceTrainer(ml::NetworkSpec network, ml::TrainParams params, int model = 0, Mutant mutant = Mutant::none)
      : m_net(std::move(network), mutant),
        m_params(std::move(params)),
        m_model(m_params.models.at(static_cast<std::size_t>(model))),
        m_mutant(mutant) {
    std::vector<double> const start =
        ml::initial_parameters<double>(m_net.network(), m_params.initialisation, m_model.seed);
    std::vector<double> const statistics = ml::initial_buffers<double>(m_net.network());
    parameters.assign(start.begin(), start.end());
    buffers.assign(statistics.begin(), statistics.end());
    first_moment.assign(start.size(), R(0));
    second_moment.assign(start.size(), R(0));
  }

  /// Returns the mean loss of each step.
  std::vector<R> fit(Batch<R> const& samples, std::int64_t epochs) {
    std::vector<R> losses;
    for (std::int64_t end = epoch + epochs; epoch < end; ++epoch) {
      ml::Permutation const order(m_model.seed, static_cast<std::uint64_t>(epoch),
                                  static_cast<std::uint32_t>(samples.count()));
      for (int first = 0; first < samples.count(); first += m_params.batch) {
        std::vector<int> places;
        for (int n = first; n < std::min(first + m_params.batch, samples.count()); ++n) {
          places.push_back(static_cast<int>(order(static_cast<std::uint32_t>(n))));
        }
        bool const partial = static_cast<int>(places.size()) < m_params.batch;
        if (partial && m_mutant == Mutant::partial_batch_dropped) continue;
        losses.push_back(advance(samples.at(places)));
      }
    }
    return losses;
  }

  Matrix<R> predict(Matrix<R> const& inputs) const { return m_net.predict(parameters, buffers, inputs); }

 private:
  R advance(Batch<R> const& batch) {
    ++step;
    auto const result = m_net.loss_and_gradient(parameters, batch, m_params.loss, m_model.seed, step);
    m_net.update_buffers(buffers);
    for (ml::ArrayEntry const& entry : m_net.table().parameters) {
      for (auto e = static_cast<std::size_t>(entry.offset); e < static_cast<std::size_t>(entry.offset + entry.size);
           ++e) {
        reference_update(m_params.optimizer, static_cast<R>(m_model.learning_rate),
                         static_cast<R>(m_model.weight_decay), step, result.gradient[e], parameters[e], first_moment[e],
                         second_moment[e], m_mutant);
      }
    }
    return result.loss;
  }

  ReferenceNetwork<R> m_net;
  ml::TrainParams m_params;
  ml::ModelParams m_model;
  Mutant m_mutant;
};

}  // namespace kramers::test
