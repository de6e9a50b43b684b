// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/provenance.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "checkpoint_layout.hpp"

namespace kramers::ml {

using detail::checkpoint::Arena;
using detail::checkpoint::buffers;
using detail::checkpoint::counter_of;
using detail::checkpoint::dtype_of;
using detail::checkpoint::layout_version;
using detail::checkpoint::Models;
using detail::checkpoint::moments;
using detail::checkpoint::parameters;
using detail::checkpoint::stacked;
using detail::checkpoint::State;
using safetensors::Content;
using safetensors::Dtype;
using safetensors::Shape;
using safetensors::Tensor;

namespace {

Tensor reals(std::string const& name, Shape const& shape, std::vector<double> const& values, Dtype dtype) {
  if (dtype == Dtype::f64) return Tensor::of(shape, values);
  std::vector<float> narrow;
  narrow.reserve(values.size());
  for (double const value : values) {
    // To round would be to go on with another model than the one that was trained.
    bool const in_range = std::abs(value) <= static_cast<double>(std::numeric_limits<float>::max());
    bool const holds = !std::isfinite(value) || (in_range && static_cast<double>(static_cast<float>(value)) == value);
    expects(holds, "a number of " + name, value, "one that f32 holds; write it as f64");
    narrow.push_back(static_cast<float>(value));
  }
  return Tensor::of(shape, narrow);
}

void add_arena(Content& content, Arena const& arena, ArenaTable const& table, Models const& models, Dtype dtype) {
  std::size_t const extent = static_cast<std::size_t>(table.*arena.extent);
  for (State const& model : models) {
    expects_extent("a state for the checkpoint", static_cast<std::int64_t>((model.*arena.values).size()),
                   static_cast<std::int64_t>(extent));
  }
  for (ArrayEntry const& entry : table.*arena.entries) {
    std::vector<double> values;
    for (State const& model : models) {
      auto const first = (model.*arena.values).begin() + entry.offset;
      values.insert(values.end(), first, first + entry.size);
    }
    std::string const name = arena.prefix + entry.name;
    content.tensors[name] = reals(name, stacked(entry.shape, models.size()), values, dtype);
  }
}

template <class T, class Element, class Take>
Tensor scalars(std::vector<Element> const& elements, Take const& take) {
  std::vector<T> values;
  for (Element const& element : elements) values.push_back(take(element));
  return Tensor::of(stacked({}, elements.size()), values);
}

void add_weights(Content& content, ArenaTable const& table, Models const& models, Dtype dtype) {
  add_arena(content, parameters, table, models, dtype);
  add_arena(content, buffers, table, models, dtype);
  for (ArrayEntry const& entry : table.buffers) {
    std::string const counter = counter_of(entry);
    if (counter.empty()) continue;
    content.tensors[counter] = scalars<std::int64_t>(models, [](State const& model) { return model.step; });
  }
}

void add_metadata(Content& content, NetworkSpec const& network, std::string const& precision,
                  std::map<std::string, std::string> const& metadata) {
  for (auto const& [key, text] : metadata) {
    expects(key != "format" && !key.starts_with("kramers."), "key of the metadata", key, "none that is reserved");
  }
  content.metadata = metadata;
  content.metadata["format"] = "pt";  // what tools of PyTorch look for
  content.metadata["kramers.version"] = version();
  content.metadata["kramers.network"] = network.text();
  content.metadata["kramers.precision"] = precision;
}

}  // namespace

Content content_of(Checkpoint const& checkpoint) {
  auto const& [network, params, precision, models, metadata] = checkpoint;
  check(network, params);
  expects_extent("states of the checkpoint", static_cast<std::int64_t>(models.size()),
                 static_cast<std::int64_t>(params.models.size()));
  ArenaTable const table = arena_of(network);
  Dtype const dtype = dtype_of(precision);
  Content content;
  add_weights(content, table, models, dtype);
  for (Arena const& arena : moments) {
    auto const absent = [&](State const& model) { return (model.*arena.values).empty(); };
    if (!std::all_of(models.begin(), models.end(), absent)) add_arena(content, arena, table, models, dtype);
  }
  auto& tensors = content.tensors;
  tensors["opt.step"] = scalars<std::int64_t>(models, [](State const& model) { return model.step; });
  tensors["train.epoch"] = scalars<std::int64_t>(models, [](State const& model) { return model.epoch; });
  tensors["train.waited"] =
      scalars<std::int64_t>(models, [](State const& model) { return model.epochs_without_improvement; });
  tensors["train.stopped"] =
      scalars<std::int64_t>(models, [](State const& model) { return std::int64_t{model.stopped}; });
  std::vector<double> best_losses;
  for (State const& model : models) best_losses.push_back(model.best_loss);
  tensors["train.best_loss"] = reals("train.best_loss", stacked({}, models.size()), best_losses, dtype);
  tensors["train.seed"] =
      scalars<std::int64_t>(params.models, [](ModelParams const& p) { return std::bit_cast<std::int64_t>(p.seed); });
  tensors["train.learning_rate"] = scalars<double>(params.models, [](ModelParams const& p) { return p.learning_rate; });
  tensors["train.weight_decay"] = scalars<double>(params.models, [](ModelParams const& p) { return p.weight_decay; });

  add_metadata(content, network, precision, metadata);
  auto const set = [&](char const* key, std::string text) {
    content.metadata["kramers." + std::string(key)] = std::move(text);
  };
  set("checkpoint", layout_version);
  set("models", std::to_string(models.size()));
  set("loss", name_of(params.loss));
  set("optimizer", name_of(params.optimizer.rule));
  set("momentum", shortest_decimal(params.optimizer.momentum));
  set("nesterov", params.optimizer.nesterov ? "1" : "0");
  set("beta1", shortest_decimal(params.optimizer.beta1));
  set("beta2", shortest_decimal(params.optimizer.beta2));
  set("epsilon", shortest_decimal(params.optimizer.epsilon));
  set("initialisation", name_of(params.initialisation));
  set("batch", std::to_string(params.batch));
  set("patience", std::to_string(params.patience));
  return content;
}

void write_checkpoint(std::filesystem::path const& path, Checkpoint const& checkpoint) {
  safetensors::write(path, content_of(checkpoint));
}

Content weights_of(NetworkSpec const& network, std::string const& precision, State const& model,
                   std::map<std::string, std::string> const& metadata) {
  Content content;
  add_weights(content, arena_of(network), {model}, dtype_of(precision));
  add_metadata(content, network, precision, metadata);
  return content;
}

void write_weights(std::filesystem::path const& path, NetworkSpec const& network, std::string const& precision,
                   State const& model, std::map<std::string, std::string> const& metadata) {
  safetensors::write(path, weights_of(network, precision, model, metadata));
}

}  // namespace kramers::ml
