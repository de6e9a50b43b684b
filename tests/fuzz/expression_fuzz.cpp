// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any bytes as a formula: a program whose registers and instructions are within their bounds, or a FormulaError.
#include <kramers/dynamics/potentials/expression_program.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <string_view>

namespace {

using namespace kramers::dynamics;

// Of constant parts; which function it is does not matter here.
double fold(Operation operation, double a, double b, double c) {
  return operation == Operation::select ? (a != 0 ? b : c) : a / (1 + b * b) + 0.5;
}

std::optional<double> constant(std::string_view name) {
  return name.size() == 1 ? std::optional(2.0) : std::nullopt;
}

void use(std::string_view text, int dimension) {
  try {
    ExpressionProgram const program = compile_expression(text, dimension, constant, fold);
    int const size = static_cast<int>(program.instructions.size());
    if (program.instructions.size() > ExpressionProgram::most_instructions) std::abort();
    if (program.force_end < 0 || program.energy_end < program.force_end || size < program.energy_end) std::abort();
    for (auto const& one : program.instructions) {
      for (int const used : {one.to, one.a, one.b, one.c}) {
        if (used >= ExpressionProgram::most_registers) std::abort();
      }
    }
  } catch (FormulaError const& error) {
    if (error.character > text.size() + 1) std::abort();
    if (in_words(error, text).find('\n') != std::string::npos) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size) {
  std::string_view const text(reinterpret_cast<char const*>(data), size);
  use(text, 1);
  use(text, 2);
  return 0;
}
