// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Rates between states of the plane: where one coordinate decides, against exact ones in one; on the surface of Mueller
// and Brown against those of a grid. And that their bits depend on nothing but the input.
#include <kramers/base/error.hpp>
#include <kramers/dynamics/estimators/exact.hpp>
#include <kramers/dynamics/estimators/exact_rates.hpp>
#include <kramers/dynamics/potentials/mueller_brown.hpp>
#include <kramers/dynamics/rare/grid_committor.hpp>
#include <kramers/dynamics/rare/paths.hpp>
#include <kramers/dynamics/rare/splitting.hpp>
#include <kramers/dynamics/schemes/schemes.hpp>
#include <kramers/dynamics/studies/expression_kind.hpp>
#include <kramers/dynamics/studies/rare_study.hpp>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "rare_bits.hpp"
#include "scratch.hpp"
#include "surfaces.hpp"

namespace kramers::rare_plane_test {

namespace test = kramers::test;

using namespace kramers::dynamics;
using Space = Kokkos::DefaultExecutionSpace;

/// An input, and the request that it makes.
struct Input {
  Config config;
  RareRequest request;

  explicit Input(std::string const& text)
      : config(Config::from_text("[ensemble]\nseed = 20261122\n" + text, "rare_plane_test")),
        request(read_rare(config, options(), builtin_potentials())) {}

