// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/potentials/expression_program.hpp>

#include <algorithm>
#include <limits>

#include "expression_parser.hpp"

namespace kramers::dynamics {
namespace {

using detail::arity;
using detail::ExpressionGraph;
using Id = ExpressionGraph::Id;
using Kind = ExpressionGraph::Kind;

/// Instructions whose registers are the nodes of a graph, as many as there are.
struct Draft {
  double number;
  Operation operation;
  Id to, a, b, c;  // -1: none
};
constexpr Id none = -1;

/// Puts the nodes of a graph in order, each once, and chooses instructions for them.
class Drafter {
 public:
  explicit Drafter(ExpressionGraph const& graph) : m_graph(graph), m_is_done(graph.size(), false) {}

  /// Instructions for these nodes that have not been there before.
  void add(std::vector<Id> const& roots) {
    std::vector<Id> const parts = m_graph.parts_of(roots);
    if (parts.size() > 2 * ExpressionProgram::most_instructions) too_long();  // half of them may be numbers
    m_uses.assign(m_graph.size(), 0);
    for (Id const root : roots) ++m_uses[index(root)];
    for (Id const id : parts) {
      auto const& node = m_graph[id];
      Id const below[] = {node.a, node.b, node.c};
      for (int i = 0; i < arity(node); ++i) ++m_uses[index(below[i])];
    }
    for (Id const root : roots) visit(root);
    if (m_drafts.size() > ExpressionProgram::most_instructions) too_long();
  }
  std::vector<Draft> const& drafts() const { return m_drafts; }

 private:
  [[noreturn]] static void too_long() {
    throw FormulaError{"needs more than " + std::to_string(ExpressionProgram::most_instructions) +
                           " instructions with its derivatives",
                       0};
  }
  static std::size_t index(Id id) { return static_cast<std::size_t>(id); }
  double value(Id id) const { return m_graph[id].value; }

  void visit(Id id) {
    if (m_is_done[index(id)]) return;
    m_is_done[index(id)] = true;
    auto const& node = m_graph[id];
    switch (node.kind) {
      case Kind::variable:
        return;
      case Kind::number:
        return emit({node.value, Operation::number, id, none, none, none});
      case Kind::add:
        return add_terms(id, node);
      case Kind::divide:
        if (m_graph.is_number(node.a)) {
          visit(node.b);
          return emit({value(node.a), Operation::divide_number, id, node.b, none, none});
        }
        visit(node.a);
        visit(node.b);
        return emit({0, Operation::divide, id, node.a, node.b, none});
      case Kind::function: {
        Id const below[] = {node.a, node.b, node.c};
        for (int i = 0; i < arity(node); ++i) visit(below[i]);
        return emit({0, node.function, id, node.a, arity(node) > 1 ? node.b : none, arity(node) > 2 ? node.c : none});
      }
      default:  // products; there are no powers any more
        if (m_graph.is_number(node.a)) {
          visit(node.b);
          return emit({value(node.a), Operation::multiply_number, id, node.b, none, none});
        }
        visit(node.a);
        visit(node.b);
        return emit({0, Operation::multiply, id, node.a, node.b, none});
    }
  }

  /// A product that nothing else of these roots needs becomes part of its sum.
  bool is_only_here(Id id) const {
    return m_graph[id].kind == Kind::multiply && m_uses[index(id)] == 1 && !m_is_done[index(id)];
  }

  void add_terms(Id id, ExpressionGraph::Node const& node) {
    Id const product = is_only_here(node.b) ? node.b : is_only_here(node.a) ? node.a : none;
    if (m_graph.is_number(node.a)) {
      if (product == none || m_graph.is_number(m_graph[product].a)) {
        visit(node.b);
        return emit({value(node.a), Operation::add_number, id, node.b, none, none});
      }
      visit(m_graph[product].a);
      visit(m_graph[product].b);
      return emit({value(node.a), Operation::fma_plus_number, id, m_graph[product].a, m_graph[product].b, none});
    }
    if (product == none) {
      visit(node.a);
      visit(node.b);
      return emit({0, Operation::add, id, node.a, node.b, none});
    }
    Id const other = product == node.b ? node.a : node.b;
    auto const& factors = m_graph[product];
    visit(other);
    if (!m_graph.is_number(factors.a)) {
      visit(factors.a);
      visit(factors.b);
      return emit({0, Operation::fma, id, factors.a, factors.b, other});
    }
    visit(factors.b);
    if (value(factors.a) == -1) return emit({0, Operation::subtract, id, other, factors.b, none});
    return emit({value(factors.a), Operation::fma_by_number, id, factors.b, none, other});
  }

  void emit(Draft const& draft) { m_drafts.push_back(draft); }

