// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/ml/classifier_sweep.hpp>
#include <kramers/ml/classifier_training.hpp>
#include <kramers/runtime/app_files.hpp>
#include <kramers/runtime/h5.hpp>
#include <kramers/runtime/recorded_input.hpp>

#include <nlohmann/json.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace kramers::classify {

/// Where results go; an option of the command line comes before the key of the input.
struct Outputs {
  std::optional<std::filesystem::path> results, summary, model;
};
/// Read them and count them among the files of the run.
Outputs add_outputs(AppFiles& files, AppRun const& run);

/// The random points that stand for the whole plane.
struct RandomPoints {
  std::int64_t count = 10000;
  std::vector<double> lower{-3, -3}, upper{3, 3};
  std::uint64_t seed = 1;
};
RandomPoints read_random_points(Config const& config);

/// The file of results, under /classifier. Takes its name at `commit`.
class ResultsFile {
 public:
  ResultsFile(std::filesystem::path const& path, nlohmann::json const& summary, AppRun const& run);
  /// Points with what the model says of them, as group `name`.
  void points(std::string const& name, ml::PhasePoints const& points, ml::Predictor const& predict, int classes);
  /// Samples in the same way; and, beside the group, the names of features and classes.
  void samples(std::string const& name, ml::SampleTable const& samples, ml::Predictor const& predict, int classes);
  /// One number for each point of a group that was written.
  void column(std::string const& name, std::vector<double> const& values);
  void column(std::string const& name, std::vector<int> const& values);
  void history(ml::TrainingHistory const& history);
  void evaluation(std::string const& name, ml::Evaluation const& evaluation);
  void sweep(ml::SweepResult const& result);
  void thresholds(std::vector<double> const& values);
  void commit() {
    keep_former(m_run, m_path);
    m_file.commit();
  }

 private:
  void predictions(std::string const& name, std::vector<double> const& chances, int classes);

  AppRun const& m_run;
  std::filesystem::path m_path;
  h5::Writer m_file;
};

/// The parts of a summary that all commands have.
nlohmann::json basics(AppRun const& run);
/// The units of a file of points: system, length and time.
/// @throws InputError  it names a system that is none
nlohmann::json units_of(std::filesystem::path const& points);
/// Model and training; of samples, too, what features and classes are called.
nlohmann::json to_json(ml::ClassifierModel const& model);
nlohmann::json to_json(ml::Evaluation const& evaluation);
/// One line for people.
std::string text_of(ml::Evaluation const& evaluation);

}  // namespace kramers::classify
