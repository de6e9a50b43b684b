// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/estimators/exact_rates.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

#include "rate_solver.hpp"

namespace kramers::dynamics::exact {
namespace {

using namespace detail;

// Integral of exp(-E) over an interval.
double population(Energy const& reduced, Interval const& range) {
  return range.upper > range.lower ? integrate([&](double x) { return std::exp(-reduced(x)); }, range, 2000) : 0;
}

}  // namespace

std::optional<Estimate> relaxation_rate(Energy const& energy, LangevinParams const& langevin, Motion motion,
                                        double tolerance) {
  check(langevin, tolerance);
  auto const rate_within = [&](Landscape const& v, Resolution const& at) -> std::optional<Sample> {
    BackwardEquation const equation(v.energy, mesh(v.energy, v.range, at.elements), langevin.friction,
                                    thermal_speed(langevin), at.pairs);
    auto const mode = slowest_mode(equation, tolerance);
    if (!mode) return std::nullopt;
    return Sample{{mode->rate}, {mode->rate}};
  };
  Landscape const v = landscape_of(energy, langevin.temperature, tolerance, 0);
  auto const found = converge([&](Resolution const& at) { return rate_within(v, at); },
                              coarse(motion == Motion::underdamped, tolerance), tolerance);
  if (!found) return std::nullopt;
  // An energy that grows no faster than |x| has a continuum instead, whose edge depends on where the range ends. That is
  // seen without inertia too.
  Landscape const wider = landscape_of(energy, langevin.temperature, 1e-3 * tolerance, 0);
  Resolution const positions{2 * found->elements, 0};
  double const change = distance(rate_within(v, positions), rate_within(wider, positions));
  if (change > tolerance) return std::nullopt;
  return Estimate{found->value[0], (found->error + change) * found->value[0]};
}

std::optional<CoreSetRates> core_set_rate(Energy const& energy, LangevinParams const& langevin, double a, double b,
                                          Motion motion, double tolerance) {
  check(langevin, tolerance);
  expects(a < b, "a", a, "< b");
  Landscape const v = landscape_of(energy, langevin.temperature, tolerance, 0.5 * (a + b));
  expects(v.range.lower < a, "a", a, "where walkers come");
  expects(b < v.range.upper, "b", b, "where walkers come");
  double const below = population(v.energy, {v.range.lower, a}), above = population(v.energy, {b, v.range.upper});
  bool const inertial = motion == Motion::underdamped;
  Absorbing const ends{inertial, inertial};
  auto const exchange = [&](Resolution const& at) -> std::optional<Sample> {
    BackwardEquation const equation(v.energy, mesh(v.energy, {a, b}, at.elements, ends), langevin.friction,
                                    thermal_speed(langevin), at.pairs, ends);
    double const s = thermal_speed(langevin);
    std::vector<double> const flux(static_cast<std::size_t>(equation.points()), 1);
    // For a flux of 1 the committor rises by what the edges and the path between them add up to: resistances in series.
    PhaseFunction const q = equation.solve(flux, nullptr, 0, s * std::exp(0.5 * equation.node_energy().front()),
                                           -s * std::exp(0.5 * equation.node_energy().back()));
    double const resistance = q.lower - q.upper + q.mean.back();
    std::vector<double> const weight = density(equation);
    double all = below + above, last_in_a = below, last_in_b = above;
    for (std::size_t i = 0; i < weight.size(); ++i) {
      all += weight[i];
      last_in_a += weight[i] * (q.mean.back() - q.mean[i] - q.upper) / resistance;
      last_in_b += weight[i] * (q.mean[i] + q.lower) / resistance;
    }
    std::vector<double> const values{s / resistance / all, last_in_a / all, last_in_b / all};
    return Sample{values, values};
  };
  auto const found = converge(exchange, coarse(inertial, tolerance), tolerance);
  if (!found) return std::nullopt;
  auto const& value = found->value;
  return CoreSetRates{value[0] / value[1], value[0] / value[2], value[0], value[1], 2 * found->error};
}

std::optional<Estimate> mean_first_passage_time(Energy const& energy, LangevinParams const& langevin, double from,
                                                double to, double tolerance) {
  check(langevin, tolerance);
  expects(from != to, "to", to, "another place than the start");
  if (to < from) return mean_first_passage_time([&](double x) { return energy(-x); }, langevin, -from, -to, tolerance);
  auto const mirrored = [&](double x) { return energy(x < to ? x : 2 * to - x); };
  Landscape const v = landscape_of(mirrored, langevin.temperature, tolerance, to);
  expects(v.range.lower < from, "from", from, "where walkers come");
  auto const time = [&](Resolution const& at) -> std::optional<Sample> {
    std::vector<double> edges = mesh(v.energy, {v.range.lower, to}, at.elements, {false, true});
    // A node at the start: the nearest edge inside moves there.
    auto const nearest = std::min_element(edges.begin() + 1, edges.end() - 1,
                                          [&](double p, double q) { return std::abs(p - from) < std::abs(q - from); });
    *nearest = from;
    auto const node = static_cast<std::size_t>(nearest - edges.begin()) * Element::degree;
    BackwardEquation const equation(v.energy, edges, langevin.friction, thermal_speed(langevin), at.pairs,
                                    {false, true});
    std::vector<double> const weight = density(equation);
    PhaseFunction const t = equation.solve(
        flux_of(equation, std::vector<double>(weight.size(), 1), true), nullptr, equation.nodes() - 1, 0,
        std::exp(0.5 * equation.node_energy().back()) * std::accumulate(weight.begin(), weight.end(), 0.0));
    double const value = t.upper + t.mean[node];
    return Sample{{value}, {value}};
  };
  auto const found = converge(time, coarse(true, tolerance), tolerance);
  if (!found) return std::nullopt;
  return Estimate{found->value[0], found->error * found->value[0]};
}

}  // namespace kramers::dynamics::exact