  ExpressionGraph const& m_graph;
  std::vector<int> m_uses;  // among the present roots
  std::vector<bool> m_is_done;
  std::vector<Draft> m_drafts;
};

/// Gives each node a register from its instruction to its last use.
class Registers {
 public:
  Registers(std::vector<Draft> const& drafts, std::vector<Id> const& roots, std::size_t nodes)
      : m_last_use(nodes, -1), m_of(nodes, none) {
    for (std::size_t i = 0; i < drafts.size(); ++i) {
      for (Id const used : {drafts[i].a, drafts[i].b, drafts[i].c}) {
        if (used != none) m_last_use[static_cast<std::size_t>(used)] = static_cast<int>(i);
      }
    }
    for (Id const root : roots) m_last_use[static_cast<std::size_t>(root)] = std::numeric_limits<int>::max();
  }

  void place_coordinate(Id id, int which) {
    m_of[static_cast<std::size_t>(id)] = which;
    m_in_use[static_cast<std::size_t>(which)] = id;
  }

  ExpressionInstruction<double> assign(Draft const& draft, int at) {
    ExpressionInstruction<double> result{draft.number, draft.operation, 0, of(draft.a), of(draft.b), of(draft.c)};
    for (Id& id : m_in_use) {
      if (id != none && m_last_use[static_cast<std::size_t>(id)] <= at) id = none;
    }
    auto const free = std::ranges::find(m_in_use, none);
    if (free == m_in_use.end()) {
      throw FormulaError{"needs more than " + std::to_string(ExpressionProgram::most_registers) +
                             " numbers at a time with its derivatives",
                         0};
    }
    *free = draft.to;
    m_of[static_cast<std::size_t>(draft.to)] = static_cast<int>(free - m_in_use.begin());
    result.to = of(draft.to);
    return result;
  }

  std::uint8_t of(Id id) const {
    return id == none ? std::uint8_t{0} : static_cast<std::uint8_t>(m_of[static_cast<std::size_t>(id)]);
  }

 private:
  std::vector<int> m_last_use;
  std::vector<Id> m_of;
  std::array<Id, ExpressionProgram::most_registers> m_in_use = [] {
    std::array<Id, ExpressionProgram::most_registers> all{};
    all.fill(none);
    return all;
  }();
};

}  // namespace

ExpressionProgram compile_expression(std::string_view formula, int dimension, FindConstant const& find_constant,
                                     FoldOperation fold) {
  ExpressionGraph graph(fold);
  std::vector<Id> variables;
  for (int d = 0; d < dimension; ++d) variables.push_back(graph.variable(d));
  Id const energy = detail::parse_expression(formula, dimension, find_constant, graph);
  std::vector<Id> roots;
  Id laplacian = graph.number(0);
  for (int d = 0; d < dimension; ++d) {
    Id const slope = graph.derivative(energy, d);
    roots.push_back(graph.negative(slope));
    laplacian = graph.add(laplacian, graph.derivative(slope, d));
  }
  roots.push_back(energy);
  roots.push_back(laplacian);
  roots = graph.with_products(roots);

  ExpressionProgram program;
  program.dimension = dimension;
  Drafter drafter(graph);
  auto const axes = static_cast<std::size_t>(dimension);
  drafter.add({roots.begin(), roots.begin() + dimension});
  program.force_end = static_cast<int>(drafter.drafts().size());
  drafter.add({roots[axes]});
  program.energy_end = static_cast<int>(drafter.drafts().size());
  drafter.add({roots[axes + 1]});
  Registers registers(drafter.drafts(), roots, graph.size());
  for (int d = 0; d < dimension; ++d) registers.place_coordinate(variables[static_cast<std::size_t>(d)], d);
  for (Draft const& draft : drafter.drafts()) {
    program.instructions.push_back(registers.assign(draft, static_cast<int>(program.instructions.size())));
  }
  for (std::size_t d = 0; d < axes; ++d) program.force[d] = registers.of(roots[d]);
  program.energy = registers.of(roots[axes]);
  program.laplacian = registers.of(roots[axes + 1]);
  return program;
}

std::string in_words(FormulaError const& error, std::string_view formula) {
  constexpr std::size_t most = 40;
  auto const shown = [&](std::string_view text) {
    std::string line(text.substr(0, most));
    std::ranges::replace_if(line, [](char c) { return static_cast<unsigned char>(c) < ' '; }, ' ');
    return "\"" + line + (text.size() > most ? "...\"" : "\"");
  };
  if (error.character == 0) return error.problem;
  std::size_t const before = std::min(error.character - 1, formula.size());
  std::string text = error.problem + " at character " + std::to_string(error.character) + " of " + shown(formula);
  return text + (before == formula.size() ? ", at its end" : ", before " + shown(formula.substr(before)));
}

}  // namespace kramers::dynamics
