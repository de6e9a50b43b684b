// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/potentials/expression.hpp>
#include <kramers/dynamics/potentials/expression_params.hpp>

/// The kinds of formulas. They stand here, above the engine, because packs of walkers in formulas need a kernel of theirs.
namespace kramers::dynamics {

/// How programs name and read an Expression of D coordinates.
template <int D>
struct ExpressionKindOf {
  using Params = ExpressionParams;
  static constexpr int max_dimensions = 1;
  static Params read(Config const& config) {
    return read_expression(config, D, {detail::fold_operation, detail::load_expression<D>});
  }
  template <real T, class Space>
  static Expression<T, Space, D> make(Params const& p, Space const& space) {
    return Expression<T, Space, D>(space, p.program);
  }
  static bool confines(Params const& p) { return p.confines; }
};

/// Along one coordinate, x.
struct ExpressionKind : ExpressionKindOf<1> {
  static constexpr char name[] = "expression";
  static double usual_start(Params const& p) { return p.start[0]; }
};

/// On the plane of two coordinates, x and y.
struct Expression2dKind : ExpressionKindOf<2> {
  static constexpr char name[] = "expression_2d";
  static Vec<double, 2> usual_start(Params const& p) { return {p.start[0], p.start[1]}; }
};

}  // namespace kramers::dynamics