  static CommandLine options() {
    CommandLine options;
    options.space = space_name<Space>();
    return options;
  }
  nlohmann::json rate() const {
    RareResult const result = compute_rare(request, Communicator::self());
    return summarise_rare(request, result, Communicator::self()).at("observables").at("rate");
  }
};

/// A double well along x, or along a line, and a harmonic well across, with a barrier of b kT.
std::string formula(std::string const& energy, double b, std::string const& bath = "friction = 1.0\n") {
  return "[potential]\nkind = \"expression_2d\"\nenergy = \"" + energy +
         "\"\n[integrator]\ndt = 0.02\ntemperature = " + std::to_string(1 / b) + "\n" + bath;
}
constexpr char straight[] = "(x^2 - 1)^2 + 1.5*y^2";
constexpr char tilted[] = "((0.6*x + 0.8*y)^2 - 1)^2 + 1.5*(0.6*y - 0.8*x)^2";
constexpr char sides[] = "[rare.state_a]\nbelow = -1.0\n[rare.state_b]\nabove = 1.0\n";

std::string surface(std::string const& more) {
  return "[potential]\nkind = \"mueller_brown\"\n[integrator]\nscheme = \"leimkuhler-matthews\"\ndt = 1e-5\n"
         "friction = 1.0\ntemperature = 15.0\n" +
         more;
}
constexpr char left_minimum[] = "centre = [-0.558, 1.442]\nradius = 0.1\n";
constexpr char right_minimum[] = "centre = [0.623, 0.028]\nradius = 0.1\n";

// Student's t of 63 degrees of freedom beyond 4: one seed in 6,000, each; of the 11 of weighted ensembles: one in 480.
void expect_near(nlohmann::json const& found, double expected, double relative_error) {
  double const value = found.at("value").get<double>(), error = found.at("stderr").get<double>();
  EXPECT_LT(std::abs(value - expected), 4 * error) << value << " instead of " << expected;
  EXPECT_LT(error, relative_error * expected);
}

// As in one coordinate, with the error of the time step of BAOAB.
TEST(RarePlane, HasTheRateOfTheCoordinateThatDecides) {
  double const expected = 2.2452071e-3 * (1 - 1.7443 * 0.02 * 0.02);
  std::string const size = "[rare]\nreplicas = 200\n";
  expect_near(Input(formula(straight, 5) + size + sides).rate(), expected, 0.08);
  std::string const along = "[rare]\nreplicas = 200\ndirection = [3.0, 4.0]\n";
  std::string const level = "[rare.level]\nkind = \"direction\"\ntop = [0.0, 0.0]\n";
  expect_near(Input(formula(tilted, 5) + along + sides + level).rate(), expected, 0.08);
  std::string const back = "[rare]\nreplicas = 200\ndirection = [-6.0, -8.0]\n";
  std::string const listed = level + "fixed = [-0.9, -0.5, -0.2, 0.1, 0.4]\n";
  expect_near(Input(formula(tilted, 5) + back + sides + listed).rate(), expected, 0.08);
}

TEST(RarePlane, HasTheRateWithoutInertia) {
  std::string const bath = "friction = 10.0\nscheme = \"leimkuhler-matthews\"\n";
  // Leimkuhler-Matthews is no worse than the scatter here, as in one coordinate.
  expect_near(Input(formula(straight, 5, bath) + "[rare]\nreplicas = 200\n" + sides).rate(), 5.48192498914e-4, 0.08);
}

// States of total energy commit as those of one coordinate do: their rate is that of the slowest relaxation.
TEST(RarePlane, HasTheSlowestRelaxationBetweenStatesOfEnergy) {
  double const expected = 1.55860557538e-5 * (1 - 3.5644 * 0.02 * 0.02);
  std::string const states =
      "[rare]\nreplicas = 600\n[rare.state_a]\nenergy_below = 0.2\nleft_of = 0.0\n"
      "[rare.state_b]\nenergy_below = 0.4\nright_of = 0.0\n[rare.level]\nkind = \"energy\"\ntop = [0.0, 0.0]\n";
  expect_near(Input(formula(straight, 10) + states).rate(), expected, 0.1);
}

// Finite volumes (oracles/mueller_brown_discs.py): 0.1459(1) and 1.341(1). A step is 0.017 long, as if the discs were smaller by
// a tenth; on these grids discs of half the radius have rates of 0.1454 and 1.3375.
TEST(RarePlane, HasTheRatesOfMuellerAndBrown) {
  std::string const there = std::string("[rare.state_a]\n") + left_minimum + "[rare.state_b]\n" + right_minimum;
  std::string const back = std::string("[rare.state_a]\n") + right_minimum + "[rare.state_b]\n" + left_minimum;
  std::string const size = "[rare]\nreplicas = 200\n", coordinate = "[rare.level]\nkind = \"coordinate\"\n";
  expect_near(Input(surface(size + there)).rate(), 0.1459, 0.1);
  expect_near(Input(surface(size + there + coordinate)).rate(), 0.1459, 0.12);
  expect_near(Input(surface(size + back)).rate(), 1.341, 0.1);
  std::string const weighted =
      "[rare]\nmethod = \"weighted_ensemble\"\nrepeats = 12\n[rare.weighted]\ninterval = 32\n"
      "per_bin = 40\nwarm_up = 300\ncycles = 600\n";
  expect_near(Input(surface(weighted + there)).rate(), 0.1459, 0.15);
}

/// A file of a surface on a grid, with walls around it.
std::string table(kramers::test::Scratch const& scratch, double (*energy)(double, double), test::SurfaceAxis const& x,
                  test::SurfaceAxis const& y, std::string const& stiffness) {
  test::put(scratch / "grid.dat", test::plumed_text(test::surface_of(energy, x, y)));
  return "[potential]\nkind = \"tabulated_2d\"\nfile = \"" + (scratch / "grid.dat").string() +
         "\"\noutside_x = \"wall\"\nwall_stiffness_x = " + stiffness +
         "\noutside_y = \"wall\"\nwall_stiffness_y = " + stiffness + "\n";
}

// A spline misses (x^2 - 1)^2 by 5/16 h^4 = 2e-6, 1e-5 kT; by more at the ends of the grid, where no walker comes. The fourth
// derivatives of the other surface are below 2.4e5 wherever it is below -40, its saddles included: 2.5e-3, 2e-4 kT.
TEST(RarePlane, HasTheRatesOfSurfacesInTheirTables) {
  test::Scratch const scratch;
  auto const well = [](double x, double y) { return (x * x - 1) * (x * x - 1) + 1.5 * y * y; };
  std::string const grid = table(scratch, well, test::axis_of(-2.4, 0.05, 97), test::axis_of(-2.75, 0.05, 111), "20.0");
  std::string const bath = "[integrator]\ndt = 0.02\ntemperature = 0.2\nfriction = 1.0\n[rare]\nreplicas = 200\n";
  Input const input(grid + bath + sides);
  expect_near(input.rate(), 2.2452071e-3 * (1 - 1.7443 * 0.02 * 0.02), 0.08);
  EXPECT_NEAR(input.request.splitting.flux.start[0], -1, 1e-3);

  std::string const valleys =
      table(scratch, test::mueller_brown, test::axis_of(-1.7, 0.03, 97), test::axis_of(-0.6, 0.03, 91), "1e5");
  std::string const discs =
      "[integrator]\nscheme = \"leimkuhler-matthews\"\ndt = 1e-5\nfriction = 1.0\ntemperature = 15.0\n"
      "[rare]\nreplicas = 200\n";
  std::string const left = left_minimum, right = right_minimum;
  expect_near(Input(valleys + discs + "[rare.state_a]\n" + left + "[rare.state_b]\n" + right).rate(), 0.1459, 0.1);
  expect_near(Input(valleys + discs + "[rare.state_a]\n" + right + "[rare.state_b]\n" + left).rate(), 1.341, 0.1);
}

double quartic(double x) {
  return (x * x - 1) * (x * x - 1);
}

// Across a separable surface the committor is that of one coordinate, a ratio of integrals, over any barrier: at 60 kT
// the smallest is 1e-26. Points are 0.022 apart: states end where points are, up to half of that from their edges, 5 % of
// the way to the first place; and a link across which V changes by a kT weighs a^2 / 24 too little, 11 % where V' is
// largest at 60 kT.
TEST(RarePlane, CommittorOnTheGridIsThatOfTheCoordinateThatDecides) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (double const kT : {0.2, 1.0 / 60}) {
    PlaneStates states;
    states.energy = [](PathPoint const& x) {
      double const u = 0.6 * x[0] + 0.8 * x[1], w = 0.6 * x[1] - 0.8 * x[0];
      return quartic(u) + 1.5 * w * w;
    };
    states.kT = kT;
    states.axis = {0.6, 0.8};
    states.a = {{.lower = -infinity, .upper = -1}, {-0.6, -0.8}};
    states.targets = {{{.lower = 1, .upper = infinity}, {0.6, 0.8}}};
    states.way = 2;
    GridCommittor const found = solve_committor(states);
    auto const weight = [&](double u) { return std::exp((quartic(u) - 1) / kT); };
    double const all = exact::integrate(weight, {-1, 1});
    for (double const u : {-0.8, -0.5, -0.2, 0.0, 0.3, 0.7}) {
      double const expected = std::log(exact::integrate(weight, {-1, u}) / all);
      for (double const w : {-0.2, 0.0, 0.1}) {
        EXPECT_NEAR(found.log_committor.at({0.6 * u - 0.8 * w, 0.8 * u + 0.6 * w}), expected, 0.04 + 0.002 / kT)
            << u << ' ' << w << ' ' << kT;
      }
    }
    auto const rates =
        exact::core_set_rate(quartic, {.dt = 1e-3, .temperature = kT}, -1, 1, exact::Motion::overdamped, 1e-6);
    ASSERT_TRUE(rates.has_value());
    EXPECT_NEAR(found.rates.at(0).value() * kT / rates->forward, 1, 0.02) << kT;
    EXPECT_LT(found.start, std::log(0.25));
  }
}

