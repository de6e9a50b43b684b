// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "backward_equation.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numbers>

namespace kramers::dynamics::exact::detail {
namespace {

constexpr int degree = Element::degree;

// P_n and P_{n-1} at t.
std::array<double, 2> legendre(int n, double t) {
  double last = 1, now = t;
  for (int i = 2; i <= n; ++i) {
    double const next = ((2 * i - 1) * t * now - (i - 1) * last) / i;
    last = now;
    now = next;
  }
  return {now, last};
}

Element make_element() {
  Element e{};
  for (int i = 0; i < degree; ++i) {
    double t = -std::cos(std::numbers::pi * (i + 0.75) / (degree + 0.5)), slope = 1;
    for (int step = 0; step < 50; ++step) {
      auto const [p, before] = legendre(degree, t);
      slope = degree * (t * p - before) / (t * t - 1);
      t -= p / slope;
    }
    e.point[i] = t;
    e.point_weight[i] = 2 / ((1 - t * t) * slope * slope);
  }
  for (int i = 0; i <= degree; ++i) {
    double t = -std::cos(std::numbers::pi * i / degree);
    for (int step = 0; step < 50 && i > 0 && i < degree; ++step) {
      auto const [p, before] = legendre(degree, t);
      t -= (t * p - before) / ((degree + 1) * p);  // a zero of (1 - t^2) P'
    }
    e.node[i] = t;
    double const p = legendre(degree, t)[0];
    e.node_weight[i] = 2 / (degree * (degree + 1) * p * p);
  }
  for (int g = 0; g < degree; ++g) {
    double const t = e.point[g];
    for (int j = 0; j <= degree; ++j) {
      // Sums over which factors are left out of the product.
      double value = 1, slope = 0, curvature = 0;
      for (int i = 0; i <= degree; ++i) {
        if (i == j) continue;
        double const scale = 1 / (e.node[j] - e.node[i]), factor = (t - e.node[i]) * scale;
        curvature = curvature * factor + 2 * slope * scale;
        slope = slope * factor + value * scale;
        value *= factor;
      }
      e.value[g][j] = value;
      e.slope[g][j] = slope;
      e.curvature[g][j] = curvature;
    }
  }
  for (int j = 0; j <= degree; ++j) {
    double const half = 0.5 * (e.node[j] + 1);
    for (int g = 0; g < degree; ++g) {
      double sum = 0;
      for (int q = 0; q < degree; ++q) {
        double const t = -1 + half * (1 + e.point[q]);
        double lagrange = 1;
        for (int i = 0; i < degree; ++i) {
          if (i != g) lagrange *= (t - e.point[i]) / (e.point[g] - e.point[i]);
        }
        sum += e.point_weight[q] * lagrange;
      }
      e.integral[j][g] = half * sum;
    }
  }
  return e;
}

// a -= s b over n numbers.
void subtract(double* a, double s, double const* b, int n) {
  for (int i = 0; i < n; ++i) a[i] -= s * b[i];
}
// The same for four rows at once, which spares three of four passes over a.
void subtract(double* a, double const* s, double const* const* b, int n) {
  double const s0 = s[0], s1 = s[1], s2 = s[2], s3 = s[3];
  double const *b0 = b[0], *b1 = b[1], *b2 = b[2], *b3 = b[3];
  for (int i = 0; i < n; ++i) a[i] -= s0 * b0[i] + s1 * b1[i] + s2 * b2[i] + s3 * b3[i];
}

// The upper triangle of U with U^T U = matrix, whose upper triangle is read.
void cholesky(Dense& matrix, int size) {
  for (int k = 0; k < size; ++k) {
    double* const pivot = matrix.row(k);
    double const scale = 1 / std::sqrt(pivot[k]);
    for (int j = k; j < size; ++j) pivot[j] *= scale;
    for (int i = k + 1; i < size; ++i) subtract(matrix.row(i) + i, pivot[i], pivot + i, size - i);
  }
}

// right <- U^-T right, for all columns.
void forward(Dense const& upper, Dense& right, int size) {
  for (int i = 0; i < size; ++i) {
    int j = 0;
    for (; j + 4 <= i; j += 4) {
      double const s[4] = {upper.row(j)[i], upper.row(j + 1)[i], upper.row(j + 2)[i], upper.row(j + 3)[i]};
      double const* const rows[4] = {right.row(j), right.row(j + 1), right.row(j + 2), right.row(j + 3)};
      subtract(right.row(i), s, rows, size);
    }
    for (; j < i; ++j) subtract(right.row(i), upper.row(j)[i], right.row(j), size);
    double const scale = 1 / upper.row(i)[i];
    for (int c = 0; c < size; ++c) right.row(i)[c] *= scale;
  }
}

// The upper triangle of matrix - X^T X.
void subtract_square(Dense& matrix, Dense const& x, int size) {
  for (int i = 0; i < size; ++i) {
    int r = 0;
    for (; r + 4 <= size; r += 4) {
      double const s[4] = {x.row(r)[i], x.row(r + 1)[i], x.row(r + 2)[i], x.row(r + 3)[i]};
      double const* const rows[4] = {x.row(r) + i, x.row(r + 1) + i, x.row(r + 2) + i, x.row(r + 3) + i};
      subtract(matrix.row(i) + i, s, rows, size - i);
    }
    for (; r < size; ++r) subtract(matrix.row(i) + i, x.row(r)[i], x.row(r) + i, size - i);
  }
}

// <|v / s| h_n h_m> for even n and m, by parts: 2 h_n(0) h_m(0) / sqrt(2 pi) (n + m + 1) / (1 - (n - m)^2).
Dense absolute_speed(int size) {
  std::vector<double> at_zero(static_cast<std::size_t>(size), 1);
  for (int k = 1; k < size; ++k) at_zero[k] = -std::sqrt((2 * k - 1) / (2.0 * k)) * at_zero[k - 1];
  Dense matrix(size);
  for (int i = 0; i < size; ++i) {
    for (int j = 0; j < size; ++j) {
      double const apart = 2 * (i - j);
      matrix.row(i)[j] = std::numbers::sqrt2 * std::numbers::inv_sqrtpi * at_zero[i] * at_zero[j] * (2 * (i + j) + 1) /
                         (1 - apart * apart);
    }
  }
  return matrix;
}

}  // namespace

Element const& element() {
  static Element const made = make_element();
  return made;
}

BackwardEquation::BackwardEquation(Energy const& energy, std::vector<double> const& edges, double friction,
                                   double thermal_speed, int pairs, Absorbing absorbing)
    : m_friction(friction), m_speed(thermal_speed), m_pairs(pairs), m_absorbing(absorbing) {
  Element const& one = element();
  m_elements.resize(edges.size() - 1);
  m_x.resize(static_cast<std::size_t>(nodes()));
  m_node_energy = m_node_weight = m_x;
  m_point_energy.resize(static_cast<std::size_t>(points()));
  for (int e = 0; e < elements(); ++e) {
    Part& part = m_elements[e];
    double const half = 0.5 * (edges[e + 1] - edges[e]);
    part.half_width = half;
    double* const at_node = m_node_energy.data() + e * degree;
    double* const at_point = m_point_energy.data() + e * degree;
    for (int j = 0; j <= degree; ++j) {
      m_x[e * degree + j] = edges[e] + half * (1 + one.node[j]);
      at_node[j] = energy(m_x[e * degree + j]);
      m_node_weight[e * degree + j] += half * one.node_weight[j];
    }
    for (int g = 0; g < degree; ++g) {
      at_point[g] = energy(edges[e] + half * (1 + one.point[g]));
      for (int j = 0; j <= degree; ++j) {
        double const ratio = std::exp(0.5 * (at_node[j] - at_point[g]));
        part.d[g][j] = one.slope[g][j] / half * ratio;
        part.b[g][j] = one.slope[g][j] / half / ratio;
      }
      double const weight = half * one.point_weight[g];
      for (int i = 0; i <= degree; ++i) {
        for (int j = 0; j <= degree; ++j) {
          part.dd[i][j] += weight * part.d[g][i] * part.d[g][j];
          part.bb[i][j] += weight * part.b[g][i] * part.b[g][j];
          part.db[i][j] += weight * part.d[g][i] * part.b[g][j];
        }
      }
    }
  }
  if (pairs > 0) factorise();
}

double BackwardEquation::diagonal(Part const& part, int k, int i, int j) const {
  double const n = 2 * k + 2, scale = m_speed * m_speed / m_friction;
  // u_1 is known, so that its elimination has no part in n = 2.
  double sum = scale * (part.dd[i][j] + (k == 0 ? 0 : n / (n - 1) * part.bb[i][j]));
  if (i == j) sum += m_friction * n * part.half_width * element().node_weight[i];
  return sum;
}

double BackwardEquation::coupling(Part const& part, int k, int i, int j) const {
  double const n = 2 * k + 2;
  return m_speed * m_speed / m_friction * std::sqrt((n + 2) / (n + 1)) * part.db[i][j];
}

// Factorise the rows of the nodes inside an element, and subtract from `schur` (lower triangle; index 2 k + side) what
// they do to its edges.
void BackwardEquation::factorise_interior(Part& part, Dense& schur) const {
  int const width = 2 * m_pairs;
  part.diagonal.resize(static_cast<std::size_t>(m_pairs));
  part.below.resize(static_cast<std::size_t>(m_pairs));
  std::vector<double> now(static_cast<std::size_t>(interior) * width), last(now.size());
  for (int k = 0; k < m_pairs; ++k) {
    Block& l = part.diagonal[k];
    for (int i = 0; i < interior; ++i) {
      for (int j = 0; j <= i; ++j) {
        double sum = diagonal(part, k, i + 1, j + 1);
        if (k > 0) {
          for (int r = 0; r < interior; ++r) sum -= part.below[k - 1][i][r] * part.below[k - 1][j][r];
        }
        for (int r = 0; r < j; ++r) sum -= l[i][r] * l[j][r];
        l[i][j] = i == j ? std::sqrt(sum) : sum / l[j][j];
      }
    }
    for (int i = 0; i < interior; ++i) {
      for (int j = 0; j < interior; ++j) {
        double sum = coupling(part, k, j + 1, i + 1);
        for (int r = 0; r < j; ++r) sum -= part.below[k][i][r] * l[j][r];
        part.below[k][i][j] = sum / l[j][j];
      }
    }
    // Rows k of (factor)^-1 (columns of the edges); columns above k + 1 are still zero.
    int const columns = std::min(width, 2 * (k + 2)), before = std::min(width, 2 * (k + 1));
    for (int i = 0; i < interior; ++i) {
      double* const row = now.data() + static_cast<std::size_t>(i) * width;
      std::fill(row, row + columns, 0.0);
      for (int side = 0; side < 2; ++side) {
        int const edge = side * degree;
        row[2 * k + side] = diagonal(part, k, i + 1, edge);
        if (k > 0) row[2 * (k - 1) + side] = coupling(part, k - 1, edge, i + 1);
        if (k + 1 < m_pairs) row[2 * (k + 1) + side] = coupling(part, k, i + 1, edge);
      }
      for (int r = 0; k > 0 && r < interior; ++r) {
        subtract(row, part.below[k - 1][i][r], last.data() + static_cast<std::size_t>(r) * width, before);
      }
      for (int r = 0; r < i; ++r) subtract(row, l[i][r], now.data() + static_cast<std::size_t>(r) * width, columns);
      for (int c = 0; c < columns; ++c) row[c] /= l[i][i];
    }
    for (int c = 0; c < columns; ++c) {
      int r = 0;
      auto const from = [&](int row) { return now.data() + static_cast<std::size_t>(row) * width; };
      for (; r + 4 <= interior; r += 4) {
        double const s[4] = {from(r)[c], from(r + 1)[c], from(r + 2)[c], from(r + 3)[c]};
        double const* const rows[4] = {from(r), from(r + 1), from(r + 2), from(r + 3)};
        subtract(schur.row(c), s, rows, c + 1);
      }
      for (; r < interior; ++r) subtract(schur.row(c), from(r)[c], from(r), c + 1);
    }
    std::swap(now, last);
  }
}

void BackwardEquation::factorise() {
  int const size = m_pairs + 1;  // with n = 0, which only ends that absorb couple
  m_factor.assign(m_elements.size() + 1, Dense(size));
  m_next.assign(m_elements.size(), Dense(size));
  for (Dense& block : m_factor) block.row(0)[0] = 1;
  auto const absorb = [&](Dense& block) {
    Dense const speed = absolute_speed(size);
    block.row(0)[0] = 0;
    for (int i = 0; i < size; ++i) {
      for (int j = i; j < size; ++j) block.row(i)[j] += m_speed * speed.row(i)[j];
    }
  };
  if (m_absorbing.lower) absorb(m_factor.front());
  if (m_absorbing.upper) absorb(m_factor.back());
  for (int e = 0; e < elements(); ++e) {
    Part& part = m_elements[e];
    Dense schur(2 * m_pairs);
    for (int k = 0; k < m_pairs; ++k) {
      for (int i = 0; i < 2; ++i) {
        for (int j = 0; j < 2; ++j) {
          schur.row(2 * k + i)[2 * k + j] = diagonal(part, k, i * degree, j * degree);
          if (k + 1 < m_pairs) schur.row(2 * k + 2 + j)[2 * k + i] = coupling(part, k, i * degree, j * degree);
        }
      }
    }
    factorise_interior(part, schur);
    Dense& left = m_factor[e];
    Dense& right = m_factor[e + 1];
    auto const entry = [&](int a, int b) { return schur.row(std::max(a, b))[std::min(a, b)]; };
    for (int k = 0; k < m_pairs; ++k) {
      for (int q = 0; q < m_pairs; ++q) {
        left.row(k + 1)[q + 1] += entry(2 * k, 2 * q);
        right.row(k + 1)[q + 1] += entry(2 * k + 1, 2 * q + 1);
        m_next[e].row(k + 1)[q + 1] = entry(2 * k, 2 * q + 1);
      }
    }
    cholesky(left, size);
    forward(left, m_next[e], size);
    subtract_square(right, m_next[e], size);
  }
  cholesky(m_factor.back(), size);
}

// right (node by node, pairs numbers each) <- (rows of the interior)^-1 right.
void BackwardEquation::solve_interior(Part const& part, std::vector<double>& right) const {
  auto const at = [&](int k, int i) -> double& { return right[static_cast<std::size_t>(i) * m_pairs + k]; };
  for (int k = 0; k < m_pairs; ++k) {
    for (int i = 0; i < interior; ++i) {
      double sum = at(k, i);
      for (int r = 0; k > 0 && r < interior; ++r) sum -= part.below[k - 1][i][r] * at(k - 1, r);
      for (int r = 0; r < i; ++r) sum -= part.diagonal[k][i][r] * at(k, r);
      at(k, i) = sum / part.diagonal[k][i][i];
    }
  }
  for (int k = m_pairs - 1; k >= 0; --k) {
    for (int i = interior - 1; i >= 0; --i) {
      double sum = at(k, i);
      for (int r = 0; k + 1 < m_pairs && r < interior; ++r) sum -= part.below[k][r][i] * at(k + 1, r);
      for (int r = i + 1; r < interior; ++r) sum -= part.diagonal[k][r][i] * at(k, r);
      at(k, i) = sum / part.diagonal[k][i][i];
    }
  }
}

PhaseFunction BackwardEquation::solve(std::vector<double> const& flux, PhaseFunction const* source, int gauge,
                                      double lower, double upper) const {
  Element const& one = element();
  double const s = m_speed, gamma = m_friction;
  int const size = m_pairs + 1;
  auto const pairs = static_cast<std::size_t>(m_pairs);
  PhaseFunction f;
  f.first.resize(flux.size());
  for (std::size_t i = 0; i < flux.size(); ++i) f.first[i] = flux[i] * std::exp(0.5 * m_point_energy[i]);
  f.even.assign(static_cast<std::size_t>(nodes()) * pairs, 0);
  f.odd.assign(static_cast<std::size_t>(points()) * pairs, 0);

  // Right sides of even n, after the elimination of odd n.
  for (int e = 0; e < elements() && m_pairs > 0; ++e) {
    Part const& part = m_elements[e];
    for (int g = 0; g < degree; ++g) {
      std::size_t const i = static_cast<std::size_t>(e) * degree + g;
      double const weight = part.half_width * one.point_weight[g];
      for (int j = 0; j <= degree; ++j) {
        double* const right = &f.even[(static_cast<std::size_t>(e) * degree + j) * pairs];
        double const d = s * weight * part.d[g][j], b = s * weight * part.b[g][j];
        right[0] -= std::numbers::sqrt2 * b * f.first[i];
        for (int k = 0; source && k < m_pairs; ++k) {
          double const n = 2 * k + 2;
          right[k] -= d / std::sqrt(n + 1) / gamma * source->odd[i * pairs + k];
          if (k > 0) right[k] -= std::sqrt(n) * b / (gamma * (n - 1)) * source->odd[i * pairs + k - 1];
        }
      }
    }
  }
  for (std::size_t i = 0; source && i < m_node_weight.size(); ++i) {
    for (std::size_t k = 0; k < pairs; ++k) f.even[i * pairs + k] += m_node_weight[i] * source->even[i * pairs + k];
  }

  if (m_pairs > 0) {
    // The edges, after their elements' interiors; then the interiors.
    std::vector<std::vector<double>> edge(m_elements.size() + 1, std::vector<double>(static_cast<std::size_t>(size)));
    auto const at_node = [&](int e, int j) { return &f.even[(static_cast<std::size_t>(e) * degree + j) * pairs]; };
    for (int e = 0; e <= elements(); ++e) std::copy_n(at_node(e, 0), m_pairs, edge[e].begin() + 1);
    edge.front()[0] = lower;
    edge.back()[0] = m_absorbing.upper ? upper : edge.back()[0];
    // visit(inner node, pair, side, pair, entry) for what couples an element's interior and its edges
    auto const couple = [&](Part const& part, auto const& visit) {
      for (int i = 0; i < interior; ++i) {
        for (int side = 0; side < 2; ++side) {
          for (int k = 0; k < m_pairs; ++k) {
            visit(i, k, side, k, diagonal(part, k, i + 1, side * degree));
            if (k + 1 == m_pairs) continue;
            visit(i, k, side, k + 1, coupling(part, k, i + 1, side * degree));
            visit(i, k + 1, side, k, coupling(part, k, side * degree, i + 1));
          }
        }
      }
    };
    std::vector<double> inside(static_cast<std::size_t>(interior) * pairs);
    for (int e = 0; e < elements(); ++e) {
      std::copy_n(at_node(e, 1), inside.size(), inside.begin());
      solve_interior(m_elements[e], inside);
      couple(m_elements[e], [&](int i, int k, int side, int q, double a) {
        edge[e + side][q + 1] -= a * inside[static_cast<std::size_t>(i) * pairs + k];
      });
    }
    for (int e = 0; e <= elements(); ++e) {
      std::vector<double>& right = edge[e];
      if (e > 0) {
        for (int r = 0; r < size; ++r) subtract(right.data(), edge[e - 1][r], m_next[e - 1].row(r), size);
      }
      for (int i = 0; i < size; ++i) {
        right[i] /= m_factor[e].row(i)[i];
        subtract(right.data() + i + 1, right[i], m_factor[e].row(i) + i + 1, size - i - 1);
      }
    }
    for (int e = elements(); e >= 0; --e) {
      std::vector<double>& right = edge[e];
      for (int i = size - 1; i >= 0; --i) {
        double sum = right[i];
        for (int c = 0; e < elements() && c < size; ++c) sum -= m_next[e].row(i)[c] * edge[e + 1][c];
        for (int c = i + 1; c < size; ++c) sum -= m_factor[e].row(i)[c] * right[c];
        right[i] = sum / m_factor[e].row(i)[i];
      }
    }
    for (int e = 0; e < elements(); ++e) {
      std::copy_n(at_node(e, 1), inside.size(), inside.begin());
      couple(m_elements[e], [&](int i, int k, int side, int q, double a) {
        inside[static_cast<std::size_t>(i) * pairs + k] -= a * edge[e + side][q + 1];
      });
      solve_interior(m_elements[e], inside);
      std::copy(inside.begin(), inside.end(), at_node(e, 1));
    }
    for (int e = 0; e <= elements(); ++e) std::copy_n(edge[e].begin() + 1, m_pairs, at_node(e, 0));
    if (m_absorbing.lower) f.lower = edge.front()[0] * std::exp(0.5 * m_node_energy.front());
    if (m_absorbing.upper) f.upper = edge.back()[0] * std::exp(0.5 * m_node_energy.back());
  }

  // Odd n, and c_0 from the row n = 1: each element's rise first, so that sums start at the gauge.
  std::vector<double> rise(m_x.size(), 0);
  for (int e = 0; e < elements(); ++e) {
    Part const& part = m_elements[e];
    for (int g = 0; g < degree; ++g) {
      std::size_t const i = static_cast<std::size_t>(e) * degree + g;
      double second = 0;
      for (int k = 0; k < m_pairs; ++k) {
        double const m = 2 * k + 3;
        double low = 0, high = 0;
        for (int j = 0; j <= degree; ++j) {
          double const* const even = &f.even[(static_cast<std::size_t>(e) * degree + j) * pairs];
          low += part.d[g][j] * even[k];
          if (k + 1 < m_pairs) high += part.b[g][j] * even[k + 1];
          if (k == 0) second += part.b[g][j] * even[0];
        }
        double const known = source ? source->odd[i * pairs + k] : 0;
        f.odd[i * pairs + k] = (s * (std::sqrt(m) * low + std::sqrt(m + 1) * high) + known) / (gamma * m);
      }
      double const known = source && m_pairs > 0 ? source->first[i] : 0;
      double const slope =
          std::exp(0.5 * m_point_energy[i]) * ((gamma * f.first[i] - known) / s - std::numbers::sqrt2 * second);
      for (int j = 1; j <= degree; ++j) rise[e * degree + j] += part.half_width * one.integral[j][g] * slope;
    }
  }
  f.mean.assign(m_x.size(), 0);
  int const home = std::min(gauge / degree, elements() - 1);
  auto const within = [&](int e, int j) { return j == 0 ? 0 : rise[e * degree + j]; };
  double const zero = within(home, gauge - home * degree);
  for (int j = 0; j <= degree; ++j) f.mean[home * degree + j] = within(home, j) - zero;
  for (int e = home + 1; e < elements(); ++e) {
    for (int j = 1; j <= degree; ++j) f.mean[e * degree + j] = f.mean[e * degree] + within(e, j);
  }
  for (int e = home - 1; e >= 0; --e) {
    double const end = f.mean[(e + 1) * degree] - within(e, degree);
    for (int j = 0; j < degree; ++j) f.mean[e * degree + j] = end + within(e, j);
  }
  return f;
}

}  // namespace kramers::dynamics::exact::detail
