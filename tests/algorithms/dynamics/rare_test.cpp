// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Rates by splitting and by shooting against exact ones, and that their bits depend on nothing but the input.
#include <kramers/base/error.hpp>
#include <kramers/dynamics/potentials/double_well.hpp>
#include <kramers/dynamics/potentials/separable.hpp>
#include <kramers/dynamics/rare/paths.hpp>
#include <kramers/dynamics/rare/splitting.hpp>
#include <kramers/dynamics/schemes/schemes.hpp>
#include <kramers/dynamics/studies/rare_study.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <span>
#include <string>
#include <vector>

#include "rare_bits.hpp"

namespace kramers::rare_test {

using namespace kramers::dynamics;

/// An input for a double well with a barrier of b kT, and the request that it makes.
struct Input {
  Config config;
  RareRequest request;

  explicit Input(double b, std::string const& rest, std::string const& friction = "1.0", std::string const& dt = "0.02")
      : config(Config::from_text("[potential]\nkind = \"double_well\"\n[integrator]\ndt = " + dt +
                                     "\nfriction = " + friction + "\ntemperature = " + std::to_string(1 / b) +
                                     "\n[ensemble]\nseed = 20261122\n" + rest,
                                 "rare_test")),
        request(read_rare(config, options(), builtin_potentials())) {}

