// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

// Part of gemm_trainer.hpp: forward and backward.
namespace kramers::ml {

namespace detail {

template <class T>
Dropout<T> dropout_of(Rows<T const> in, Rows<T> out, double rate, int layer, std::uint64_t seed, std::int64_t step) {
  return {
      in, out, seed, step, layer, static_cast<std::uint64_t>(std::ceil(rate * 0x1p32)), static_cast<T>(1 / (1 - rate))};
}

}  // namespace detail

/// From the workspace's inputs to its outputs, whose place is returned.
template <execution_space Space, real T>
T* GemmTrainer<Space, T>::forward(Pass const& pass) {
  using detail::Rows;
  T const* const theta = row_of(m_parameters, pass.model);
  T* x = m_inputs.data();
  for (Layer const& layer : m_layers) {
    int const inputs = layer.spec.inputs, outputs = layer.spec.outputs;
    Rows<T const> const in{x, inputs};
    Rows<T> const out{layer.values.data(), outputs};
    if (layer.spec.kind == LayerKind::dense) {
      detail::gemm(m_exec, m_back_end, {false, true, pass.samples, outputs, inputs}, static_cast<T const*>(x),
                   theta + layer.weight, layer.linear);
      detail::for_activation(layer.spec.activation, [&]<Activation A>() {
        detail::for_elements(m_exec, "kramers::ml::dense_forward", pass.samples, outputs,
                             detail::DenseForward<A, T>{{layer.linear, outputs}, out, theta + layer.bias});
      });
    } else if (layer.spec.kind == LayerKind::batch_norm && pass.training) {
      detail::for_feature_groups<T>(
          m_exec, "kramers::ml::norm_forward", outputs,
          detail::NormForward<T>{pass.samples, in, out, theta + layer.weight, theta + layer.bias,
                                 m_statistics.data() + layer.mean, m_statistics.data() + layer.variance,
                                 m_roots.data() + layer.variance});
    } else if (layer.spec.kind == LayerKind::batch_norm) {
      T const* const running = row_of(m_buffers, pass.model);
      detail::for_feature_groups<T>(
          m_exec, "kramers::ml::norm_inference", outputs,
          detail::NormInference<T>{pass.samples, in, out, theta + layer.weight, theta + layer.bias,
                                   running + layer.mean, running + layer.variance});
    } else if (pass.training) {
      std::uint64_t const seed = m_params.models[static_cast<std::size_t>(pass.model)].seed;
      detail::for_elements(m_exec, "kramers::ml::dropout_forward", pass.samples, (outputs + 3) / 4,
                           detail::dropout_of<T>(in, out, layer.spec.rate, layer.index, seed, pass.step));
    } else {
      continue;  // dropout does nothing in inference
    }
    x = out.data;
  }
  return x;
}

/// From the gradients with respect to the outputs, in m_slopes[0], to those of the parameters and, if asked for, of the
/// inputs, whose place is returned.
template <execution_space Space, real T>
T* GemmTrainer<Space, T>::backward(Pass const& pass, bool to_inputs) {
  using detail::Rows;
  T const* const theta = row_of(m_parameters, pass.model);
  T* const gradient = row_of(m_gradients, pass.model);
  T* slope_of = m_slopes[0].data();
  T* other = m_slopes[1].data();
  for (auto layer = m_layers.rbegin(); layer != m_layers.rend(); ++layer) {
    int const inputs = layer->spec.inputs, outputs = layer->spec.outputs;
    Rows<T const> const in{layer->in, inputs};
    Rows<T> const slopes{slope_of, outputs};
    if (layer->spec.kind == LayerKind::dense) {
      detail::for_activation(layer->spec.activation, [&]<Activation A>() {
        detail::for_feature_groups<T>(m_exec, "kramers::ml::dense_backward", outputs,
                                      detail::DenseBackward<A, T>{pass.samples,
                                                                  {layer->linear, outputs},
                                                                  {layer->values.data(), outputs},
                                                                  slopes,
                                                                  gradient + layer->bias});
      });
      detail::gemm(m_exec, m_back_end, {true, false, outputs, inputs, pass.samples}, static_cast<T const*>(slope_of),
                   layer->in, gradient + layer->weight);
      if (layer->index == 0 && !to_inputs) break;
      detail::gemm(m_exec, m_back_end, {false, false, pass.samples, inputs, outputs}, static_cast<T const*>(slope_of),
                   theta + layer->weight, other);
      std::swap(slope_of, other);
    } else if (layer->spec.kind == LayerKind::batch_norm) {
      detail::for_feature_groups<T>(
          m_exec, "kramers::ml::norm_backward", outputs,
          detail::NormBackward<T>{pass.samples, in, slopes, theta + layer->weight, m_statistics.data() + layer->mean,
                                  m_roots.data() + layer->variance, gradient + layer->weight, gradient + layer->bias});
    } else {
      std::uint64_t const seed = m_params.models[static_cast<std::size_t>(pass.model)].seed;
      detail::for_elements(
          m_exec, "kramers::ml::dropout_backward", pass.samples, (outputs + 3) / 4,
          detail::dropout_of<T>({slope_of, outputs}, slopes, layer->spec.rate, layer->index, seed, pass.step));
    }
  }
  return slope_of;
}

}  // namespace kramers::ml
