// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/estimators/estimators.hpp>

/// Whether an estimate can be believed.
namespace kramers::dynamics {

/// How a mean moves during a series that should be in equilibrium.
struct Drift {
  Estimate change;  ///< mean of the second half of the frames minus that of the first, in units of the quantity
  double z;         ///< change in standard errors; beyond +-3 the series was not in equilibrium
};

/// Drift of a quantity per walker from sums, one column per frame, from frame `first` on; of an odd number of frames the
/// one in the middle is left out. Errors by jackknife over rows: fast correlations do not matter.
/// @throws DomainError  fewer than 2 frames from `first` on
Drift drift(SampleTable const& frames, int first = 0);

/// Number of independent samples that a mean is worth: the variance of single samples over the square of the mean's
/// standard error. It is walkers * samples at most but for its own error, a fraction sqrt(2 / rows).
///
/// @param[in] samples  of each walker in the sums, >= 1
/// @return             NaN with one row or where the quantity never varies
double effective_samples(SampleTable const& cells, double samples, Column value = Quantity::position,
                         Column square = Quantity::position_squared);

/// (value - exact) / standard error; NaN where the error is 0 or unknown.
double z_score(Estimate const& estimate, double exact);

/// Whether a correlation falls too far from lag 0 to lag 1, C(1) < 0.6 C(0), for its integral by trapezoids: that of an
/// exponential is then more than 2 % too large, by the factor (h / 2 tau) coth(h / 2 tau). Arguments are those of
/// correlation().
bool undersampled(SampleTable const& products, SampleTable const* positions = nullptr);

}  // namespace kramers::dynamics