  static CommandLine options() {
    CommandLine options;
    options.space = space_name<Kokkos::DefaultExecutionSpace>();
    return options;
  }
  nlohmann::json summary() const {
    return summarise_rare(request, compute_rare(request, Communicator::self()), Communicator::self());
  }
};

std::string energies(double b, std::string const& more = "") {
  return "[rare]\n" + more + "[rare.state_a]\nenergy_below = " + std::to_string(1 / b) +
         "\n[rare.state_b]\nenergy_below = 0.4\n";
}

/// With the error of the time step of BAOAB; rate and c2 to 9 and 5 digits, from a solver of its own.
double at_step(double rate, double c2) {
  return rate * (1 + c2 * 0.02 * 0.02);
}

void expect_near(nlohmann::json const& found, double expected, double relative_error) {
  double const value = found.at("value").get<double>(), error = found.at("stderr").get<double>();
  EXPECT_LT(std::abs(value - expected), 4 * error) << value << " instead of " << expected;
  EXPECT_LT(error, relative_error * expected);
  EXPECT_LT(found.at("interval")[0].get<double>(), value);
  EXPECT_GT(found.at("interval")[1].get<double>(), value);
}

// Student's t of 63 degrees of freedom beyond 4: one seed in 6,000, each.
TEST(RareSplitting, GivesTheSlowestRelaxationOverTenKT) {
  nlohmann::json const found = Input(10, energies(10, "replicas = 700\n")).summary();
  expect_near(found.at("observables").at("rate"), at_step(1.55860557538e-5, -3.5644), 0.035);
  EXPECT_GT(found.at("work").at("speed_up").get<double>(), 30);
  EXPECT_NEAR(found.at("references").at("rate_exact_at_dt").get<double>(), at_step(1.55860557538e-5, -3.5644), 1e-9);
}

TEST(RareSplitting, GivesTheSlowestRelaxationOverTwentyKT) {
  nlohmann::json const found = Input(20, energies(20, "replicas = 1000\n")).summary();
  expect_near(found.at("observables").at("rate"), at_step(7.16896497977e-10, -7.2241), 0.06);
  EXPECT_GT(found.at("work").at("speed_up").get<double>(), 5e4);
}

// 95 % intervals of 20 groups of 16 repeats: fewer than 15 hold the exact rate for one seed in 3,000.
TEST(RareSplitting, IntervalsCoverTheExactRate) {
  Input const input(10, energies(10, "repeats = 320\nreplicas = 200\n[rare.flux]\nwalkers = 16\n"));
  double const expected = at_step(1.55860557538e-5, -3.5644);
  std::vector<SplittingRepeat> const repeats = compute_rare(input.request, Communicator::self()).repeats;
  int covered = 0;
  for (auto first = repeats.begin(); first != repeats.end(); first += 16) {
    SplittingResult const group = summarise({first, first + 16});
    covered += group.lower <= expected && expected <= group.upper ? 1 : 0;
  }
  EXPECT_GE(covered, 15);
  SplittingResult const all = summarise(repeats);
  EXPECT_LT(std::abs(all.rate - expected), 4 * all.rate_error);
  // The scatter over repeats has that of the flux, too, and is known to 4 %.
  EXPECT_NEAR(all.genealogical_error / all.rate_error, 1, 0.25);
}

TEST(RareSplitting, GivesTheRateBetweenCoresOnBothSides) {
  double const expected = at_step(2.2452071e-3, -1.7443);
  std::string const left = "[rare.state_a]\nbelow = -1.0\n[rare.state_b]\nabove = 1.0\n[rare.level]\n";
  std::string const right = "[rare.state_a]\nabove = 1.0\n[rare.state_b]\nbelow = -1.0\n[rare.level]\n";
  std::string const size = "[rare]\nreplicas = 300\n";
  for (std::string const& rest : {left + "kind = \"coordinate\"\n", right + "kind = \"direction\"\n",
                                  left + "kind = \"direction\"\nfixed = [-0.9, -0.5, -0.2, 0.1, 0.4]\n"}) {
    expect_near(Input(5, size + rest).summary().at("observables").at("rate"), expected, 0.06);
  }
}

TEST(RareSplitting, WorksWithoutInertia) {
  // Leimkuhler-Matthews is no worse than the scatter here: its step is 1/500 of the relaxation time of a well.
  Input const input(5, "[rare]\nreplicas = 400\n[rare.state_a]\nbelow = -1.0\n[rare.state_b]\nabove = 1.0\n",
                    "10.0\n"
                    "scheme = \"leimkuhler-matthews\"");
  expect_near(input.summary().at("observables").at("rate"), 5.48192498914e-4, 0.06);
}

// Student's t of 15 degrees of freedom beyond 4: one seed in 900.
TEST(RareWeighted, GivesTheSlowestRelaxation) {
  std::string const size = "method = \"weighted_ensemble\"\nrepeats = 16\n";
  // Ten relaxation times until the flux is steady, and twenty that are counted.
  std::string const length = "[rare.weighted]\nper_bin = 40\nwarm_up = 320\ncycles = 640\n";
  nlohmann::json const found = Input(10, energies(10, size) + length).summary();
  expect_near(found.at("observables").at("rate"), at_step(1.55860557538e-5, -3.5644), 0.06);
  EXPECT_GT(found.at("work").at("speed_up").get<double>(), 40);
  EXPECT_NEAR(found.at("weighted_ensemble").at("flux_in_second_half").at("value").get<double>(), 0.5, 0.1);
  // Between positions, where what begins anew has the law of A and not that of those who enter it: the same to k times the
  // relaxation time of a well, 3e-5.
  nlohmann::json const cores =
      Input(10, "[rare]\n" + size + "[rare.state_a]\nbelow = -1.0\n[rare.state_b]\nabove = 1.0\n" + length).summary();
  expect_near(cores.at("observables").at("rate"), at_step(1.560345269e-5, -3.5644), 0.1);
}

// 95 % intervals of 20 groups of 8 repeats: fewer than 15 hold the exact rate for one seed in 3,000.
TEST(RareWeighted, IntervalsCoverTheExactRate) {
  Input const input(5, energies(5, "method = \"weighted_ensemble\"\nrepeats = 160\n") +
                           "[rare.level]\nbins = 20\n[rare.weighted]\nper_bin = 6\nwarm_up = 128\ncycles = 128\n");
  RareResult const result = compute_rare(input.request, Communicator::self());
  nlohmann::json const references = summarise_rare(input.request, result, Communicator::self()).at("references");
  auto const expected = references.at("rate_exact_at_dt").get<double>();
  int covered = 0;
  for (auto first = result.repeats.begin(); first != result.repeats.end(); first += 8) {
    SplittingResult const group = summarise({first, first + 8});
    covered += group.lower <= expected && expected <= group.upper ? 1 : 0;
  }
  EXPECT_GE(covered, 15);
  SplittingResult const all = summarise(result.repeats);
  EXPECT_LT(std::abs(all.rate - expected), 4 * all.rate_error) << all.rate << " instead of " << expected;
  EXPECT_LT(all.rate_error, 0.04 * expected);
}

// What has come to B waits there for the end of the interval, which is no time in A.
TEST(RareWeighted, DoesNotDependOnTheInterval) {
  std::string const size = "method = \"weighted_ensemble\"\nrepeats = 12\n", bins = "[rare.level]\nbins = 12\n";
  auto const rate = [&](std::string const& length) {
    return Input(2.5, energies(2.5, size) + bins + "[rare.weighted]\nper_bin = 8\n" + length)
        .summary()
        .at("observables")
        .at("rate");
  };
  nlohmann::json const often = rate("interval = 20\nwarm_up = 150\ncycles = 600\n");
  nlohmann::json const seldom = rate("interval = 1000\nwarm_up = 5\ncycles = 40\n");
  double const value = often.at("value").get<double>(), error = often.at("stderr").get<double>();
  double const other = seldom.at("value").get<double>(), other_error = seldom.at("stderr").get<double>();
  EXPECT_LT(std::abs(other - value), 4 * std::hypot(error, other_error)) << other << " instead of " << value;
  EXPECT_LT(std::hypot(error, other_error), 0.05 * value);  // counted as time in A it is a fifth
}

bool has_warning(nlohmann::json const& summary, std::string const& text) {
  for (nlohmann::json const& warning : summary.at("warnings")) {
    if (warning.get<std::string>().find(text) != std::string::npos) return true;
  }
  return false;
}

// Of an odd number of intervals the first half has one more.
TEST(RareWeighted, AnOddNumberOfIntervalsIsNoReasonToWarn) {
  nlohmann::json const found = Input(5, energies(5, "method = \"weighted_ensemble\"\nrepeats = 100\n") +
                                            "[rare.level]\nbins = 20\n[rare.weighted]\nper_bin = 5\nwarm_up = 128\n"
                                            "interval = 64\ncycles = 5\n")
                                   .summary();
  nlohmann::json const& late = found.at("weighted_ensemble").at("flux_in_second_half");
  EXPECT_LT(late.at("value").get<double>() + 3 * late.at("stderr").get<double>(), 0.5);
  EXPECT_FALSE(has_warning(found, "not yet steady"));
}

// At friction 0.3 a walker that comes to x = 1 over 5 kT is still hot: the exact rate between the cores is 0.002674, of
// which the rate of walkers from A's own law is four fifths.
TEST(RareSplitting, NoExactRateStandsBesideWhatIsAnother) {
  std::string const positions = "[rare.state_a]\nbelow = -1.0\n[rare.state_b]\nabove = 1.0\n";
  std::string const mixed = "[rare.state_a]\nenergy_below = 0.2\n[rare.state_b]\nabove = 1.0\n";
  std::string const weighted = "method = \"weighted_ensemble\"\n[rare.weighted]\nwarm_up = 50\ncycles = 50\n";
  for (std::string const& states : {positions, mixed}) {
    for (std::string const& method : {std::string("repeats = 8\nreplicas = 50\n"), "repeats = 8\n" + weighted}) {
      nlohmann::json const found = Input(5, "[rare]\n" + method + states, "0.3").summary();
      EXPECT_FALSE(found.at("observables").at("rate").contains("z"));
      EXPECT_TRUE(has_warning(found, "that return hot from B")) << found.at("warnings").dump();
    }
  }
  nlohmann::json const damped = Input(5, "[rare]\nrepeats = 8\nreplicas = 50\n" + positions, "1.5").summary();
  EXPECT_EQ(damped.at("observables").at("rate").at("compared_with"), "core_set_rate_ab_exact");
}

// Where all places have a bin, their weights are one.
TEST(RareWeighted, LosesNoWeight) {
  Input const input(5, energies(5, "method = \"weighted_ensemble\"\nrepeats = 4\n") +
                           "[rare.level]\nstart = -0.5\nbins = 20\n[rare.weighted]\nper_bin = 7\nwarm_up = 3\n"
                           "cycles = 20\n");
  std::vector<SplittingRepeat> const repeats = compute_rare(input.request, Communicator::self()).repeats;
  ASSERT_EQ(repeats.size(), 4U);
  for (SplittingRepeat const& one : repeats) {
    ASSERT_EQ(one.reached.size(), 21U);
    double sum = 0;
    for (double const weight : one.reached) sum += weight;
    EXPECT_NEAR(sum, 1, 1e-12);
  }
}

TEST(RareShooting, GivesBothRates) {
  std::string const cores =
      "[rare]\nmethod = \"shooting\"\n[rare.shooting]\npairs = 30000\n"
      "[rare.state_a]\nbelow = -1.0\n[rare.state_b]\nabove = 1.0\n";
  nlohmann::json const ten = Input(10, cores).summary(), twenty = Input(20, cores).summary();
  expect_near(ten.at("observables").at("rate"), 1.55860557538e-5, 0.005);
  expect_near(ten.at("observables").at("core_set_rate_ab"), 1.560345269e-5, 0.005);
  expect_near(twenty.at("observables").at("rate"), 7.16896497977e-10, 0.005);
  expect_near(twenty.at("observables").at("core_set_rate_ab"), 7.168981265e-10, 0.005);
}

TEST(RareExact, NeedsNoWalkers) {
  nlohmann::json const found =
      Input(20, "[rare]\nmethod = \"exact\"\n[rare.state_a]\nabove = 1.0\n[rare.state_b]\nbelow = -1.0\n").summary();
  EXPECT_NEAR(found.at("references").at("rate_exact").get<double>() / 7.16896497977e-10, 1, 1e-5);
  EXPECT_NEAR(found.at("references").at("core_set_rate_ab_exact").get<double>() / 7.168981265e-10, 1, 1e-4);
  EXPECT_TRUE(found.at("observables").empty());
}

TEST(RareBits, DependOnNeitherLanesNorDivision) {
  Input const input(8, energies(8, "repeats = 6\nreplicas = 70\n"));
  SplittingParams const& p = input.request.splitting;
  auto const paths = input.request.make_paths({input.request.space, "baoab", paths_for(p, 6)});
  std::vector<SplittingRepeat> const all = run_splitting(*paths, p, 0, 6);
  double sum = 0;
  for (SplittingRepeat const& one : all) sum += one.rate();
  EXPECT_GT(sum, 0);

  using Space = Kokkos::DefaultExecutionSpace;
  using Well = Separable<DoubleWell<double>, 1>;
  Paths<Space, Baoab, Well, 1> single(Space{}, Well{{DoubleWell<double>{1}}}, paths_for(p, 4));
  std::vector<SplittingRepeat> parts = run_splitting(single, p, 0, 4);
  for (SplittingRepeat const& one : run_splitting(single, p, 4, 6)) parts.push_back(one);
  EXPECT_EQ(test::bits(all), test::bits(parts));
}

TEST(RareBits, OfWeightedWalkersDependOnNeitherLanesNorDivision) {
  Input const input(6, energies(6, "method = \"weighted_ensemble\"\n") + "[rare.level]\nbins = 20\n");
  SplittingParams const& p = input.request.splitting;
  WeightedParams const weighted{.per_bin = 3, .interval = 37, .warm_up = 5, .cycles = 40};
  PlaceEnergy const energy = [](PathPoint const& x) { return DoubleWell<double>{1}.energy(x[0]); };
  auto const paths = input.request.make_paths({input.request.space, "baoab", paths_for(p, weighted, 5)});
  std::vector<std::int64_t> const numbers{0, 1, 2, 3, 4};
  std::vector<SplittingRepeat> const all = run_weighted(*paths, p, weighted, energy, numbers);
  double sum = 0;
  for (SplittingRepeat const& one : all) sum += one.rate();
  EXPECT_GT(sum, 0);

  using Space = Kokkos::DefaultExecutionSpace;
  using Well = Separable<DoubleWell<double>, 1>;
  Paths<Space, Baoab, Well, 1> single(Space{}, Well{{DoubleWell<double>{1}}}, paths_for(p, weighted, 3));
  std::vector<SplittingRepeat> parts = run_weighted(single, p, weighted, energy, std::span(numbers).first(2));
  for (SplittingRepeat const& one : run_weighted(single, p, weighted, energy, std::span(numbers).last(3))) {
    parts.push_back(one);
  }
  EXPECT_EQ(test::bits(all), test::bits(parts));
}

// As where a stage replaces all that are in the last bin: what copies begin with is then a state in B.
TEST(RareBits, CopiesOfWhatIsInBAreInB) {
  Input const input(5, "[rare]\nmethod = \"exact\"\n");
  Passage passage;
  passage.a.upper = -1;
  passage.b.lower = 1;
  passage.level.first = -1;
  passage.level.bins = 40;
  auto const paths = input.request.make_paths({input.request.space, "baoab", {input.request.langevin, 3, 40, 1}});
  paths->set(passage, PathKind::passage, RareStream::dynamics);
  paths->start(std::vector<PathStart>{{0, 1, {1.2}, {}}});
  EXPECT_EQ(paths->advance(), 0);
  paths->branch(std::vector<PathBranch>{{1, 0, 40, 2}, {2, 0, 20, 3}});
  EXPECT_EQ(paths->advance(), 0);
  PathStates const states = paths->states();
  for (std::size_t slot = 0; slot < 3; ++slot) {
    EXPECT_EQ(states.end[slot], PathEnd::in_b) << slot;
    EXPECT_EQ(states.top[slot], 40) << slot;
    EXPECT_EQ(states.time[slot], 0) << slot;
    EXPECT_EQ(states.age[slot], 0U) << slot;
  }
}

// The age of a line goes on where a copy begins.
TEST(RareTimes, CountFromTheFirstEntryOfALine) {
  Input const input(5, "[rare]\nmethod = \"exact\"\n");
  Passage passage;
  passage.a.upper = -1;
  passage.b.lower = 1;
  passage.level.first = -1;
  passage.level.bins = 40;
  auto const paths = input.request.make_paths({input.request.space, "baoab", {input.request.langevin, 3, 40, 1}});
  paths->set(passage, PathKind::passage, RareStream::dynamics);
  // So fast that no noise turns them round.
  paths->start(std::vector<PathStart>{{0, 1, {-0.9}, {20.0}}});
  while (paths->advance() > 0) {
  }
  paths->branch(std::vector<PathBranch>{{1, 0, 30, 2}});
  while (paths->advance() > 0) {
  }
  paths->branch(std::vector<PathBranch>{{2, 1, 36, 3}});
  while (paths->advance() > 0) {
  }
  PathStates const states = paths->states();
  ASSERT_EQ(states.end[0], PathEnd::in_b);
  EXPECT_EQ(states.age[0], 0U);
  EXPECT_GE(states.time[0], 4);
  // Bin 30 begins at x = 0.5, three quarters of the way, which is 1.4 of 1.9 here; bin 36 at 0.8.
  EXPECT_GT(states.age[1], 0U);
  EXPECT_LT(states.age[1], states.time[0]);
  EXPECT_GE(states.age[2], states.age[1]);
  EXPECT_LE(states.age[2], states.age[1] + states.time[1]);
}

// By hand: weights 1, 1 and 2 of durations 10, 20 and 30 in two groups, the second of which has the last one.
TEST(RareTimes, WeighRepeatsByTheirRates) {
  std::vector<SplittingRepeat> repeats(2);
  repeats[0].flux = repeats[1].flux = 1;
  repeats[0].probability = repeats[1].probability = 0.5;
  repeats[0].durations = {20, 10};
  repeats[1].durations = {30};
  auto const times = reactive_times(repeats);
  ASSERT_TRUE(times.has_value());
  EXPECT_EQ(times->mean.value, 22.5);
  // Without the first group 30, without the second 15: the jackknife of two has half their difference.
  EXPECT_NEAR(times->mean.stderr_, 7.5, 1e-12);
  ASSERT_EQ(times->quantiles.size(), 3U);
  EXPECT_EQ(times->quantiles[0].second.value, 10);
  EXPECT_EQ(times->quantiles[1].second.value, 20);
  EXPECT_EQ(times->quantiles[2].second.value, 30);
  repeats[1].durations = {longest_age};
  EXPECT_FALSE(reactive_times(repeats).has_value());
  repeats[1].durations.clear();
  EXPECT_FALSE(reactive_times(repeats).has_value());  // the first group has all
}

// Mean time from x0 to b of overdamped walkers that reach b before a: the integral of G(x0, y) q(y) / q(x0), with q the
// committor and G the density of the time spent at y, both in closed form with s(x), the integral of exp(V / kT).
double exact_reactive_time(double kT, double drag, double a, double b, double x0) {
  auto const energy = [](double x) { return (x * x - 1) * (x * x - 1); };
  auto const s = [&](double x) {
    return exact::integrate([&](double y) { return std::exp(energy(y) / kT); }, {a, x}, 64);
  };
  double const whole = s(b), start = s(x0);
  auto const density = [&](double y) {
    double const here = s(y), green = std::min(start, here) * (whole - std::max(start, here)) / whole;
    return green * here / start * std::exp(-energy(y) / kT) * drag / kT;
  };
  return exact::integrate(density, {a, x0}, 32) + exact::integrate(density, {x0, b}, 64);
}

TEST(RareTimes, AreThoseOfConditionedWalkers) {
  Input const input(5,
                    "[rare]\nreplicas = 200\n[rare.state_a]\nbelow = -1.0\n[rare.state_b]\nabove = 1.0\n[rare.level]\n"
                    "start = -0.8\n[rare.flux]\nwalkers = 16\n",
                    "10.0\n"
                    "scheme = \"leimkuhler-matthews\"",
                    "0.002");
  nlohmann::json const found = input.summary().at("observables").at("reactive_time");
  double const expected = exact_reactive_time(0.2, 10, -1, 1, -0.8);
  double const value = found.at("value").get<double>(), error = found.at("stderr").get<double>();
  // Steps are 0.009 long, of which edges are overstepped by a half: 0.005 of ways that are 0.2 and 1.8 long.
  EXPECT_LT(std::abs(value - expected), 4 * error + 0.01 * expected) << value << " instead of " << expected;
  EXPECT_LT(error, 0.03 * expected);
}

TEST(RareErrors, SayWhatToChange) {
  auto const message = [](std::string const& rest) -> std::string {
    try {
      Input(10, rest).summary();
    } catch (Error const& error) {
      return error.what();
    }
    return "no error";
  };
  auto const says = [&](std::string const& rest, std::string const& words) {
    std::string const text = message(rest);
    EXPECT_NE(text.find(words), std::string::npos) << text << " of " << rest;
  };
  says("[rare.state_a]\nbelow = 0.5\n[rare.state_b]\nabove = 0.0\n", "does not overlap");
  says("[rare.state_a]\nbelow = -1.0\n[rare.state_b]\nbelow = 0.0\n", "on the other side");
  says("[rare.state_a]\nbelow = -9.0\n[rare.state_b]\nabove = 0.0\n", "where walkers come");
  says("[rare.state_a]\nenergy_below = -0.1\n[rare.state_b]\nabove = 0.0\n", "an energy above");
  says("[rare.state_a]\nbelow = -1.0\n", "'rare.state_b'");
  says("", "'rare.state_a'");
  says(energies(10, "max_steps = 64\n"), "'rare.max_steps' is 64");
  says(energies(10) + "[rare.level]\nstart = 0.99\n[rare.flux]\nwalkers = 1\nsteps = 32\n", "no walker left");
  says(energies(10) + "[rare.level]\nstart = 1.7\n", "rare.level.start");
  says(energies(10) + "[rare.level]\nfixed = [0.2, 0.1]\n", "rare.level.fixed");
  says(energies(10, "method = \"shoot\"\n"), "'shooting'");
  says("[rare]\nmethod = \"shooting\"\n[rare.state_a]\nbelow = 0.1\n[rare.state_b]\nabove = 1.0\n", "without the top");
}

}  // namespace kramers::rare_test
