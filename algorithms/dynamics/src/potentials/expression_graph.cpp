// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "expression_graph.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numbers>

namespace kramers::dynamics::detail {
namespace {

// Of the whole graph, derivatives included; far above what a program can hold, so that it ends soon.
constexpr std::size_t most_nodes = 20000;
// A larger exponent is that of exp and log.
constexpr double largest_power = 1024;
// Of a power of powers.
constexpr long long most_power = 1 << 20;

}  // namespace

using Id = ExpressionGraph::Id;

int arity(ExpressionGraph::Node const& node) {
  using Kind = ExpressionGraph::Kind;
  switch (node.kind) {
    case Kind::number:
    case Kind::variable:
      return 0;
    case Kind::power:
      return 1;
    case Kind::function:
      return node.function == Operation::select                                           ? 3
             : node.function == Operation::minimum || node.function == Operation::maximum ? 2
                                                                                          : 1;
    default:
      return 2;
  }
}

Id ExpressionGraph::intern(Node const& node) {
  std::tuple const key{node.kind, node.function, node.a, node.b, node.c, std::bit_cast<std::uint64_t>(node.value)};
  auto const found = m_known.find(key);
  if (found != m_known.end()) return found->second;
  if (m_nodes.size() == most_nodes) throw FormulaError{"is too long, with its derivatives", 0};
  m_nodes.push_back(node);
  return m_known[key] = static_cast<Id>(m_nodes.size()) - 1;
}

Id ExpressionGraph::number(double value) {
  if (!std::isfinite(value)) throw FormulaError{"has a constant part that is no finite number", 0};
  return intern({Kind::number, {}, 0, 0, 0, value == 0 ? 0.0 : value});
}

Id ExpressionGraph::variable(int which) {
  return intern({Kind::variable, {}, which, 0, 0, 0});
}

Id ExpressionGraph::add(Id a, Id b) {
  if (a > b) std::swap(a, b);
  if (is_number(b)) std::swap(a, b);
  if (is_number(a)) {
    double const value = (*this)[a].value;
    if (is_number(b)) return number(value + (*this)[b].value);
    if (value == 0) return b;
    Node const other = (*this)[b];
    if (other.kind == Kind::add && is_number(other.a)) return add(number(value + (*this)[other.a].value), other.b);
  }
  // k u + m u = (k + m) u
  auto const split = [&](Id id) {
    Node const node = (*this)[id];
    bool const scaled = node.kind == Kind::multiply && is_number(node.a);
    return scaled ? std::pair{(*this)[node.a].value, node.b} : std::pair{1.0, id};
  };
  if (!is_number(a)) {
    auto const [k, u] = split(a);
    auto const [m, w] = split(b);
    if (u == w) return multiply(number(k + m), u);
  }
  return intern({Kind::add, {}, a, b, 0, 0});
}

Id ExpressionGraph::multiply(Id a, Id b) {
  if (a > b) std::swap(a, b);
  if (is_number(b)) std::swap(a, b);
  if (is_number(a)) {
    double const value = (*this)[a].value;
    if (is_number(b)) return number(value * (*this)[b].value);
    if (value == 0) return a;
    if (value == 1) return b;
    Node const other = (*this)[b];
    if (other.kind == Kind::multiply && is_number(other.a)) {
      return multiply(number(value * (*this)[other.a].value), other.b);
    }
    // Where it costs nothing, as the terms have numbers for factors.
    auto const has_number = [&](Id id) {
      Node const node = (*this)[id];
      return node.kind == Kind::number || (node.kind == Kind::multiply && is_number(node.a));
    };
    if (other.kind == Kind::add && has_number(other.a) && has_number(other.b)) {
      return add(multiply(a, other.a), multiply(a, other.b));
    }
    return intern({Kind::multiply, {}, a, b, 0, 0});
  }
  // Numbers move to the front.
  for (auto const& [scaled, other] : {std::pair{a, b}, std::pair{b, a}}) {
    Node const node = (*this)[scaled];
    if (node.kind == Kind::multiply && is_number(node.a)) return multiply(node.a, multiply(node.b, other));
  }
  auto const split = [&](Id id) {
    Node const node = (*this)[id];
    return node.kind == Kind::power ? std::pair{node.a, static_cast<long long>(node.value)} : std::pair{id, 1LL};
  };
  auto const [u, m] = split(a);
  auto const [w, n] = split(b);
  if (u == w) return integer_power(u, m + n);
  return intern({Kind::multiply, {}, a, b, 0, 0});
}

Id ExpressionGraph::divide(Id a, Id b) {
  if (is_number(b)) {
    double const value = (*this)[b].value;
    if (is_number(a)) return number((*this)[a].value / value);
    return multiply(number(1 / value), a);
  }
  if (a == b) return number(1);
  if (is_number(a) && (*this)[a].value == 0) return a;
  Node const node = (*this)[a];
  if (node.kind == Kind::multiply && is_number(node.a)) return multiply(node.a, divide(node.b, b));
  return intern({Kind::divide, {}, a, b, 0, 0});
}

Id ExpressionGraph::integer_power(Id base, long long exponent) {
  if (std::abs(exponent) > most_power) throw FormulaError{"has a power that is too large", 0};
  if (exponent < 0) return divide(number(1), integer_power(base, -exponent));
  if (exponent == 0) return number(1);
  if (exponent == 1) return base;
  if (is_number(base)) return product_of(base, exponent);
  Node const node = (*this)[base];
  if (node.kind == Kind::power) return integer_power(node.a, exponent * static_cast<long long>(node.value));
  return intern({Kind::power, {}, base, 0, 0, static_cast<double>(exponent)});
}

Id ExpressionGraph::power(Id base, Id exponent) {
  if (is_number(exponent)) {
    double const p = (*this)[exponent].value, whole = std::floor(p);
    if (std::abs(p) <= largest_power && (p == whole || p == whole + 0.5)) {
      Id const product = integer_power(base, static_cast<long long>(whole));
      return p == whole ? product : multiply(product, function(Operation::square_root, base));
    }
  }
  return function(Operation::exponential, multiply(exponent, function(Operation::logarithm, base)));
}

Id ExpressionGraph::function(Operation function, Id a, Id b, Id c) {
  Node const node{Kind::function, function, a, b, c, 0};
  Id const parts[] = {a, b, c};
  if (std::all_of(parts, parts + arity(node), [&](Id part) { return is_number(part); })) {
    auto const value = [&](int i) { return i < arity(node) ? (*this)[parts[i]].value : 0.0; };
    return number(m_fold(function, value(0), value(1), value(2)));
  }
  if (function == Operation::select && b == c) return b;
  return intern(node);
}

Id ExpressionGraph::hyperbolic_cosine(Id a) {
  Id const e = function(Operation::exponential, a);
  return multiply(number(0.5), add(e, divide(number(1), e)));
}

Id ExpressionGraph::derivative_of_function(Node const& node, Id self, std::vector<Id> const& d) {
  Id const a = node.a, inner = d[static_cast<std::size_t>(a)];
  switch (node.function) {
    case Operation::square_root:
      return divide(multiply(number(0.5), inner), self);
    case Operation::exponential:
      return multiply(self, inner);
    case Operation::logarithm:
      return divide(inner, a);
    case Operation::sine:
      return multiply(function(Operation::cosine, a), inner);
    case Operation::cosine:
      return multiply(negative(function(Operation::sine, a)), inner);
    case Operation::hyperbolic_tangent:
      return multiply(subtract(number(1), multiply(self, self)), inner);
    case Operation::error_function: {
      Id const gauss = function(Operation::exponential, negative(multiply(a, a)));
      return multiply(number(2 * std::numbers::inv_sqrtpi), multiply(gauss, inner));
    }
    case Operation::absolute:
      return function(Operation::select, function(Operation::step, a), inner, negative(inner));
    case Operation::minimum:
    case Operation::maximum: {
      bool const least = node.function == Operation::minimum;
      Id const first = function(Operation::step, least ? subtract(node.b, a) : subtract(a, node.b));
      return function(Operation::select, first, inner, d[static_cast<std::size_t>(node.b)]);
    }
    case Operation::select:
      return function(Operation::select, a, d[static_cast<std::size_t>(node.b)], d[static_cast<std::size_t>(node.c)]);
    default:  // a step
      return number(0);
  }
}

Id ExpressionGraph::derivative(Id of, int variable) {
  std::vector<Id> d(static_cast<std::size_t>(of) + 1, number(0));
  for (Id const id : parts_of({of})) {
    Node const node = (*this)[id];
    auto const along = [&](Id part) { return d[static_cast<std::size_t>(part)]; };
    Id& result = d[static_cast<std::size_t>(id)];
    switch (node.kind) {
      case Kind::number:
        break;
      case Kind::variable:
        result = number(node.a == variable ? 1 : 0);
        break;
      case Kind::add:
        result = add(along(node.a), along(node.b));
        break;
      case Kind::multiply:
        result = add(multiply(along(node.a), node.b), multiply(node.a, along(node.b)));
        break;
      case Kind::divide:
        result = subtract(divide(along(node.a), node.b), divide(multiply(id, along(node.b)), node.b));
        break;
      case Kind::power: {
        auto const n = static_cast<long long>(node.value);
        result = multiply(multiply(number(node.value), integer_power(node.a, n - 1)), along(node.a));
        break;
      }
      case Kind::function:
        result = derivative_of_function(node, id, d);
        break;
    }
  }
  return d.back();
}

std::vector<Id> ExpressionGraph::parts_of(std::vector<Id> const& roots) const {
  std::vector<bool> is_part(m_nodes.size(), false);
  for (Id const root : roots) is_part[static_cast<std::size_t>(root)] = true;
  std::vector<Id> parts;
  for (std::size_t i = m_nodes.size(); i-- > 0;) {
    if (!is_part[i]) continue;
    parts.push_back(static_cast<Id>(i));
    Node const& node = m_nodes[i];
    Id const below[] = {node.a, node.b, node.c};
    for (int k = 0; k < arity(node); ++k) is_part[static_cast<std::size_t>(below[k])] = true;
  }
  std::ranges::reverse(parts);
  return parts;
}

// By squares, so that powers share them.
Id ExpressionGraph::product_of(Id base, long long exponent) {
  if (exponent == 1) return base;
  Id const half = product_of(base, exponent / 2);
  auto const times = [&](Id a, Id b) {
    if (is_number(a) && is_number(b)) return number((*this)[a].value * (*this)[b].value);
    return intern({Kind::multiply, {}, std::min(a, b), std::max(a, b), 0, 0});
  };
  Id const square = times(half, half);
  return exponent % 2 == 0 ? square : times(square, base);
}

std::vector<Id> ExpressionGraph::with_products(std::vector<Id> const& roots) {
  std::vector<Id> now(m_nodes.size());
  for (Id const id : parts_of(roots)) {
    Node node = (*this)[id];
    int const parts = arity(node);
    if (parts > 0) node.a = now[static_cast<std::size_t>(node.a)];
    if (parts > 1) node.b = now[static_cast<std::size_t>(node.b)];
    if (parts > 2) node.c = now[static_cast<std::size_t>(node.c)];
    now[static_cast<std::size_t>(id)] =
        node.kind == Kind::power ? product_of(node.a, static_cast<long long>(node.value)) : intern(node);
  }
  std::vector<Id> result;
  for (Id const root : roots) result.push_back(now[static_cast<std::size_t>(root)]);
  return result;
}

}  // namespace kramers::dynamics::detail
