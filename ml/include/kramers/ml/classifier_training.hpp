// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/ml/classifier.hpp>

#include <functional>

namespace kramers::ml {

/// Mean loss of each epoch over its samples, from the losses of its steps; ends before the first epoch with a NaN, where
/// the model had stopped.
std::vector<double> epoch_losses(std::span<double const> steps, std::int64_t samples, std::int64_t batch);

/// The loss of a model was no finite number: the step and the learning rate.
class TrainingDiverged : public Error {
 public:
  TrainingDiverged(Divergence const& divergence, std::source_location where = std::source_location::current());
  Divergence const& divergence() const { return m_divergence; }

 private:
  Divergence m_divergence;
};

/// One classifier in training. What comes out is a function of parameters and problem alone: the same bits wherever the
/// run was interrupted and resumed.
class ClassifierTraining {
 public:
  /// @throws DomainError  what make_trainer refuses
  ClassifierTraining(ClassifierParams params, Problem const& problem);

  /// Go on from here; the network, the data and all parameters but the number of epochs must be the same.
  /// @param[in] source  the file, for messages
  /// @throws InputError  they are not, or the model has been trained for more epochs
  void resume(ClassifierModel const& model, std::string const& source);

  /// How a run ends early and what is kept of it.
  struct Keeping {
    std::int64_t every = 0;                             ///< epochs between two checkpoints; 0: only when stopped
    std::function<void(ClassifierModel const&)> save;   ///< may be empty
    std::function<void(std::string const&)> warn = {};  ///< told where a checkpoint that is due cannot be written
  };
  /// Train until the epochs are done or the model stops by itself; returns 0, or the signal that ended it (also one that a
  /// StopRequest around this call remembers) after the state was saved.
  /// @throws TrainingDiverged  a loss that is not finite; what has been saved stays
  /// @throws IoError           a signal came, and the checkpoint cannot be written
  int run(bool quiet, Keeping const& keeping);

  /// As it is now.
  ClassifierModel model();
  /// "resident", ...: how it is computed, and why.
  std::string const& engine() const { return m_engine; }
  std::string const& reason() const { return m_reason; }
  /// Wall time of run, without checkpoints.
  double seconds() const { return m_seconds; }
  std::int64_t epoch() const { return m_epoch; }
  std::int64_t state_bytes() const { return m_trainer->state_bytes(); }

 private:
  std::int64_t next_stop(double epochs_per_second, std::int64_t every) const;
  void record();
  void check_held_out();

  ClassifierParams m_params;
  Problem const& m_problem;
  std::unique_ptr<AnyTrainer> m_trainer;
  std::string m_engine, m_reason;
  std::vector<double> m_held_out_inputs;
  std::vector<int> m_held_out_labels;
  TrainingHistory m_history;
  std::int64_t m_epoch = 0;
  double m_seconds = 0;
};

}  // namespace kramers::ml
