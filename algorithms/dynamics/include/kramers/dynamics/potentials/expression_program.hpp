// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace kramers::dynamics {

/// What one instruction of an ExpressionProgram does with the registers a, b, c and the number k that stands in it.
enum class Operation : std::uint8_t {
  number,           ///< k
  add,              ///< a + b
  add_number,       ///< a + k
  subtract,         ///< a - b
  multiply,         ///< a b
  multiply_number,  ///< k a
  divide,           ///< a / b
  divide_number,    ///< k / a
  fma,              ///< a b + c, rounded once, as the two below
  fma_plus_number,  ///< a b + k
  fma_by_number,    ///< k a + c
  square_root,
  exponential,
  logarithm,
  sine,
  cosine,
  hyperbolic_tangent,
  error_function,
  absolute,
  minimum,
  maximum,
  step,    ///< 1 where a >= 0, else 0
  select,  ///< b where a is not 0, else c
};

/// One instruction: register `to` becomes what `operation` makes of the registers a, b, c and the number.
template <class T>
struct ExpressionInstruction {
  T number;
  Operation operation;
  std::uint8_t to, a, b, c;
};

/// A formula and its derivatives as straight-line code. Registers 0 ... dimension-1 hold the position at first. The
/// instructions before `force_end` give the force, those before `energy_end` the energy too, all of them the Laplacian.
struct ExpressionProgram {
  static constexpr int most_dimensions = 2;
  static constexpr int most_registers = 32;
  static constexpr std::size_t most_instructions = 512;
  static constexpr std::size_t most_characters = 4096;

  std::vector<ExpressionInstruction<double>> instructions;
  int dimension = 1;
  int force_end = 0, energy_end = 0;
  std::array<std::uint8_t, most_dimensions> force{};  ///< registers
  std::uint8_t energy = 0, laplacian = 0;             ///< registers
};

/// What is wrong with a formula, and where: the character, from 1; 0 where it is all of it.
struct FormulaError {
  std::string problem;
  std::size_t character;
};

/// The value of an operation on numbers: the functions of kernels, so that a constant has the same bits everywhere.
using FoldOperation = double (*)(Operation operation, double a, double b, double c);

/// The number that a name in a formula stands for, or nothing where it is unknown.
using FindConstant = std::function<std::optional<double>(std::string_view name)>;

/// The program of a formula of the coordinates x (and y) with named constants, and of its derivatives, made symbolically.
/// Equal parts are computed once, constant ones here.
///
/// @throws FormulaError  the text is no formula, has a name that nobody knows, or needs more registers or instructions
///                       than there are
/// @note Cost  linear in the length of the formula and of its derivatives
ExpressionProgram compile_expression(std::string_view formula, int dimension, FindConstant const& find_constant,
                                     FoldOperation fold);

/// "expected ')' at character 7 of "(x^2-1", before "..."": a FormulaError as the end of a sentence.
std::string in_words(FormulaError const& error, std::string_view formula);

}  // namespace kramers::dynamics
