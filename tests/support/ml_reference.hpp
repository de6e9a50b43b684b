// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/philox.hpp>
#include <kramers/ml/permutation.hpp>
#include <kramers/ml/trainer.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "ml_mutants.hpp"

namespace kramers::test {

/// A table of numbers, row by row.
template <class R>
struct Matrix {
  int rows = 0, columns = 0;
  std::vector<R> values;

  Matrix() = default;
  Matrix(int r, int c) : rows(r), columns(c), values(static_cast<std::size_t>(r) * static_cast<std::size_t>(c)) {}
  R& operator()(int n, int k) { return values[static_cast<std::size_t>(n * columns + k)]; }
  R operator()(int n, int k) const { return values[static_cast<std::size_t>(n * columns + k)]; }
};

/// Samples with what they should give: labels or targets.
template <class R>
struct Batch {
  Matrix<R> inputs;
  std::vector<int> labels;
  Matrix<R> targets;

  int count() const { return inputs.rows; }
  /// The samples at some places, in that order.
  Batch at(std::vector<int> const& places) const {
    int const number = static_cast<int>(places.size());
    Batch part{Matrix<R>(number, inputs.columns), {}, Matrix<R>(targets.rows > 0 ? number : 0, targets.columns)};
    for (int n = 0; n < number; ++n) {
      int const from = places[static_cast<std::size_t>(n)];
      for (int k = 0; k < inputs.columns; ++k) part.inputs(n, k) = inputs(from, k);
      for (int k = 0; k < targets.columns; ++k) part.targets(n, k) = targets(from, k);
      if (!labels.empty()) part.labels.push_back(labels[static_cast<std::size_t>(from)]);
    }
    return part;
  }
};

/// f(z) as its definition stands, with the standard library's functions.
template <class R>
R activation_value(ml::Activation f, R z) {
  R const u = std::sqrt(R(2) / std::acos(R(-1))) * (z + R(0.044715L) * z * z * z);
  switch (f) {
    case ml::Activation::identity:
      return z;
    case ml::Activation::tanh:
      return std::tanh(z);
    case ml::Activation::relu:
      return std::max(z, R(0));
    case ml::Activation::gelu_erf:
      return z * R(0.5) * std::erfc(-z / std::sqrt(R(2)));
    case ml::Activation::gelu_tanh:
      return R(0.5) * z * (1 + std::tanh(u));
  }
  return z;
}

/// f'(z).
template <class R>
R activation_slope(ml::Activation f, R z, Mutant mutant = Mutant::none) {
  R const pi = std::acos(R(-1));
  R const inner = std::sqrt(R(2) / pi);
  R const t = std::tanh(inner * (z + R(0.044715L) * z * z * z));
  switch (f) {
    case ml::Activation::identity:
      return R(1);
    case ml::Activation::tanh: {
      R const a = std::tanh(z);
      return mutant == Mutant::tanh_slope_of_z ? 1 - z * z : 1 - a * a;
    }
    case ml::Activation::relu:
      return z > 0 || mutant == Mutant::relu_slope_one ? R(1) : R(0);
    case ml::Activation::gelu_erf: {
      R const density = std::exp(-z * z / 2) / std::sqrt(2 * pi);
      return R(0.5) * std::erfc(-z / std::sqrt(R(2))) + (mutant == Mutant::gelu_without_density ? R(0) : z * density);
    }
    case ml::Activation::gelu_tanh: {
      R const inner_slope = inner * (1 + (mutant == Mutant::gelu_cubic_factor ? 1 : 3) * R(0.044715L) * z * z);
      return R(0.5) * (1 + t) + R(0.5) * z * (1 - t * t) * inner_slope;
    }
  }
  return R(1);
}

/// By what dropout multiplies a feature of the sample at some position of the batch of a step.
template <class R>
R dropout_factor(double rate, std::uint64_t seed, std::int64_t step, int layer, int position, int feature) {
  std::uint64_t const id = static_cast<std::uint64_t>(feature / 4) << 40 | static_cast<std::uint64_t>(layer) << 32 |
                           static_cast<std::uint64_t>(position);
  PhiloxBlock const random = philox_block(seed, id, static_cast<std::uint64_t>(step), Stream::dropout);
  std::uint32_t const words[4] = {random.w0, random.w1, random.w2, random.w3};
  return words[feature % 4] < rate * 0x1p32 ? R(0) : R(1) / static_cast<R>(1 - rate);
}

/// Loss of a batch and, in `gradient`, its derivatives with respect to the outputs.
template <class R>
R batch_loss(ml::Loss loss, Matrix<R> const& outputs, Batch<R> const& batch, Matrix<R>& gradient,
             Mutant mutant = Mutant::none) {
  int const samples = outputs.rows;
  int const classes = outputs.columns;
  R const share = mutant == Mutant::loss_sum_for_mean ? R(1) : R(1) / static_cast<R>(samples);
  gradient = Matrix<R>(samples, classes);
  R total = 0;
  for (int n = 0; n < samples; ++n) {
    if (loss == ml::Loss::mean_squared_error) {
      R const factor = mutant == Mutant::squared_error_without_two ? R(1) : R(2);
      for (int k = 0; k < classes; ++k) {
        R const difference = outputs(n, k) - batch.targets(n, k);
        total += difference * difference / static_cast<R>(classes);
        gradient(n, k) = factor * difference / static_cast<R>(classes) * share;
      }
      continue;
    }
    R highest = outputs(n, 0);
    for (int k = 1; k < classes; ++k) highest = std::max(highest, outputs(n, k));
    R sum = 0;
    for (int k = 0; k < classes; ++k) sum += std::exp(outputs(n, k) - highest);
    int const label = batch.labels[static_cast<std::size_t>(n)];
    total += highest + std::log(sum) - outputs(n, label);
    for (int k = 0; k < classes; ++k) {
      R const onehot = k == label && mutant != Mutant::softmax_without_label ? R(1) : R(0);
      gradient(n, k) = (std::exp(outputs(n, k) - highest) / sum - onehot) * share;
    }
  }
  return total / static_cast<R>(samples);
}

/// A network as its formulas stand on paper: plain loops over samples, features and layers, every intermediate kept.
/// What the kernels are compared with. Shares with them the description of the network, the arena's names and offsets
/// and the draws of dropout, nothing else.
///
/// With a Mutant it makes that mistake.
template <class R>
class ReferenceNetwork {
 public:
  explicit ReferenceNetwork(ml::NetworkSpec network, Mutant mutant = Mutant::none)
      : m_network(std::move(network)), m_table(ml::arena_of(m_network)), m_mutant(mutant) {}

