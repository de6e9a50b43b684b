// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/estimators/exact.hpp>
#include <kramers/dynamics/schemes/langevin_params.hpp>

#include <optional>
#include <string_view>

/// Rates of Langevin dynamics in any confining V(x), from the Kramers and Smoluchowski equations instead of walkers.
///
/// Of LangevinParams these use friction > 0, temperature > 0 and mass > 0, never dt. V is an energy of one coordinate,
/// with any number of wells, given by values only: a formula or a table. A smooth V gives the most digits; one with
/// kinks (a table joined by straight lines) converges slowly, and nothing is returned where `tolerance` is not reached.
/// Rates keep their relative accuracy however small they are: barriers of 30 kT and more cost no digit.
///
/// Each number is computed with two resolutions of x and two of v. The error is an estimate from their differences, on
/// the side of caution; the value is the better one. Nothing is returned if the error stays above the tolerance at the
/// largest resolution (400 elements, 800 Hermite functions), as it does at very low friction, or if the question has no
/// such answer. @throws DomainError for parameters out of range, and for a V that does not confine.
/// Cost   0.01 to 0.5 s at friction above a tenth of the wells' frequency; seconds below, and often nothing at all below
///        a fiftieth of it.
/// Source Risken, The Fokker-Planck Equation, chapter 10 (expansion in Hermite functions); the discretisation stands in
///        src/estimators/backward_equation.hpp.
namespace kramers::dynamics::exact {

/// Langevin dynamics, or its limit without inertia, m gamma dx = F dt + sqrt(2 m gamma kT) dW.
enum class Motion { underdamped, overdamped };

/// A number and an estimate of its error.
struct Estimate {
  double value;
  double error;  ///< absolute, in the units of the value
};

/// The smallest eigenvalue above zero of the Kramers-Fokker-Planck or the Smoluchowski operator [1/tau]: the rate at
/// which populations relax. For two wells the rate left -> right over the barrier is this times the equilibrium
/// probability of the right well, half of it if the wells are equal.
/// Nothing if the slowest mode may oscillate, which is if the rate is not below friction / 2 (a harmonic well with
/// friction < 2 omega), or if V grows no faster than |x| and no barrier makes one relaxation slower than all others.
/// @param tolerance  relative error, 1e-11 or more
std::optional<Estimate> relaxation_rate(Energy const& energy, LangevinParams const& langevin, Motion motion,
                                        double tolerance = 1e-8);

/// Stationary exchange between A = {x <= a} and B = {x >= b}, whatever the velocity.
struct CoreSetRates {
  double forward;         ///< crossings A -> B per time during which A was visited last [1/tau]
  double backward;        ///< the same for B -> A [1/tau]
  double crossings;       ///< A -> B per time in equilibrium, as many as B -> A [1/tau]
  double last_in_a;       ///< probability that A was visited last
  double relative_error;  ///< of any of these
};

/// @param a, b  a < b: the edges of the core sets
/// @param tolerance  relative error. Walkers at the edge of a core have a distribution of velocities with a jump at
///                   zero: if the edges stand high on the barrier it limits what can be reached to about 1e-5.
/// Source  Hill, Free Energy Transduction (1977); Vanden-Eijnden, Venturoli, Ciccotti and Elber, J. Chem. Phys. 129,
///         174102 (2008).
std::optional<CoreSetRates> core_set_rate(Energy const& energy, LangevinParams const& langevin, double a, double b,
                                          Motion motion, double tolerance = 1e-6);

/// Mean time of an underdamped walker from x = `from`, with a velocity of the heat bath, to its first visit of the
/// other side of `to` [tau]. V matters on the side of the start alone, where it must confine.
/// @param tolerance  relative error
std::optional<Estimate> mean_first_passage_time(Energy const& energy, LangevinParams const& langevin, double from,
                                                double to, double tolerance = 1e-6);

/// c in  rate(h) = rate (1 + c h^2 + O(h^4)), the relative error of relaxation_rate() that a splitting makes with the
/// time step h [1/tau^2].
///
/// First-order perturbation of the generator by the h^2 term of the Baker-Campbell-Hausdorff series. Commutators with
/// the generator do not change its eigenvalues, which leaves, for V'' = -m a',
///   (gamma^2 / 24) (L - O) - (1/12) a a' d/dv  + s (gamma kT / 12 m) a' d^2/dv^2,  s = 1 for BAOAB, -2 for ABOBA and OBABO.
/// @param letters  of a palindromic splitting, as in exact::splitting_step(): BAOAB, ABOBA or OBABO
/// @param tolerance  absolute error, in units of the sum of the three terms' sizes
/// @throws DomainError  another splitting
std::optional<Estimate> step_shift(Energy const& energy, LangevinParams const& langevin, std::string_view letters,
                                   double tolerance = 1e-6);

// Turnover theory -----------------------------------------------------------------------------------------------

/// Energy that a walker at the height of the barrier loses on one round trip in each well, in kT.
struct EnergyLoss {
  double left, right;
};

/// gamma / kT times the action of the trip, the integral of m v dx at energy V(top); `wells` from find_wells(). Much
/// below 1 the exchange of energy limits the rate, much above it position alone tells a committed walker: rates then
/// do not depend on the choice of states.
EnergyLoss energy_loss(Energy const& energy, LangevinParams const& langevin, TwoWells const& wells);

/// The factor by which thermal exchange within a well limits escape, exp of the integral over t of
/// log(1 - exp(-loss (t^2 + 1/4))) / (2 pi (t^2 + 1/4)): loss for loss -> 0, 1 for loss -> infinity.
/// Source  Mel'nikov and Meshkov, J. Chem. Phys. 85, 1018 (1986), equation 4.11.
double depopulation_factor(double loss);

/// Rate left -> right at any friction: kramers_grote_hynes() times the depopulation factors of two wells,
/// Y(left) Y(right) / Y(left + right). An approximation for barriers of several kT: a few per cent off at best.
double turnover_rate(Energy const& energy, LangevinParams const& langevin, TwoWells const& wells);

}  // namespace kramers::dynamics::exact
