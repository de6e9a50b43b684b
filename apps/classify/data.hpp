// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/ml/classifier.hpp>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "results.hpp"

namespace kramers::classify {

/// What a command works on: points of a spread map, or samples of a file of their own.
class Data {
 public:
  /// What is to be learned. @throws what ml::read_dataset or ml::read_samples throws
  static Data to_learn(std::filesystem::path const& path, ml::SampleChoice const& choice);
  /// What a classifier is compared with. @throws InputError  it is of another kind than what that was trained on
  static Data to_evaluate(std::filesystem::path const& path, ml::ClassifierModel const& model);
  /// What it is to classify: spread or labels may be absent.
  static Data to_predict(std::filesystem::path const& path, ml::ClassifierModel const& model);

  bool is_map() const { return !m_samples; }
  std::int64_t size() const;
  /// Units of a spread map; samples have none that anybody knows.
  std::optional<nlohmann::json> units() const;
  std::vector<double> inputs() const { return m_samples ? m_samples->inputs : m_map.points.inputs(); }

  /// Sizes of the network that depend on the data.
  void fit(ml::ClassifierParams& params) const;
  ml::Problem problem(ml::ClassifierParams const& params) const;
  /// The same for a classifier that is there: its own data are divided as they were, others are held out as a whole.
  ml::Problem problem(ml::ClassifierModel const& model) const;
  std::uint64_t hash() const { return m_samples ? m_samples->hash() : m_map.hash(); }

  /// Inputs with what the classifier says of them, under /classifier/points or /classifier/samples, and what its classes
  /// are; returns the name of that group.
  std::string write(ResultsFile& file, ml::Predictor const& predict, ml::ClassifierParams const& params) const;
  /// That, with their classes and division, and for a map random points of the plane.
  void write(ResultsFile& file, ml::Problem const& problem, ml::Predictor const& predict,
             ml::ClassifierParams const& params, RandomPoints const& random) const;

 private:
  explicit Data(std::filesystem::path path) : m_path(std::move(path)) {}

  std::filesystem::path m_path;
  ml::Dataset m_map;
  std::optional<ml::SampleTable> m_samples;
};

}  // namespace kramers::classify