// The same rates with this level as with any other; that of the grid is right to 1 %.
TEST(RarePlane, HasTheRatesOfMuellerAndBrownWithTheCommittorAsLevel) {
  std::string const there = std::string("[rare.state_a]\n") + left_minimum + "[rare.state_b]\n" + right_minimum;
  std::string const back = std::string("[rare.state_a]\n") + right_minimum + "[rare.state_b]\n" + left_minimum;
  std::string const size = "[rare]\nreplicas = 200\n", level = "[rare.level]\nkind = \"committor\"\n";
  Input const forward(surface(size + there + level)), backward(surface(size + back + level));
  expect_near(forward.rate(), 0.1459, 0.06);
  expect_near(backward.rate(), 1.341, 0.06);
  EXPECT_NEAR(forward.request.rates_on_grid.at(0).value(), 0.1459, 0.01 * 0.1459);
  EXPECT_NEAR(backward.request.rates_on_grid.at(0).value(), 1.341, 0.01 * 1.341);
  std::string const weighted =
      "[rare]\nmethod = \"weighted_ensemble\"\nrepeats = 12\n[rare.weighted]\ninterval = 32\n"
      "per_bin = 40\nwarm_up = 100\ncycles = 150\n";
  expect_near(Input(surface(weighted + there + level)).rate(), 0.1459, 0.3);
}

