// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <string_view>

#include "expression_graph.hpp"

namespace kramers::dynamics::detail {

/// Parse a formula into nodes of the graph:
///
///   sum      = product { ("+" | "-") product }
///   product  = signed { ("*" | "/") signed }
///   signed   = ("-" | "+") signed | power
///   power    = operand [ "^" signed ]           so that -x^2 = -(x^2) and 2^3^2 = 2^(3^2)
///   operand  = number | name | function "(" sum { "," sum } ")" | "(" sum ")"
///
/// @throws FormulaError
ExpressionGraph::Id parse_expression(std::string_view formula, int dimension, FindConstant const& find_constant,
                                     ExpressionGraph& graph);

}  // namespace kramers::dynamics::detail
