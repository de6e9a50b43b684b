// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/potentials/expression_program.hpp>

#include <map>
#include <tuple>
#include <vector>

namespace kramers::dynamics::detail {

/// Formulas as a graph without cycles: nodes are numbered so that each comes after those it is made of, and equal ones
/// are the same node. The functions that make nodes simplify: sums and products of numbers are computed, numbers stand
/// before other factors, differences are sums with -1 times the second term.
class ExpressionGraph {
 public:
  using Id = int;
  enum class Kind : std::uint8_t { number, variable, add, multiply, divide, power, function };
  struct Node {
    Kind kind;
    Operation function;  // of a function
    Id a, b, c;          // a: which variable
    double value;        // of a number; the exponent of a power, an integer > 1
  };

  explicit ExpressionGraph(FoldOperation fold) : m_fold(fold) {}

  Id number(double value);
  Id variable(int which);
  Id add(Id a, Id b);
  Id subtract(Id a, Id b) { return add(a, negative(b)); }
  Id multiply(Id a, Id b);
  Id negative(Id a) { return multiply(number(-1), a); }
  Id divide(Id a, Id b);
  Id power(Id base, Id exponent);
  Id function(Operation function, Id a, Id b = 0, Id c = 0);
  Id hyperbolic_cosine(Id a);

  /// The derivative of a node along a variable.
  Id derivative(Id of, int variable);
  /// The same nodes with powers as products.
  std::vector<Id> with_products(std::vector<Id> const& roots);

  Node const& operator[](Id id) const { return m_nodes[static_cast<std::size_t>(id)]; }
  bool is_number(Id id) const { return (*this)[id].kind == Kind::number; }
  std::size_t size() const { return m_nodes.size(); }
  /// The nodes that `roots` are made of, themselves included, in the order of their numbers.
  std::vector<Id> parts_of(std::vector<Id> const& roots) const;

 private:
  Id intern(Node const& node);
  Id integer_power(Id base, long long exponent);
  Id product_of(Id base, long long exponent);
  Id derivative_of_function(Node const& node, Id self, std::vector<Id> const& d);

  FoldOperation m_fold;
  std::vector<Node> m_nodes;
  std::map<std::tuple<Kind, Operation, Id, Id, Id, std::uint64_t>, Id> m_known;
};

/// How many nodes a node of this kind is made of.
int arity(ExpressionGraph::Node const& node);

}  // namespace kramers::dynamics::detail