// Most walkers pass by a disc in the third minimum, half way: how many hit it, and how many come to B, takes a finer grid for B.
TEST(RarePlane, TellsNoRateThatItsGridDoesNotResolve) {
  std::string const states = std::string("[rare.state_a]\n") + left_minimum + "[rare.state_b]\n" + right_minimum +
                             "[rare.state_c]\ncentre = [-0.05, 0.467]\nradius = 0.1\n";
  Input const input(surface("[rare]\nreplicas = 200\n" + states + "[rare.level]\nkind = \"committor\"\n"));
  ASSERT_EQ(input.request.rates_on_grid.size(), 2);
  EXPECT_FALSE(input.request.rates_on_grid[0].has_value());
  EXPECT_TRUE(input.request.rates_on_grid[1].has_value());
}

TEST(RarePlane, HasTheRateOfTheCoordinateThatDecidesWithTheCommittorAsLevel) {
  std::string const size = "[rare]\nreplicas = 200\ndirection = [3.0, 4.0]\n",
                    level = "[rare.level]\nkind = \"committor\"\n";
  std::string const overdamped = "friction = 10.0\nscheme = \"leimkuhler-matthews\"\n";
  expect_near(Input(formula(tilted, 5, overdamped) + size + sides + level).rate(), 5.48192498914e-4, 0.06);
  // With inertia a level without velocities is biased no more than others.
  double const expected = 2.2452071e-3 * (1 - 1.7443 * 0.02 * 0.02);
  Input const inertial(formula(tilted, 5) + size + sides + level);
  expect_near(inertial.rate(), expected, 0.1);
  EXPECT_TRUE(inertial.request.rates_on_grid.empty());
}

// Three wells around a hump, of which one is lower and one higher. Finite volumes (oracles/three_wells.py) have these
// rates times 10 for m gamma = 1; a step is 0.02 long, as if discs were smaller by 0.012, which changes them by 0.5 %.
constexpr char three_wells[] = "3*((x^2 + y^2)^2/2 - (x^3 - 3*x*y^2)*2/3) + 0.25*y";
constexpr char three_discs[] =
    "[rare.state_a]\ncentre = [1.0, 0.0]\nradius = 0.2\n[rare.state_b]\ncentre = [-0.5, 0.866]\nradius = 0.2\n"
    "[rare.state_c]\ncentre = [-0.5, -0.866]\nradius = 0.2\n";

TEST(RarePlane, HasTheRatesIntoEachOfTwoWells) {
  std::string const bath = "friction = 10.0\nscheme = \"leimkuhler-matthews\"\n", size = "[rare]\nreplicas = 200\n";
  for (char const* const kind : {"committor", "distance"}) {
    std::string const level = std::string("[rare.level]\nkind = \"") + kind + "\"\n";
    Input const input(formula(three_wells, 10, bath) + size + three_discs + level);
    RareResult const result = compute_rare(input.request, Communicator::self());
    nlohmann::json const found = summarise_rare(input.request, result, Communicator::self()).at("observables");
    expect_near(found.at("rate_b"), 1.759e-4, 0.1);
    expect_near(found.at("rate_c"), 7.331e-4, 0.06);
    expect_near(found.at("rate"), 9.090e-4, 0.06);
    double const sum = found.at("rate_b").at("value").get<double>() + found.at("rate_c").at("value").get<double>();
    EXPECT_NEAR(sum / found.at("rate").at("value").get<double>(), 1, 1e-12);
    if (input.request.rates_on_grid.empty()) continue;
    EXPECT_NEAR(input.request.rates_on_grid.at(0).value(), 1.759e-4, 0.01 * 1.759e-4);
    EXPECT_NEAR(input.request.rates_on_grid.at(1).value(), 7.331e-4, 0.01 * 7.331e-4);
  }
}

