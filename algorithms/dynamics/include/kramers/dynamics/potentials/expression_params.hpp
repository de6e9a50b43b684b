// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/potentials/expression_program.hpp>
#include <kramers/runtime/config.hpp>

#include <array>
#include <functional>

namespace kramers::dynamics {

/// Energy and force of a program at a point.
struct ExpressionValue {
  double energy;
  std::array<double, ExpressionProgram::most_dimensions> force;
};
using ExpressionPoint = std::array<double, ExpressionProgram::most_dimensions>;

/// How sources without Kokkos run programs: with the functions of kernels.
struct ExpressionMachine {
  FoldOperation fold;
  std::function<ExpressionValue(ExpressionPoint const& x)> (*load)(ExpressionProgram const& program);
};

/// What an input says of a potential given as a formula.
struct ExpressionParams {
  ExpressionProgram program;
  ExpressionPoint start{};  ///< the lowest minimum that was found, else 0 [length]
  bool confines = false;    ///< the energy rises far out in all directions
};

/// Read the table [potential] of an input: the formula `energy` and the numbers `constants` that it names.
/// @throws InputError  with the key, and the character where the formula is wrong
/// @throws Error       the force is not the derivative of the energy: a mistake of ours
ExpressionParams read_expression(Config const& config, int dimension, ExpressionMachine const& machine);

}  // namespace kramers::dynamics
