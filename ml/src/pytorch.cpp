// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/text.hpp>
#include <kramers/ml/checkpoint.hpp>
#include <kramers/ml/pytorch.hpp>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace kramers::ml {
namespace {

using safetensors::Tensor;

/// Empty where the layer has none.
std::string module_of(Activation activation) {
  if (activation == Activation::tanh) return "Tanh()";
  if (activation == Activation::relu) return "ReLU()";
  if (activation == Activation::gelu_erf) return "GELU()";
  if (activation == Activation::gelu_tanh) return "GELU(approximate='tanh')";
  return {};
}

std::string module_of(LayerSpec const& layer) {
  std::string const inputs = std::to_string(layer.inputs);
  if (layer.kind == LayerKind::batch_norm) return "BatchNorm1d(" + inputs + ")";
  if (layer.kind == LayerKind::dropout) return "Dropout(" + shortest_decimal(layer.rate) + ")";
  return "Linear(" + inputs + ", " + std::to_string(layer.outputs) + ")";
}

/// "3.weight" is "4.weight" behind one more module.
std::string one_further(std::string const& name) {
  auto const dot = name.find('.');
  return std::to_string(std::stoi(name.substr(0, dot)) + 1) + name.substr(dot);
}

/// A row in the precision of the model; what f32 does not hold is rounded.
Tensor row(std::vector<double> const& values, std::string const& precision) {
  if (precision == "f64") return Tensor::of({values.size()}, values);
  return Tensor::of({values.size()}, std::vector<float>(values.begin(), values.end()));
}

}  // namespace

std::string pytorch_text(ClassifierModel const& model) {
  NetworkSpec const& network = model.params.network;
  std::string text =
      "torch.nn.Sequential(torch.nn.BatchNorm1d(" + std::to_string(network.inputs()) + ", affine=False, eps=0.0)";
  for (LayerSpec const& layer : network.layers()) {
    text += ", torch.nn." + module_of(layer);
    std::string const activation = layer.kind == LayerKind::dense ? module_of(layer.activation) : std::string();
    if (!activation.empty()) text += ", torch.nn." + activation;
  }
  return text + (model.params.precision == "f64" ? ").double()" : ")");
}

void write_pytorch(std::filesystem::path const& path, ClassifierModel const& model, std::string const& origin) {
  std::string const& precision = model.params.precision;
  safetensors::Content const weights = weights_of(model.params.network, precision, model.state);
  safetensors::Content content;
  content.metadata = weights.metadata;
  content.metadata["pytorch.module"] = pytorch_text(model);
  if (!model.names.empty()) {
    content.metadata["features"] = nlohmann::json(model.names.features).dump();
    content.metadata["classes"] = nlohmann::json(model.names.classes).dump();
  }
  if (!origin.empty()) content.metadata["provenance"] = origin;
  for (auto const& [name, tensor] : weights.tensors) content.tensors[one_further(name)] = tensor;
  std::vector<double> variance;
  for (double const scale : model.standardisation.scale) variance.push_back(scale * scale);
  content.tensors["0.running_mean"] = row(model.standardisation.mean, precision);
  content.tensors["0.running_var"] = row(variance, precision);
  content.tensors["0.num_batches_tracked"] = Tensor::of({}, std::vector<std::int64_t>{model.state.step});
  safetensors::write(path, content);
}

}  // namespace kramers::ml
