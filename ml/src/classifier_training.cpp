// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/ml/classifier_file.hpp>
#include <kramers/ml/classifier_training.hpp>
#include <kramers/runtime/collective_errors.hpp>
#include <kramers/runtime/progress.hpp>
#include <kramers/runtime/signals.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>

namespace kramers::ml {
namespace {

/// The epochs after which the held-out samples are looked at: all up to 10, then ten times per decade.
std::int64_t next_check(std::int64_t epoch) {
  for (int tenth = 0;; ++tenth) {
    auto const mark = static_cast<std::int64_t>(std::pow(10.0, tenth / 10.0) + 1e-9);
    if (mark > epoch) return mark;
  }
}
bool is_check(std::int64_t epoch) {
  return epoch > 0 && next_check(epoch - 1) == epoch;
}

std::string label_of(double loss) {
  char text[48];
  std::snprintf(text, sizeof text, "train, loss %.4f", loss);
  return text;
}

}  // namespace

std::vector<double> epoch_losses(std::span<double const> steps, std::int64_t samples, std::int64_t batch) {
  auto const per_epoch = static_cast<std::size_t>((samples + batch - 1) / batch);
  std::vector<double> means;
  for (; steps.size() >= per_epoch; steps = steps.subspan(per_epoch)) {
    double sum = 0;
    for (std::size_t step = 0; step < per_epoch; ++step) {
      sum += steps[step] * static_cast<double>(std::min(batch, samples - static_cast<std::int64_t>(step) * batch));
    }
    if (std::isnan(sum)) break;
    means.push_back(sum / static_cast<double>(samples));
  }
  return means;
}

TrainingDiverged::TrainingDiverged(Divergence const& divergence, std::source_location where)
    : Error("the loss is not finite at step " + std::to_string(divergence.step) + " with learning rate " +
                shortest_decimal(divergence.learning_rate) + "; choose a lower training.learning_rate",
            where),
      m_divergence(divergence) {}

ClassifierTraining::ClassifierTraining(ClassifierParams params, Problem const& problem)
    : m_params(std::move(params)), m_problem(problem), m_trainer(trainer_for(m_params, problem)) {
  m_params.thresholds = problem.thresholds;
  m_engine = m_trainer->engine();
  m_reason =
      choose_engine({m_params.space, m_params.precision, m_trainer->network(), m_params.train, m_params.engine}).reason;
  m_held_out_inputs = rows_of(problem.standardisation(problem.inputs), problem.features, problem.split.held_out);
  m_held_out_labels = rows_of(problem.labels, problem.split.held_out);
}

void ClassifierTraining::resume(ClassifierModel const& model, std::string const& source) {
  expect_same(model, this->model(), source);
  if (model.state.epoch > m_params.epochs) {
    throw InputError(source, 0,
                     "has been trained for " + std::to_string(model.state.epoch) + " epochs, but training.epochs is " +
                         std::to_string(m_params.epochs));
  }
  m_trainer->set_state(0, model.state);
  m_history = model.history;
  m_epoch = model.state.epoch;
  // The last epoch of a finished run is looked at in any case, but not by a run that goes beyond it.
  if (!m_history.checked.empty() && !is_check(m_history.checked.back()) && m_epoch < m_params.epochs) {
    m_history.checked.pop_back();
    m_history.held_out_loss.pop_back();
    m_history.held_out_accuracy.pop_back();
  }
}

std::int64_t ClassifierTraining::next_stop(double epochs_per_second, std::int64_t every) const {
  constexpr double patience = 0.2;  // seconds until a signal is seen
  auto const soon = m_epoch + std::max<std::int64_t>(1, static_cast<std::int64_t>(patience * epochs_per_second));
  std::int64_t stop = std::min({soon, next_check(m_epoch), m_params.epochs});
  if (every > 0) stop = std::min(stop, (m_epoch / every + 1) * every);
  return stop;
}

void ClassifierTraining::record() {
  auto const losses = m_trainer->losses().front();
  auto const diverged = m_trainer->divergences();
  if (!diverged.empty()) throw TrainingDiverged(diverged.front());
  auto const means = epoch_losses(losses, std::ssize(m_problem.split.train), m_params.train.batch);
  m_history.loss.insert(m_history.loss.end(), means.begin(), means.end());
  m_epoch += std::ssize(means);
}

void ClassifierTraining::check_held_out() {
  if (m_held_out_labels.empty() || (!m_history.checked.empty() && m_history.checked.back() == m_epoch)) return;
  auto const chances = probabilities(m_trainer->predict(0, m_held_out_inputs), m_params.classes());
  Evaluation const found = evaluate(chances, m_held_out_labels, m_params.classes());
  m_history.checked.push_back(m_epoch);
  m_history.held_out_loss.push_back(found.negative_log_likelihood);
  m_history.held_out_accuracy.push_back(found.accuracy);
}

int ClassifierTraining::run(bool quiet, Keeping const& keeping) {
  using Clock = std::chrono::steady_clock;
  auto const seconds_since = [](Clock::time_point begin) {
    return std::chrono::duration<double>(Clock::now() - begin).count();
  };
  StopRequest const stop;
  Progress progress(Communicator::self(), static_cast<std::uint64_t>(m_params.epochs), "train",
                    {.quiet = quiet, .unit = "epochs", .start = static_cast<std::uint64_t>(m_epoch)});
  double rate = 0;
  bool stopped = false;
  auto const is_done = [&] { return m_epoch >= m_params.epochs || stopped; };
  // One from before: there is nothing yet that is not saved.
  if (int const signal = stop.signal(); signal != 0 && !is_done()) return signal;
  while (!is_done()) {
    std::int64_t const begin = m_epoch, end = next_stop(rate, keeping.every);
    auto const start = Clock::now();
    m_trainer->fit(end - begin);
    record();
    stopped = m_epoch < end;
    if (is_check(m_epoch) || m_epoch == m_params.epochs || stopped) check_held_out();
    double const seconds = seconds_since(start);
    m_seconds += seconds;
    rate = static_cast<double>(end - begin) / std::max(seconds, 1e-6);
    if (!m_history.loss.empty()) progress.relabel(label_of(m_history.loss.back()));
    progress.update(static_cast<std::uint64_t>(m_epoch));
    int const signal = is_done() ? 0 : stop.signal();  // where it is done only writing is left, which comes first
    bool const due = keeping.every > 0 && m_epoch % keeping.every == 0;
    if (keeping.save && signal != 0) {
      keeping.save(model());
    } else if (keeping.save && due) {
      auto const failure = failure_to_write(Communicator::self(), [&] { keeping.save(model()); });
      if (failure && keeping.warn) {
        progress.end_line();
        keeping.warn("no checkpoint at epoch " + std::to_string(m_epoch) + ": " + *failure);
      }
    }
    if (signal != 0) return signal;
  }
  return 0;
}

ClassifierModel ClassifierTraining::model() {
  return {m_params, m_problem.standardisation, m_problem.dataset_hash, m_trainer->state(0), m_history, m_problem.names};
}

}  // namespace kramers::ml
