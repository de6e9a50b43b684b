// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/ml/checkpoint.hpp>

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "ml_reference.hpp"
#include "scratch.hpp"

namespace {

using namespace kramers::ml;
using kramers::DomainError;
using kramers::IoError;
using kramers::ShapeError;
using kramers::test::content;
using kramers::test::has;
using kramers::test::message;
using kramers::test::put;
using kramers::test::Scratch;
using safetensors::Dtype;
using safetensors::Shape;
using safetensors::Tensor;

std::filesystem::path const fixtures = std::filesystem::path(KRAMERS_SOURCE_DIR) / "tests/ml/fixtures";

NetworkSpec small_network() {
  return NetworkSpec(2).dense(3, Activation::tanh).batch_norm().dropout(0.25).dense(2);
}

/// Numbers without a pattern that floats hold, padding left zero; model i has others than model j.
std::vector<double> numbers(std::vector<ArrayEntry> const& entries, int extent, int salt) {
  std::vector<double> values(static_cast<std::size_t>(extent), 0.0);
  for (ArrayEntry const& entry : entries) {
    for (int i = 0; i < entry.size; ++i) {
      double const value = std::sin(1.0 + entry.offset + i + 1000.0 * salt);
      values[static_cast<std::size_t>(entry.offset + i)] = static_cast<double>(static_cast<float>(value));
    }
  }
  return values;
}

Checkpoint example(int models, NetworkSpec const& network = small_network()) {
  Checkpoint example;
  example.network = network;
  example.params.loss = Loss::mean_squared_error;
  example.params.optimizer = {Rule::adamw, 0.0, false, 0.8, 0.99, 3e-9};
  example.params.initialisation = Initialisation::pytorch;
  example.params.batch = 17;
  example.params.patience = 40;
  ArenaTable const table = arena_of(example.network);
  for (int i = 0; i < models; ++i) {
    ModelState<double> model;
    model.parameters = numbers(table.parameters, table.parameter_extent, 4 * i);
    model.first_moment = numbers(table.parameters, table.parameter_extent, 4 * i + 1);
    model.second_moment = numbers(table.parameters, table.parameter_extent, 4 * i + 2);
    model.buffers = numbers(table.buffers, table.buffer_extent, 4 * i + 3);
    model.step = 1000 + i;
    model.epoch = 100 + i;
    model.best_loss = 0.25 + i;
    model.epochs_without_improvement = i;
    model.stopped = i % 2 == 1;
    example.models.push_back(model);
    example.params.models.push_back({~std::uint64_t{0} - static_cast<std::uint64_t>(i), 0.1 * (i + 1), 1e-3 * i});
  }
  example.metadata = {{"classes", "slow, fast"}, {"", "\xe2\x82\xac"}};
  return example;
}

void expect_same_bits(std::vector<double> const& a, std::vector<double> const& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(std::bit_cast<std::uint64_t>(a[i]), std::bit_cast<std::uint64_t>(b[i])) << i;
  }
}

void expect_same(ModelState<double> const& a, ModelState<double> const& b) {
  expect_same_bits(a.parameters, b.parameters);
  expect_same_bits(a.first_moment, b.first_moment);
  expect_same_bits(a.second_moment, b.second_moment);
  expect_same_bits(a.buffers, b.buffers);
  expect_same_bits({a.best_loss}, {b.best_loss});
  EXPECT_EQ(a.step, b.step);
  EXPECT_EQ(a.epoch, b.epoch);
  EXPECT_EQ(a.epochs_without_improvement, b.epochs_without_improvement);
  EXPECT_EQ(a.stopped, b.stopped);
}