  ml::NetworkSpec const& network() const { return m_network; }
  ml::ArenaTable const& table() const { return m_table; }

  struct Result {
    R loss;
    std::vector<R> gradient;  ///< of the parameters, in their arena
    Matrix<R> input_gradient;
    std::vector<bool> bends;  ///< of every relu, on which side of its kink it is
  };

  /// Loss of a batch in training mode and all its derivatives.
  Result loss_and_gradient(std::vector<R> const& parameters, Batch<R> const& batch, ml::Loss loss,
                           std::uint64_t seed = 0, std::int64_t step = 1) {
    Matrix<R> x = batch.inputs;
    m_tape.clear();
    Result result;
    for (int i = 0; i < layers(); ++i) x = forward(i, parameters, x, seed, step, result.bends);
    Matrix<R> g;
    result.loss = batch_loss(loss, x, batch, g, m_mutant);
    result.gradient.assign(parameters.size(), R(0));
    for (int i = layers(); i-- > 0;) g = backward(i, parameters, g, result.gradient);
    result.input_gradient = g;
    return result;
  }

  /// Running statistics after the batch that was last given to loss_and_gradient.
  void update_buffers(std::vector<R>& buffers) const {
    R const p = static_cast<R>(m_mutant == Mutant::running_momentum_of_old ? 1 - ml::batch_norm_momentum
                                                                           : ml::batch_norm_momentum);
    for (int i = 0; i < layers(); ++i) {
      if (layer(i).kind != ml::LayerKind::batch_norm) continue;
      Tape const& tape = m_tape[static_cast<std::size_t>(i)];
      R const m = static_cast<R>(tape.input.rows);
      R const bessel = m_mutant == Mutant::running_variance_biased ? R(1) : m / (m - 1);
      for (int k = 0; k < layer(i).outputs; ++k) {
        R& mean = at(buffers, m_table.buffers, i, ".running_mean", k);
        R& variance = at(buffers, m_table.buffers, i, ".running_var", k);
        mean = (1 - p) * mean + p * tape.mean[static_cast<std::size_t>(k)];
        variance = (1 - p) * variance + p * bessel * tape.variance[static_cast<std::size_t>(k)];
      }
    }
  }

