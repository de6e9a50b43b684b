// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/estimators/exact_rates.hpp>

#include <algorithm>
#include <cmath>
#include <numbers>

namespace kramers::dynamics::exact {
namespace {

// Integral of p dx over one round trip at the energy of the barrier, between the barrier and the point beyond the well
// where V is as high again.
double action(Energy const& energy, double mass, double top, double well) {
  double const height = energy(top), side = well - top;
  double inner = well, outer = well;
  for (double reach = 1; energy(outer) < height; reach *= 2) {
    expects(reach < 1e6, "V", "an energy that stays low", "one that rises above the barrier on both sides");
    inner = outer;
    outer = well + reach * side;
  }
  for (int i = 0; i < 100; ++i) (energy(0.5 * (inner + outer)) < height ? inner : outer) = 0.5 * (inner + outer);
  // x = turning point + cos: the square root becomes smooth at the turning point, and p dx is at the barrier already.
  double const length = inner - top;
  auto const momentum = [&](double angle) {
    double const x = top + length * 0.5 * (1 - std::cos(angle));
    return std::sqrt(std::max(0.0, 2 * mass * (height - energy(x)))) * 0.5 * std::abs(length) * std::sin(angle);
  };
  return 2 * integrate(momentum, {0, std::numbers::pi});
}

}  // namespace

EnergyLoss energy_loss(Energy const& energy, LangevinParams const& langevin, TwoWells const& wells) {
  expects(langevin.friction > 0, "friction", langevin.friction, "> 0");
  expects(langevin.temperature > 0, "temperature", langevin.temperature, "> 0");
  expects(langevin.mass > 0, "mass", langevin.mass, "> 0");
  double const scale = langevin.friction / langevin.temperature;
  return {scale * action(energy, langevin.mass, wells.top, wells.left),
          scale * action(energy, langevin.mass, wells.top, wells.right)};
}

double depopulation_factor(double loss) {
  expects(loss > 0, "loss", loss, "> 0");
  // t = tan(angle) / 2 makes the measure flat, dt / (t^2 + 1/4) = 2 d(angle); -log of the integrand is then
  // exp(-loss / (4 cos^2)) near the ends, flat there.
  auto const part = [&](double angle) {
    double const cosine = std::cos(angle);
    return std::log(-std::expm1(-loss / (4 * cosine * cosine)));
  };
  return std::exp(2 / std::numbers::pi * integrate(part, {0, 0.5 * std::numbers::pi}, 4096));
}

double turnover_rate(Energy const& energy, LangevinParams const& langevin, TwoWells const& wells) {
  EnergyLoss const loss = energy_loss(energy, langevin, wells);
  double const m = langevin.mass;
  return kramers_grote_hynes(std::sqrt(wells.left_curvature / m), std::sqrt(wells.top_curvature / m), langevin.friction,
                             wells.left_barrier, langevin.temperature) *
         depopulation_factor(loss.left) * depopulation_factor(loss.right) / depopulation_factor(loss.left + loss.right);
}

}  // namespace kramers::dynamics::exact
