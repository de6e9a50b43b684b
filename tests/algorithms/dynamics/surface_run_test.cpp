// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/estimators/exact.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>

#include "physics.hpp"
#include "scratch.hpp"
#include "spaces.hpp"
#include "surfaces.hpp"

// Walkers on tabulated surfaces: Boltzmann's distribution by quadrature, and the compiled Mueller-Brown surface.
namespace kramers::test::surface_runs {

using namespace kramers::dynamics;

constexpr double kT = 0.5;
double along_x(double x) {
  return 1.5 * (x * x - 1) * (x * x - 1) + 0.2 * x;
}
double along_y(double y) {
  return 2 * (y - 0.3) * (y - 0.3) + 0.25 * y * y * y * y;
}

std::shared_ptr<AnyPotential const> tabulated(Scratch const& scratch, Surface const& surface) {
  put(scratch / "surface.dat", plumed_text(surface));
  return potential_of("tabulated_2d", "file = '" + (scratch / "surface.dat").string() + "'\n");
}

// 16384 walkers forget their box in 60 units of time (they change wells in about 10), and again between 4 samples. The
// spline errs by 5/384 h^4 V'''' < 3e-6 kT, baoab by a few 1e-4 at (omega dt)^2 = 0.01, of errors bars of 0.3 % and
// more. z < 4 fails one correct run in 16,000; 5 comparisons per precision.
template <class Config>
class SurfaceRuns : public ::testing::Test {};
TYPED_TEST_SUITE(SurfaceRuns, AllConfigs, ConfigName);

TYPED_TEST(SurfaceRuns, HaveTheMomentsOfASeparableSurface) {
  Scratch const scratch;
  auto const sum = [](double x, double y) { return along_x(x) + along_y(y); };
  auto const potential = tabulated(scratch, surface_of(sum, axis_of(-2.75, 0.05, 111), axis_of(-2.5, 0.05, 101)));
  double energy = 0;
  for (int const coordinate : {0, 1}) {
    SCOPED_TRACE(coordinate);
    auto const profile = coordinate == 0 ? along_x : along_y;
    exact::Interval const line = exact::confinement(profile, kT);
    auto const mean_of = [&](exact::Energy const& observable) {
      return exact::boltzmann_mean(profile, kT, observable, line);
    };
    energy += mean_of(profile);
    Experiment e{potential, "baoab", {}};
    e.params.walkers = 16384;
    e.params.seed = 20261122 + static_cast<std::uint64_t>(coordinate);
    e.params.langevin = {.dt = 0.03, .friction = 1, .temperature = kT, .mass = 1};
    e.params.production_start = 2000;
    e.params.sampling.every = 500;
    e.params.sampling.coordinate = coordinate;
    auto const ensemble = ensemble_of<TypeParam>(e);
    InitialState start;
    start.lower[0] = start.lower[1] = -1.2;
    start.upper[0] = start.upper[1] = 1.2;
    ensemble->initialise(start);
    ensemble->advance(4000);
    SampleTable const cells = sums(*ensemble);
    EXPECT_TRUE(agrees(mean(cells, Quantity::position, 4), mean_of([](double q) { return q; }), 0.006, 4));
    EXPECT_TRUE(agrees(mean(cells, Quantity::position_squared, 4), mean_of([](double q) { return q * q; }), 0.004, 4));
    if (coordinate == 0) continue;
    EXPECT_TRUE(agrees(mean(cells, Quantity::potential_energy, 4), energy, 0.004, 4));
  }
}

// The spline errs by 1e-4 of energies in units in which kT is 15. Two runs with different noise.
TYPED_TEST(SurfaceRuns, HaveTheObservablesOfTheCompiledMuellerBrown) {
  Scratch const scratch;
  auto const table =
      tabulated(scratch, surface_of(test::mueller_brown, axis_of(-1.8, 0.02, 161), axis_of(-0.6, 0.02, 141)));
  auto const compiled = potential_of("mueller_brown", "scale = 1.0\n");
  auto const run = [&](std::shared_ptr<AnyPotential const> const& potential, std::uint64_t seed) {
    Experiment e{potential, "baoab", {}};
    e.params.walkers = 8192;
    e.params.seed = seed;
    e.params.langevin = {.dt = 0.004, .friction = 2, .temperature = 15, .mass = 1};
    e.params.production_start = 500;
    e.params.sampling.every = 20;
    e.params.sampling.core_sets = true;
    e.params.sampling.core_a = -0.4;
    e.params.sampling.core_b = 0.4;
    auto ensemble = ensemble_of<TypeParam>(e);
    InitialState start;
    start.lower[0] = start.upper[0] = -0.558;
    start.lower[1] = start.upper[1] = 1.442;
    ensemble->initialise(start);
    ensemble->advance(2500);
    return sums(*ensemble);
  };
  SampleTable const a = run(compiled, 1), b = run(table, 2);
  for (Quantity const quantity : {Quantity::potential_energy, Quantity::position, Quantity::position_squared,
                                  Quantity::force_squared, Quantity::laplacian, Quantity::transitions_ab}) {
    Estimate const one = mean(a, quantity, 100), other = mean(b, quantity, 100);
    double const error = std::hypot(one.stderr_, other.stderr_);
    EXPECT_LT(std::abs(one.value - other.value), 4 * error)
        << index(quantity) << ": " << one.value << " " << other.value;
    EXPECT_LT(error, 0.1 * std::abs(one.value)) << index(quantity);  // or the agreement would mean little
    EXPECT_GT(error, 0) << index(quantity);
  }
}

// The same noise on both: after a few steps walkers are as far apart as the tables let them, not more.
TYPED_TEST(SurfaceRuns, FollowTheCompiledMuellerBrown) {
  Scratch const scratch;
  auto const table =
      tabulated(scratch, surface_of(test::mueller_brown, axis_of(-1.8, 0.02, 161), axis_of(-0.6, 0.02, 141)));
  auto const position = [&](std::shared_ptr<AnyPotential const> const& potential) {
    Experiment e{potential, "baoab", {}};
    e.params.walkers = 256;
    e.params.seed = 3;
    e.params.langevin = {.dt = 0.004, .friction = 2, .temperature = 15, .mass = 1};
    auto ensemble = ensemble_of<TypeParam>(e);
    InitialState start;
    start.lower[0] = start.upper[0] = -0.558;
    start.lower[1] = start.upper[1] = 1.442;
    ensemble->initialise(start);
    ensemble->advance(50);
    return ensemble->frame_sums().total(FrameQuantity::position) / 256;
  };
  // Forces differ by 0.02 at most (f32: by rounding, as much), for 0.2 units of time: 4e-4, and some growth.
  EXPECT_NEAR(position(table), position(potential_of("mueller_brown", "scale = 1.0\n")), 2e-3);
}

}  // namespace kramers::test::surface_runs