  /// Outputs in inference mode.
  Matrix<R> predict(std::vector<R> const& parameters, std::vector<R> const& buffers, Matrix<R> x) const {
    for (int i = 0; i < layers(); ++i) {
      if (layer(i).kind == ml::LayerKind::dense) {
        x = affine(i, parameters, x);
        for (R& z : x.values) z = activation_value(layer(i).activation, z);
      }
      if (layer(i).kind != ml::LayerKind::batch_norm) continue;
      for (int k = 0; k < x.columns; ++k) {
        R const variance = at(buffers, m_table.buffers, i, ".running_var", k);
        R const scale = at(parameters, m_table.parameters, i, ".weight", k) / root(variance);
        R const shift = at(parameters, m_table.parameters, i, ".bias", k);
        R const mean = at(buffers, m_table.buffers, i, ".running_mean", k);
        for (int n = 0; n < x.rows; ++n) x(n, k) = scale * (x(n, k) - mean) + shift;
      }
    }
    return x;
  }

 private:
  /// What a layer's backward pass needs of its forward pass.
  struct Tape {
    Matrix<R> input, z, normalised, factor;
    std::vector<R> mean, variance;
  };

  int layers() const { return static_cast<int>(m_network.layers().size()); }
  ml::LayerSpec const& layer(int i) const { return m_network.layers()[static_cast<std::size_t>(i)]; }

  /// Element k of the array of layer i whose name ends so.
  template <class Values>
  static auto& at(Values& values, std::vector<ml::ArrayEntry> const& entries, int i, char const* ending, int k) {
    auto const entry = std::find_if(entries.begin(), entries.end(),
                                    [&](ml::ArrayEntry const& e) { return e.layer == i && e.name.ends_with(ending); });
    return values.at(static_cast<std::size_t>(entry->offset + k));
  }

  /// sqrt(variance + epsilon).
  R root(R variance) const {
    R const epsilon = static_cast<R>(ml::batch_norm_epsilon);
    return m_mutant == Mutant::batch_norm_epsilon_outside_root ? std::sqrt(variance) + epsilon
                                                               : std::sqrt(variance + epsilon);
  }

  /// x W^T + b.
  Matrix<R> affine(int i, std::vector<R> const& parameters, Matrix<R> const& x) const {
    Matrix<R> z(x.rows, layer(i).outputs);
    for (int n = 0; n < x.rows; ++n) {
      for (int k = 0; k < z.columns; ++k) {
        z(n, k) = at(parameters, m_table.parameters, i, ".bias", k);
        for (int j = 0; j < x.columns; ++j) {
          z(n, k) += at(parameters, m_table.parameters, i, ".weight", k * x.columns + j) * x(n, j);
        }
      }
    }
    return z;
  }

  Matrix<R> forward(int i, std::vector<R> const& parameters, Matrix<R> const& x, std::uint64_t seed, std::int64_t step,
                    std::vector<bool>& bends) {
    Tape tape;
    tape.input = x;
    Matrix<R> y(x.rows, layer(i).outputs);
    if (layer(i).kind == ml::LayerKind::dense) {
      tape.z = affine(i, parameters, x);
      for (std::size_t e = 0; e < y.values.size(); ++e) {
        y.values[e] = activation_value(layer(i).activation, tape.z.values[e]);
        if (layer(i).activation == ml::Activation::relu) bends.push_back(tape.z.values[e] > 0);
      }
    }
    if (layer(i).kind == ml::LayerKind::dropout) {
      tape.factor = Matrix<R>(x.rows, x.columns);
      for (int n = 0; n < x.rows; ++n) {
        for (int k = 0; k < x.columns; ++k) {
          tape.factor(n, k) = dropout_factor<R>(layer(i).rate, seed, step, i, n, k);
          y(n, k) = tape.factor(n, k) * x(n, k);
        }
      }
    }
    if (layer(i).kind == ml::LayerKind::batch_norm) {
      R const m = static_cast<R>(x.rows);
      tape.normalised = Matrix<R>(x.rows, x.columns);
      for (int k = 0; k < x.columns; ++k) {
        R mean = 0;
        for (int n = 0; n < x.rows; ++n) mean += x(n, k) / m;
        R variance = 0;
        for (int n = 0; n < x.rows; ++n) variance += (x(n, k) - mean) * (x(n, k) - mean) / m;
        tape.mean.push_back(mean);
        tape.variance.push_back(variance);
        R const used = m_mutant == Mutant::batch_norm_sample_variance ? variance * m / (m - 1) : variance;
        for (int n = 0; n < x.rows; ++n) {
          tape.normalised(n, k) = (x(n, k) - mean) / root(used);
          y(n, k) = at(parameters, m_table.parameters, i, ".weight", k) * tape.normalised(n, k) +
                    at(parameters, m_table.parameters, i, ".bias", k);
        }
      }
    }
    m_tape.push_back(std::move(tape));
    return y;
  }

