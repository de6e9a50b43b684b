// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/ml/classifier.hpp>

#include <algorithm>
#include <utility>

namespace kramers::ml {
namespace {

constexpr int features = 2;

void expect_every_class(std::vector<int> const& labels, ClassifierParams const& params, std::string const& source) {
  for (int k = 0; k < params.classes(); ++k) {
    if (std::ranges::find(labels, k) != labels.end()) continue;
    throw InputError(source, 0,
                     "holds no point of class " + std::to_string(k) + " of " + std::to_string(params.classes()) +
                         "; change classes.thresholds or ask for fewer classes");
  }
}

TrainerRequest request_of(ClassifierParams const& params, std::string const& space) {
  return {space, params.precision, params.network, params.train, params.engine};
}

}  // namespace

NetworkSpec default_classifier_network() {
  return NetworkSpec(features).dense(8, Activation::tanh).batch_norm().dense(3);
}

TrainParams default_classifier_training() {
  TrainParams train;
  train.models = {{1, 1e-2, 0}};
  return train;
}

Problem make_problem(Dataset const& data, ClassifierParams const& params, std::string const& source) {
  Problem problem;
  problem.inputs = data.points.inputs();
  problem.dataset_hash = data.hash();
  problem.split = hold_out(data.size(), params.held_out, params.split_seed);
  try {
    problem.thresholds = params.thresholds.empty() ? quantiles(data.spread, params.classes()) : params.thresholds;
    check_batches(params.network, params.train.batch, std::ssize(problem.split.train));
  } catch (DomainError const& error) {
    throw InputError(source, 0, std::string("cannot be learnt so: ") + error.what());
  }
  problem.labels = classes_of(data.spread, problem.thresholds);
  expect_every_class(problem.labels, params, source);
  problem.standardisation = params.standardise ? Standardisation::of(problem.inputs, features, problem.split.train)
                                               : Standardisation::none(features);
  return problem;
}

std::unique_ptr<AnyTrainer> trainer_for(ClassifierParams const& params, Problem const& problem) {
  auto trainer = make_trainer(request_of(params, params.space));
  auto const inputs = rows_of(problem.standardisation(problem.inputs), features, problem.split.train);
  auto const labels = rows_of(problem.labels, problem.split.train);
  trainer->set_samples(inputs, labels);
  return trainer;
}

Predictor::Predictor(ClassifierModel const& model, std::string const& space)
    : m_classes(model.params.classes()),
      m_standardisation(model.standardisation),
      m_trainer(make_trainer(request_of(model.params, space))) {
  m_trainer->set_state(0, model.state);
}

std::vector<double> Predictor::operator()(std::span<double const> inputs) const {
  if (inputs.empty()) return {};
  return probabilities(m_trainer->predict(0, m_standardisation(inputs)), m_classes);
}

}  // namespace kramers::ml
