// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <vector>

namespace kramers::test {

/// A mistake that the reference makes on purpose: each must be caught by the check that the right code passes, or the
/// check proves nothing. Most have been made in published libraries.
enum class Mutant {
  none,
  // of derivatives
  dense_weight_gradient_transposed,
  dense_input_gradient_transposed,
  dense_bias_of_first_sample,
  tanh_slope_of_z,  ///< 1 - z^2 for 1 - a^2
  relu_slope_one,
  gelu_without_density,              ///< Phi(z) for Phi(z) + z phi(z)
  gelu_cubic_factor,                 ///< u' with 0.044715 for 3 x 0.044715
  batch_norm_without_mean_term,      ///< gx lacks sum gy / m
  batch_norm_without_variance_term,  ///< gx lacks xh sum(gy xh) / m
  batch_norm_backward_m_minus_one,
  batch_norm_sample_variance,  ///< normalises by m - 1, goes back by m
  softmax_without_label,
  loss_sum_for_mean,  ///< gradient of the sum over the batch
  squared_error_without_two,
  dropout_unscaled_backward,
  // of steps
  batch_norm_epsilon_outside_root,  ///< sqrt(v) + epsilon for sqrt(v + epsilon)
  running_variance_biased,          ///< m for m - 1
  running_momentum_of_old,          ///< 0.9 for 0.1
  adam_without_bias_correction,
  adam_epsilon_in_root,            ///< sqrt(v^ + epsilon) for sqrt(v^) + epsilon
  adam_epsilon_before_correction,  ///< sqrt(v) + epsilon corrected as a whole
  adam_time_runs_twice,            ///< t advances by two per step
  adamw_decay_in_gradient,
  decay_left_out,
  momentum_dampened,  ///< buf = momentum buf + (1 - momentum) g
  nesterov_left_out,
  partial_batch_dropped,
};

inline std::vector<Mutant> mutants_between(Mutant first, Mutant last) {
  std::vector<Mutant> list;
  for (int i = static_cast<int>(first); i <= static_cast<int>(last); ++i) list.push_back(static_cast<Mutant>(i));
  return list;
}
/// Those that make a derivative wrong.
inline std::vector<Mutant> derivative_mutants() {
  return mutants_between(Mutant::dense_weight_gradient_transposed, Mutant::dropout_unscaled_backward);
}
/// Those that make a training step wrong but no derivative.
inline std::vector<Mutant> step_mutants() {
  return mutants_between(Mutant::batch_norm_epsilon_outside_root, Mutant::partial_batch_dropped);
}

}  // namespace kramers::test
