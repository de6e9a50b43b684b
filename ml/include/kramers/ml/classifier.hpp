// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/ml/any_trainer.hpp>
#include <kramers/ml/dataset.hpp>
#include <kramers/ml/evaluation.hpp>
#include <kramers/ml/samples.hpp>
#include <kramers/runtime/command_line.hpp>
#include <kramers/runtime/config.hpp>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace kramers::ml {

/// 2 -> 8 tanh -> batch_norm -> 3.
NetworkSpec default_classifier_network();
/// Adam with learning rate 0.01 and seed 1, batches of 128.
TrainParams default_classifier_training();

/// Everything that defines a classifier but its data. The defaults are those of apps/classify/spread.toml,
/// but for the split.
struct ClassifierParams {
  NetworkSpec network = default_classifier_network();  ///< one output for each class
  std::vector<double> thresholds;                      ///< on the spread; empty: the quantiles of the data, or labels
  double held_out = 0.25;                              ///< share of the samples that is not trained on
  std::uint64_t split_seed = 1;                        ///< which samples these are
  bool standardise = true;                             ///< inputs, by mean and standard deviation of those trained on
  TrainParams train = default_classifier_training();
  std::int64_t epochs = 1000;
  Engine engine = Engine::automatic;
  std::string space, precision = "f32";

  int classes() const { return network.outputs(); }
};

/// What says which class a point has: its spread, or a label.
enum class ClassSource { spread, labels };
/// Read the tables [network], [classes], [data] and [training] of an input; all keys have defaults. With labels there is no
/// [classes], and the ends of the network wait for `fit_to`.
/// @throws InputError  a value that is impossible
ClassifierParams read_classifier(Config const& config, CommandLine const& options,
                                 ClassSource source = ClassSource::spread);
/// Give the network as many inputs as there are features, and an output for each class.
void fit_to(SampleNames const& names, ClassifierParams& params);

/// What a classifier learns: points with a class each, divided and measured.
struct Problem {
  std::vector<double> inputs;  ///< (N, features) as they are
  std::vector<int> labels;     ///< (N)
  std::vector<double> thresholds;
  Split split;
  Standardisation standardisation;
  std::uint64_t dataset_hash = 0;
  int features = 2;
  SampleNames names;  ///< empty for points of phase space
};
/// Give the points their classes and divide them.
/// @param[in] source  the file, for messages
/// @throws InputError  a class that has no point, too few points for a batch
Problem make_problem(Dataset const& data, ClassifierParams const& params, std::string const& source);
/// Divide samples, which have their classes. @throws InputError  too few for a batch
Problem make_problem(SampleTable const& samples, ClassifierParams const& params, std::string const& source);

/// What a run has written down on its way.
struct TrainingHistory {
  std::vector<double> loss;  ///< of each epoch: mean over the samples, each with the weights it met
  /// After some epochs, tightly at first and ten times per decade later: those, and loss and accuracy of the samples held
  /// out with the weights of that moment, in inference mode.
  std::vector<std::int64_t> checked;
  std::vector<double> held_out_loss, held_out_accuracy;
};

/// A trained classifier, or one in training: all that its file holds.
struct ClassifierModel {
  ClassifierParams params;  ///< with one model; thresholds as used
  Standardisation standardisation;
  std::uint64_t dataset_hash = 0;
  ModelState<double> state;
  TrainingHistory history;
  SampleNames names;  ///< empty for points of phase space

  int features() const { return params.network.inputs(); }
};

/// The samples of a problem as a trainer takes them.
std::unique_ptr<AnyTrainer> trainer_for(ClassifierParams const& params, Problem const& problem);

/// Probabilities of a model, for any number of points.
class Predictor {
 public:
  /// @param[in] space  a name of space_names()
  Predictor(ClassifierModel const& model, std::string const& space);
  /// @param[in] inputs  (N, features)
  /// @return  (N, classes)
  std::vector<double> operator()(std::span<double const> inputs) const;

 private:
  int m_classes;
  Standardisation m_standardisation;
  std::unique_ptr<AnyTrainer> m_trainer;
};

}  // namespace kramers::ml
