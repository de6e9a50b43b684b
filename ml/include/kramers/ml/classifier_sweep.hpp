// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/ml/classifier.hpp>

#include <optional>

namespace kramers::ml {

/// Which classifiers are trained side by side: each seed with each learning rate.
struct SweepParams {
  std::vector<std::uint64_t> seeds;
  std::vector<double> learning_rates;
};
/// Read the table [sweep]; the seeds follow training.seed.
SweepParams read_sweep(Config const& config, ClassifierParams const& params);

/// What came out of one.
struct SweepRow {
  ModelParams model;
  std::int64_t epochs = 0;  ///< trained, fewer than asked for if it stopped by itself
  double loss = 0;          ///< of the last epoch; NaN if it diverged in the first
  Evaluation train, held_out;
  std::optional<std::int64_t> diverged_at;  ///< step; what is above is of the model before it
};

struct SweepResult {
  std::vector<SweepRow> rows;  ///< learning rates are the slower index
  std::size_t best = 0;   ///< lowest negative log-likelihood of the held-out samples (of those trained on, if none is)
  ClassifierModel model;  ///< that one
  std::string engine, reason;
  double seconds = 0;
  std::int64_t steps = 0;  ///< of all models together
};

/// Train them all at once.
/// @throws TrainingDiverged  all of them did
SweepResult sweep(ClassifierParams params, SweepParams const& models, Problem const& problem, bool quiet);

}  // namespace kramers::ml