TEST(RarePlane, FindsWhereWalkersStart) {
  std::string const there = std::string("[rare.state_a]\n") + left_minimum + "[rare.state_b]\n" + right_minimum;
  SplittingParams const discs = Input(surface(there)).request.splitting;
  EXPECT_NEAR(discs.flux.start[0], -0.55822, 1e-4);
  EXPECT_NEAR(discs.flux.start[1], 1.44173, 1e-4);
  // The softer of both curvatures there is 410.7: 20 relaxation times are so many steps.
  EXPECT_NEAR(static_cast<double>(discs.flux.steps), 20 / 410.7 / 1e-5, 0.02 * 20 / 410.7 / 1e-5);
  double const whole = std::hypot(0.623 + 0.558, 0.028 - 1.442);
  EXPECT_NEAR(discs.passage.level.first, 0.1 / whole, 1e-12);
  EXPECT_NEAR(discs.passage.level.last, 1 - 0.1 / whole, 1e-12);
  EXPECT_NEAR(discs.passage.axis[0], 1.181 / whole, 1e-12);
  // Of a half plane without the lowest minimum, its own.
  SplittingParams const half =
      Input(surface("[rare.state_a]\nabove = 0.5\n[rare.state_b]\nbelow = -0.5\n")).request.splitting;
  EXPECT_NEAR(half.flux.start[0], 0.62350, 1e-4);
  EXPECT_NEAR(half.flux.start[1], 0.02804, 1e-4);
  EXPECT_EQ(half.passage.level.direction, -1);
}

/// The same repeats in whole packs, all at once, and one path at a time, in two parts.
void expect_equal_bits(Input const& input, AnyPaths& single) {
  SplittingParams const& p = input.request.splitting;
  auto const paths = input.request.make_paths({input.request.space, input.request.scheme, paths_for(p, 5)});
  std::vector<SplittingRepeat> const all = run_splitting(*paths, p, 0, 5);
  double sum = 0;
  for (SplittingRepeat const& one : all) sum += one.rate();
  EXPECT_GT(sum, 0);
  std::vector<SplittingRepeat> parts = run_splitting(single, p, 0, 3);
  for (SplittingRepeat const& one : run_splitting(single, p, 3, 5)) parts.push_back(one);
  EXPECT_EQ(test::bits(all), test::bits(parts));
}

TEST(RarePlaneBits, DependOnNeitherLanesNorDivision) {
  std::string const there = std::string("[rare.state_a]\n") + left_minimum + "[rare.state_b]\n" + right_minimum;
  std::string const size =
      "[rare]\nrepeats = 5\nreplicas = 70\n[rare.flux]\nwalkers = 9\nequilibrate = 320\nsteps = 2000\n";
  Input const discs(surface(size + there));
  Paths<Space, LeimkuhlerMatthews, MuellerBrown<double>, 1> single(Space{}, MuellerBrown<double>{1.0},
                                                                   paths_for(discs.request.splitting, 3));
  expect_equal_bits(discs, single);
}

TEST(RarePlaneBits, OfTheCommittorDependOnNeitherLanesNorDivision) {
  std::string const there = std::string("[rare.state_a]\n") + left_minimum + "[rare.state_b]\n" + right_minimum;
  Input const input(
      surface("[rare]\nrepeats = 5\nreplicas = 70\n[rare.flux]\nwalkers = 9\nequilibrate = 320\nsteps = 2000\n" +
              there + "[rare.level]\nkind = \"committor\"\n"));
  Paths<Space, LeimkuhlerMatthews, MuellerBrown<double>, 1> single(Space{}, MuellerBrown<double>{1.0},
                                                                   paths_for(input.request.splitting, 3));
  expect_equal_bits(input, single);
}

