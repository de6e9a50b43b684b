// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The example of README.md, against the installed package: the mean energy of a few walkers.
#include <kramers/dynamics/engine/ensemble.hpp>
#include <kramers/dynamics/potentials/double_well.hpp>
#include <kramers/dynamics/potentials/separable.hpp>
#include <kramers/dynamics/schemes/schemes.hpp>

#include <cstdio>

int main(int argc, char** argv) {
  Kokkos::ScopeGuard const kokkos(argc, argv);
  using Space = Kokkos::DefaultExecutionSpace;
  using Potential = kramers::dynamics::Separable<kramers::dynamics::DoubleWell<double>, 1>;

  kramers::dynamics::EnsembleParams params;
  params.walkers = 4096;
  params.seed = 42;
  params.langevin = {.dt = 0.02, .friction = 1.0, .temperature = 0.2, .mass = 1.0};
  params.sampling.every = 10;
  params.production_start = 1000;
  kramers::dynamics::EnsembleLayout const layout(params.walkers);
  kramers::dynamics::Ensemble<Space, kramers::dynamics::Baoab, Potential> walkers(Space{}, Potential{{1.0, 0.0}},
                                                                                  params, layout.range_of(0, 1));
  kramers::dynamics::InitialState start;
  start.lower[0] = start.upper[0] = -1.0;
  walkers.initialise(start);
  walkers.advance(2000);

  double const sum = walkers.cell_sums().total(kramers::dynamics::Quantity::kinetic_half_step);
  double const temperature = 2.0 * sum / (4096.0 * 100.0);
  std::printf("kinetic temperature %.4f\n", temperature);
  // 4096 walkers x 20 tau: the standard error is 0.2 sqrt(2 / (4096 * 20)) = 0.001; five of them
  return temperature > 0.195 && temperature < 0.205 ? 0 : 1;
}
