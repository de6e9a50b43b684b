// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "results.hpp"

#include <kramers/base/error.hpp>
#include <kramers/base/text.hpp>
#include <kramers/runtime/provenance.hpp>
#include <kramers/runtime/units.hpp>

#include <algorithm>
#include <bit>
#include <cstdio>
#include <limits>

namespace kramers::classify {
namespace {

constexpr char root[] = "/classifier/";

/// Identifies a model: parameters and running statistics.
std::string hash_of(ml::ModelState<double> const& state) {
  std::vector<double> all = state.parameters;
  all.insert(all.end(), state.buffers.begin(), state.buffers.end());
  char text[19];
  std::snprintf(text, sizeof text, "0x%016llx", static_cast<unsigned long long>(h5::checksum(all)));
  return text;
}

std::vector<std::int64_t> wide(std::vector<int> const& values) {
  return {values.begin(), values.end()};
}

}  // namespace

Outputs add_outputs(AppFiles& files, AppRun const& run) {
  auto const own = run.options.own.find("--model");
  std::optional<std::filesystem::path> model;
  if (own != run.options.own.end()) model = own->second;
  return {files.output("--output", run.options.output, "output.file", FileUse::writes_data),
          files.output("--summary", run.options.summary, "output.summary", FileUse::writes),
          files.output("--model", model, "output.model", FileUse::writes)};
}

RandomPoints read_random_points(Config const& config) {
  RandomPoints random;
  random.count = config.positive<std::int64_t>("random_points.count", random.count);
  config.check(random.count <= 1 << 28, "random_points.count", "at most 2^28");
  random.lower = config.get("random_points.lower", random.lower);
  random.upper = config.get("random_points.upper", random.upper);
  config.check(random.lower.size() == 2, "random_points.lower", "two numbers, position and velocity");
  bool const box = random.upper.size() == 2 && random.lower[0] < random.upper[0] && random.lower[1] < random.upper[1];
  config.check(box, "random_points.upper", "two numbers above random_points.lower");
  random.seed = config.get<std::uint64_t>("random_points.seed", random.seed);
  return random;
}

ResultsFile::ResultsFile(std::filesystem::path const& path, nlohmann::json const& summary, AppRun const& run)
    : m_run(run), m_path(path), m_file(path, Communicator::self()) {
  m_file.attribute("/", "app", "kramers-classify");
  m_file.attribute("/", "version", version());
  m_file.attribute("/", "provenance", summary.at("provenance").dump());
  write_input(m_file, record_input(run.config, run.options.precision, run.comm));
  // As datasets: a table of a large sweep may be longer than an attribute can be.
  m_file.write("/summary", summary.dump());
}

void ResultsFile::predictions(std::string const& name, std::vector<double> const& chances, int classes) {
  auto const guess = ml::most_likely(chances, classes);
  m_file.write(root + name + "/predicted_class", wide(guess), {guess.size()});
  m_file.write(root + name + "/probability", chances, {guess.size(), static_cast<std::uint64_t>(classes)});
}

void ResultsFile::points(std::string const& name, ml::PhasePoints const& points, ml::Predictor const& predict,
                         int classes) {
  h5::Extents const rows{points.size()};
  m_file.write(root + name + "/position", points.position, rows);
  m_file.write(root + name + "/velocity", points.velocity, rows);
  predictions(name, predict(points.inputs()), classes);
}

void ResultsFile::samples(std::string const& name, ml::SampleTable const& samples, ml::Predictor const& predict,
                          int classes) {
  m_file.write(root + name + "/inputs", samples.inputs, {samples.size(), samples.names.features.size()});
  predictions(name, predict(samples.inputs), classes);
  // As datasets: many names are longer than an attribute can be.
  m_file.write("/classifier/features", nlohmann::json(samples.names.features).dump());
  m_file.write("/classifier/classes", nlohmann::json(samples.names.classes).dump());
}

void ResultsFile::column(std::string const& name, std::vector<double> const& values) {
  m_file.write(root + name, values, {values.size()});
}

void ResultsFile::column(std::string const& name, std::vector<int> const& values) {
  m_file.write(root + name, wide(values), {values.size()});
}

void ResultsFile::history(ml::TrainingHistory const& history) {
  std::vector<std::int64_t> epochs;
  for (std::size_t i = 1; i <= history.loss.size(); ++i) epochs.push_back(static_cast<std::int64_t>(i));
  m_file.write("/classifier/loss/epoch", epochs, {epochs.size()});
  column("loss/train", history.loss);
  m_file.write("/classifier/loss/held_out_epoch", history.checked, {history.checked.size()});
  column("loss/held_out", history.held_out_loss);
  column("loss/held_out_accuracy", history.held_out_accuracy);
}

void ResultsFile::evaluation(std::string const& name, ml::Evaluation const& e) {
  std::string const group = "evaluation/" + name;
  auto const k = static_cast<std::uint64_t>(e.classes);
  m_file.write(root + group + "/confusion", e.confusion, {k, k});
  std::vector<double> lower, confidence, accuracy;
  std::vector<std::int64_t> count;
  for (ml::ReliabilityBin const& bin : e.bins) {
    lower.push_back(bin.lower);
    count.push_back(bin.count);
    confidence.push_back(bin.confidence);
    accuracy.push_back(bin.accuracy);
  }
  column(group + "/bin_lower", lower);
  m_file.write(root + group + "/bin_count", count, {count.size()});
  column(group + "/bin_confidence", confidence);
  column(group + "/bin_accuracy", accuracy);
  m_file.attribute(root + group, "samples", e.samples);
  m_file.attribute(root + group, "accuracy", e.accuracy);
  m_file.attribute(root + group, "calibration_error", e.calibration_error);
  m_file.attribute(root + group, "negative_log_likelihood", e.negative_log_likelihood);
}

void ResultsFile::sweep(ml::SweepResult const& result) {
  std::vector<std::uint64_t> seed;
  std::vector<std::int64_t> epochs, diverged;
  std::vector<double> rate, loss, held_out_loss, held_out_accuracy, train_accuracy;
  double const unknown = std::numeric_limits<double>::quiet_NaN();
  for (ml::SweepRow const& row : result.rows) {
    bool const measured = row.held_out.samples > 0;
    seed.push_back(row.model.seed);
    rate.push_back(row.model.learning_rate);
    epochs.push_back(row.epochs);
    loss.push_back(row.loss);
    train_accuracy.push_back(row.train.accuracy);
    held_out_loss.push_back(measured ? row.held_out.negative_log_likelihood : unknown);
    held_out_accuracy.push_back(measured ? row.held_out.accuracy : unknown);
    diverged.push_back(row.diverged_at.value_or(-1));
  }
  h5::Extents const rows{result.rows.size()};
  m_file.write("/classifier/sweep/seed", seed, rows);
  m_file.write("/classifier/sweep/epochs", epochs, rows);
  m_file.write("/classifier/sweep/diverged_at", diverged, rows);
  column("sweep/learning_rate", rate);
  column("sweep/loss", loss);
  column("sweep/train_accuracy", train_accuracy);
  column("sweep/held_out_loss", held_out_loss);
  column("sweep/held_out_accuracy", held_out_accuracy);
  m_file.attribute("/classifier/sweep", "best", static_cast<std::int64_t>(result.best));
}

void ResultsFile::thresholds(std::vector<double> const& values) {
  m_file.attribute("/classifier", "thresholds", values);
}

nlohmann::json basics(AppRun const& run) {
  return {{"app", "kramers-classify"},
          {"command", run.options.command},
          {"version", version()},
          {"space", run.options.space},
          {"threads", thread_count(run.options.space)}};
}

nlohmann::json units_of(std::filesystem::path const& points) {
  h5::Reader const file(points, Communicator::self());
  std::string const system = file.has_attribute("/", "units") ? file.tag("/", "units") : "reduced";
  auto const known = UnitSystem::names();
  if (std::ranges::find(known, system) == known.end()) {
    throw InputError(points, 0, "names units that are none: " + printable(system));
  }
  UnitSystem const units(system);
  return {{"system", system}, {"length", units.unit("length")}, {"time", units.unit("time")}};
}

nlohmann::json to_json(ml::ClassifierModel const& model) {
  ml::ClassifierParams const& p = model.params;
  ml::ModelParams const& m = p.train.models.front();
  nlohmann::json summary{{"network", p.network.text()},
                         {"precision", p.precision},
                         {"input_mean", model.standardisation.mean},
                         {"input_scale", model.standardisation.scale},
                         {"optimizer", name_of(p.train.optimizer.rule)},
                         {"learning_rate", m.learning_rate},
                         {"weight_decay", m.weight_decay},
                         {"seed", m.seed},
                         {"batch", p.train.batch},
                         {"epochs", model.state.epoch},
                         {"steps", model.state.step},
                         {"state_hash", hash_of(model.state)}};
  if (model.names.empty()) {
    summary["thresholds"] = p.thresholds;
  } else {
    summary["features"] = model.names.features;
    summary["classes"] = model.names.classes;
  }
  return summary;
}

nlohmann::json to_json(ml::Evaluation const& e) {
  if (e.samples == 0) return nullptr;
  return {{"samples", e.samples},
          {"correct", e.correct},
          {"accuracy", e.accuracy},
          {"negative_log_likelihood", e.negative_log_likelihood},
          {"calibration_error", e.calibration_error},
          {"confusion", e.confusion}};
}

std::string text_of(ml::Evaluation const& e) {
  if (e.samples == 0) return "no samples";
  char text[160];
  std::snprintf(text, sizeof text, "accuracy %.4f (%lld of %lld), negative log-likelihood %.4f, calibration error %.4f",
                e.accuracy, static_cast<long long>(e.correct), static_cast<long long>(e.samples),
                e.negative_log_likelihood, e.calibration_error);
  return text;
}

}  // namespace kramers::classify