// Paths that stand still are in the bin that the numbers around them make, those outside in that of the edge beside them.
TEST(RarePlaneBits, TablesOfLevelsAreBilinearInsideAndEndAtTheirEdges) {
  std::string const there = std::string("[rare.state_a]\n") + left_minimum + "[rare.state_b]\n" + right_minimum;
  Input const input(surface(there));
  LangevinParams still = input.request.langevin;
  still.dt = 1e-30;
  Passage passage;
  passage.a.lower = passage.b.lower = std::numeric_limits<double>::infinity();
  passage.level.position = 0;
  passage.level.share = 2;
  LevelTable const table{{-1, 0.5}, 0.25, {3, 4}, {0.1, 0.9, -0.3, 0.4, 0.7, 0.2, 0.6, -0.5, 0.8, 0.3, 1.1, 0.5}};
  passage.level.table = std::make_shared<LevelTable>(table);
  passage.level.first = -1.3;
  passage.level.last = 2.5;
  passage.level.bins = 1000;
  std::vector<PathStart> starts;
  for (int i = 0; i < 13; ++i) {
    for (int j = 0; j < 13; ++j) {
      auto const slot = static_cast<std::int32_t>(starts.size());
      starts.push_back({slot, static_cast<std::uint64_t>(slot), {-1.13 + 0.0617 * i, 0.371 + 0.0829 * j}, {}});
    }
  }
  auto const paths = input.request.make_paths(
      {input.request.space, "leimkuhler-matthews", {still, std::ssize(starts), 1000, 1, 2, std::ssize(table.value)}});
  paths->set(passage, PathKind::passage, RareStream::dynamics);
  paths->start(starts);
  paths->advance(2);
  PathStates const states = paths->states();
  for (std::size_t i = 0; i < starts.size(); ++i) {
    EXPECT_EQ(states.top[i], std::floor((2 * table.at(starts[i].x) + 1.3) / 3.8 * 1000)) << i;
  }
  EXPECT_EQ(table.at({-0.875, 0.625}), 0.25 * (0.1 + 0.9 + 0.7 + 0.2));
  EXPECT_EQ(table.at({9.0, -9.0}), 0.8);
  EXPECT_EQ(table.at({-9.0, 0.75}), 0.9);
}

TEST(RarePlaneBits, OfFormulasAreThoseOfOnePathAtATime) {
  Input const input(formula(tilted, 6) +
                    "[rare]\nrepeats = 5\nreplicas = 70\ndirection = [3.0, 4.0]\n[rare.flux]\nwalkers = 9\n"
                    "[rare.state_a]\nenergy_below = 0.3\nleft_of = 0.0\n[rare.state_b]\nenergy_below = 0.5\n"
                    "right_of = 0.0\n[rare.level]\nkind = \"energy\"\ntop = [0.0, 0.0]\n");
  auto const potential = Expression2dKind::make<double>(Expression2dKind::read(input.config), Space{});
  Paths<Space, Baoab, Expression<double, Space, 2>, 1> single(Space{}, potential,
                                                              paths_for(input.request.splitting, 3));
  expect_equal_bits(input, single);
}

// A half plane ends where the position along the axis says, and a disc at its radius: paths that begin a hair inside have
// arrived at once, those a hair outside have not.
TEST(RarePlaneBits, StatesEndWhereTheySay) {
  std::string const there = std::string("[rare.state_a]\n") + left_minimum + "[rare.state_b]\n" + right_minimum;
  Input const input(surface(there));
  auto const paths =
      input.request.make_paths({input.request.space, "leimkuhler-matthews", {input.request.langevin, 4, 64, 1, 2}});
  Passage passage;
  passage.axis = {0.6, 0.8};
  passage.a.upper = -0.3;
  passage.b.centre = {0.2, 0.3};
  passage.b.radius = 0.1;
  paths->set(passage, PathKind::passage, RareStream::dynamics);
  auto const beside = [](double s) { return PathPoint{0.6 * s - 0.8 * 0.5, 0.8 * s + 0.6 * 0.5}; };
  auto const around = [](double r) { return PathPoint{0.2 - 0.8 * r, 0.3 + 0.6 * r}; };
  paths->start(std::vector<PathStart>{{0, 1, beside(-0.30001), {}},
                                      {1, 2, beside(-0.29999), {}},
                                      {2, 3, around(0.09999), {}},
                                      {3, 4, around(0.10001), {}}});
  paths->advance(2);
  PathStates const states = paths->states();
  EXPECT_EQ(states.end[0], PathEnd::in_a);
  EXPECT_EQ(states.end[2], PathEnd::in_b);
  for (std::size_t const inside : {0U, 2U}) EXPECT_EQ(states.time[inside], 0);
  for (std::size_t const outside : {1U, 3U}) {
    EXPECT_TRUE(states.end[outside] == PathEnd::none || states.time[outside] > 0) << outside;
  }
}

