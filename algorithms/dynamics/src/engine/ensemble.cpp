// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/engine/ensemble.hpp>

#include <cmath>

namespace kramers::dynamics {

void check(EnsembleParams const& params, bool overdamped, int dimension) {
  BathParams const& bath = params.bath;
  SamplingParams const& sampling = params.sampling;
  auto const finite = [](double value) { return std::isfinite(value); };
  expects(params.walkers > 0, "walkers", params.walkers, "walkers > 0");
  expects(finite(bath.dt) && bath.dt > 0, "dt", bath.dt, "dt > 0 and finite");
  expects(finite(bath.temperature) && bath.temperature > 0, "temperature", bath.temperature,
          "temperature > 0 and finite");
  expects(finite(bath.mass) && bath.mass > 0, "mass", bath.mass, "mass > 0 and finite");
  expects(finite(bath.friction) && bath.friction >= 0, "friction", bath.friction, "friction >= 0 and finite");
  expects(!overdamped || bath.friction > 0, "friction", bath.friction, "friction > 0 for an overdamped scheme");
  expects(sampling.every >= 0, "sampling.every", sampling.every, "every >= 0");
  expects(sampling.coordinate >= 0 && sampling.coordinate < dimension, "sampling.coordinate", sampling.coordinate,
          "0 <= coordinate < dimension");
  expects(!(sampling.cores || sampling.first_passage) || sampling.core_a < sampling.core_b, "sampling.core_a",
          sampling.core_a, "core_a < core_b");
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