void expect_same(Checkpoint const& a, Checkpoint const& b) {
  EXPECT_EQ(a.network.text(), b.network.text());
  EXPECT_EQ(a.precision, b.precision);
  EXPECT_EQ(a.metadata, b.metadata);
  EXPECT_EQ(a.params.loss, b.params.loss);
  EXPECT_EQ(a.params.optimizer.rule, b.params.optimizer.rule);
  EXPECT_EQ(a.params.optimizer.momentum, b.params.optimizer.momentum);
  EXPECT_EQ(a.params.optimizer.nesterov, b.params.optimizer.nesterov);
  EXPECT_EQ(a.params.optimizer.beta1, b.params.optimizer.beta1);
  EXPECT_EQ(a.params.optimizer.beta2, b.params.optimizer.beta2);
  EXPECT_EQ(a.params.optimizer.epsilon, b.params.optimizer.epsilon);
  EXPECT_EQ(a.params.initialisation, b.params.initialisation);
  EXPECT_EQ(a.params.batch, b.params.batch);
  EXPECT_EQ(a.params.patience, b.params.patience);
  ASSERT_EQ(a.params.models.size(), b.params.models.size());
  ASSERT_EQ(a.models.size(), b.models.size());
  for (std::size_t i = 0; i < a.models.size(); ++i) {
    SCOPED_TRACE(i);
    EXPECT_EQ(a.params.models[i].seed, b.params.models[i].seed);
    EXPECT_EQ(a.params.models[i].learning_rate, b.params.models[i].learning_rate);
    EXPECT_EQ(a.params.models[i].weight_decay, b.params.models[i].weight_decay);
    expect_same(a.models[i], b.models[i]);
  }
}

TEST(Checkpoint, WhatIsWrittenIsReadToTheBit) {
  Scratch const scratch;
  auto const path = scratch / "m.safetensors";
  for (int const models : {1, 2, 5}) {
    Checkpoint const written = example(models);
    write_checkpoint(path, written);
    expect_same(read_checkpoint(path), written);
  }
  Checkpoint special = example(1);
  special.models[0].best_loss = std::numeric_limits<double>::infinity();
  special.models[0].parameters[0] = -0.0;
  special.models[0].parameters[1] = 1e-45F;  // subnormal
  special.models[0].parameters[2] = std::numeric_limits<double>::quiet_NaN();
  special.params.optimizer = {Rule::sgd, 0.9, true};
  write_checkpoint(path, special);
  expect_same(read_checkpoint(path), special);

  special.precision = "f64";
  special.models[0].parameters[3] = 0.1;
  special.models[0].best_loss = 0.3;
  write_checkpoint(path, special);
  expect_same(read_checkpoint(path), special);
  EXPECT_EQ(scratch.entries(), 1u);
}

TEST(Checkpoint, MomentsThatAStateDoesNotHaveAreNotWritten) {
  Checkpoint sgd = example(2);
  for (auto& model : sgd.models) model.second_moment.clear();
  auto const file = content_of(sgd);
  EXPECT_TRUE(file.tensors.contains("opt.m.0.weight"));
  EXPECT_FALSE(file.tensors.contains("opt.v.0.weight"));
  expect_same(checkpoint_of(file, "m"), sgd);
}

