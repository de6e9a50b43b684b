// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/engine/drive.hpp>
#include <kramers/dynamics/estimators/estimators.hpp>
#include <kramers/dynamics/estimators/exact.hpp>
#include <kramers/dynamics/schemes/langevin_params.hpp>

#include <complex>
#include <cstdint>
#include <string>
#include <vector>

namespace kramers::dynamics {

/// Times at which the positions of driven walkers are known, and how they lie in the period.
struct DriveFrames {
  std::int64_t first = 0;  ///< step of the first one
  std::int64_t every = 1;  ///< steps from one to the next
};

/// At how many different phases of the drive frames `every` steps apart lie: after as many they return to the first.
std::int64_t phases_seen(DriveParams const& drive, std::int64_t every);

/// How the mean position follows a periodic force A cos(w t + phase), by its first harmonic:
/// <x(t)> = mean + in_phase cos(w t + phase) + out_of_phase sin(w t + phase) + higher harmonics, or
/// mean + amplitude cos(w t + phase - phase_lag).
///
/// Source: Jung and Haenggi, Phys. Rev. A 44, 8032 (1991); Gammaitoni et al., Rev. Mod. Phys. 70, 223 (1998), section II.
struct Response {
  Estimate in_phase, out_of_phase;  ///< unbiased, however weak [length]
  Estimate amplitude;               ///< sqrt(in_phase^2 + out_of_phase^2) [length]
  Estimate phase_lag;               ///< atan2(out_of_phase, in_phase), between -pi and pi [rad]
  Estimate amplification;           ///< spectral power amplification, (amplitude / A)^2 [length^4 / energy^2]
  /// Noise alone gives as large an amplitude in less than 1 of 10^4 runs. Otherwise amplitude, lag and amplification tell
  /// noise, of which the first and the last are too large on average.
  bool is_seen = false;
  double most = 0;                ///< the amplitude is below this with 95 % [length]
  std::int64_t frames = 0;        ///< used: whole cycles of the phases
  std::vector<Estimate> profile;  ///< mean position at each of the phases that frames see, from that of the first frame
};

/// The response from sums of positions, one column per frame, rows being cells or groups; errors by jackknife over rows.
///
/// Frames see n phases of the period (phases_seen); the first whole multiple of n of them are used, over which each
/// harmonic of the period is orthogonal to the first, except those of order m n +- 1, m = 1, 2, ..., which frames cannot tell
/// from it. Sums go in order of time. Walkers must have forgotten their start, and may not drift.
/// @throws DomainError  no drive, fewer than 3 phases, or fewer frames than phases
Response response(SampleTable const& positions, DriveParams const& drive, DriveFrames const& times);

namespace exact {

/// Susceptibility of the mean position in a harmonic well to A cos(w t), exact for a scheme with its time step: at step n the
/// mean is A Re(chi exp(i w n dt)), with w dt = 2 pi / `period`. From the linear map of one step z -> M z + s exp(i w n dt), with
/// the force where the scheme asks for it (DriveParams), by solving (exp(i w dt) - M) z = s.
/// @param[in] scheme  a name of scheme_names()
/// @return    chi [length^2 / energy]; minus its argument is the lag
std::complex<double> driven_response(std::string const& scheme, HarmonicWell const& well,
                                     LangevinParams const& langevin, double period);

/// The same in continuous time, 1 / (m (w0^2 - w^2 + i gamma w)), or 1 / (k + i m gamma w) without inertia.
/// @param[in] frequency  w [rad / time]
std::complex<double> susceptibility(HarmonicWell const& well, LangevinParams const& langevin, double frequency,
                                    bool overdamped);

}  // namespace exact
}  // namespace kramers::dynamics
