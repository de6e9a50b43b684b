// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/ml/checkpoint.hpp>
#include <kramers/ml/classifier_file.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <functional>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

namespace kramers::ml {
namespace {

constexpr char key[] = "classifier";
constexpr int format_version = 1;
constexpr std::array history_names = {"history.loss", "history.checked", "history.held_out_loss",
                                      "history.held_out_accuracy"};

std::string hex(std::uint64_t value) {
  char text[19];
  std::snprintf(text, sizeof text, "0x%016llx", static_cast<unsigned long long>(value));
  return text;
}

nlohmann::json description_of(ClassifierModel const& model) {
  ClassifierParams const& p = model.params;
  nlohmann::json description{{"format_version", format_version},
                             {"thresholds", p.thresholds},
                             {"input_mean", model.standardisation.mean},
                             {"input_scale", model.standardisation.scale},
                             {"data_hash", hex(model.dataset_hash)},
                             {"held_out", p.held_out},
                             {"split_seed", p.split_seed},
                             {"standardise", p.standardise}};
  SampleNames const& names = model.names;
  if (names.empty()) return description;
  description["features"] = names.features;
  description["classes"] = names.classes;
  description["samples"] = {{"header", names.choice.header},
                            {"separator", names.choice.separator},
                            {"label", names.choice.label},
                            {"label_column", names.choice.label_column},
                            {"inputs", names.choice.inputs}};
  return description;
}

[[noreturn]] void refuse(std::string const& source, std::string const& why) {
  throw InputError(source, 0, "is no classifier that kramers-classify can read: " + why);
}

std::optional<std::uint64_t> hash_in(std::string const& text) {
  std::uint64_t value = 0;
  bool const shaped = text.size() == 18 && text.starts_with("0x");
  auto const [end, error] = std::from_chars(text.data() + (shaped ? 2 : 0), text.data() + text.size(), value, 16);
  if (!shaped || error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

/// A value of the description as a message shows it: short, and lists, which may be nested without end, not at all.
std::string text_of(nlohmann::json const& value) {
  if (value.is_structured()) return value.is_array() ? "a list" : "an object";
  return value.is_string() ? safetensors::detail::shown(value.get<std::string>()) : value.dump();
}

/// One value of the description, which has to follow a rule: the library makes numbers of any other numbers and of truths.
template <class T>
T field(nlohmann::json const& found, char const* name, std::string const& source, std::string const& rule,
        std::function<bool(nlohmann::json const&)> const& follows) {
  auto const place = found.find(name);
  if (place == found.end()) refuse(source, "its description has no '" + std::string(name) + "'");
  if (!follows(*place)) {
    refuse(source, "in its description " + invalid_value("'" + std::string(name) + "'", text_of(*place), rule));
  }
  return place->get<T>();
}

bool are_numbers(nlohmann::json const& values) {
  return values.is_array() && std::ranges::all_of(values, [](auto const& value) { return value.is_number(); });
}

bool are_texts(nlohmann::json const& values) {
  return values.is_array() && std::ranges::all_of(values, [](auto const& value) { return value.is_string(); });
}

/// What a model of samples says of their file.
SampleNames names_in(nlohmann::json const& found, std::string const& source) {
  SampleNames names;
  if (!found.contains("features")) return names;
  auto const texts = [&](char const* name) {
    return field<std::vector<std::string>>(found, name, source, "a list of texts alone", are_texts);
  };
  names.features = texts("features");
  names.classes = texts("classes");
  auto const choice = field<nlohmann::json>(found, "samples", source, "an object",
                                            [](nlohmann::json const& value) { return value.is_object(); });
  auto const text = [&](char const* name, std::vector<std::string> const& words) {
    std::string list;
    for (auto const& word : words) list += (list.empty() ? "empty or one of " : ", ") + word;
    return field<std::string>(choice, name, source, words.empty() ? "a text" : list, [&](nlohmann::json const& value) {
      if (!value.is_string() || words.empty() || value == "") return value.is_string();
      return std::ranges::find(words, value.get<std::string>()) != words.end();
    });
  };
  names.choice.header = text("header", {"yes", "no"});
  names.choice.separator = text("separator", {"comma", "semicolon", "tab", "blanks"});
  names.choice.label = text("label", {});
  names.choice.inputs = text("inputs", {});
  names.choice.label_column =
      field<int>(choice, "label_column", source, "an integer from 0 to 65537",
                 [](nlohmann::json const& value) { return value.is_number_integer() && value >= 0 && value <= 65537; });
  return names;
}

/// What the JSON text says, into the model.
void describe(ClassifierModel& model, std::string const& text, std::string const& source) {
  nlohmann::json const found = nlohmann::json::parse(text, nullptr, false);
  if (!found.is_object()) refuse(source, "its description is no JSON object");
  ClassifierParams& p = model.params;
  using Json = nlohmann::json;
  auto const numbers = [&](char const* name) {
    return field<std::vector<double>>(found, name, source, "a list of numbers alone", are_numbers);
  };
  field<int>(found, "format_version", source, std::to_string(format_version),
             [](Json const& value) { return value.is_number_integer() && value == format_version; });
  p.thresholds = numbers("thresholds");
  model.standardisation.mean = numbers("input_mean");
  model.standardisation.scale = numbers("input_scale");
  auto const hash =
      field<std::string>(found, "data_hash", source, "0x and 16 hexadecimal digits",
                         [](Json const& value) { return value.is_string() && hash_in(value.get<std::string>()); });
  model.dataset_hash = *hash_in(hash);
  p.held_out = field<double>(found, "held_out", source, ">= 0 and < 1",
                             [](Json const& value) { return value.is_number() && value >= 0.0 && value < 1.0; });
  p.split_seed = field<std::uint64_t>(found, "split_seed", source, "an integer >= 0 and < 2^64",
                                      [](Json const& value) { return value.is_number_unsigned(); });
  p.standardise =
      field<bool>(found, "standardise", source, "true or false", [](Json const& value) { return value.is_boolean(); });
  model.names = names_in(found, source);
}

bool are_finite(std::vector<double> const& values) {
  return std::ranges::all_of(values, [](double value) { return std::isfinite(value); });
}

/// What training leaves behind: whole epochs of equally many steps, and numbers that a network can compute with.
void check_state(ClassifierModel const& model, std::string const& source) {
  ModelState<double> const& state = model.state;
  for (auto const& [name, values] : {std::pair{"a parameter", &state.parameters},
                                     {"a running statistic", &state.buffers},
                                     {"a first moment", &state.first_moment},
                                     {"a second moment", &state.second_moment}}) {
    if (!are_finite(*values)) refuse(source, std::string(name) + " is not finite");
  }
  bool const fits = state.epoch == 0 ? state.step == 0 : state.step >= state.epoch && state.step % state.epoch == 0;
  if (!fits) {
    refuse(source,
           "it has taken " + std::to_string(state.step) + " steps in " + std::to_string(state.epoch) + " epochs");
  }
  if (state.epochs_without_improvement > state.epoch || !(state.best_loss >= 0)) {
    refuse(source, "what its early stop remembers is impossible");
  }
}

void check_history(ClassifierModel const& model, std::string const& source) {
  TrainingHistory const& h = model.history;
  if (std::ssize(h.loss) != model.state.epoch) {
    refuse(source, "its history has " + std::to_string(h.loss.size()) + " epochs, its state " +
                       std::to_string(model.state.epoch));
  }
  if (h.checked.size() != h.held_out_loss.size() || h.checked.size() != h.held_out_accuracy.size()) {
    refuse(source, "the columns of its history differ in length");
  }
  bool const rising = std::ranges::adjacent_find(h.checked, std::greater_equal<>()) == h.checked.end();
  if (!h.checked.empty() && !(rising && h.checked.front() > 0 && h.checked.back() <= model.state.epoch)) {
    refuse(source, "the epochs of its history are impossible");
  }
}

/// The names of samples: as many as the network has ends, none twice.
void check_names(ClassifierModel const& model, std::string const& source) {
  for (auto const& [names, count, what] :
       {std::tuple{model.names.features, model.features(), "features for a network of "},
        {model.names.classes, model.params.classes(), "classes for a network of "}}) {
    if (std::ssize(names) == count && std::set<std::string>(names.begin(), names.end()).size() == names.size())
      continue;
    refuse(source, "it names " + std::to_string(names.size()) + " " + what + std::to_string(count) + ", or one twice");
  }
}

void check(ClassifierModel const& model, std::string const& source) {
  ClassifierParams const& p = model.params;
  bool const is_of_points = model.names.empty();
  if (is_of_points && p.network.inputs() != 2) {
    refuse(source, "its network has " + std::to_string(p.network.inputs()) + " inputs");
  }
  if (!is_of_points) check_names(model, source);
  if (std::ssize(p.thresholds) != (is_of_points ? p.classes() - 1 : 0)) {
    refuse(source, "it has " + std::to_string(p.thresholds.size()) + " thresholds for " + std::to_string(p.classes()) +
                       " classes");
  }
  bool const rising = std::ranges::adjacent_find(p.thresholds, std::greater_equal<>()) == p.thresholds.end();
  if (!rising || !are_finite(p.thresholds)) refuse(source, "its thresholds do not rise");
  if (p.train.models.size() != 1) refuse(source, "it holds " + std::to_string(p.train.models.size()) + " models");
  Standardisation const& s = model.standardisation;
  auto const features = static_cast<std::size_t>(model.features());
  bool usable = s.mean.size() == features && s.scale.size() == features && are_finite(s.mean) && are_finite(s.scale);
  for (double const scale : s.scale) usable = usable && scale > 0;
  if (!usable) refuse(source, "the scales of its inputs are impossible");
  check_state(model, source);
  check_history(model, source);
}

template <class T>
safetensors::Tensor column(std::vector<T> const& values) {
  return safetensors::Tensor::of({values.size()}, values);
}

/// Take an array out of the content, for what is left must be a checkpoint and no more. Without one: no values.
template <class T>
std::vector<T> take(safetensors::Content& content, char const* name) {
  auto const node = content.tensors.extract(name);
  return node ? node.mapped().template values<T>() : std::vector<T>{};
}

std::vector<std::pair<std::string, std::string>> quantities_of(ClassifierModel const& model) {
  ClassifierParams const& p = model.params;
  OptimizerParams const& o = p.train.optimizer;
  ModelParams const& m = p.train.models.front();
  auto const number = [](double value) { return shortest_decimal(value); };
  std::vector<std::pair<std::string, std::string>> all{{"precision", p.precision},
                                                       {"network", p.network.text()},
                                                       {"training.optimizer", name_of(o.rule)},
                                                       {"training.learning_rate", number(m.learning_rate)},
                                                       {"training.weight_decay", number(m.weight_decay)},
                                                       {"training.momentum", number(o.momentum)},
                                                       {"training.nesterov", o.nesterov ? "true" : "false"},
                                                       {"training.beta1", number(o.beta1)},
                                                       {"training.beta2", number(o.beta2)},
                                                       {"training.epsilon", number(o.epsilon)},
                                                       {"training.batch", std::to_string(p.train.batch)},
                                                       {"training.seed", std::to_string(m.seed)},
                                                       {"training.patience", std::to_string(p.train.patience)},
                                                       {"training.initialisation", name_of(p.train.initialisation)},
                                                       {"the hash of the data", hex(model.dataset_hash)},
                                                       {"data.held_out", number(p.held_out)},
                                                       {"data.seed", std::to_string(p.split_seed)},
                                                       {"data.standardise", p.standardise ? "true" : "false"}};
  for (double const threshold : p.thresholds) all.emplace_back("classes.thresholds", number(threshold));
  return all;
}

}  // namespace

void write_classifier(std::filesystem::path const& path, ClassifierModel const& model, std::string const& origin) {
  Checkpoint checkpoint{model.params.network, model.params.train, model.params.precision, {model.state}, {}};
  checkpoint.metadata[key] = description_of(model).dump();
  if (!origin.empty()) checkpoint.metadata["provenance"] = origin;
  auto content = content_of(checkpoint);
  content.tensors[history_names[0]] = column(model.history.loss);
  content.tensors[history_names[1]] = column(model.history.checked);
  content.tensors[history_names[2]] = column(model.history.held_out_loss);
  content.tensors[history_names[3]] = column(model.history.held_out_accuracy);
  safetensors::write(path, content);
}

ClassifierModel read_classifier_model(std::filesystem::path const& path) {
  std::string const source = path.string();
  auto content = safetensors::read(path, safetensors::Checksum::required);
  if (!content.metadata.contains(key)) refuse(source, "its metadata has no '" + std::string(key) + "'");
  ClassifierModel model;
  try {
    model.history = {take<double>(content, history_names[0]), take<std::int64_t>(content, history_names[1]),
                     take<double>(content, history_names[2]), take<double>(content, history_names[3])};
  } catch (DomainError const& error) {
    refuse(source, std::string("its history: ") + error.what());
  }
  describe(model, content.metadata.at(key), source);
  Checkpoint checkpoint = checkpoint_of(content, source);
  model.params.network = checkpoint.network;
  model.params.train = checkpoint.params;
  model.params.precision = checkpoint.precision;
  model.state = std::move(checkpoint.models.front());
  check(model, source);
  return model;
}

void expect_same(ClassifierModel const& saved, ClassifierModel const& wanted, std::string const& source) {
  auto const before = quantities_of(saved), now = quantities_of(wanted);
  for (std::size_t i = 0; i < std::min(before.size(), now.size()); ++i) {
    if (before[i] == now[i]) continue;
    throw InputError(source, 0,
                     "cannot be gone on with: there " + before[i].first + " is " + before[i].second +
                         ", but now it is " + now[i].second);
  }
}

}  // namespace kramers::ml
