// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <gtest/gtest.h>

#include <cmath>
#include <cstdio>

#include "physics.hpp"
#include "spaces.hpp"

// Order of the discretisation bias of equilibrium averages, from two time steps and the exact average by quadrature:
// order = log2(bias(2 h) / bias(h)). The potential (x^2 - 1)^2 at kT = 1 is far from harmonic everywhere (in a
// harmonic well BAOAB has no bias in x at all).
//
// The error of the order is that of the two biases, asserted to be at most 0.08; the next term of the bias expansion,
// h^2 relative to the first, is allowed 0.15. Agreement within 4.5 errors + 0.15 <= 0.51 (false-alarm rate 7 in 10^6)
// tells order 2 from 1 and from 3.

namespace kramers::test::order_physics {

using namespace kramers::dynamics;

double energy(double x) {
  return (x * x - 1) * (x * x - 1);
}

struct Observable {
  Quantity quantity;
  double exact;
};

Observable observable(Quantity quantity) {
  auto const value = [quantity](double x) { return quantity == Quantity::potential_energy ? energy(x) : x * x; };
  return {quantity, exact::boltzmann_mean(energy, 1, value, exact::confinement(energy, 1))};
}

// Mean over `time` after a settling time of 20, 40 times the slowest relaxation inside a well; both sides are filled
// evenly from the start.
template <class Config>
std::vector<Estimate> biases(std::string const& scheme, double dt, double time, std::vector<Observable> const& of) {
  Experiment s{double_well(1), scheme, {}};
  s.params.walkers = 65536;
  s.params.seed = 3;
  s.params.langevin = {.dt = dt, .friction = 1, .temperature = 1, .mass = 1};
  s.params.sampling.every = 4;
  auto const settle = static_cast<std::int64_t>(20 / dt);
  auto const steps = static_cast<std::int64_t>(time / dt) / 4 * 4;
  s.params.production_start = settle;
  auto const ensemble = ensemble_of<Config>(s);
  InitialState start;
  start.lower[0] = -1.3;
  start.upper[0] = 1.3;
  ensemble->initialise(start);
  ensemble->advance(settle + steps);
  SampleTable const cells = sums(*ensemble);
  std::vector<Estimate> result;
  for (Observable const& o : of) {
    Estimate const e = mean(cells, o.quantity, static_cast<double>(steps / 4));
    result.push_back({e.value - o.exact, e.stderr_});
  }
  return result;
}

void expect_order(Estimate const& coarse, Estimate const& fine, double order) {
  Estimate const measured{std::log2(coarse.value / fine.value),
                          std::hypot(coarse.stderr_ / coarse.value, fine.stderr_ / fine.value) / std::log(2.0)};
  std::printf("order %.2f +- %.2f\n", measured.value, measured.stderr_);
  EXPECT_NEAR(measured.value, order, 4.5 * measured.stderr_ + 0.15);
  EXPECT_LT(measured.stderr_, 0.08);
}

template <class Config>
class Order : public ::testing::Test {};
TYPED_TEST_SUITE(Order, AllConfigs, ConfigName);

TYPED_TEST(Order, BaoabIsOfSecondOrder) {
  std::vector const of{observable(Quantity::potential_energy), observable(Quantity::position_squared)};
  auto const fine = biases<TypeParam>("baoab", 0.1, 3200, of);
  auto const coarse = biases<TypeParam>("baoab", 0.2, 1600, of);
  for (std::size_t i = 0; i < of.size(); ++i) expect_order(coarse[i], fine[i], 2);
}

TYPED_TEST(Order, EulerMaruyamaIsOfFirstOrder) {
  std::vector const of{observable(Quantity::potential_energy), observable(Quantity::position_squared)};
  auto const fine = biases<TypeParam>("euler-maruyama", 0.01, 40, of);
  auto const coarse = biases<TypeParam>("euler-maruyama", 0.02, 40, of);
  for (std::size_t i = 0; i < of.size(); ++i) expect_order(coarse[i], fine[i], 1);
}

}  // namespace kramers::test::order_physics
