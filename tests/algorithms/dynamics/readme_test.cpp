// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/engine/ensemble.hpp>
#include <kramers/dynamics/potentials/separable.hpp>
#include <kramers/dynamics/schemes/schemes.hpp>

#include <gtest/gtest.h>

#include <cmath>

#include "morse.hpp"

// The code of algorithms/dynamics/README.md; tests/hygiene/rules_test.sh sees to it that both stay the same.
namespace dyn = kramers::dynamics;

double mean_energy(dyn::LangevinParams const& langevin) {
  using Space = Kokkos::DefaultExecutionSpace;
  using Bond = dyn::Separable<dyn::Morse<double>, 1>;
  Bond const bond{{dyn::Morse<double>{.depth = 5, .decay = 1}}};

  dyn::EnsembleParams params;
  params.walkers = 20000;
  params.seed = 1;
  params.langevin = langevin;
  dyn::Ensemble<Space, dyn::Baoab, Bond> ensemble(Space{}, bond, params, {0, params.walkers});
  ensemble.initialise({});  // all at 0 with thermal velocities
  ensemble.advance(2000);   // one launch; returns before it is done
  return ensemble.frame_sums().total(dyn::FrameQuantity::potential) / static_cast<double>(params.walkers);
}

namespace kramers::test {

using namespace kramers::dynamics;
namespace {

TEST(Readme, ExampleGivesTheMeanEnergy) {
  static_assert(profile<Morse<float>>);
  Morse<double> const v{5, 1};
  double const kt = 0.2, h = 1e-3;
  double weight = 0, mean = 0, square = 0;
  for (double x = -1; x < 2.5; x += h) {  // beyond, the weight is below e^-21
    double const w = std::exp(-v.energy(x) / kt);
    weight += w;
    mean += w * v.energy(x);
    square += w * v.energy(x) * v.energy(x);
  }
  mean /= weight;
  double const deviation = std::sqrt(square / weight - mean * mean);
  // 4.5 standard errors (false alarm 7e-6, seed fixed); the bias of the step, of order (omega dt)^2 kT, is far below.
  EXPECT_NEAR(mean_energy({.dt = 0.02, .friction = 1, .temperature = kt, .mass = 1}), mean,
              4.5 * deviation / std::sqrt(20000.0));
  for (double const x : {-0.5, 0.0, 1.5}) {
    // (h^2 / 6) V''' with V''' < 300 here
    EXPECT_NEAR(v.force(x), (v.energy(x - h) - v.energy(x + h)) / (2 * h), 5e-5);
    EXPECT_NEAR(v.curvature(x), (v.force(x - h) - v.force(x + h)) / (2 * h), 5e-4);
  }
}

}  // namespace
}  // namespace kramers::test
