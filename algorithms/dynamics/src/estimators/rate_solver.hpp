// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/schemes/langevin_params.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <vector>

#include "backward_equation.hpp"

/// What exact_rates.cpp and step_shift.cpp share: where to solve, how finely, and the slowest mode.
namespace kramers::dynamics::exact::detail {

/// @throws DomainError  friction, temperature or mass not positive; a tolerance outside [1e-11, 1)
void check(LangevinParams const& langevin, double tolerance);

double thermal_speed(LangevinParams const& langevin);

/// V / kT, counted from the highest barrier, and the range where it is worth knowing: it ends where a walker from the
/// barrier comes with a probability of 5e-5 times the tolerance.
struct Landscape {
  Energy energy;
  Interval range;
};

/// @param inside  a place that walkers visit
/// @throws DomainError  V does not confine
Landscape landscape_of(Energy const& energy, double kT, double tolerance, double inside);

/// Edges of so many elements: close where V is steep, except far above the barrier, and towards ends that absorb, where
/// the solution goes like a broken power of the distance.
std::vector<double> mesh(Energy const& reduced, Interval const& range, int elements, Absorbing absorbing = {});

struct Resolution {
  int elements, pairs;
};

/// Where converge() should begin.
Resolution coarse(bool inertial, double tolerance);

/// Numbers computed at one resolution, and the sizes that errors are relative to.
struct Sample {
  std::vector<double> value, scale;
};

/// The largest relative difference; infinite if there is none to compare.
double distance(std::optional<Sample> const& a, std::optional<Sample> const& b);

/// What is still missing after a refinement of v that changed the result by `change`, and the one before it by `last`:
/// the tail of a geometric series, or ten times the change if nothing is known of its ratio.
double missing(double change, double last);
/// The same for x. Where V has kinks in a derivative, as splines have, elements meet them by chance: a change may be small
/// by luck, not two in a row.
double missing_of_kinks(double change, double last);

struct Converged {
  std::vector<double> value, scale;
  double error;  ///< relative to the scale
  int elements;  ///< at the finer resolution
};

/// Refine x and v, each as long as it changes the result, and give up when it will not get below the tolerance.
/// `evaluate` takes a Resolution and returns an optional Sample: nothing where it fails, which finer may not.
template <class Evaluate>
std::optional<Converged> converge(Evaluate const& evaluate, Resolution at, double tolerance) {
  constexpr double refinement = 1.4, most_work = 2e9, beyond_range = 0.02,
                   infinite = std::numeric_limits<double>::infinity();
  constexpr int most_elements = 400, most_pairs = 400;
  bool const velocities = at.pairs > 0;
  double last_x = infinite, last_v = infinite;
  std::optional<Sample> base = evaluate(at);
  int failures = 0;
  for (;;) {
    Resolution const in_x{static_cast<int>(std::ceil(at.elements * refinement)), at.pairs};
    Resolution const in_v{at.elements, static_cast<int>(std::ceil(at.pairs * refinement))};
    double const work = in_x.elements * std::pow(in_v.pairs, 3.0);
    if (in_x.elements > most_elements || in_v.pairs > most_pairs || work > most_work) return std::nullopt;
    std::optional<Sample> const fine_v = velocities ? evaluate(in_v) : base;
    std::optional<Sample> const fine_x = evaluate(in_x);
    if (!base && !fine_v && !fine_x && ++failures == 2) return std::nullopt;
    double const change_v = distance(base, fine_v), change_x = distance(base, fine_x);
    double const error_v = missing(change_v, last_v), error_x = missing_of_kinks(change_x, last_x);
    double const error = error_v + error_x + beyond_range * tolerance;
    if (error < tolerance) {
      Converged result{base->value, fine_x->scale, error, in_x.elements};
      for (std::size_t i = 0; i < result.value.size(); ++i) {
        result.value[i] = fine_v->value[i] + fine_x->value[i] - base->value[i];
      }
      return result;
    }
    bool const more_v = error_v > 0.5 * tolerance, more_x = error_x > 0.5 * tolerance;
    // A power of the resolution instead of an exponential: how far will it get?
    if (more_v && change_v < 1e-4 && change_v > 0.45 * last_v && error_x < tolerance) {
      double const steps = std::log(static_cast<double>(most_pairs) / at.pairs) / std::log(refinement);
      if (error_v * std::pow(change_v / last_v, steps) > tolerance) return std::nullopt;
    }
    if (more_v) last_v = change_v;
    if (more_x) last_x = change_x;
    at = {more_x ? in_x.elements : at.elements, more_v ? in_v.pairs : at.pairs};
    base = more_x && more_v ? evaluate(at) : more_v ? fine_v : fine_x;
  }
}

/// <f(x, -v) g(x, v)> in equilibrium, not normalised; the generator is symmetric under it.
double flipped_product(BackwardEquation const& equation, PhaseFunction const& f, PhaseFunction const& g);

/// exp(-E) dx at the nodes.
std::vector<double> density(BackwardEquation const& equation);

/// The flux J with s dJ/dx = -exp(-E) g_0 in weak form, for g_0 at the nodes with mean zero, or for any g_0 if the upper
/// end absorbs: then it is gathered from the lower one. Otherwise sums run from the end from which they gather less.
std::vector<double> flux_of(BackwardEquation const& equation, std::vector<double> const& g, bool from_lower_only);

/// An eigenfunction with mean zero, and minus its eigenvalue.
struct Mode {
  double rate;
  PhaseFunction function;
};

/// Inverse iteration, which converges as fast as the next relaxation is faster. Nothing if it does not converge within
/// 200 steps, or to a rate above friction / 2: there the slowest mode may oscillate.
std::optional<Mode> slowest_mode(BackwardEquation const& equation, double tolerance);

}  // namespace kramers::dynamics::exact::detail
