// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/rare/splitting.hpp>

#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace kramers::dynamics {

/// How walkers of a weighted ensemble are resampled.
struct WeightedParams {
  std::int64_t per_bin = 20;    ///< walkers of each bin that has any
  std::int64_t interval = 32;   ///< steps between resamplings, rounded up to an even number
  std::int64_t warm_up = 1000;  ///< intervals until the flux into B is steady
  std::int64_t cycles = 2000;   ///< those that are counted after them
};

/// Throw DomainError unless walkers can be resampled so.
void check(WeightedParams const& params);

/// Energy of a place, on the host [energy].
using PlaceEnergy = std::function<double(PathPoint const&)>;

/// Sizes of the paths that `repeats` repeats need.
PathsParams paths_for(SplittingParams const& params, WeightedParams const& weighted, std::int64_t repeats);

/// The rate as the stationary flux into B of walkers that begin anew in A: they are followed all the time, each with a
/// weight. After each interval those of a bin that is occupied are replaced by `per_bin` copies of equal weight, drawn from
/// them by systematic resampling. So the mean weight of what is in any place does not change, whatever the bins are.
///
/// A repeat begins with flux.walkers walkers, which start as for splitting and have flux.equilibrate steps to spread in A;
/// walkers that have been in B go on from where one of these was. Each repeat is a function of the parameters and its
/// number alone. `flux` of a repeat is the rate, its `probability` is 1, `crossings` counts walkers that came to B, and
/// `late_share` is floor(cycles / 2) / cycles on average where the flux is steady. `reached` has the mean weight in each bin,
/// and 0. Time that a walker rests in B, from its arrival to the end of the interval, does not count.
///
/// @param[in] paths   made with paths_for()
/// @param[in] stop    asked after each segment of steps: shall the work be left?
/// @return    nothing where it was left
/// @throws DomainError    all walkers have come to B before the first interval
/// @throws DivergedError  a walker left the finite numbers
/// @see    Source  Huber and Kim, Biophys. J. 70, 97 (1996); Zhang, Jasnow and Zuckerman, J. Chem. Phys. 132, 054107 (2010)
std::vector<SplittingRepeat> run_weighted(AnyPaths& paths, SplittingParams const& params,
                                          WeightedParams const& weighted, PlaceEnergy const& energy,
                                          std::span<std::int64_t const> numbers,
                                          std::function<bool()> const& stop = {});

}  // namespace kramers::dynamics
