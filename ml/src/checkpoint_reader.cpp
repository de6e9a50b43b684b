// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/text.hpp>

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstdint>
#include <initializer_list>
#include <limits>
#include <set>

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
using safetensors::text_of;
using safetensors::detail::shown;

namespace {

/// A file while it is read: gives its texts and tensors, and knows which nobody asked for.
class Reader {
 public:
  Reader(Content const& content, std::string const& source) : m_content(content), m_source(source) {}

  [[noreturn]] void fail(std::string const& what) const { throw IoError(m_source, what); }

  std::string const& text(std::string const& key) const {
    auto const place = m_content.metadata.find("kramers." + key);
    if (place == m_content.metadata.end()) fail("no checkpoint of kramers: the metadata have no 'kramers." + key + "'");
    constexpr std::size_t longest = 10000;  // of a network with hundreds of layers; messages repeat these texts
    if (place->second.size() > longest) fail("the metadata 'kramers." + key + "' are too long");
    return place->second;
  }
  template <class T>
  T number(std::string const& key) const {
    std::string const& word = text(key);
    T value{};
    auto const [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (error != std::errc() || end != word.data() + word.size()) {
      fail("the metadata 'kramers." + key + "' are " + shown(word) + ", want a number");
    }
    return value;
  }

  bool has(std::string const& name) const { return m_content.tensors.contains(name); }
  Tensor const& tensor(std::string const& name, Shape const& shape, std::initializer_list<Dtype> dtypes) {
    m_known.insert(name);
    auto const place = m_content.tensors.find(name);
    if (place == m_content.tensors.end()) fail("tensor '" + name + "' of shape " + text_of(shape) + " is missing");
    Tensor const& found = place->second;
    if (std::find(dtypes.begin(), dtypes.end(), found.dtype) == dtypes.end()) {
      std::string wanted;
      for (Dtype const dtype : dtypes) wanted += (wanted.empty() ? "" : " or ") + name_of(dtype);
      fail("tensor '" + name + "' is of type " + name_of(found.dtype) + ", want " + wanted);
    }
    if (found.shape != shape) {
      fail("tensor '" + name + "' has shape " + text_of(found.shape) + ", want " + text_of(shape));
    }
    return found;
  }
  std::vector<std::int64_t> integers(std::string const& name, Shape const& shape, std::int64_t least) {
    auto values = tensor(name, shape, {Dtype::i64}).values<std::int64_t>();
    for (std::int64_t const value : values) {
      if (value < least)
        fail("tensor '" + name + "' holds " + std::to_string(value) + ", want >= " + std::to_string(least));
    }
    return values;
  }
  /// Throw for the first tensor with this prefix that nobody has asked for.
  void reject_unknown(std::string const& prefix, NetworkSpec const& network) const {
    for (auto const& [name, tensor] : m_content.tensors) {
      if (!name.starts_with(prefix) || m_known.contains(name)) continue;
      fail("tensor " + shown(name) + " belongs to no layer of the network " + network.text());
    }
  }

 private:
  Content const& m_content;
  std::string const& m_source;
  std::set<std::string> m_known;
};

std::vector<double> zeros(int extent) {
  return std::vector<double>(static_cast<std::size_t>(extent), 0.0);
}

std::vector<double> doubles(Tensor const& tensor) {
  if (tensor.dtype == Dtype::f64) return tensor.values<double>();
  auto const narrow = tensor.values<float>();
  return {narrow.begin(), narrow.end()};
}

/// Do the tensors of an arena stand in the file? Memory for the states is taken only then.
void require_arena(Reader& reader, Arena const& arena, ArenaTable const& table, std::string const& prefix,
                   std::size_t models, std::initializer_list<Dtype> dtypes) {
  for (ArrayEntry const& entry : table.*arena.entries) {
    reader.tensor(prefix + arena.prefix + entry.name, stacked(entry.shape, models), dtypes);
  }
}

void take_arena(Reader& reader, Arena const& arena, ArenaTable const& table, std::string const& prefix, Models& models,
                std::initializer_list<Dtype> dtypes) {
  for (State& model : models) model.*arena.values = zeros(table.*arena.extent);
  for (ArrayEntry const& entry : table.*arena.entries) {
    auto const values =
        doubles(reader.tensor(prefix + arena.prefix + entry.name, stacked(entry.shape, models.size()), dtypes));
    auto first = values.begin();
    for (State& model : models) {
      std::copy_n(first, entry.size, (model.*arena.values).begin() + entry.offset);
      first += entry.size;
    }
  }
}

TrainParams params_of(Reader const& reader) {
  TrainParams params;
  params.loss = loss_named(reader.text("loss"));
  params.optimizer.rule = rule_named(reader.text("optimizer"));
  params.optimizer.momentum = reader.number<double>("momentum");
  params.optimizer.nesterov = reader.number<int>("nesterov") != 0;
  params.optimizer.beta1 = reader.number<double>("beta1");
  params.optimizer.beta2 = reader.number<double>("beta2");
  params.optimizer.epsilon = reader.number<double>("epsilon");
  params.initialisation = initialisation_named(reader.text("initialisation"));
  params.batch = reader.number<int>("batch");
  params.patience = reader.number<std::int64_t>("patience");
  return params;
}

/// What stands before the names of the network in a file of PyTorch's.
std::string prefix_in(Content const& content, ArenaTable const& table, Reader const& reader) {
  if (table.parameters.empty()) return {};
  std::string const& first = table.parameters.front().name;
  if (content.tensors.contains(first)) return {};
  std::vector<std::string> found;
  for (auto const& [name, tensor] : content.tensors) {
    if (name.ends_with("." + first)) found.push_back(name.substr(0, name.size() - first.size()));
  }
  if (found.empty()) reader.fail("tensor '" + first + "' is missing, under any prefix");
  if (found.size() > 1) {
    reader.fail("several networks have a tensor '" + first + "', under " + shown(found[0]) + " and " + shown(found[1]) +
                ": name the prefix");
  }
  return found.front();
}

Checkpoint take_checkpoint(Content const& content, std::string const& source) {
  Reader reader(content, source);
  if (std::string const& layout = reader.text("checkpoint"); layout != layout_version) {
    reader.fail("a checkpoint of layout " + shown(layout) + ", want " + layout_version);
  }
  Checkpoint checkpoint;
  checkpoint.network = network_named(reader.text("network"));
  checkpoint.params = params_of(reader);
  checkpoint.precision = reader.text("precision");
  Dtype const dtype = dtype_of(checkpoint.precision);
  auto const count = reader.number<std::size_t>("models");
  if (count == 0) reader.fail("the metadata 'kramers.models' are 0, want at least one");

  ArenaTable const table = arena_of(checkpoint.network);
  Shape const one_each = stacked({}, count);
  auto const steps = reader.integers("opt.step", one_each, 0);
  auto const epochs = reader.integers("train.epoch", one_each, 0);
  auto const epochs_without_improvement = reader.integers("train.waited", one_each, 0);
  auto const stopped = reader.integers("train.stopped", one_each, 0);
  if (std::ranges::any_of(stopped, [](std::int64_t value) { return value > 1; })) {
    reader.fail("tensor 'train.stopped' holds a number above 1");
  }
  auto const seeds = reader.integers("train.seed", one_each, std::numeric_limits<std::int64_t>::min());
  auto const best_losses = doubles(reader.tensor("train.best_loss", one_each, {dtype}));
  auto const rates = doubles(reader.tensor("train.learning_rate", one_each, {Dtype::f64}));
  auto const decays = doubles(reader.tensor("train.weight_decay", one_each, {Dtype::f64}));

  std::vector<Arena> arenas{parameters, buffers};
  for (Arena const& arena : moments) {
    bool const stored = !table.parameters.empty() && reader.has(arena.prefix + table.parameters.front().name);
    if (stored) arenas.push_back(arena);
  }
  for (Arena const& arena : arenas) require_arena(reader, arena, table, "", count, {dtype});
  for (ArrayEntry const& entry : table.buffers) {
    if (std::string const counter = counter_of(entry); !counter.empty()) reader.integers(counter, one_each, 0);
  }
  reader.reject_unknown("", checkpoint.network);

  checkpoint.models.resize(count);
  for (Arena const& arena : arenas) take_arena(reader, arena, table, "", checkpoint.models, {dtype});
  for (std::size_t i = 0; i < count; ++i) {
    State& model = checkpoint.models[i];
    model.step = steps[i];
    model.epoch = epochs[i];
    model.best_loss = best_losses[i];
    model.epochs_without_improvement = epochs_without_improvement[i];
    model.stopped = stopped[i] != 0;
    checkpoint.params.models.push_back({std::bit_cast<std::uint64_t>(seeds[i]), rates[i], decays[i]});
  }
  check(checkpoint.network, checkpoint.params);
  for (auto const& [key, text] : content.metadata) {
    if (key != "format" && !key.starts_with("kramers.")) checkpoint.metadata[key] = text;
  }
  return checkpoint;
}

}  // namespace

Checkpoint checkpoint_of(Content const& content, std::string const& source) {
  try {
    return take_checkpoint(content, source);
  } catch (DomainError const& e) {
    throw IoError(source, printable(e.what()));
  }
}

Checkpoint read_checkpoint(std::filesystem::path const& path) {
  return checkpoint_of(safetensors::read(path, safetensors::Checksum::required), path.string());
}

State read_weights(std::filesystem::path const& path, NetworkSpec const& network,
                   std::optional<std::string> const& prefix) {
  Content const content = safetensors::read(path);
  std::string const source = path.string();
  Reader reader(content, source);
  ArenaTable const table = arena_of(network);
  std::string const before = prefix ? *prefix : prefix_in(content, table, reader);
  for (Arena const& arena : {parameters, buffers}) {
    require_arena(reader, arena, table, before, 1, {Dtype::f32, Dtype::f64});
  }
  for (ArrayEntry const& entry : table.buffers) {
    std::string const counter = before + counter_of(entry);
    if (counter != before && reader.has(counter)) reader.integers(counter, {}, 0);
  }
  reader.reject_unknown(prefix ? *prefix : "", network);
  Models models(1);
  for (Arena const& arena : {parameters, buffers}) {
    take_arena(reader, arena, table, before, models, {Dtype::f32, Dtype::f64});
  }
  for (Arena const& arena : moments) models[0].*arena.values = zeros(table.*arena.extent);
  return std::move(models[0]);
}

}  // namespace kramers::ml
