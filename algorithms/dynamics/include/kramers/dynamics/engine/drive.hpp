// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <vector>

namespace kramers::dynamics {

/// A uniform force that is periodic in time, F(t) = A cos(2 pi t / P + phase) along one coordinate, beside that of the
/// potential. t is counted in steps of the ensemble from its start, whatever pieces it is advanced in.
///
/// A scheme feels it where it asks for the force of the potential, at the time that the position there belongs to:
/// BAOAB, OBABO and GJF at t_n and t_{n+1}, the ends of the step; ABOBA at t_{n+1/2}, its middle; all of these respond with an
/// error of second order in dt. Euler-Maruyama and Leimkuhler-Matthews have it at t_n, with one of first order.
///
/// Source: Gammaitoni, Haenggi, Jung and Marchesoni, Rev. Mod. Phys. 70, 223 (1998).
struct DriveParams {
  static constexpr std::int64_t longest_period = std::int64_t{1} << 24;  ///< of which a table is kept

  double amplitude = 0;     ///< A >= 0 [energy / length]; 0: none
  std::int64_t period = 0;  ///< P in steps, > 0 where there is an amplitude
  double phase = 0;         ///< at step 0 [rad]
  int coordinate = 0;       ///< along which it acts

  bool is_on() const { return amplitude > 0; }
};

/// cos and sin of 2 pi (step + offset) / P + phase, by portable functions: the same bits everywhere. 0 <= offset <= 1.
struct DrivePhase {
  double cosine, sine;
};
DrivePhase drive_phase(DriveParams const& drive, std::int64_t step, double offset = 0);

/// The forces at (n + offset) steps, n = 0 ... P - 1 [energy / length]; empty where there is no drive.
std::vector<double> drive_table(DriveParams const& drive, double offset);

}  // namespace kramers::dynamics
