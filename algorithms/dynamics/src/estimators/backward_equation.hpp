// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/estimators/exact.hpp>

#include <array>
#include <vector>

/// The backward equation of Langevin dynamics in one dimension, solved with full relative accuracy however rare the
/// crossings are. Private to exact_rates.cpp.
///
/// A function of (x, v) is sum_n c_n(x) h_n(v), h_n orthonormal Hermite polynomials of v / s, s = sqrt(kT / m), and
/// -L f = g reads, with E = V / kT and u_n = exp(-E / 2) c_n,
///   gamma n u_n - s sqrt(n) D u_{n-1} - s sqrt(n + 1) B u_{n+1} = g_n,
///   D = exp(-E/2) d/dx exp(E/2),   B = exp(E/2) d/dx exp(-E/2).
/// Even n live at the nodes of finite elements, odd n at their Gauss points, where they are eliminated: what is left
/// for even n >= 2 is symmetric and positive definite with eigenvalues above 2 gamma. The slow part never enters
/// a matrix: the row n = 0 says that the flux J = exp(-E) c_1 is an integral of exp(-E) g_0, the row n = 1 that c_0 is
/// one of the flux, both sums of terms of one sign. So a rate of exp(-30) keeps twelve digits in plain double.
namespace kramers::dynamics::exact::detail {

/// One finite element on [-1, 1]: Lagrange polynomials l_j on Gauss-Lobatto nodes, quadrature on Gauss points.
struct Element {
  static constexpr int degree = 8, nodes = degree + 1, points = degree;
  template <int Rows, int Columns>
  using Table = std::array<std::array<double, Columns>, Rows>;

  std::array<double, nodes> node, node_weight;
  std::array<double, points> point, point_weight;
  Table<points, nodes> value, slope, curvature;  ///< l_j, l_j', l_j'' at the points
  Table<nodes, points> integral;                 ///< from -1 to a node, of the Lagrange polynomials on the points
};

Element const& element();

/// Row by row.
class Dense {
 public:
  Dense() = default;
  explicit Dense(int size) : m_columns(size), m_entries(static_cast<std::size_t>(size) * size) {}
  double* row(int i) { return m_entries.data() + static_cast<std::size_t>(i) * m_columns; }
  double const* row(int i) const { return m_entries.data() + static_cast<std::size_t>(i) * m_columns; }

 private:
  int m_columns = 0;
  std::vector<double> m_entries;
};

/// Which ends absorb: f = 0 for walkers that leave there. The other ends reflect.
struct Absorbing {
  bool lower = false, upper = false;
};

/// A function of (x, v) by its coefficients.
struct PhaseFunction {
  std::vector<double> mean;     ///< c_0 at the nodes, minus its value at the gauge node
  std::vector<double> first;    ///< u_1 at the points
  std::vector<double> even;     ///< u_2, u_4, ... at node i: even[i * pairs + k], n = 2 k + 2
  std::vector<double> odd;      ///< u_3, u_5, ... at point i: odd[i * pairs + k], n = 2 k + 3
  double lower = 0, upper = 0;  ///< c_0 at the ends that absorb
};

class BackwardEquation {
 public:
  /// `pairs` pairs of Hermite functions beyond the first two; none is the overdamped equation. `energy` is V / kT.
  /// Cost: about 12 elements pairs^3 operations.
  BackwardEquation(Energy const& energy, std::vector<double> const& edges, double friction, double thermal_speed,
                   int pairs, Absorbing absorbing = {});

  /// The f with -L f = g, for a flux J (at the points) that obeys the row n = 0 [1]. `source` holds the rows n >= 1 of
  /// g, null for none; `lower` and `upper` are the right sides of the rows n = 0 of ends that absorb.
  PhaseFunction solve(std::vector<double> const& flux, PhaseFunction const* source, int gauge, double lower = 0,
                      double upper = 0) const;

  int elements() const { return static_cast<int>(m_elements.size()); }
  int nodes() const { return elements() * Element::degree + 1; }
  int points() const { return elements() * Element::points; }
  int pairs() const { return m_pairs; }
  double half_width(int e) const { return m_elements[static_cast<std::size_t>(e)].half_width; }
  std::vector<double> const& x() const { return m_x; }
  std::vector<double> const& node_energy() const { return m_node_energy; }
  std::vector<double> const& node_weight() const { return m_node_weight; }  ///< dx of a node
  std::vector<double> const& point_energy() const { return m_point_energy; }
  double friction() const { return m_friction; }
  double thermal_speed() const { return m_speed; }

 private:
  using Small = Element::Table<Element::nodes, Element::nodes>;
  static constexpr int interior = Element::degree - 1;
  using Block = Element::Table<interior, interior>;

  // What the solver keeps of an element: D^T D, B^T B, D^T B, and the factor of its interior nodes.
  struct Part {
    double half_width = 0;
    Element::Table<Element::points, Element::nodes> d, b;
    Small dd{}, bb{}, db{};
    std::vector<Block> diagonal, below;  // of the Cholesky factor, block tridiagonal in n
  };
  double diagonal(Part const& part, int k, int i, int j) const;
  double coupling(Part const& part, int k, int i, int j) const;  // of n = 2 k + 2 at i with n + 2 at j
  void factorise_interior(Part& part, Dense& schur) const;
  void solve_interior(Part const& part, std::vector<double>& right) const;
  void factorise();

  double m_friction, m_speed;
  int m_pairs;
  Absorbing m_absorbing;
  std::vector<Part> m_elements;
  std::vector<double> m_x, m_node_energy, m_node_weight, m_point_energy;
  std::vector<Dense> m_factor, m_next;  // of the edges' blocks: U of U^T U, and U^-T times the block beside it
};

}  // namespace kramers::dynamics::exact::detail
