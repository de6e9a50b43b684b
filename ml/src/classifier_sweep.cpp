// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/ml/classifier_sweep.hpp>
#include <kramers/ml/classifier_training.hpp>
#include <kramers/runtime/progress.hpp>

#include <algorithm>
#include <chrono>
#include <limits>

namespace kramers::ml {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

double score(SweepRow const& row) {
  if (row.diverged_at) return std::numeric_limits<double>::infinity();
  return row.held_out.samples > 0 ? row.held_out.negative_log_likelihood : row.train.negative_log_likelihood;
}

/// The losses of all models, epoch by epoch.
std::vector<std::vector<double>> train(AnyTrainer& trainer, std::int64_t epochs, std::int64_t samples, bool quiet) {
  constexpr double patience = 0.2;  // seconds between two looks at the clock
  std::vector<std::vector<double>> losses(static_cast<std::size_t>(trainer.models()));
  Progress progress(Communicator::self(), static_cast<std::uint64_t>(epochs),
                    "train " + std::to_string(losses.size()) + " models", {.quiet = quiet, .unit = "epochs"});
  double rate = 0;
  for (std::int64_t done = 0; done < epochs;) {
    auto const chunk = std::clamp<std::int64_t>(static_cast<std::int64_t>(patience * rate), 1, epochs - done);
    auto const begin = Clock::now();
    trainer.fit(chunk);
    auto const steps = trainer.losses();
    for (std::size_t m = 0; m < losses.size(); ++m) {
      auto const means = epoch_losses(steps[m], samples, trainer.params().batch);
      losses[m].insert(losses[m].end(), means.begin(), means.end());
    }
    done += chunk;
    rate = static_cast<double>(chunk) / std::max(seconds_since(begin), 1e-6);
    progress.update(static_cast<std::uint64_t>(done));
  }
  return losses;
}

}  // namespace

SweepParams read_sweep(Config const& config, ClassifierParams const& params) {
  SweepParams models;
  auto const seeds = config.positive<std::int64_t>("sweep.seeds", std::int64_t{8});
  models.learning_rates = config.get("sweep.learning_rates", std::vector<double>{1e-3, 3e-3, 1e-2, 3e-2});
  auto const possible = [](double rate) { return rate > 0 && rate < 1e10; };
  config.check(!models.learning_rates.empty() && std::ranges::all_of(models.learning_rates, possible),
               "sweep.learning_rates", "a list of numbers > 0");
  constexpr std::int64_t most = 1 << 20;
  config.check(seeds <= most / std::ssize(models.learning_rates), "sweep.seeds",
               "such that there are at most 2^20 models");
  for (std::int64_t i = 0; i < seeds; ++i) {
    models.seeds.push_back(params.train.models.front().seed + static_cast<std::uint64_t>(i));
  }
  return models;
}

SweepResult sweep(ClassifierParams params, SweepParams const& models, Problem const& problem, bool quiet) {
  double const weight_decay = params.train.models.front().weight_decay;
  params.thresholds = problem.thresholds;
  params.train.models.clear();
  for (double const rate : models.learning_rates) {
    for (std::uint64_t const seed : models.seeds) params.train.models.push_back({seed, rate, weight_decay});
  }
  auto const begin = Clock::now();
  auto const trainer = trainer_for(params, problem);
  SweepResult result;
  result.engine = trainer->engine();
  result.reason = choose_engine({params.space, params.precision, params.network, params.train, params.engine}).reason;
  auto const losses = train(*trainer, params.epochs, std::ssize(problem.split.train), quiet);
  result.seconds = seconds_since(begin);

  auto const inputs = problem.standardisation(problem.inputs);
  auto const evaluated = [&](int model, std::vector<std::size_t> const& rows) {
    if (rows.empty()) return Evaluation{};
    auto const logits = trainer->predict(model, rows_of(inputs, problem.features, rows));
    return evaluate(probabilities(logits, params.classes()), rows_of(problem.labels, rows), params.classes());
  };
  for (int m = 0; m < trainer->models(); ++m) {
    auto const& loss = losses[static_cast<std::size_t>(m)];
    double const last = loss.empty() ? std::numeric_limits<double>::quiet_NaN() : loss.back();
    result.rows.push_back({params.train.models[static_cast<std::size_t>(m)],
                           std::ssize(loss),
                           last,
                           evaluated(m, problem.split.train),
                           evaluated(m, problem.split.held_out),
                           {}});
    result.steps += trainer->state(m).step;
  }
  auto const diverged = trainer->divergences();
  for (Divergence const& d : diverged) result.rows[static_cast<std::size_t>(d.model)].diverged_at = d.step;
  if (diverged.size() == result.rows.size()) throw TrainingDiverged(diverged.front());
  result.best = static_cast<std::size_t>(std::ranges::min_element(result.rows, {}, score) - result.rows.begin());

  ClassifierParams best = params;
  best.train.models = {params.train.models[result.best]};
  result.model = {best,
                  problem.standardisation,
                  problem.dataset_hash,
                  trainer->state(static_cast<int>(result.best)),
                  {losses[result.best], {}, {}, {}},
                  problem.names};
  return result;
}

}  // namespace kramers::ml
