// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/engine/sampling.hpp>
#include <kramers/dynamics/schemes/langevin_params.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

/// Results known exactly, by quadrature or by algebra, to compare simulations with. Host only, fp64.
namespace kramers::dynamics::exact {

using Energy = std::function<double(double)>;            ///< V(x)
using Energy2d = std::function<double(double, double)>;  ///< V(x, y)

struct Interval {
  double lower, upper;
};

// Equilibrium ---------------------------------------------------------------------------------------------------

/// Integral over [lower, upper] by Gauss-Legendre quadrature of order 8 on equal panels.
double integrate(Energy const& f, Interval const& range, int panels = 512);

/// The interval around `inside` outside of which exp(-(V - min V) / kT) is below 1e-16, so that integrals over it
/// stand for integrals over the line. V must grow on both sides.
/// @throws DomainError  V does not confine within 1e6 units of length
Interval confinement(Energy const& energy, double kT, double inside = 0);

/// <observable> under exp(-V / kT) on the range.
double boltzmann_mean(Energy const& energy, double kT, Energy const& observable, Interval const& range);

/// Probability of each bin of a one-dimensional grid under exp(-V / kT), given that x is inside the grid.
std::vector<double> boltzmann_bins(Energy const& energy, double kT, HistogramGrid const& grid);
/// The same for a grid in two dimensions, bins row by row (the second coordinate runs fastest).
std::vector<double> boltzmann_bins(Energy2d const& energy, double kT, HistogramGrid const& grid);

/// -kT log(density) of each bin from its probability, the quantity kramers::free_energy() estimates.
std::vector<double> free_energy(std::vector<double> const& probabilities, HistogramGrid const& grid, double kT);

// Rates ---------------------------------------------------------------------------------------------------------

/// Two wells and the barrier between them. Curvatures are |V''| [energy / length^2].
struct TwoWells {
  double left, top, right;             ///< positions
  double left_barrier, right_barrier;  ///< V(top) - V(well)
  double left_curvature, top_curvature, right_curvature;
};

/// Find the lowest minimum of V on the range, the other minimum with the highest barrier between them, and that
/// barrier, on a grid of 4000 points refined by golden section. Nothing if there is only one minimum.
std::optional<TwoWells> find_wells(Energy const& energy, Interval const& range);

/// Escape rate over a parabolic barrier with Ohmic friction (Kramers, Physica 7, 284 (1940); Grote and Hynes,
/// J. Chem. Phys. 73, 2715 (1980)): (sqrt(gamma^2/4 + omegab^2) - gamma/2) / omegab * omega0 / (2 pi) * exp(-barrier/kT).
/// Holds for barriers well above kT and moderate to strong friction.
double kramers_grote_hynes(double omega0, double omegab, double friction, double barrier, double kT);

/// Its strong-friction limit, omega0 omegab / (2 pi gamma) exp(-barrier/kT).
double kramers_overdamped(double omega0, double omegab, double friction, double barrier, double kT);

/// Time constant of the slowest relaxation inside a well of frequency omega0, 1 / (gamma/2 - Re sqrt(gamma^2/4 - omega0^2)).
double well_relaxation_time(double omega0, double friction);

/// Mean time of an overdamped walker from `from` to its first visit of `to`, (m gamma / kT) times the double integral
/// of exp(V(y)/kT) exp(-V(z)/kT), with a reflecting wall at `wall` on the other side of `from`
/// (Gardiner, Handbook of Stochastic Methods, 5.2.7). `drag` is m * gamma.
double mean_first_passage_time(Energy const& energy, double kT, double drag, double from, double to, double wall);

/// Probability that an overdamped walker at x reaches b before a (a < b): a ratio of integrals of exp(V/kT).
double committor(Energy const& energy, double kT, double a, double b, double x);

// Discrete time -------------------------------------------------------------------------------------------------

/// Diffusion coefficient and drift of a splitting on a flat or tilted plane, relative to continuous time:
/// (gamma h / 2) coth(gamma h / 2), for BAOAB, ABOBA and OBABO alike.
double diffusion_factor(double friction_times_dt);

using Matrix2 = std::array<std::array<double, 2>, 2>;

/// Mean and covariance of (x, v).
struct Moments {
  std::array<double, 2> mean{};
  Matrix2 covariance{};
};

/// One or many steps of a scheme in a harmonic potential: z -> M z + b + noise, z = (x, v).
struct AffineMap {
  Matrix2 matrix{{{1, 0}, {0, 1}}};
  std::array<double, 2> shift{};
  Matrix2 noise{};  ///< covariance

  /// This map, then `next`.
  AffineMap then(AffineMap const& next) const;
  /// n >= 0 times this map.
  AffineMap power(std::int64_t n) const;
  Moments apply(Moments const& z) const;
  /// The distribution that the map leaves alone. @throws DomainError  |eigenvalues| are not below one
  Moments stationary() const;
  /// Stationary <dz(n) dz(0)^T>, dz = z - <z>.
  Matrix2 lagged_covariance(std::int64_t n) const;
};

/// V(x) = k x^2 / 2 - f x.
struct HarmonicWell {
  double stiffness = 0, external_force = 0;
};

/// One step of the splitting spelled by `letters` (A, B, O, as in kramers::Splitting), composed letter by letter.
AffineMap splitting_step(std::string_view letters, HarmonicWell const& well, LangevinParams const& langevin);
/// The part of such a step before its last B, which leads to the half-step velocity.
AffineMap splitting_half_step(std::string_view letters, HarmonicWell const& well, LangevinParams const& langevin);
/// One step of GJF (schemes/gjf.hpp).
AffineMap gjf_step(HarmonicWell const& well, LangevinParams const& langevin);
/// One step of Euler-Maruyama; z = (x, 0).
AffineMap euler_maruyama_step(HarmonicWell const& well, LangevinParams const& langevin);
/// One step of Leimkuhler-Matthews; z = (x, the normal number carried to the next step).
AffineMap leimkuhler_matthews_step(HarmonicWell const& well, LangevinParams const& langevin);

}  // namespace kramers::dynamics::exact