TEST(Checkpoint, NamesAndShapesAreThoseOfPyTorch) {
  auto const one = content_of(example(1));
  std::map<std::string, Shape> const wanted{{"0.weight", {3, 2}},
                                            {"0.bias", {3}},
                                            {"2.weight", {3}},
                                            {"2.bias", {3}},
                                            {"2.running_mean", {3}},
                                            {"2.running_var", {3}},
                                            {"2.num_batches_tracked", {}},
                                            {"4.weight", {2, 3}},
                                            {"4.bias", {2}}};
  std::size_t moments = 0, others = 0;
  for (auto const& [name, tensor] : one.tensors) {
    if (wanted.contains(name)) {
      EXPECT_EQ(tensor.shape, wanted.at(name)) << name;
      EXPECT_EQ(tensor.dtype, name == "2.num_batches_tracked" ? Dtype::i64 : Dtype::f32) << name;
    } else if (name.starts_with("opt.m.") || name.starts_with("opt.v.")) {
      EXPECT_EQ(tensor.shape, wanted.at(name.substr(6))) << name;
      ++moments;
    } else {
      EXPECT_EQ(tensor.shape, Shape{}) << name;
      ++others;
    }
  }
  EXPECT_EQ(moments, 2u * 6);
  EXPECT_EQ(one.tensors.size(), wanted.size() + moments + others);
  EXPECT_EQ(one.tensors.at("2.num_batches_tracked").values<std::int64_t>(), std::vector<std::int64_t>{1000});
  EXPECT_EQ(one.metadata.at("kramers.network"), "2 -> 3 tanh -> batch_norm -> dropout 0.25 -> 2");
  EXPECT_EQ(one.metadata.at("format"), "pt");

  // The weight of the second of three models is the second third.
  auto const three = content_of(example(3));
  auto const stacked = three.tensors.at("4.weight");
  EXPECT_EQ(stacked.shape, (Shape{3, 2, 3}));
  EXPECT_EQ(three.tensors.at("train.seed").shape, Shape{3});
  auto const entry = arena_of(small_network()).parameters[4];
  ASSERT_EQ(entry.name, "4.weight");
  EXPECT_EQ(stacked.values<float>()[6 + 1],
            static_cast<float>(example(3).models[1].parameters[static_cast<std::size_t>(entry.offset) + 1]));
}

TEST(Checkpoint, WhatDoesNotFitIsRefusedAndTheOldFileStays) {
  Scratch const scratch;
  auto const path = scratch / "m";
  put(path, "good");
  auto const refused = [&](std::function<void(Checkpoint&)> const& spoil) {
    Checkpoint wrong = example(2);
    spoil(wrong);
    std::string const domain = message<DomainError>([&] { write_checkpoint(path, wrong); });
    return domain + message<ShapeError>([&] { write_checkpoint(path, wrong); });
  };
  EXPECT_TRUE(has(refused([](Checkpoint& c) { c.models[1].parameters[0] = 0.1; }), "a number of 0.weight"));
  EXPECT_TRUE(has(refused([](Checkpoint& c) { c.models[1].buffers[0] = 1e300; }), "write it as f64"));
  EXPECT_TRUE(has(refused([](Checkpoint& c) { c.precision = "f16"; }), "f32 or f64"));
  EXPECT_TRUE(has(refused([](Checkpoint& c) { c.metadata["kramers.x"] = ""; }), "none that is reserved"));
  EXPECT_TRUE(has(refused([](Checkpoint& c) { c.metadata["format"] = ""; }), "none that is reserved"));
  EXPECT_TRUE(has(refused([](Checkpoint& c) { c.metadata["x"] = "\xff"; }), "UTF-8"));
  EXPECT_TRUE(has(refused([](Checkpoint& c) { c.params.batch = 0; }), "batch"));
  EXPECT_TRUE(has(refused([](Checkpoint& c) { c.models.pop_back(); }), "states of the checkpoint"));
  EXPECT_TRUE(has(refused([](Checkpoint& c) { c.models[1].buffers.pop_back(); }), "a state for the checkpoint"));
  EXPECT_TRUE(has(refused([](Checkpoint& c) { c.models[1].first_moment.clear(); }), "a state for the checkpoint"));
  EXPECT_EQ(content(path), "good");
  EXPECT_EQ(scratch.entries(), 1u);
}

/// What the reader says to the file of two models after `spoil`.
std::string complaint(std::function<void(safetensors::Content&)> const& spoil) {
  auto file = content_of(example(2));
  spoil(file);
  return message<IoError>([&] { checkpoint_of(file, "m"); });
}

