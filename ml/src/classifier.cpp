// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/ml/classifier.hpp>

#include <algorithm>
#include <utility>

namespace kramers::ml {
namespace {

void expect_every_class(std::vector<int> const& labels, ClassifierParams const& params, std::string const& source) {
  for (int k = 0; k < params.classes(); ++k) {
    if (std::ranges::find(labels, k) != labels.end()) continue;
    throw InputError(source, 0,
                     "holds no point of class " + std::to_string(k) + " of " + std::to_string(params.classes()) +
                         "; change classes.thresholds or ask for fewer classes");
  }
}

/// What a step that needs samples says of too few of them, as a fault of the file.
template <class Step>
void of_file(std::string const& source, Step const& step) {
  try {
    step();
  } catch (DomainError const& error) {
    throw InputError(source, 0, std::string("cannot be learnt so: ") + error.what());
  }
}

Standardisation standardisation_of(Problem const& problem, ClassifierParams const& params) {
  return params.standardise ? Standardisation::of(problem.inputs, problem.features, problem.split.train)
                            : Standardisation::none(problem.features);
}

TrainerRequest request_of(ClassifierParams const& params, std::string const& space) {
  return {space, params.precision, params.network, params.train, params.engine};
}

}  // namespace

NetworkSpec default_classifier_network() {
  return NetworkSpec(2).dense(8, Activation::tanh).batch_norm().dense(3);
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
  of_file(source, [&] {
    problem.thresholds = params.thresholds.empty() ? quantiles(data.spread, params.classes()) : params.thresholds;
    check_batches(params.network, params.train.batch, std::ssize(problem.split.train));
  });
  problem.labels = classes_of(data.spread, problem.thresholds);
  expect_every_class(problem.labels, params, source);
  problem.standardisation = standardisation_of(problem, params);
  return problem;
}

Problem make_problem(SampleTable const& samples, ClassifierParams const& params, std::string const& source) {
  Problem problem;
  problem.features = static_cast<int>(samples.names.features.size());
  problem.inputs = samples.inputs;
  problem.labels = samples.labels;
  problem.names = samples.names;
  problem.dataset_hash = samples.hash();
  problem.split = hold_out(samples.size(), params.held_out, params.split_seed);
  of_file(source, [&] { check_batches(params.network, params.train.batch, std::ssize(problem.split.train)); });
  problem.standardisation = standardisation_of(problem, params);
  return problem;
}

void fit_to(SampleNames const& names, ClassifierParams& params) {
  NetworkSpec network(static_cast<int>(names.features.size()));
  auto const& layers = params.network.layers();
  for (std::size_t i = 0; i + 1 < layers.size(); ++i) {
    if (layers[i].kind == LayerKind::dense) network.dense(layers[i].outputs, layers[i].activation);
    if (layers[i].kind == LayerKind::batch_norm) network.batch_norm();
    if (layers[i].kind == LayerKind::dropout) network.dropout(layers[i].rate);
  }
  params.network = network.dense(static_cast<int>(names.classes.size()), layers.back().activation);
}

std::unique_ptr<AnyTrainer> trainer_for(ClassifierParams const& params, Problem const& problem) {
  auto trainer = make_trainer(request_of(params, params.space));
  auto const inputs = rows_of(problem.standardisation(problem.inputs), problem.features, problem.split.train);
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