// A walker that is no number is in no state.
TEST(RarePlaneBits, WhatIsLostHasDiverged) {
  std::string const there = std::string("[rare.state_a]\n") + left_minimum + "[rare.state_b]\n" + right_minimum;
  Input const input(surface(there));
  auto const paths =
      input.request.make_paths({input.request.space, "leimkuhler-matthews", {input.request.langevin, 2, 64, 1, 2}});
  paths->set(input.request.splitting.passage, PathKind::passage, RareStream::dynamics);
  paths->start(std::vector<PathStart>{{0, 1, {std::nan(""), 0.0}, {}}, {1, 2, {0.0, std::nan("")}, {}}});
  EXPECT_EQ(paths->advance(), 0);
  for (PathEnd const end : paths->states().end) EXPECT_EQ(end, PathEnd::diverged);
}

TEST(RarePlaneErrors, SayWhatToChange) {
  auto const says = [](std::string const& text, std::string const& words) {
    std::string message = "no error";
    try {
      Input(text).rate();
    } catch (Error const& error) {
      message = error.what();
    }
    EXPECT_NE(message.find(words), std::string::npos) << message << " of " << text;
  };
  std::string const a = std::string("[rare.state_a]\n") + left_minimum,
                    b = std::string("[rare.state_b]\n") + right_minimum;
  says(surface(a + "[rare.state_b]\ncentre = [-0.4, 1.4]\nradius = 0.1\n"), "does not overlap");
  says(surface(a + "[rare.state_b]\nbelow = 0.0\n"), "does not overlap");
  says(formula(straight, 5) +
           "[rare.state_a]\nenergy_below = 1.1\nleft_of = 0.0\n[rare.state_b]\nenergy_below = 1.1\nright_of = 0.0\n",
       "does not overlap");
  says(surface(a + "[rare.state_b]\ncentre = [0.6]\nradius = 0.1\n"), "a point of two coordinates");
  says(surface(a + "[rare.state_b]\ncentre = [0.6, 0.0]\n"), "centre and radius together");
  says(surface(a + b + "[rare.level]\nkind = \"direction\"\n"), "which has no velocity");
  says(surface(a + b + "[rare.level]\nkind = \"energy\"\n"), "which level energy needs");
  says(surface(a + b + "[rare.level]\nkind = \"energy\"\ntop = [-0.5, 1.4]\n"), "more energy than both states");
  says(surface(a + b + "[rare.level]\nstart = 0.95\n"), "rare.level.start");
  says(surface(a + "[rare.state_b]\nabove = 0.6\n[rare.level]\nkind = \"distance\"\n"), "distance between two discs");
  std::string const third = "[rare.state_c]\ncentre = [-0.05, 0.467]\nradius = 0.1\n";
  says(surface(a + b + third + "[rare]\nmethod = \"weighted_ensemble\"\n"), "splitting alone");
  says(surface(a + b + "[rare.state_c]\ncentre = [0.5, 0.1]\nradius = 0.1\n"), "does not overlap with state_b");
  says(surface(a + b + third + "[rare.state_d]\nbelow = 0.0\n"), "does not overlap with state_a");
  says(surface(a + b + "[rare.state_d]\ncentre = [-0.05, 0.467]\nradius = 0.1\n"), "states in turn");
  says(formula("(x^2 - 1)^2 + 1e-9*y^2", 5) + sides + "[rare.level]\nkind = \"committor\"\n", "not closed");
  says(surface(a + "[rare.state_b]\ncentre = [1.5, 2.0]\nradius = 0.1\n"), "kT above the lowest minimum");
  says(surface(b + "[rare]\nrepeats = 2\n"), "'rare.state_a'");
  says(surface(
           a + b +
           "[rare]\nrepeats = 2\n[rare.flux]\nwalkers = 1\nequilibrate = 0\nsteps = 32\n[rare.level]\nstart = 0.9\n"),
       "no walker left");
}

}  // namespace kramers::rare_plane_test