TEST(Checkpoint, FilesThatBreakARuleAreRefused) {
  using File = safetensors::Content;
  auto const text = [](std::string const& key, std::string const& value) {
    return complaint([&](File& file) { file.metadata["kramers." + key] = value; });
  };
  ASSERT_EQ(complaint([](File&) {}), "");
  EXPECT_EQ(complaint([](File& file) { file.metadata.clear(); }),
            "m: no checkpoint of kramers: the metadata have no 'kramers.checkpoint'");
  EXPECT_TRUE(has(complaint([](File& file) { file.metadata.erase("kramers.batch"); }), "have no 'kramers.batch'"));
  EXPECT_EQ(text("checkpoint", "2"), "m: a checkpoint of layout \"2\", want 1");
  EXPECT_TRUE(has(text("network", "2 -> 3 -> what"), "m: invalid network: got 2 -> 3 -> what"));
  EXPECT_TRUE(has(text("network", "2 -> 2000000000 -> 2000000000"), "parameters of the network"));
  EXPECT_TRUE(has(text("network", "2 -> 3 tanh -> 2"), "'2.weight' has shape (2, 3), want (2, 2, 3)"));
  EXPECT_TRUE(has(text("network", "2 -> 3 tanh -> batch_norm -> dropout 0.25 -> 2 -> 2"), "'5.weight' of shape"));
  EXPECT_TRUE(has(text("network", std::string(20000, '2')), "'kramers.network' are too long"));
  EXPECT_TRUE(has(text("loss", "none"), "m: invalid loss: got none"));
  EXPECT_TRUE(has(text("optimizer", "lion"), "m: invalid optimizer: got lion"));
  EXPECT_TRUE(has(text("precision", "f16"), "m: invalid precision: got f16"));
  EXPECT_TRUE(has(text("precision", "f64"), "is of type F32, want F64"));
  EXPECT_EQ(text("batch", "1e3"), "m: the metadata 'kramers.batch' are \"1e3\", want a number");
  EXPECT_TRUE(has(text("batch", "99999999999"), "want a number"));
  EXPECT_TRUE(has(text("batch", "-1"), "m: invalid batch: got -1"));
  EXPECT_TRUE(has(text("models", "0"), "want at least one"));
  EXPECT_TRUE(has(text("models", "3"), "tensor 'opt.step' has shape (2), want (3)"));
  EXPECT_TRUE(has(text("models", "18446744073709551615"), "tensor 'opt.step' has shape (2)"));
  EXPECT_TRUE(has(text("beta1", "nan"), "m: invalid beta1"));
  EXPECT_EQ(text("checkpoint", "\x1b[2J"), "m: a checkpoint of layout \"\\u001b[2J\", want 1");
  EXPECT_TRUE(has(text("network", "\x1b[2J"), "m: invalid network: got \\x1b[2J"));
  EXPECT_TRUE(has(text("batch", "\x1b[2J"), "are \"\\u001b[2J\", want a number"));
  EXPECT_TRUE(has(complaint([](File& file) { file.tensors["\x1b[2J"] = Tensor::of<float>({}, {0}); }),
                  "m: tensor \"\\u001b[2J\" belongs"));
  EXPECT_TRUE(has(complaint([](File& file) { file.tensors[std::string(500, 'x')] = Tensor::of<float>({}, {0}); }),
                  "m: tensor \"" + std::string(80, 'x') + "\"... belongs"));

  EXPECT_EQ(complaint([](File& file) { file.tensors.erase("4.bias"); }),
            "m: tensor '4.bias' of shape (2, 2) is missing");
  EXPECT_TRUE(has(complaint([](File& file) { file.tensors.erase("opt.v.4.bias"); }), "'opt.v.4.bias' of shape"));
  EXPECT_TRUE(has(complaint([](File& file) { file.tensors.erase("train.seed"); }), "'train.seed' of shape (2)"));
  EXPECT_EQ(complaint([](File& file) { file.tensors["5.bias"] = Tensor::of<float>({}, {0}); }),
            "m: tensor \"5.bias\" belongs to no layer of the network 2 -> 3 tanh -> batch_norm -> dropout 0.25 -> 2");
  EXPECT_EQ(complaint([](File& file) { file.tensors["4.bias"] = Tensor::of<float>({2}, {0, 0}); }),
            "m: tensor '4.bias' has shape (2), want (2, 2)");
  EXPECT_EQ(complaint([](File& file) { file.tensors["4.bias"] = Tensor::of<double>({2, 2}, {0, 0, 0, 0}); }),
            "m: tensor '4.bias' is of type F64, want F32");
  EXPECT_EQ(complaint([](File& file) { file.tensors["opt.step"] = Tensor::of<std::int64_t>({2}, {0, -1}); }),
            "m: tensor 'opt.step' holds -1, want >= 0");
  EXPECT_TRUE(has(complaint([](File& file) { file.tensors["train.learning_rate"] = Tensor::of<double>({2}, {1, 0}); }),
                  "m: invalid learning_rate"));
}

