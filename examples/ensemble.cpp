// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What share of the walkers is still in the left of two wells after 10,000 steps? The program shown in the README.
#include <kramers/dynamics.hpp>

#include <cstdio>

namespace dyn = kramers::dynamics;

int main(int argc, char** argv) {
  Kokkos::ScopeGuard const kokkos(argc, argv);
  using Space = Kokkos::DefaultExecutionSpace;
  using Potential = dyn::Separable<dyn::DoubleWell<double>, 1>;

  dyn::EnsembleParams params;
  params.walkers = 100'000;
  params.seed = 42;
  params.langevin = {.dt = 0.02, .friction = 1.0, .temperature = 0.2, .mass = 1.0};
  Potential const wells{{dyn::DoubleWell<double>{.barrier = 1.0}}};
  dyn::Ensemble<Space, dyn::Baoab, Potential> walkers(Space{}, wells, params, {0, params.walkers});

  dyn::InitialState start;
  start.lower[0] = start.upper[0] = -1.0;
  walkers.initialise(start);
  walkers.advance(10'000);  // steps: one launch
  double const left = walkers.frame_sums().total(dyn::FrameQuantity::left);
  std::printf("%.1f %% of the walkers are on the left\n", 100 * left / static_cast<double>(params.walkers));
}
