// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "data.hpp"

#include <kramers/base/error.hpp>

#include <utility>

namespace kramers::classify {
namespace {

/// Throw unless the file is of the kind that the classifier was trained on.
void expect_kind(std::filesystem::path const& path, ml::ClassifierModel const& model) {
  bool const wants_samples = !model.names.empty();
  if (wants_samples == ml::is_sample_file(path)) return;
  throw InputError(path.string(), 0,
                   wants_samples ? "is no file of samples by its ending, but the model was trained on samples"
                                 : "is a file of samples by its ending, but the model was trained on a spread map");
}

}  // namespace

Data Data::to_learn(std::filesystem::path const& path, ml::SampleChoice const& choice) {
  Data data(path);
  if (ml::is_sample_file(path)) {
    data.m_samples = ml::read_samples(path, choice);
  } else {
    data.m_map = ml::read_dataset(path);
  }
  return data;
}

Data Data::to_evaluate(std::filesystem::path const& path, ml::ClassifierModel const& model) {
  expect_kind(path, model);
  Data data(path);
  if (model.names.empty()) {
    data.m_map = ml::read_dataset(path);
    return data;
  }
  data.m_samples = ml::read_samples(path, model.names);
  if (data.m_samples->labels.empty()) throw InputError(path.string(), 0, "has no labels to compare with");
  return data;
}

Data Data::to_predict(std::filesystem::path const& path, ml::ClassifierModel const& model) {
  expect_kind(path, model);
  Data data(path);
  if (model.names.empty()) {
    data.m_map.points = ml::read_points(path);
  } else {
    data.m_samples = ml::read_samples(path, model.names);
  }
  return data;
}

std::int64_t Data::size() const {
  return static_cast<std::int64_t>(m_samples ? m_samples->size() : m_map.size());
}

std::optional<nlohmann::json> Data::units() const {
  return is_map() ? std::optional(units_of(m_path)) : std::nullopt;
}

void Data::fit(ml::ClassifierParams& params) const {
  if (m_samples) ml::fit_to(m_samples->names, params);
}

ml::Problem Data::problem(ml::ClassifierParams const& params) const {
  return m_samples ? ml::make_problem(*m_samples, params, m_path.string())
                   : ml::make_problem(m_map, params, m_path.string());
}

ml::Problem Data::problem(ml::ClassifierModel const& model) const {
  bool const same = hash() == model.dataset_hash;
  ml::Problem problem;
  problem.inputs = inputs();
  problem.features = model.features();
  problem.thresholds = model.params.thresholds;
  problem.labels = m_samples ? m_samples->labels : ml::classes_of(m_map.spread, problem.thresholds);
  problem.split =
      ml::hold_out(static_cast<std::size_t>(size()), same ? model.params.held_out : 0.0, model.params.split_seed);
  if (!same) std::swap(problem.split.train, problem.split.held_out);
  return problem;
}

std::string Data::write(ResultsFile& file, ml::Predictor const& predict, ml::ClassifierParams const& params) const {
  if (m_samples) {
    file.samples("samples", *m_samples, predict, params.classes());
    return "samples";
  }
  file.points("points", m_map.points, predict, params.classes());
  return "points";
}

void Data::write(ResultsFile& file, ml::Problem const& problem, ml::Predictor const& predict,
                 ml::ClassifierParams const& params, RandomPoints const& random) const {
  std::string const group = write(file, predict, params);
  if (is_map()) file.column(group + "/spread", m_map.spread);
  file.column(group + "/raw_class", problem.labels);
  std::vector<int> held_out(static_cast<std::size_t>(size()), 0);
  for (std::size_t const row : problem.split.held_out) held_out[row] = 1;
  file.column(group + "/held_out", held_out);
  if (!is_map()) return;
  auto const plane = ml::random_points(random.count, random.lower, random.upper, random.seed);
  file.points("random", plane, predict, params.classes());
  file.thresholds(problem.thresholds);
}

}  // namespace kramers::classify