TEST(Checkpoint, ADamagedByteIsSeenWhereverItIs) {
  Scratch const scratch;
  auto const path = scratch / "m.safetensors";
  write_checkpoint(path, example(2));
  std::size_t const size = content(path).size();
  for (std::size_t at = 0; at < size; ++at) {
    kramers::test::flip_bit(path, at, static_cast<int>(at % 8));
    EXPECT_THROW(read_checkpoint(path), IoError) << "byte " << at;
    kramers::test::flip_bit(path, at, static_cast<int>(at % 8));
  }
}

TEST(Checkpoint, WeightsAloneAreAStateDict) {
  Scratch const scratch;
  auto const path = scratch / "w.safetensors";
  Checkpoint const whole = example(1);
  write_weights(path, whole.network, "f32", whole.models[0], {{"classes", "slow, fast"}});
  auto const file = safetensors::read(path);
  EXPECT_EQ(file.tensors.size(), 9u);
  EXPECT_EQ(file.metadata.at("classes"), "slow, fast");
  auto const back = read_weights(path, whole.network);
  expect_same_bits(back.parameters, whole.models[0].parameters);
  expect_same_bits(back.buffers, whole.models[0].buffers);
  expect_same_bits(back.first_moment, std::vector<double>(back.parameters.size(), 0.0));
  expect_same_bits(back.second_moment, std::vector<double>(back.parameters.size(), 0.0));
  EXPECT_EQ(back.step, 0);
}

/// Largest difference between what PyTorch and the formulas give for the same weights.
double difference_of_outputs(ModelState<double> const& model, NetworkSpec const& network,
                             std::string const& precision) {
  auto const file = safetensors::read(fixtures / "state_dict_outputs.safetensors");
  kramers::test::Matrix<double> points(10, 2);
  points.values = file.tensors.at("points").values<double>();
  std::vector<double> wanted;
  if (precision == "f64") wanted = file.tensors.at("f64").values<double>();
  if (precision == "f32") {
    auto const narrow = file.tensors.at("f32").values<float>();
    wanted.assign(narrow.begin(), narrow.end());
  }
  auto const found = kramers::test::ReferenceNetwork<double>(network).predict(model.parameters, model.buffers, points);
  double most = 0;
  for (std::size_t i = 0; i < wanted.size(); ++i) most = std::max(most, std::abs(found.values.at(i) - wanted[i]));
  return most;
}

TEST(Checkpoint, FilesOfPyTorchAreRead) {
  auto const network = NetworkSpec(2).dense(8, Activation::tanh).batch_norm().dropout(0.25).dense(3);
  auto const single = read_weights(fixtures / "state_dict_f32.safetensors", network);
  auto const with_prefix = read_weights(fixtures / "state_dict_f64.safetensors", network);
  auto const named = read_weights(fixtures / "state_dict_f64.safetensors", network, "body.");
  expect_same(with_prefix, named);
  // Outputs are about 1, sums of 8 products of numbers of that size: a few tens of roundings.
  EXPECT_LT(difference_of_outputs(single, network, "f32"), 50 * 0x1p-24);
  EXPECT_LT(difference_of_outputs(with_prefix, network, "f64"), 50 * 0x1p-53);
}

