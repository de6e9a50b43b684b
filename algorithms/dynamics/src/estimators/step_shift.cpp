// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/estimators/exact_rates.hpp>

#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

#include "rate_solver.hpp"

namespace kramers::dynamics::exact {
namespace {

using namespace detail;

// Brackets <f(x, -v) ... f(x, v)> of the slowest f, not normalised.
struct Brackets {
  double norm = 0;          // 1
  double damping = 0;       // sum of n, for the generator of friction
  double diffusion = 0;     // a' d^2/dv^2
  double acceleration = 0;  // a a' d/dv
};

Brackets brackets(BackwardEquation const& equation, PhaseFunction const& f) {
  Element const& one = element();
  constexpr int degree = Element::degree;
  double const s = equation.thermal_speed();
  auto const pairs = static_cast<std::size_t>(equation.pairs());
  auto const& energy = equation.node_energy();
  Brackets sum;
  sum.norm = flipped_product(equation, f, f);
  for (std::size_t i = 0; i < energy.size(); ++i) {
    for (std::size_t k = 0; k < pairs; ++k) {
      double const even = f.even[i * pairs + k];
      sum.damping += equation.node_weight()[i] * static_cast<double>(2 * k + 2) * even * even;
    }
  }
  std::vector<double> c(2 * pairs + 2);
  for (int i = 0; i < equation.points(); ++i) {
    int const e = i / degree, g = i % degree;
    double const half = equation.half_width(e), weight = half * one.point_weight[g];
    double slope = 0, curvature = 0;  // of V / kT, from its values at the nodes
    for (std::size_t n = 0; n < c.size(); n += 2) c[n] = 0;
    for (int j = 0; j <= degree; ++j) {
      auto const node = static_cast<std::size_t>(e) * degree + j;
      slope += one.slope[g][j] / half * energy[node];
      curvature += one.curvature[g][j] / (half * half) * energy[node];
      double const at_point = one.value[g][j] * std::exp(0.5 * (energy[node] - equation.point_energy()[i]));
      c[0] += at_point * std::exp(-0.5 * energy[node]) * f.mean[node];
      for (std::size_t k = 0; k < pairs; ++k) c[2 * k + 2] += at_point * f.even[node * pairs + k];
    }
    c[1] = f.first[i];
    for (std::size_t k = 0; k < pairs; ++k) c[2 * k + 3] = f.odd[static_cast<std::size_t>(i) * pairs + k];
    double const a = -s * s * slope, gradient = -s * s * curvature;
    for (std::size_t n = 0; n < c.size(); ++n) {
      double const order = static_cast<double>(n), sign = n % 2 == 0 ? 1 : -1;
      if (n % 2 == 1) sum.damping -= weight * order * c[n] * c[n];
      if (n + 1 < c.size()) {
        sum.acceleration += sign * weight * a * gradient * std::sqrt(order + 1) / s * c[n] * c[n + 1];
      }
      if (n + 2 < c.size()) {
        sum.diffusion += sign * weight * gradient * std::sqrt((order + 1) * (order + 2)) / (s * s) * c[n] * c[n + 2];
      }
    }
  }
  return sum;
}

}  // namespace

std::optional<Estimate> step_shift(Energy const& energy, LangevinParams const& langevin, std::string_view letters,
                                   double tolerance) {
  check(langevin, tolerance);
  // Splittings that differ by where a cycle begins have the same eigenvalues: A O A B, or A B O B.
  bool const friction_within_drift = letters == "BAOAB";
  expects(friction_within_drift || letters == "ABOBA" || letters == "OBABO", "letters", letters,
          "BAOAB, ABOBA or OBABO");
  Landscape const v = landscape_of(energy, langevin.temperature, tolerance, 0);
  double const gamma = langevin.friction, s = thermal_speed(langevin);
  auto const shift = [&](Resolution const& at) -> std::optional<Sample> {
    BackwardEquation const equation(v.energy, mesh(v.energy, v.range, at.elements), gamma, s, at.pairs);
    // The rate is better by an order than the function, which counts here.
    auto const mode = slowest_mode(equation, tolerance * tolerance);
    if (!mode) return std::nullopt;
    Brackets const f = brackets(equation, mode->function);
    double const decay = mode->rate * f.norm;
    double const damping = gamma * gamma / 24 * (1 - gamma * f.damping / decay);
    double const diffusion = (friction_within_drift ? -1 : 2) * gamma * s * s / 12 * f.diffusion / decay;
    double const acceleration = f.acceleration / 12 / decay;
    return Sample{{damping + diffusion + acceleration},
                  {std::abs(damping) + std::abs(diffusion) + std::abs(acceleration)}};
  };
  auto const found = converge(shift, coarse(true, 0.01 * tolerance), tolerance);
  if (!found) return std::nullopt;
  return Estimate{found->value[0], found->error * found->scale[0]};
}

}  // namespace kramers::dynamics::exact
