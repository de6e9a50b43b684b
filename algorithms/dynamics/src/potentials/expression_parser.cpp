// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "expression_parser.hpp"

#include <kramers/runtime/config.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <numbers>
#include <string>
#include <vector>

namespace kramers::dynamics::detail {
namespace {

using Id = ExpressionGraph::Id;

/// Deeper brackets are no formula of a person, and the parser calls itself for each.
constexpr int deepest = 100;

struct Function {
  std::string_view name;
  int arguments;
  Id (*make)(ExpressionGraph& graph, Id a, Id b, Id c);
};

template <Operation operation>
Id make(ExpressionGraph& graph, Id a, Id b, Id c) {
  return graph.function(operation, a, b, c);
}
Id tangent(ExpressionGraph& graph, Id a, Id, Id) {
  return graph.divide(graph.function(Operation::sine, a), graph.function(Operation::cosine, a));
}
Id hyperbolic_cosine(ExpressionGraph& graph, Id a, Id, Id) {
  return graph.hyperbolic_cosine(a);
}
// Without the difference of two exponentials, which is all rounding near 0.
Id hyperbolic_sine(ExpressionGraph& graph, Id a, Id, Id) {
  return graph.multiply(graph.function(Operation::hyperbolic_tangent, a), graph.hyperbolic_cosine(a));
}

constexpr std::array functions{
    Function{"sqrt", 1, make<Operation::square_root>},
    Function{"exp", 1, make<Operation::exponential>},
    Function{"log", 1, make<Operation::logarithm>},
    Function{"sin", 1, make<Operation::sine>},
    Function{"cos", 1, make<Operation::cosine>},
    Function{"tan", 1, tangent},
    Function{"sinh", 1, hyperbolic_sine},
    Function{"cosh", 1, hyperbolic_cosine},
    Function{"tanh", 1, make<Operation::hyperbolic_tangent>},
    Function{"erf", 1, make<Operation::error_function>},
    Function{"abs", 1, make<Operation::absolute>},
    Function{"min", 2, make<Operation::minimum>},
    Function{"max", 2, make<Operation::maximum>},
    Function{"step", 1, make<Operation::step>},
    Function{"select", 3, make<Operation::select>},
};
constexpr std::array<std::string_view, ExpressionProgram::most_dimensions> coordinates{"x", "y"};

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

class Parser {
 public:
  Parser(std::string_view text, int dimension, FindConstant const& find_constant, ExpressionGraph& graph)
      : m_text(text), m_dimension(static_cast<std::size_t>(dimension)), m_find(find_constant), m_graph(graph) {}

  Id parse() {
    if (m_text.size() > ExpressionProgram::most_characters) {
      throw FormulaError{"has more than " + std::to_string(ExpressionProgram::most_characters) + " characters", 0};
    }
    Id const result = sum();
    if (peek() == ')') fail("expected no ')', for no '(' is open,");
    if (!at_end()) fail("expected an operator");
    return result;
  }

 private:
  [[noreturn]] void fail(std::string const& problem, std::size_t place) const {
    throw FormulaError{problem, place + 1};
  }
  [[noreturn]] void fail(std::string const& problem) const { fail(problem, m_place); }

  bool at_end() const { return m_place == m_text.size(); }
  /// The next character that is no blank; 0 at the end.
  char peek() {
    while (!at_end() && (m_text[m_place] == ' ' || m_text[m_place] == '\t' || m_text[m_place] == '\n')) ++m_place;
    return at_end() ? '\0' : m_text[m_place];
  }
  bool take(char c) {
    if (peek() != c) return false;
    ++m_place;
    return true;
  }
  void expect(char c) {
    if (!take(c)) fail(std::string("expected '") + c + "'");
  }

  Id sum() {
    Id result = product();
    for (;;) {
      if (take('+')) {
        result = m_graph.add(result, product());
      } else if (take('-')) {
        result = m_graph.subtract(result, product());
      } else {
        return result;
      }
    }
  }

