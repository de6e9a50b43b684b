// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

namespace kramers::dynamics {

/// What every integrator needs to know of the heat bath and the clock.
///
/// Langevin dynamics  dx = v dt,  m dv = (F(x) - m gamma v) dt + sqrt(2 m gamma kT) dW.
struct LangevinParams {
  double dt = 0;           ///< time step > 0 [tau]
  double friction = 1;     ///< gamma >= 0 (> 0 for overdamped schemes) [1/tau]
  double temperature = 1;  ///< kT > 0 [energy]
  double mass = 1;         ///< m > 0 [mass]
};

}  // namespace kramers::dynamics