TEST(Checkpoint, FilesOfPyTorchThatDoNotFitAreRefused) {
  Scratch const scratch;
  auto const good = safetensors::read(fixtures / "state_dict_f64.safetensors");
  auto const network = NetworkSpec(2).dense(8, Activation::tanh).batch_norm().dropout(0.25).dense(3);
  auto const path = scratch / "m";
  auto const refused = [&](safetensors::Content const& file, NetworkSpec const& spec,
                           std::optional<std::string> const& prefix = {}) {
    safetensors::write(path, file);
    std::string const text = message<IoError>([&] { read_weights(path, spec, prefix); });
    return text.substr(std::min(text.size(), path.string().size() + 2));
  };
  ASSERT_EQ(refused(good, network), "");
  EXPECT_EQ(refused(good, NetworkSpec(2).dense(8, Activation::tanh).batch_norm().dense(3)),
            "tensor 'body.3.weight' of shape (3, 8) is missing");
  EXPECT_EQ(refused(good, NetworkSpec(2).dense(9, Activation::tanh).batch_norm().dropout(0.25).dense(3)),
            "tensor 'body.0.weight' has shape (8, 2), want (9, 2)");
  EXPECT_EQ(refused(good, NetworkSpec(2).dense(8, Activation::tanh).batch_norm()),
            "tensor \"body.4.bias\" belongs to no layer of the network 2 -> 8 tanh -> batch_norm");
  EXPECT_EQ(refused(good, network, ""), "tensor '0.weight' of shape (8, 2) is missing");
  EXPECT_EQ(refused({}, network), "tensor '0.weight' is missing, under any prefix");

  auto more = good;
  more.tensors["head.0.weight"] = Tensor::of<float>({1}, {0});
  EXPECT_EQ(refused(more, network),
            "several networks have a tensor '0.weight', under \"body.\" and \"head.\": name the prefix");
  EXPECT_EQ(refused(more, network, "body."), "");
  auto hostile = good;
  hostile.tensors["\x1b[2J.0.weight"] = Tensor::of<float>({1}, {0});
  EXPECT_TRUE(has(refused(hostile, network), "under \"\\u001b[2J.\" and \"body.\": name the prefix"));
  more.tensors.erase("head.0.weight");
  more.tensors["head.weight"] = Tensor::of<float>({1}, {0});
  EXPECT_TRUE(has(refused(more, network), "tensor \"head.weight\" belongs to no layer"));

  auto half = good;
  half.tensors["body.4.bias"] = {Dtype::f16, {3}, std::vector<std::byte>(6)};
  EXPECT_EQ(refused(half, network), "tensor 'body.4.bias' is of type F16, want F32 or F64");
}

TEST(NetworkText, IsReadAsItIsWritten) {
  for (auto const& network :
       {small_network(), NetworkSpec(1), NetworkSpec(7).batch_norm(), NetworkSpec(2).dropout(1.0 / 3),
        NetworkSpec(2).dense(5, Activation::gelu_erf).dense(6, Activation::gelu_tanh).dense(7, Activation::relu)}) {
    EXPECT_EQ(network_named(network.text()).text(), network.text());
  }
  EXPECT_EQ(network_named("2->8   tanh ->batch_norm-> 3").text(), "2 -> 8 tanh -> batch_norm -> 3");
}

TEST(NetworkText, ThatDescribesNoneIsRefused) {
  auto const refused = [](std::string const& text) { return message<DomainError>([&] { network_named(text); }); };
  EXPECT_TRUE(has(refused(""), "invalid network: got "));
  EXPECT_TRUE(has(refused("2 -> -> 3"), "' ' is none"));
  for (char const* text :
       {"two", "2 3", "2 -> 8 tanh tanh", "2 -> batch_norm 3", "2 -> dropout", "2 -> dropout x", "2 ->", "-> 2",
        "2 -> 99999999999", "2 -> 8 swish", "2 -> dropout nan", "0 -> 2", "2 -> 0"}) {
    EXPECT_NE(refused(text), "") << text;
  }
}

}  // namespace