  Id product() {
    Id result = with_sign();
    for (;;) {
      if (take('*')) {
        if (peek() == '*') fail("expected a number, a name or '(', or '^' for a power,");
        result = m_graph.multiply(result, with_sign());
      } else if (take('/')) {
        result = m_graph.divide(result, with_sign());
      } else {
        return result;
      }
    }
  }

  Id with_sign() {
    if (++m_depth > deepest)
      fail("expected less than " + std::to_string(deepest) + " brackets and signs in each other");
    Id result;
    if (take('-')) {
      result = m_graph.negative(with_sign());
    } else if (take('+')) {
      result = with_sign();
    } else {
      result = operand();
      if (take('^')) result = m_graph.power(result, with_sign());
    }
    --m_depth;
    return result;
  }

  Id operand() {
    char const c = peek();
    if (is_digit(c) || c == '.') return number();
    if (is_letter(c)) return named();
    if (!take('(')) fail("expected a number, a name or '('");
    Id const result = sum();
    expect(')');
    return result;
  }

  Id number() {
    double value = 0;
    char const* const begin = m_text.data() + m_place;
    auto const [end, error] = std::from_chars(begin, m_text.data() + m_text.size(), value);
    if (error == std::errc::result_out_of_range) fail("expected a number that a double can hold");
    if (error != std::errc{}) fail("expected a number, a name or '('");
    m_place += static_cast<std::size_t>(end - begin);
    return m_graph.number(value);
  }

  Id named() {
    std::size_t const begin = m_place;
    while (!at_end() && (is_letter(m_text[m_place]) || is_digit(m_text[m_place]))) ++m_place;
    std::string_view const name = m_text.substr(begin, m_place - begin);
    auto const function = std::ranges::find(functions, name, &Function::name);
    if (function != functions.end()) return call(*function);
    for (std::size_t d = 0; d < m_dimension; ++d) {
      if (name == coordinates[d]) return m_graph.variable(static_cast<int>(d));
    }
    if (name == "pi") return m_graph.number(std::numbers::pi);
    if (peek() == '(') fail("expected " + one_of_functions(name), begin);
    if (auto const value = m_find(name)) return m_graph.number(*value);
    fail("expected " + known_names() + ", not '" + std::string(name) + "',", begin);
  }

  Id call(Function const& function) {
    expect('(');
    std::array<Id, 3> argument{};
    for (int i = 0; i < function.arguments; ++i) {
      if (i > 0) expect(',');
      argument[static_cast<std::size_t>(i)] = sum();
    }
    if (peek() == ',') {
      fail("expected ')', as '" + std::string(function.name) + "' has " + std::to_string(function.arguments) +
           (function.arguments == 1 ? " argument," : " arguments,"));
    }
    expect(')');
    return function.make(m_graph, argument[0], argument[1], argument[2]);
  }

  std::string known_names() const {
    std::string names;
    for (std::size_t d = 0; d < m_dimension; ++d) names += std::string(coordinates[d]) + ", ";
    return names + "pi, a function or a name of potential.constants";
  }
  static std::string one_of_functions(std::string_view name) {
    std::vector<std::string> all;
    std::string list;
    for (Function const& one : functions) {
      all.emplace_back(one.name);
      list += (list.empty() ? "" : ", ") + all.back();
    }
    auto const meant = kramers::detail::nearest_name(name, all);
    return "one of the functions " + list + (meant ? " (did you mean '" + *meant + "'?)" : "");
  }

  std::string_view m_text;
  std::size_t m_place = 0, m_dimension;
  int m_depth = 0;
  FindConstant const& m_find;
  ExpressionGraph& m_graph;
};

}  // namespace

Id parse_expression(std::string_view formula, int dimension, FindConstant const& find_constant,
                    ExpressionGraph& graph) {
  return Parser(formula, dimension, find_constant, graph).parse();
}

}  // namespace kramers::dynamics::detail
