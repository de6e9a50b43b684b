// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/estimators/estimators.hpp>

#include <optional>
#include <vector>

namespace kramers::dynamics {

/// Sums over walkers of what they remember, the core set visited last, at an origin and after each lag.
struct MembershipCounts {
  SampleTable in_a, in_b;          ///< members of A and of B at the origin: one column, or one per lag
  SampleTable a_then_b, b_then_a;  ///< members of A then and of B after the lag, and the reverse: one column per lag
};

/// Relaxation of a two-state model of core sets.
struct CoreSetRelaxation {
  std::vector<Estimate> implied;     ///< lambda of each lag [1/tau]; NaN where there is no transition, as at lag 0
  std::vector<Estimate> implied_ab;  ///< k(A -> B) of each lag [1/tau]
  /// What the plateau says, where there is one; errors include the change along it.
  struct Plateau {
    Estimate relaxation;  ///< lambda = k_ab + k_ba [1/tau]
    Estimate rate_ab;     ///< [1/tau]
    double lag;           ///< where the plateau begins; the values are those at twice this lag [tau]
  };
  std::optional<Plateau> plateau;
};

/// Implied rates lambda(lag) = -log(1 - P_ab - P_ba) / lag and k_ab = lambda P_ab / (P_ab + P_ba), P_ab the fraction of
/// A's members that are B's after the lag; errors by jackknife over rows.
///
/// Walkers that recross soon add the same number to P at every lag beyond their memory, so that lambda(lag) falls to the
/// true rate like 1 / lag. The plateau begins at the first lag with at least 20 transitions at which lambda agrees with
/// that at twice the lag within two standard errors of their difference. What is left of the fall beyond twice the lag is
/// that difference, so it is added to the error in quadrature. No plateau: the lags are too short, or events too few.
///
/// @param[in] lags  times of the columns of a_then_b and b_then_a
/// @throws ShapeError  tables with different rows or numbers of lags
/// @see    Source   Schuette, Noé, Lu, Sarich and Vanden-Eijnden, J. Chem. Phys. 134, 204105 (2011); implied timescales:
///                  Swope, Pitera and Suits, J. Phys. Chem. B 108, 6571 (2004)
CoreSetRelaxation core_set_relaxation(MembershipCounts const& counts, FrameTimes const& lags);

}  // namespace kramers::dynamics
