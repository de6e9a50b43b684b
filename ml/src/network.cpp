// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/ml/network.hpp>

#include <algorithm>
#include <charconv>
#include <functional>
#include <iterator>
#include <limits>
#include <numeric>
#include <optional>
#include <sstream>
#include <string_view>

namespace kramers::ml {
namespace {

/// Appends entries to an arena.
class Arena {
 public:
  Arena(std::vector<ArrayEntry>& entries, int& extent) : m_entries(entries), m_extent(extent) {}
  void add(std::string name, std::vector<int> shape, int layer) {
    std::int64_t const size = std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
    constexpr std::int64_t most = std::numeric_limits<int>::max() - arena_alignment;
    expects(size <= most - m_extent, "parameters of the network", m_extent + size, "at most " + std::to_string(most));
    m_entries.push_back({std::move(name), std::move(shape), layer, m_extent, static_cast<int>(size)});
    m_extent += aligned(static_cast<int>(size));
  }

 private:
  std::vector<ArrayEntry>& m_entries;
  int& m_extent;
};

/// The words of a text, without the spaces between them.
std::vector<std::string> words_of(std::string_view text) {
  std::istringstream stream{std::string(text)};
  return {std::istream_iterator<std::string>(stream), {}};
}

/// The number that a whole word is.
template <class T>
std::optional<T> number_in(std::string const& word) {
  T value{};
  auto const [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
  if (error != std::errc() || end != word.data() + word.size()) return std::nullopt;
  return value;
}

}  // namespace

NetworkSpec::NetworkSpec(int inputs) : m_inputs(inputs) {
  expects(inputs >= 1, "inputs", inputs, ">= 1");
}

NetworkSpec& NetworkSpec::dense(int outputs, Activation activation) {
  expects(outputs >= 1, "outputs of a dense layer", outputs, ">= 1");
  int const before = this->outputs();
  m_layers.push_back({LayerKind::dense, before, outputs, activation, 0});
  return *this;
}

NetworkSpec& NetworkSpec::batch_norm() {
  int const before = outputs();
  m_layers.push_back({LayerKind::batch_norm, before, before, Activation::identity, 0});
  return *this;
}

NetworkSpec& NetworkSpec::dropout(double rate) {
  expects(rate >= 0 && rate < 1, "rate of a dropout layer", rate, "0 <= rate < 1");
  int const before = outputs();
  m_layers.push_back({LayerKind::dropout, before, before, Activation::identity, rate});
  return *this;
}

bool NetworkSpec::has_batch_norm() const {
  return std::any_of(m_layers.begin(), m_layers.end(),
                     [](LayerSpec const& layer) { return layer.kind == LayerKind::batch_norm; });
}

std::string NetworkSpec::text() const {
  std::string text = std::to_string(m_inputs);
  for (LayerSpec const& layer : m_layers) {
    text += " -> ";
    if (layer.kind == LayerKind::batch_norm) text += "batch_norm";
    if (layer.kind == LayerKind::dropout) text += "dropout " + shortest_decimal(layer.rate);
    if (layer.kind != LayerKind::dense) continue;
    text += std::to_string(layer.outputs);
    if (layer.activation != Activation::identity) text += " " + name_of(layer.activation);
  }
  return text;
}

NetworkSpec network_named(std::string const& text) {
  auto const refuse = [&](std::string const& part) {
    throw DomainError(
        "network", text,
        "a number of inputs and layers like \"2 -> 8 tanh -> batch_norm -> dropout 0.1 -> 3\"; '" + part + "' is none");
  };
  std::optional<NetworkSpec> network;
  std::string_view rest = text;
  for (bool more = true; more;) {
    auto const arrow = rest.find("->");
    more = arrow != std::string_view::npos;
    std::string const part(rest.substr(0, arrow));
    if (more) rest.remove_prefix(arrow + 2);

    auto const words = words_of(part);
    if (words.empty() || words.size() > 2) refuse(part);
    auto const width = number_in<int>(words[0]);
    if (!network) {
      if (!width || words.size() > 1) refuse(part);
      network.emplace(*width);
    } else if (width) {
      network->dense(*width, words.size() > 1 ? activation_named(words[1]) : Activation::identity);
    } else if (words.size() == 1 && words[0] == "batch_norm") {
      network->batch_norm();
    } else {
      auto const rate = number_in<double>(words.back());
      if (words.size() != 2 || words[0] != "dropout" || !rate) refuse(part);
      network->dropout(*rate);
    }
  }
  return *network;
}

ArenaTable arena_of(NetworkSpec const& network) {
  ArenaTable table;
  Arena parameters(table.parameters, table.parameter_extent);
  Arena buffers(table.buffers, table.buffer_extent);
  int module = 0;  // nn.Sequential counts activations and dropout too
  for (std::size_t i = 0; i < network.layers().size(); ++i) {
    LayerSpec const& layer = network.layers()[i];
    int const index = static_cast<int>(i);
    std::string const prefix = std::to_string(module) + ".";
    if (layer.kind == LayerKind::dense) {
      parameters.add(prefix + "weight", {layer.outputs, layer.inputs}, index);
      parameters.add(prefix + "bias", {layer.outputs}, index);
      if (layer.activation != Activation::identity) ++module;
    }
    if (layer.kind == LayerKind::batch_norm) {
      parameters.add(prefix + "weight", {layer.outputs}, index);
      parameters.add(prefix + "bias", {layer.outputs}, index);
      buffers.add(prefix + "running_mean", {layer.outputs}, index);
      buffers.add(prefix + "running_var", {layer.outputs}, index);
    }
    ++module;
  }
  return table;
}

std::string name_of(Initialisation initialisation) {
  return initialisation == Initialisation::glorot ? "glorot" : "pytorch";
}

Initialisation initialisation_named(std::string const& name) {
  expects(name == "glorot" || name == "pytorch", "initialisation", name, "glorot or pytorch");
  return name == "glorot" ? Initialisation::glorot : Initialisation::pytorch;
}

template <class T>
std::vector<T> initial_buffers(NetworkSpec const& network) {
  ArenaTable const table = arena_of(network);
  std::vector<T> values(static_cast<std::size_t>(table.buffer_extent), T(0));
  for (ArrayEntry const& entry : table.buffers) {
    if (entry.name.ends_with(".running_var")) std::fill_n(values.begin() + entry.offset, entry.size, T(1));
  }
  return values;
}

template std::vector<float> initial_buffers<float>(NetworkSpec const&);
template std::vector<double> initial_buffers<double>(NetworkSpec const&);

}  // namespace kramers::ml
