// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/ml/classifier_file.hpp>
#include <kramers/ml/classifier_sweep.hpp>
#include <kramers/ml/classifier_training.hpp>
#include <kramers/ml/safetensors.hpp>
#include <kramers/runtime/h5.hpp>
#include <kramers/runtime/signals.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <limits>
#include <numeric>
#include <set>
#include <string>
#include <vector>

#include "scratch.hpp"

namespace kramers::ml::classifier_test {

/// Three bands over the plane, exactly known.
Dataset bands(std::size_t n = 200) {
  Dataset data;
  std::vector<double> const lower{-2, -2}, upper{2, 2};
  data.points = random_points(static_cast<std::int64_t>(n), lower, upper, 5);
  for (std::size_t i = 0; i < n; ++i) {
    data.spread.push_back(std::abs(data.points.velocity[i]) + 0.1 * data.points.position[i]);
  }
  return data;
}

ClassifierParams quick(std::int64_t epochs = 40) {
  ClassifierParams params;
  params.space = space_names().front();
  params.train.batch = 32;
  params.epochs = epochs;
  return params;
}

TEST(ClassifierData, QuantilesAreThoseOfNumPy) {
  // np.quantile([3, 1, 2, 10, 5], [1/3, 2/3]) and of four values
  auto const terciles = quantiles(std::vector<double>{3, 1, 2, 10, 5}, 3);
  ASSERT_EQ(terciles.size(), 2u);
  EXPECT_DOUBLE_EQ(terciles[0], 2 + 1.0 / 3);
  EXPECT_DOUBLE_EQ(terciles[1], 3 + 2 * (2.0 / 3));
  EXPECT_EQ(quantiles(std::vector<double>{4, 1, 3, 2}, 2), std::vector<double>{2.5});
}

TEST(ClassifierData, TooFewDifferentValuesForSoManyClasses) {
  EXPECT_THROW(quantiles(std::vector<double>{}, 3), DomainError);
  EXPECT_THROW(quantiles(std::vector<double>{1}, 2), DomainError);
  EXPECT_THROW(quantiles(std::vector<double>{1, 1, 1, 1, 2}, 3), DomainError);
  EXPECT_THROW(quantiles(std::vector<double>{1, 2}, 1), DomainError);
}

TEST(ClassifierData, AValueAtAThresholdBelongsAbove) {
  EXPECT_EQ(classes_of(std::vector<double>{-1, 0.5, 0.49, 2, 7}, std::vector<double>{0.5, 2}),
            (std::vector<int>{0, 1, 0, 2, 2}));
}

TEST(ClassifierData, HoldOutIsAPartitionOfAFixedShare) {
  Split const split = hold_out(833, 0.25, 3);
  EXPECT_EQ(split.held_out.size(), 208u);
  EXPECT_EQ(split.train.size(), 625u);
  std::set<std::size_t> all(split.train.begin(), split.train.end());
  all.insert(split.held_out.begin(), split.held_out.end());
  EXPECT_EQ(all.size(), 833u);
  EXPECT_TRUE(std::ranges::is_sorted(split.train));
  EXPECT_EQ(hold_out(833, 0.25, 3).held_out, split.held_out);
  EXPECT_NE(hold_out(833, 0.25, 4).held_out, split.held_out);
  // A larger share holds out the same samples and more.
  EXPECT_TRUE(std::ranges::includes(hold_out(833, 0.5, 3).held_out, split.held_out));
  EXPECT_TRUE(hold_out(10, 0, 1).held_out.empty());
  EXPECT_THROW(hold_out(10, 1, 1), DomainError);
}

TEST(ClassifierData, StandardisedInputsHaveMeanZeroAndDeviationOne) {
  std::vector<double> const table{1, 10, 2, 10, 6, 10, 100, 100};
  std::vector<std::size_t> const rows{0, 1, 2};
  auto const s = Standardisation::of(table, 2, rows);
  EXPECT_EQ(s.mean, (std::vector<double>{3, 10}));
  EXPECT_DOUBLE_EQ(s.scale[0], std::sqrt(14.0 / 3));
  EXPECT_EQ(s.scale[1], 1);  // does not vary
  auto const scaled = s(table);
  EXPECT_DOUBLE_EQ(scaled[0] + scaled[2] + scaled[4], 0);
  EXPECT_EQ(scaled[7], 90);
  EXPECT_EQ(Standardisation::none(2)(table), table);
}

TEST(ClassifierData, RandomPointsFillTheBox) {
  std::vector<double> const lower{-3, 0}, upper{3, 1};
  auto const points = random_points(10000, lower, upper, 1);
  auto const [left, right] = std::ranges::minmax(points.position);
  auto const [low, high] = std::ranges::minmax(points.velocity);
  EXPECT_GE(left, -3);
  EXPECT_LT(right, 3);
  EXPECT_GE(low, 0);
  EXPECT_LT(high, 1);
  // Standard error of the mean of 10,000 uniform numbers on [0, 1): 0.0029.
  EXPECT_NEAR(std::accumulate(points.velocity.begin(), points.velocity.end(), 0.0) / 10000, 0.5, 0.012);
  EXPECT_EQ(random_points(3, lower, upper, 1).position[2], points.position[2]);
  EXPECT_NE(random_points(3, lower, upper, 2).position[2], points.position[2]);
  EXPECT_THROW(random_points(3, upper, lower, 1), DomainError);
}

TEST(Evaluation, MeasuresOfFourSamplesByHand) {
  std::vector<double> const chances{0.95, 0.05, 0.95, 0.05, 0.25, 0.75, 0.45, 0.55};
  std::vector<int> const labels{0, 1, 1, 1};
  Evaluation const e = evaluate(chances, labels, 2);
  EXPECT_EQ(e.samples, 4);
  EXPECT_EQ(e.correct, 3);
  EXPECT_DOUBLE_EQ(e.accuracy, 0.75);
  EXPECT_EQ(e.confusion, (std::vector<std::int64_t>{1, 0, 1, 2}));
  // Four terms, one rounding each and that of the logarithm.
  EXPECT_NEAR(e.negative_log_likelihood, -(std::log(0.95) + std::log(0.05) + std::log(0.75) + std::log(0.55)) / 4,
              1e-15);
  ASSERT_EQ(e.bins.size(), 10u);
  EXPECT_EQ(e.bins[9].count, 2);
  EXPECT_DOUBLE_EQ(e.bins[9].accuracy, 0.5);
  EXPECT_DOUBLE_EQ(e.bins[9].confidence, 0.95);
  EXPECT_EQ(e.bins[7].count, 1);
  EXPECT_EQ(e.bins[5].count, 1);
  EXPECT_NEAR(e.calibration_error, 0.5 * 0.45 + 0.25 * 0.25 + 0.25 * 0.45, 1e-15);
}

TEST(Evaluation, CertainAndWrongIsFinite) {
  Evaluation const e = evaluate(std::vector<double>{1, 0}, std::vector<int>{1}, 2);
  EXPECT_EQ(e.bins[9].count, 1);
  EXPECT_NEAR(e.negative_log_likelihood, 708.4, 0.01);  // -ln of the smallest normal double
  EXPECT_EQ(evaluate({}, {}, 3).accuracy, 0);
  EXPECT_THROW(evaluate(std::vector<double>{1, 0}, std::vector<int>{2}, 2), DomainError);
  EXPECT_THROW(evaluate(std::vector<double>{1, 0}, std::vector<int>{0, 0}, 2), ShapeError);
}

TEST(Evaluation, ProbabilitiesOfLargeLogits) {
  auto const p = probabilities(std::vector<double>{1000, 1000, -1000, 0, 0, 0}, 3);
  EXPECT_EQ(p, (std::vector<double>{0.5, 0.5, 0, 1.0 / 3, 1.0 / 3, 1.0 / 3}));
  EXPECT_EQ(most_likely(p, 3), (std::vector<int>{0, 0}));
}

TEST(Classifier, EpochLossesWeighSamples) {
  std::vector<double> const steps{1, 4, 2, 5, std::nan(""), 3};
  EXPECT_EQ(epoch_losses(steps, 3, 2), (std::vector<double>{(2 * 1.0 + 4) / 3, (2 * 2.0 + 5) / 3}));
}

TEST(Classifier, LearnsWhatCanBeLearnt) {
  auto const data = bands(600);
  ClassifierParams params = quick(300);
  Problem const problem = make_problem(data, params, "bands");
  ClassifierTraining training(params, problem);
  EXPECT_EQ(training.run(true, {}), 0);
  ClassifierModel const model = training.model();
  EXPECT_EQ(model.state.epoch, 300);
  EXPECT_EQ(model.state.step, 300 * 15);  // 450 samples in batches of 32
  EXPECT_EQ(model.history.loss.size(), 300u);
  EXPECT_EQ(model.history.checked.front(), 1);
  EXPECT_EQ(model.history.checked.back(), 300);
  EXPECT_LT(model.history.loss.back(), 0.5 * model.history.loss.front());
  Predictor const predict(model, params.space);
  auto const chances = predict(rows_of(problem.inputs, 2, problem.split.held_out));
  Evaluation const found = evaluate(chances, rows_of(problem.labels, problem.split.held_out), 3);
  // Labels are exact, so that only the borders of the bands are hard: far above the third that guessing gives.
  EXPECT_GT(found.accuracy, 0.9);
  EXPECT_EQ(found.accuracy, model.history.held_out_accuracy.back());
}

/// All numbers of a model.
std::vector<double> numbers_of(ClassifierModel const& m) {
  std::vector<double> all = m.state.parameters;
  for (auto const* part : {&m.state.first_moment, &m.state.second_moment, &m.state.buffers, &m.history.loss,
                           &m.history.held_out_loss, &m.history.held_out_accuracy}) {
    all.insert(all.end(), part->begin(), part->end());
  }
  for (auto const epoch : m.history.checked) all.push_back(static_cast<double>(epoch));
  all.push_back(static_cast<double>(m.state.step));
  return all;
}

TEST(Classifier, ResumesWithTheSameBits) {
  auto const data = bands();
  test::Scratch const scratch;
  for (std::string const precision : {"f32", "f64"}) {
    ClassifierParams params = quick(57);
    params.precision = precision;
    Problem const problem = make_problem(data, params, "bands");
    ClassifierTraining whole(params, problem);
    whole.run(true, {});
    int saves = 0;
    ClassifierParams first = params;
    first.epochs = 23;
    ClassifierTraining begun(first, problem);
    begun.run(true, {7, [&](ClassifierModel const& model) {
                       EXPECT_EQ(model.state.epoch, 7 * ++saves);
                       write_classifier(scratch / "m.safetensors", model);
                     }});
    EXPECT_EQ(saves, 3);
    for (ClassifierModel const& from : {read_classifier_model(scratch / "m.safetensors"), begun.model()}) {
      ClassifierTraining resumed(params, problem);
      resumed.resume(from, "m.safetensors");
      resumed.run(true, {});
      EXPECT_EQ(numbers_of(resumed.model()), numbers_of(whole.model())) << precision;
    }
  }
}

TEST(Classifier, FileGivesTheModelBack) {
  auto const data = bands();
  ClassifierParams params = quick(3);
  params.train.models = {{(std::uint64_t{1} << 63) + 5, 0.003, 0.125}};
  params.train.optimizer = {Rule::adamw, 0, false, 0.8, 0.99, 1e-7};
  params.network = NetworkSpec(2).dense(4, Activation::gelu_tanh).dropout(0.25).dense(3);
  params.split_seed = 77;
  params.standardise = false;
  Problem const problem = make_problem(data, params, "bands");
  ClassifierTraining training(params, problem);
  training.run(true, {});
  test::Scratch const scratch;
  write_classifier(scratch / "m.safetensors", training.model(), "{\"made\": \"here\"}");
  ClassifierModel const read = read_classifier_model(scratch / "m.safetensors");
  EXPECT_EQ(numbers_of(read), numbers_of(training.model()));
  EXPECT_NO_THROW(expect_same(read, training.model(), "m"));
  EXPECT_EQ(read.params.thresholds, problem.thresholds);
  EXPECT_EQ(read.params.split_seed, 77u);
  EXPECT_EQ(read.dataset_hash, data.hash());
  EXPECT_EQ(read.params.network.text(), params.network.text());
}

/// A small model, trained for three epochs, in a file.
ClassifierModel written_model(std::filesystem::path const& path) {
  auto const data = bands();
  ClassifierParams params = quick(3);
  params.network = NetworkSpec(2).dense(3, Activation::tanh).batch_norm().dense(3);
  Problem const problem = make_problem(data, params, "bands");
  ClassifierTraining training(params, problem);
  training.run(true, {});
  write_classifier(path, training.model());
  return training.model();
}

TEST(Classifier, ADamagedByteNeverChangesTheModel) {
  test::Scratch const scratch;
  auto const path = scratch / "m.safetensors";
  written_model(path);
  std::size_t const size = test::content(path).size();
  for (std::size_t at = 0; at < size; ++at) {
    test::flip_bit(path, at, static_cast<int>(at % 8));
    EXPECT_THROW(read_classifier_model(path), IoError) << "byte " << at;
    test::flip_bit(path, at, static_cast<int>(at % 8));
  }
}

TEST(Classifier, CraftedFilesAreRefused) {
  test::Scratch const scratch;
  auto const path = scratch / "m.safetensors", crafted = scratch / "crafted.safetensors";
  ClassifierModel const model = written_model(path);
  auto const good = safetensors::read(path);
  auto const said = [&](auto const& change) {
    auto content = good;
    change(content);
    safetensors::write(crafted, content);  // with a checksum that fits
    return test::message<InputError>([&] { read_classifier_model(crafted); });
  };
  auto const text = [&](std::string const& from, std::string const& to) {
    return said([&](safetensors::Content& content) {
      std::string& json = content.metadata.at("classifier");
      ASSERT_NE(json.find(from), std::string::npos) << json;
      json.replace(json.find(from), from.size(), to);
    });
  };
  auto const array = [&](char const* name, auto const& values) {
    auto changed = safetensors::Tensor::of(good.tensors.at(name).shape, values);
    return said([&](safetensors::Content& content) { content.tensors[name] = changed; });
  };
  EXPECT_EQ(said([](auto&) {}), "");
  EXPECT_TRUE(test::has(text("{", "["), "its description is no JSON object"));
  EXPECT_TRUE(test::has(text("input_scale", "input_scald"), "its description has no 'input_scale'"));
  EXPECT_TRUE(test::has(text("\"thresholds\":[", "\"thresholds\":[9,"), "3 thresholds for 3 classes"));
  EXPECT_TRUE(test::has(text("\"thresholds\":[", "\"thresholds\":[9,8],\"x\":["), "its thresholds do not rise"));
  EXPECT_TRUE(test::has(text("\"input_mean\":[", "\"input_mean\":[1e999,"), "no JSON object"));
  EXPECT_TRUE(test::has(text("\"input_scale\":[", "\"input_scale\":[1,0],\"x\":["), "scales of its inputs"));

  float const nan = std::numeric_limits<float>::quiet_NaN();
  using Floats = std::vector<float>;
  using Integers = std::vector<std::int64_t>;
  EXPECT_TRUE(test::has(array("0.bias", Floats{0, nan, 0}), "a parameter is not finite"));
  EXPECT_TRUE(test::has(array("2.running_var", Floats{0, nan, 0}), "a running statistic is not finite"));
  EXPECT_TRUE(test::has(array("opt.m.0.bias", Floats{0, nan, 0}), "a first moment is not finite"));
  EXPECT_TRUE(test::has(array("opt.v.0.bias", Floats{0, nan, 0}), "a second moment is not finite"));
  EXPECT_TRUE(test::has(array("train.best_loss", Floats{nan}), "early stop"));
  EXPECT_TRUE(test::has(array("train.waited", Integers{4}), "early stop"));
  EXPECT_TRUE(test::has(array("train.epoch", Integers{4}), "steps in 4 epochs"));
  EXPECT_TRUE(test::has(array("opt.step", Integers{0}), "0 steps in 3 epochs"));
  EXPECT_TRUE(test::has(array("opt.step", Integers{std::numeric_limits<std::int64_t>::max()}), "steps in 3 epochs"));
  // A run that goes on looks for the next such epoch.
  auto const last = std::numeric_limits<std::int64_t>::max();
  ASSERT_EQ(model.history.checked.size(), 3u);
  EXPECT_TRUE(test::has(array("history.checked", Integers{1, 2, last}), "the epochs of its history are impossible"));
  EXPECT_TRUE(test::has(array("history.checked", Integers{1, 1, 2}), "the epochs of its history are impossible"));
  EXPECT_TRUE(
      test::has(said([](auto& content) { content.tensors.erase("history.loss"); }), "its history has 0 epochs"));
  EXPECT_TRUE(test::has(said([](auto& content) { content.tensors.erase("history.checked"); }), "differ in length"));
  EXPECT_TRUE(test::has(array("history.loss", Integers{1, 2, 3}), "its history: invalid dtype"));
}

TEST(Classifier, ValuesOfADescriptionFollowTheirRule) {
  test::Scratch const scratch;
  auto const path = scratch / "m.safetensors", crafted = scratch / "crafted.safetensors";
  written_model(path);
  auto const good = safetensors::read(path);
  auto const said = [&](std::string const& key, std::string const& value) {
    auto content = good;
    std::string& json = content.metadata.at("classifier");
    auto const place = json.find("\"" + key + "\":");
    EXPECT_NE(place, std::string::npos) << json;
    json.replace(place, key.size() + 3, "\"" + key + "\":" + value + ",\"was\":");
    safetensors::write(crafted, content);
    return test::message<InputError>([&] { read_classifier_model(crafted); });
  };
  auto const refused = [&](std::string const& key, std::string const& value, std::string const& rule) {
    return crafted.string() + ": is no classifier that kramers-classify can read: in its description invalid '" + key +
           "': got " + value + "; expected " + rule;
  };
  std::string const natural = "an integer >= 0 and < 2^64", share = ">= 0 and < 1", list = "a list of numbers alone";
  EXPECT_EQ(said("split_seed", "18446744073709551615"), "");
  for (std::string const value : {"-1", "1.5", "1e+30", "18446744073709551616.0", "true", "null", "\"3\""}) {
    std::string const shown = value == "18446744073709551616.0" ? "1.8446744073709552e+19" : value;
    EXPECT_EQ(said("split_seed", value), refused("split_seed", shown, natural));
  }
  EXPECT_EQ(said("split_seed", "[3]"), refused("split_seed", "a list", natural));
  EXPECT_EQ(said("split_seed", "{}"), refused("split_seed", "an object", natural));
  for (std::string const value : {"-0.1", "1", "true", "\"a\\u001b[2J\""}) {
    EXPECT_EQ(said("held_out", value), refused("held_out", value, share));
  }
  EXPECT_EQ(said("held_out", "\"" + std::string(200, 'x') + "\""),
            refused("held_out", "\"" + std::string(80, 'x') + "\"...", share));
  EXPECT_EQ(said("standardise", "1"), refused("standardise", "1", "true or false"));
  EXPECT_EQ(said("data_hash", "7"), refused("data_hash", "7", "0x and 16 hexadecimal digits"));
  EXPECT_EQ(said("data_hash", "\"0x1\""), refused("data_hash", "\"0x1\"", "0x and 16 hexadecimal digits"));
  for (std::string const value : {"1.0", "2", "4294967297", "true"}) {
    EXPECT_EQ(said("format_version", value), refused("format_version", value, "1"));
  }
  for (std::string const key : {"thresholds", "input_mean", "input_scale"}) {
    EXPECT_EQ(said(key, "[1, true]"), refused(key, "a list", list));
    EXPECT_EQ(said(key, "7"), refused(key, "7", list));
  }
  // Deeper than a stack.
  EXPECT_EQ(said("thresholds", std::string(100000, '[') + std::string(100000, ']')),
            refused("thresholds", "a list", list));
}

TEST(Classifier, AnotherRunIsNotGoneOnWith) {
  auto const data = bands();
  ClassifierParams const params = quick(3);
  Problem const problem = make_problem(data, params, "bands");
  ClassifierTraining training(params, problem);
  training.run(true, {});
  auto const said = [&](auto const& change) {
    ClassifierParams other = params;
    change(other);
    Problem const changed = make_problem(data, other, "bands");
    ClassifierTraining next(other, changed);
    return test::message<InputError>([&] { next.resume(training.model(), "m.safetensors"); });
  };
  EXPECT_TRUE(test::has(said([](auto& p) { p.train.models[0].learning_rate = 0.5; }), "learning_rate is 0.01"));
  EXPECT_TRUE(test::has(said([](auto& p) { p.train.batch = 31; }), "training.batch"));
  EXPECT_TRUE(test::has(said([](auto& p) { p.precision = "f64"; }), "precision"));
  EXPECT_TRUE(test::has(said([](auto& p) { p.split_seed = 9; }), "data.seed"));
  EXPECT_TRUE(test::has(said([](auto& p) { p.network = NetworkSpec(2).dense(3); }), "network"));
  EXPECT_TRUE(test::has(said([](auto& p) { p.thresholds = {0.1, 0.2}; }), "classes.thresholds"));
  EXPECT_TRUE(test::has(said([](auto& p) { p.epochs = 2; }), "3 epochs, but training.epochs is 2"));
  EXPECT_EQ(said([](auto& p) { p.epochs = 4; }), "");
}

TEST(Classifier, ASignalSavesAndEndsTheRun) {
  auto const data = bands();
  ClassifierParams const params = quick(1'000'000);
  Problem const problem = make_problem(data, params, "bands");
  ClassifierTraining training(params, problem);
  std::int64_t saved = 0;
  int const signal = training.run(true, {20, [&](ClassifierModel const& model) {
                                           saved = model.state.epoch;
                                           if (saved == 40) std::raise(SIGTERM);
                                         }});
  EXPECT_EQ(signal, SIGTERM);
  EXPECT_GE(saved, 40);
  EXPECT_EQ(training.epoch(), saved);
}

TEST(Classifier, ACheckpointThatCannotBeWrittenIsToldAndTheRunGoesOn) {
  auto const data = bands();
  ClassifierParams const params = quick(60);
  Problem const problem = make_problem(data, params, "bands");
  ClassifierTraining training(params, problem), whole(params, problem);
  std::vector<std::string> told;
  auto const fail = [](ClassifierModel const&) { throw IoError("c.safetensors", "full"); };
  EXPECT_EQ(training.run(true, {20, fail, [&](std::string const& what) { told.push_back(what); }}), 0);
  EXPECT_EQ(told, (std::vector<std::string>{"no checkpoint at epoch 20: c.safetensors: full",
                                            "no checkpoint at epoch 40: c.safetensors: full",
                                            "no checkpoint at epoch 60: c.safetensors: full"}));
  whole.run(true, {});
  EXPECT_EQ(training.model().state.parameters, whole.model().state.parameters);
}

TEST(Classifier, ASignalFromBeforeIsSeenBeforeTheFirstEpoch) {
  auto const data = bands();
  ClassifierParams const params = quick(60);
  Problem const problem = make_problem(data, params, "bands");
  ClassifierTraining training(params, problem);
  StopRequest const stop;
  std::raise(SIGINT);
  EXPECT_EQ(training.run(true, {}), SIGINT);
  EXPECT_EQ(training.epoch(), 0);
}

TEST(Classifier, ALossThatIsNotFiniteNamesStepAndRate) {
  auto const data = bands();
  ClassifierParams params = quick(50);
  params.network = NetworkSpec(2).dense(8, Activation::relu).dense(8, Activation::relu).dense(3);
  params.train.optimizer.rule = Rule::sgd;
  params.train.models[0].learning_rate = 1e9;
  Problem const problem = make_problem(data, params, "bands");
  ClassifierTraining training(params, problem);
  std::string const said = test::message<TrainingDiverged>([&] { training.run(true, {}); });
  EXPECT_TRUE(test::has(said, "not finite at step ")) << said;
  EXPECT_TRUE(test::has(said, "learning rate 1e+09") || test::has(said, "learning rate 1000000000")) << said;
}

TEST(Classifier, ProblemsThatCannotBeLearntAreRefused) {
  auto const data = bands(50);
  auto const said = [&](auto const& change) {
    ClassifierParams params = quick();
    change(params);
    return test::message<InputError>([&] { make_problem(data, params, "data.h5"); });
  };
  EXPECT_TRUE(test::has(said([](auto& p) { p.train.batch = 38; }), "batch"));  // 37 samples are trained on
  EXPECT_TRUE(test::has(said([](auto& p) { p.train.batch = 36; }), "batch_norm"));
  EXPECT_TRUE(test::has(said([](auto& p) { p.thresholds = {-5, 1}; }), "no point of class 0 of 3"));
  EXPECT_TRUE(test::has(said([](auto& p) { p.thresholds = {1, 50}; }), "no point of class 2 of 3"));
  EXPECT_EQ(said([](auto&) {}), "");
  Dataset equal = data;
  std::ranges::fill(equal.spread, 1.0);
  EXPECT_TRUE(test::has(test::message<InputError>([&] { make_problem(equal, quick(), "data.h5"); }), "classes"));
}

TEST(Sweep, EachModelIsTheOneTrainedAlone) {
  auto const data = bands();
  ClassifierParams params = quick(20);
  Problem const problem = make_problem(data, params, "bands");
  SweepResult const result = sweep(params, {{4, 5, 6}, {0.001, 0.05}}, problem, true);
  ASSERT_EQ(result.rows.size(), 6u);
  std::size_t best = 0;
  for (std::size_t i = 0; i < 6; ++i) {
    SweepRow const& row = result.rows[i];
    EXPECT_EQ(row.model.seed, 4 + i % 3);
    EXPECT_EQ(row.model.learning_rate, i < 3 ? 0.001 : 0.05);
    if (row.held_out.negative_log_likelihood < result.rows[best].held_out.negative_log_likelihood) best = i;
    params.train.models = {row.model};
    ClassifierTraining alone(params, problem);
    alone.run(true, {});
    EXPECT_EQ(alone.model().history.loss.back(), row.loss) << i;
    EXPECT_EQ(alone.model().history.held_out_loss.back(), row.held_out.negative_log_likelihood) << i;
    if (i == result.best) {
      EXPECT_EQ(alone.model().state.parameters, result.model.state.parameters);
    }
  }
  EXPECT_EQ(result.best, best);
}

TEST(DatasetFile, FaultsAreNamed) {
  if (!h5::available()) GTEST_SKIP() << "built without HDF5";
  test::Scratch const scratch;
  auto const said = [&](std::vector<double> const& x, std::vector<double> const& v, std::vector<double> const& spread) {
    {
      h5::Writer file(scratch / "d.h5", Communicator::self());
      if (!x.empty() || v.empty()) file.write("/spread/position", x, {x.size()});
      if (!v.empty()) file.write("/spread/velocity", v, {v.size()});
      if (spread.size() == 4) {
        file.write("/spread/spread", spread, {2, 2});
      } else {
        file.write("/spread/spread", spread, {spread.size()});
      }
      file.commit();
    }
    return test::message<InputError>([&] { read_dataset(scratch / "d.h5"); });
  };
  double const nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(said({1, 2, 3}, {4, 5, 6}, {7, 8, 9}), "");
  EXPECT_TRUE(test::has(said({}, {4, 5, 6}, {7, 8, 9}), "no dataset /spread/position"));
  EXPECT_TRUE(test::has(said({}, {}, {}), "/spread/position is empty"));
  EXPECT_TRUE(test::has(said({1, 2, 3}, {4, nan, 6}, {7, 8, 9}),
                        "/spread/velocity holds a value that is not finite at index 1"));
  EXPECT_TRUE(test::has(said({1, 2, 3}, {4, 5}, {7, 8, 9}), "/spread/velocity has 2 values"));
  EXPECT_TRUE(test::has(said({1, 2, 3}, {4, 5, 6}, {7, 8}), "/spread/spread has 2 values"));
  EXPECT_TRUE(test::has(said({1, 2, 3, 4}, {4, 5, 6, 7}, {7, 8, 9, 9}), "/spread/spread has 2 dimensions"));
  EXPECT_THROW(read_dataset(scratch / "absent.h5"), IoError);
  test::put(scratch / "text.h5", "no HDF5");
  EXPECT_THROW(read_dataset(scratch / "text.h5"), IoError);
}

}  // namespace kramers::ml::classifier_test