  /// Takes dL/dy, leaves dL/dparameters in their arena and gives dL/dx.
  Matrix<R> backward(int i, std::vector<R> const& parameters, Matrix<R> const& gy, std::vector<R>& gradient) const {
    Tape const& tape = m_tape[static_cast<std::size_t>(i)];
    int const samples = gy.rows;
    int const inputs = layer(i).inputs;
    int const outputs = layer(i).outputs;
    Matrix<R> gx(samples, inputs);
    if (layer(i).kind == ml::LayerKind::dropout) {
      for (std::size_t e = 0; e < gx.values.size(); ++e) {
        R const factor =
            m_mutant == Mutant::dropout_unscaled_backward && tape.factor.values[e] > 0 ? R(1) : tape.factor.values[e];
        gx.values[e] = factor * gy.values[e];
      }
    }
    if (layer(i).kind == ml::LayerKind::dense) {
      for (int n = 0; n < samples; ++n) {
        for (int k = 0; k < outputs; ++k) {
          R const gz = gy(n, k) * activation_slope(layer(i).activation, tape.z(n, k), m_mutant);
          if (m_mutant != Mutant::dense_bias_of_first_sample || n == 0) {
            at(gradient, m_table.parameters, i, ".bias", k) += gz;
          }
          for (int j = 0; j < inputs; ++j) {
            int const place = k * inputs + j;
            int const mirrored = j * outputs + k;
            at(gradient, m_table.parameters, i, ".weight",
               m_mutant == Mutant::dense_weight_gradient_transposed ? mirrored : place) += gz * tape.input(n, j);
            gx(n, j) += gz * at(parameters, m_table.parameters, i, ".weight",
                                m_mutant == Mutant::dense_input_gradient_transposed ? mirrored : place);
          }
        }
      }
    }
    if (layer(i).kind == ml::LayerKind::batch_norm) {
      R const m = static_cast<R>(m_mutant == Mutant::batch_norm_backward_m_minus_one ? samples - 1 : samples);
      for (int k = 0; k < outputs; ++k) {
        R shift = 0;
        R scale = 0;
        for (int n = 0; n < samples; ++n) {
          shift += gy(n, k);
          scale += gy(n, k) * tape.normalised(n, k);
        }
        at(gradient, m_table.parameters, i, ".weight", k) = scale;
        at(gradient, m_table.parameters, i, ".bias", k) = shift;
        R const factor =
            at(parameters, m_table.parameters, i, ".weight", k) / root(tape.variance[static_cast<std::size_t>(k)]);
        for (int n = 0; n < samples; ++n) {
          R const mean_term = m_mutant == Mutant::batch_norm_without_mean_term ? R(0) : shift / m;
          R const variance_term =
              m_mutant == Mutant::batch_norm_without_variance_term ? R(0) : tape.normalised(n, k) * scale / m;
          gx(n, k) = factor * (gy(n, k) - mean_term - variance_term);
        }
      }
    }
    return gx;
  }

  ml::NetworkSpec m_network;
  ml::ArenaTable m_table;
  Mutant m_mutant;
  std::vector<Tape> m_tape;
};

}  // namespace kramers::test
