// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/engine/any_ensemble.hpp>

#include <algorithm>
#include <cmath>

namespace kramers::dynamics {

void check(EnsembleParams const& params, bool overdamped, int dimension) {
  LangevinParams const& langevin = params.langevin;
  SamplingParams const& sampling = params.sampling;
  auto const finite = [](double value) { return std::isfinite(value); };
  expects(params.walkers > 0, "walkers", params.walkers, "walkers > 0");
  expects(finite(langevin.dt) && langevin.dt > 0, "dt", langevin.dt, "dt > 0 and finite");
  expects(finite(langevin.temperature) && langevin.temperature > 0, "temperature", langevin.temperature,
          "temperature > 0 and finite");
  expects(finite(langevin.mass) && langevin.mass > 0, "mass", langevin.mass, "mass > 0 and finite");
  expects(finite(langevin.friction) && langevin.friction >= 0, "friction", langevin.friction,
          "friction >= 0 and finite");
  expects(!overdamped || langevin.friction > 0, "friction", langevin.friction, "friction > 0 for an overdamped scheme");
  expects(sampling.every >= 0, "sampling.every", sampling.every, "every >= 0");
  expects(sampling.coordinate >= 0 && sampling.coordinate < dimension, "sampling.coordinate", sampling.coordinate,
          "0 <= coordinate < dimension");
  expects(!(sampling.core_sets || sampling.first_passage) || sampling.core_a < sampling.core_b, "sampling.core_a",
          sampling.core_a, "core_a < core_b");
  DriveParams const& drive = params.drive;
  expects(finite(drive.amplitude) && drive.amplitude >= 0, "drive.amplitude", drive.amplitude,
          "amplitude >= 0 and finite");
  expects(!drive.is_on() || (drive.period > 0 && drive.period <= DriveParams::longest_period), "drive.period",
          drive.period, "between 1 and 2^24 steps");
  expects(finite(drive.phase), "drive.phase", drive.phase, "finite");
  expects(drive.coordinate >= 0 && drive.coordinate < dimension, "drive.coordinate", drive.coordinate,
          "0 <= coordinate < dimension");
  HistogramGrid const& grid = sampling.histogram;
  expects(grid.dimensions >= 0 && grid.dimensions <= std::min(dimension, 2), "histogram.dimensions", grid.dimensions,
          "0 <= dimensions <= min(dimension, 2)");
  for (int d = 0; d < grid.dimensions; ++d) {
    expects(grid.bins[d] > 0, "histogram.bins", grid.bins[d], "bins > 0");
    expects(finite(grid.upper[d] - grid.lower[d]) && grid.lower[d] < grid.upper[d], "histogram.lower", grid.lower[d],
            "lower < upper and finite");
  }
}

}  // namespace kramers::dynamics
