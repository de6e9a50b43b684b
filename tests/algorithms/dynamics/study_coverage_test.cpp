// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/estimators/exact_rates.hpp>
#include <kramers/dynamics/estimators/response.hpp>
#include <kramers/dynamics/studies/study_results.hpp>
#include <kramers/runtime/kokkos_session.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>

// Whole studies, 200 of each of three systems with other seeds: how often intervals of 95 % hold the exact value. A count
// of a sound interval lies within 90 and 98 % but for 1 in 100 choices of seeds.
namespace kramers::test {

using namespace kramers::dynamics;
namespace {

constexpr int runs = 200;

StudyResults study(std::string const& input, int seed) {
  Config config = Config::from_text(input, "coverage.toml");
  config.set("ensemble.seed=" + std::to_string(1000 + seed));
  CommandLine options;
  options.space = space_names().front();
  Study one(read_study(config, options, builtin_potentials()), Communicator::self());
  EXPECT_EQ(one.run(true), 0);
  return evaluate(one);
}

/// Does the interval hold the value? Where none is given, 1.96 standard errors.
bool covers(nlohmann::json const& found, double truth) {
  if (found.contains("interval")) {
    return found["interval"][0].get<double>() <= truth && truth <= found["interval"][1].get<double>();
  }
  return std::abs(found["value"].get<double>() - truth) <= 1.96 * found["stderr"].get<double>();
}

void expect_coverage(std::string const& input, std::map<std::string, double> const& truth) {
  std::map<std::string, int> held;
  for (int seed = 0; seed < runs; ++seed) {
    StudyResults const results = study(input, seed);
    for (auto const& [name, value] : truth) {
      ASSERT_TRUE(results.observables.contains(name)) << name;
      held[name] += covers(results.observables[name], value) ? 1 : 0;
    }
  }
  for (auto const& [name, value] : truth) {
    EXPECT_GE(held[name], 0.90 * runs) << name << ", exact " << value;
    EXPECT_LE(held[name], 0.98 * runs) << name << ", exact " << value;
  }
}

TEST(StudyCoverage, OfMeansInAHarmonicWell) {
  // baoab leaves these exact at any time step; 3 tau forget the start to exp(-3 / 2), which is where they belong anyway.
  expect_coverage(R"(
ensemble.walkers = 128
potential = {kind = "harmonic", stiffness = 2.0}
integrator = {dt = 0.3, friction = 1.5, temperature = 0.8}
run = {equilibrate = 60, steps = 400}
observables.every = 2
)",
                  {{"configurational_temperature", 0.8},
                   {"kinetic_temperature_half_step", 0.8},
                   {"virial_temperature", 0.8},
                   {"potential_energy", 0.4},
                   {"position", 0},
                   {"position_squared", 0.4}});
}

TEST(StudyCoverage, OfRatesOverABarrierOf3kT) {
  LangevinParams const langevin{.dt = 0.02, .friction = 1, .temperature = 1.0 / 3, .mass = 1};
  auto const energy = [](double x) { return (x * x - 1) * (x * x - 1); };
  using exact::Motion;
  auto const relaxation = exact::relaxation_rate(energy, langevin, Motion::underdamped, 1e-6);
  auto const cores = exact::core_set_rate(energy, langevin, -0.8, 0.8, Motion::underdamped, 1e-4);
  auto const passage = exact::mean_first_passage_time(energy, langevin, -1, 0.8, 1e-6);
  ASSERT_TRUE(relaxation && cores && passage);
  expect_coverage(
      R"(
ensemble.walkers = 256
potential.kind = "double_well"
integrator = {dt = 0.02, friction = 1.0, temperature = 0.3333333333333333}
initial.position = [-1.0]
run.steps = 4000
observables = {every = 1, core_sets = [-0.8, 0.8], first_passage = true, frame_every = 50, transient = 3.0}
)",
      {{"rate", relaxation->value / 2}, {"core_set_rate_ab", cores->forward}, {"first_passage_time", passage->value}});
}

TEST(StudyCoverage, OfTheResponseToAForceThatTurns) {
  LangevinParams const langevin{.dt = 0.25, .friction = 1.5, .temperature = 0.8, .mass = 1};
  auto const chi = exact::driven_response("baoab", {2, 0}, langevin, 24);
  expect_coverage(R"(
ensemble.walkers = 128
potential = {kind = "harmonic", stiffness = 2.0}
integrator = {dt = 0.25, friction = 1.5, temperature = 0.8}
drive = {amplitude = 0.5, period = 6.0, phase = 1.0}
run = {equilibrate = 60, steps = 240}
observables = {every = 0, frame_every = 3}
)",
                  {{"response_in_phase", 0.5 * chi.real()},
                   {"response_out_of_phase", -0.5 * chi.imag()},
                   {"response_amplitude", 0.5 * std::abs(chi)},
                   {"response_phase_lag", -std::arg(chi)},
                   {"spectral_amplification", std::norm(chi)}});
}

TEST(StudyCoverage, OfDiffusionWithoutAPotential) {
  expect_coverage(R"(
ensemble.walkers = 128
potential = {kind = "cosine", barrier = 0.0, dimensions = 1}
integrator = {scheme = "leimkuhler-matthews", dt = 0.1, friction = 2.0, temperature = 0.7}
run.steps = 400
observables = {every = 0, frame_every = 4, correlation_frames = 40}
)",
                  {{"diffusion_coefficient", 0.7 / 2}});
}

}  // namespace
}  // namespace kramers::test
