// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/ml/activation.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace kramers::ml {

enum class LayerKind : int { dense, batch_norm, dropout };

/// One layer of a network. `inputs` and `outputs` are set by NetworkSpec.
struct LayerSpec {
  LayerKind kind = LayerKind::dense;
  int inputs = 0, outputs = 0;
  Activation activation = Activation::identity;  ///< dense only
  double rate = 0;                               ///< dropout only: probability that an element is dropped, [0, 1)
};

/// Added to the variance inside the root, and the weight of the new batch in the running statistics: PyTorch's and
/// Flux's defaults.
inline constexpr double batch_norm_epsilon = 1e-5;
inline constexpr double batch_norm_momentum = 0.1;

/// A chain of layers, built front to back:
/// `NetworkSpec(2).dense(8, Activation::tanh).batch_norm().dense(3)`.
class NetworkSpec {
 public:
  /// @throws DomainError  inputs < 1
  explicit NetworkSpec(int inputs);
  /// z = W x + b, a = activation(z). @throws DomainError  outputs < 1
  NetworkSpec& dense(int outputs, Activation activation = Activation::identity);
  /// Normalisation over the batch, feature by feature, with scale and shift.
  NetworkSpec& batch_norm();
  /// In training, each element is zero with probability `rate` and divided by 1 - rate otherwise.
  /// @throws DomainError  rate outside [0, 1)
  NetworkSpec& dropout(double rate);

  int inputs() const { return m_inputs; }
  int outputs() const { return m_layers.empty() ? m_inputs : m_layers.back().outputs; }
  bool has_batch_norm() const;
  std::vector<LayerSpec> const& layers() const { return m_layers; }
  /// "2 -> 8 tanh -> batch_norm -> 3": equal texts mean equal networks.
  std::string text() const;

 private:
  int m_inputs;
  std::vector<LayerSpec> m_layers;
};
/// The network that NetworkSpec::text() describes; spaces do not matter.
/// @throws DomainError  the text describes none
NetworkSpec network_named(std::string const& text);

/// One array of a network, in a contiguous arena.
struct ArrayEntry {
  std::string name;        ///< as in the state_dict of PyTorch's nn.Sequential: "0.weight", "2.running_mean", ...
  std::vector<int> shape;  ///< row-major; a weight is (outputs, inputs)
  int layer = 0;           ///< index in NetworkSpec::layers()
  int offset = 0;          ///< first element in its arena; a multiple of `arena_alignment`
  int size = 0;
};

/// Entries start at multiples of this many elements; what lies between is zero and stays so.
inline constexpr int arena_alignment = 16;

/// Elements that `size` elements take up in an arena.
constexpr int aligned(int size) {
  return (size + arena_alignment - 1) / arena_alignment * arena_alignment;
}

/// Where everything of a network lies: trained parameters in one arena (and, at the same offsets, their gradients and
/// moments), running statistics in another. Per layer: dense weight, bias; batch_norm weight (scale), bias (shift) and
/// in the buffers running_mean, running_var.
struct ArenaTable {
  std::vector<ArrayEntry> parameters, buffers;
  int parameter_extent = 0, buffer_extent = 0;  ///< elements of the arenas, a multiple of `arena_alignment`
};
/// @throws DomainError  the parameters are too many for an int
ArenaTable arena_of(NetworkSpec const& network);

/// How the weights of dense layers start; biases start at 0 with glorot, like the weights with pytorch.
/// glorot:  U(-x, x), x = sqrt(6 / (inputs + outputs))   (Glorot, Bengio, AISTATS 2010; Flux' default)
/// pytorch: U(-x, x), x = 1 / sqrt(inputs)               (nn.Linear's default)
enum class Initialisation : int { glorot, pytorch };
std::string name_of(Initialisation initialisation);
Initialisation initialisation_named(std::string const& name);

/// The parameters a model with this seed starts from, extent parameter_extent: a pure function of its arguments
/// (Stream::initial_parameters). Scales of batch_norm are 1, its shifts 0.
template <class T>
std::vector<T> initial_parameters(NetworkSpec const& network, Initialisation rule, std::uint64_t seed);
/// Running means 0 and variances 1, extent buffer_extent.
template <class T>
std::vector<T> initial_buffers(NetworkSpec const& network);

}  // namespace kramers::ml
