// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/ml/trainer.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "ml_reference.hpp"
#include "ml_trajectory.hpp"

namespace kramers::test {

/// A training run of PyTorch, frozen by tests/ml/fixtures/make_fixtures.py.
struct Fixture {
  std::string name;
  ml::NetworkSpec network{1};
  ml::TrainParams params;
  Batch<double> samples;
  std::vector<std::vector<int>> orders;  ///< of the samples, by epochs
  ml::ModelState<double> initial;
  Trajectory expected;  ///< moments that PyTorch does not keep are empty

  std::int64_t epochs() const { return static_cast<std::int64_t>(orders.size()); }
};

namespace detail {

/// The arrays of an object by their names in an arena. @throws std::runtime_error  a name too few or too many
inline std::vector<double> arena_from(nlohmann::json const& arrays, std::vector<ml::ArrayEntry> const& entries,
                                      int extent) {
  if (arrays.empty() && !entries.empty()) return {};
  if (arrays.size() != entries.size()) throw std::runtime_error("a fixture has other arrays than its network");
  std::vector<double> values(static_cast<std::size_t>(extent), 0.0);
  for (ml::ArrayEntry const& entry : entries) {
    auto const array = arrays.at(entry.name).get<std::vector<double>>();
    if (array.size() != static_cast<std::size_t>(entry.size))
      throw std::runtime_error(entry.name + " has another size");
    std::copy(array.begin(), array.end(), values.begin() + entry.offset);
  }
  return values;
}

inline ml::ModelState<double> state_from(nlohmann::json const& state, ml::ArenaTable const& table) {
  ml::ModelState<double> result;
  result.parameters = arena_from(state.at("parameters"), table.parameters, table.parameter_extent);
  result.first_moment = arena_from(state.at("first_moment"), table.parameters, table.parameter_extent);
  result.second_moment = arena_from(state.at("second_moment"), table.parameters, table.parameter_extent);
  result.buffers = arena_from(state.at("buffers"), table.buffers, table.buffer_extent);
  return result;
}

}  // namespace detail

inline Fixture read_fixture(std::filesystem::path const& path) {
  nlohmann::json const json = nlohmann::json::parse(std::ifstream(path));
  Fixture fixture;
  fixture.name = path.stem().string();
  fixture.network = ml::NetworkSpec(json.at("inputs").get<int>());
  for (nlohmann::json const& layer : json.at("layers")) {
    if (layer.at(0) == "batch_norm") {
      fixture.network.batch_norm();
    } else {
      fixture.network.dense(layer.at(1).get<int>(), ml::activation_named(layer.at(2).get<std::string>()));
    }
  }
  nlohmann::json const& rule = json.at("optimizer");
  ml::TrainParams& params = fixture.params;
  params.loss = ml::loss_named(json.at("loss").get<std::string>());
  params.batch = json.at("batch").get<int>();
  params.optimizer.rule = ml::rule_named(rule.at("rule").get<std::string>());
  params.optimizer.momentum = rule.value("momentum", 0.0);
  params.optimizer.nesterov = rule.value("nesterov", false);
  params.optimizer.beta1 = rule.value("beta1", params.optimizer.beta1);
  params.optimizer.beta2 = rule.value("beta2", params.optimizer.beta2);
  params.optimizer.epsilon = rule.value("epsilon", params.optimizer.epsilon);
  params.models = {{json.at("seed").get<std::uint64_t>(), json.at("learning_rate").get<double>(),
                    json.at("weight_decay").get<double>()}};

  int const count = json.at("samples").get<int>();
  fixture.samples.inputs = Matrix<double>(count, fixture.network.inputs());
  fixture.samples.inputs.values = json.at("x").get<std::vector<double>>();
  if (params.loss == ml::Loss::softmax_cross_entropy) {
    fixture.samples.labels = json.at("y").get<std::vector<int>>();
  } else {
    fixture.samples.targets = Matrix<double>(count, fixture.network.outputs());
    fixture.samples.targets.values = json.at("y").get<std::vector<double>>();
  }
  fixture.orders = json.at("orders").get<std::vector<std::vector<int>>>();

  ml::ArenaTable const table = ml::arena_of(fixture.network);
  fixture.initial.parameters = detail::arena_from(json.at("initial"), table.parameters, table.parameter_extent);
  fixture.initial.first_moment.assign(fixture.initial.parameters.size(), 0.0);
  fixture.initial.second_moment.assign(fixture.initial.parameters.size(), 0.0);
  fixture.initial.buffers = ml::initial_buffers<double>(fixture.network);
  fixture.expected = {
      json.at("losses").get<std::vector<double>>(), detail::state_from(json.at("after_first_epoch"), table),
      detail::state_from(json.at("after_last_epoch"), table), json.at("predictions").get<std::vector<double>>()};
  return fixture;
}

/// All fixtures of a folder, by their names.
inline std::vector<Fixture> read_fixtures(std::filesystem::path const& folder) {
  std::vector<std::filesystem::path> paths;
  for (auto const& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".json") paths.push_back(entry.path());
  }
  std::sort(paths.begin(), paths.end());
  std::vector<Fixture> fixtures;
  for (auto const& path : paths) fixtures.push_back(read_fixture(path));
  return fixtures;
}

inline double trajectory_difference(Trajectory const& run, Fixture const& fixture) {
  return trajectory_difference(run, fixture.expected, fixture.network);
}

}  // namespace kramers::test
