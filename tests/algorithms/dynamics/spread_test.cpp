// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/engine/ensemble.hpp>
#include <kramers/dynamics/engine/spread_map.hpp>
#include <kramers/dynamics/potentials/double_well.hpp>
#include <kramers/dynamics/potentials/harmonic.hpp>
#include <kramers/dynamics/potentials/separable.hpp>
#include <kramers/dynamics/schemes/schemes.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "spaces.hpp"

namespace kramers::spread_test {

using namespace kramers::dynamics;

template <class T>
using Well = Separable<DoubleWell<T>, 1>;
template <class T>
Well<T> double_well() {
  return {{DoubleWell<T>{T(5)}}};
}

SpreadParams small_map() {
  SpreadParams p;
  p.langevin = {0.01, 1.0, 1.0, 1.0};
  p.seed = 20240611;
  p.walker = 7;
  p.start.lower[0] = p.start.upper[0] = -1;
  p.equilibrate = 5;
  p.steps = 301;
  return p;
}

template <class Space, class Scheme, class Potential>
using Map = SpreadMap<Space, Scheme, Potential>;

/// One number per normal: number k of a walker from one stream.
template <class T>
T normal(std::uint64_t seed, std::uint64_t id, std::int64_t k, Stream stream) {
  constexpr int n = normals_per_block<T>;
  T z[n];
  normal_block(seed, id, static_cast<std::uint64_t>(k / n), stream, z);
  return z[k % n];
}

/// BAOAB in a double well, one walker, as the equations stand in the papers.
template <class T>
struct PlainWalker {
  T x, v;
  void step(SpreadParams const& p, T noise) {
    Baoab::Constants<T> const c(p.langevin);
    T const k = T(-4) * T(5);
    v = std::fma(c.kick, k * x * (x * x - T(1)), v);
    x = std::fma(c.drift, v, x);
    v = std::fma(c.ou_decay, v, c.ou_noise * noise);
    x = std::fma(c.drift, v, x);
    v = std::fma(c.kick, k * x * (x * x - T(1)), v);
  }
};

template <class T>
std::vector<PlainWalker<T>> plain_trunk(SpreadParams const& p) {
  auto const id = static_cast<std::uint64_t>(p.walker);
  T const speed = static_cast<T>(std::sqrt(p.langevin.temperature / p.langevin.mass));
  PlainWalker<T> walker{T(p.start.lower[0]), speed * normal<T>(p.seed, id, 0, Stream::initial_velocity)};
  std::vector<PlainWalker<T>> states;
  for (std::int64_t step = 0; step <= p.equilibrate + p.steps; ++step) {
    if (step >= p.equilibrate) states.push_back(walker);
    walker.step(p, normal<T>(p.seed, id, step, Stream::dynamics));
  }
  return states;
}

template <class T>
struct PlainBatch {
  T lo, hi, start, end;
};

/// Members [first, last) that start from the trunk at `step`.
template <class T>
PlainBatch<T> plain_batch(SpreadParams const& p, PlainWalker<T> const& origin, std::int64_t step, std::int64_t first,
                          std::int64_t last) {
  std::vector<T> all, start, end;
  for (std::int64_t m = first; m < last; ++m) {
    auto const id = (static_cast<std::uint64_t>(p.walker) << 48) |
                    (static_cast<std::uint64_t>(p.equilibrate + step) << 16) | static_cast<std::uint64_t>(m);
    PlainWalker<T> walker{std::fma(T(p.sigma_position), normal<T>(p.seed, id, 0, Stream::spread_offset), origin.x),
                          std::fma(T(p.sigma_velocity), normal<T>(p.seed, id, 1, Stream::spread_offset), origin.v)};
    start.push_back(walker.x);
    all.push_back(walker.x);
    for (std::int64_t s = 0; s < p.member_steps; ++s) {
      walker.step(p, normal<T>(p.seed, id, s, Stream::spread_dynamics));
      all.push_back(walker.x);
    }
    end.push_back(walker.x);
  }
  auto const range = [](std::vector<T> const& x) {
    auto const [lo, hi] = std::ranges::minmax(x);
    return hi - lo;
  };
  auto const [lo, hi] = std::ranges::minmax(all);
  return {lo, hi, range(start), range(end)};
}

template <class Config>
class Spread : public ::testing::Test {
 public:
  using Space = typename Config::Space;
  using Real = typename Config::Real;
};
TYPED_TEST_SUITE(Spread, test::AllConfigs, test::ConfigName);

TYPED_TEST(Spread, EqualsThePlainLoopBitForBit) {
  using T = typename TestFixture::Real;
  using Space = typename TestFixture::Space;
  SpreadParams const p = small_map();
  Map<Space, Baoab, Well<T>> map(Space{}, double_well<T>(), p, {0, p.points()});
  map.run();
  Trunk const trunk = map.trunk();
  SpreadPoints const points = map.points();
  auto const expected = plain_trunk<T>(p);
  ASSERT_EQ(trunk.position.size(), 302u);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    ASSERT_EQ(trunk.position[i], static_cast<double>(expected[i].x)) << i;
    ASSERT_EQ(trunk.velocity[i], static_cast<double>(expected[i].v)) << i;
  }
  ASSERT_EQ(points.lo.size(), 100u);
  for (std::size_t i = 0; i < points.lo.size(); ++i) {
    auto const step = static_cast<std::int64_t>(i + 1) * 3;
    auto const batch = plain_batch<T>(p, expected[static_cast<std::size_t>(step)], step, 0, p.members);
    ASSERT_EQ(points.lo[i], static_cast<double>(batch.lo)) << i;
    ASSERT_EQ(points.hi[i], static_cast<double>(batch.hi)) << i;
    ASSERT_EQ(points.members[i], 10);
    ASSERT_TRUE(std::isnan(points.error[i]));
    double const growth = std::log(static_cast<double>(batch.end) / static_cast<double>(batch.start)) / 0.1;
    ASSERT_NEAR(points.growth[i], growth, 1e-12 * std::abs(growth) + 1e-12);  // two logarithms, a few ulp
  }
}

TYPED_TEST(Spread, AnotherMemberSeedRepeatsTheMembersOnTheSameTrunk) {
  using T = typename TestFixture::Real;
  using Space = typename TestFixture::Space;
  SpreadParams const p = small_map();
  SpreadParams repeated = p, plain = p;
  repeated.member_seed = plain.seed = 4;
  Map<Space, Baoab, Well<T>> map(Space{}, double_well<T>(), repeated, {0, p.points()});
  map.run();
  Trunk const trunk = map.trunk();
  SpreadPoints const points = map.points();
  auto const expected = plain_trunk<T>(p);
  for (std::size_t i = 0; i < points.lo.size(); ++i) {
    auto const step = static_cast<std::int64_t>(i + 1) * 3;
    auto const& origin = expected[static_cast<std::size_t>(step)];
    ASSERT_EQ(trunk.position[static_cast<std::size_t>(step)], static_cast<double>(origin.x));
    auto const batch = plain_batch<T>(plain, origin, step, 0, p.members);
    ASSERT_EQ(points.lo[i], static_cast<double>(batch.lo)) << i;
    ASSERT_EQ(points.hi[i], static_cast<double>(batch.hi)) << i;
  }
}

TYPED_TEST(Spread, ChosenPointsGetTheMembersOfTheWholeMap) {
  using T = typename TestFixture::Real;
  using Space = typename TestFixture::Space;
  SpreadParams const p = small_map();
  Map<Space, Baoab, Well<T>> whole(Space{}, double_well<T>(), p, {0, p.points()});
  whole.run();
  SpreadPoints const all = whole.points();
  Map<Space, Baoab, Well<T>> map(Space{}, double_well<T>(), p, {0, p.points()});
  map.follow();
  std::vector<std::int64_t> const once{97, 3, 41, 40, 0}, again{40, 97};
  map.run_batch(once, 0);
  map.run_batch(again, 1);
  map.run_batch({}, 7);
  SpreadPoints const points = map.points();
  for (std::size_t i = 0; i < all.lo.size(); ++i) {
    auto const has = [&](auto const& chosen) { return std::ranges::count(chosen, static_cast<std::int64_t>(i)); };
    ASSERT_EQ(points.members[i], 10 * (has(once) + has(again))) << i;
    if (has(once) == 0) {
      ASSERT_TRUE(std::isnan(points.lo[i]) && std::isnan(points.growth[i])) << i;
    } else if (has(again) == 0) {
      ASSERT_EQ(points.lo[i], all.lo[i]) << i;
      ASSERT_EQ(points.hi[i], all.hi[i]) << i;
    }
  }
  auto const expected = plain_trunk<T>(p);
  auto const first = plain_batch<T>(p, expected[3 * 41], 3 * 41, 0, 10);
  auto const second = plain_batch<T>(p, expected[3 * 41], 3 * 41, 10, 20);
  double const mean = (static_cast<double>(first.hi) + static_cast<double>(second.hi)) / 2;
  EXPECT_NEAR(points.hi[40], mean, 1e-15 * std::abs(mean));  // one rounding
  EXPECT_THROW(map.run_batch(std::vector<std::int64_t>{100}, 0), DomainError);
  EXPECT_THROW(map.run_batch(once, max_member_id / 10), DomainError);
}

TYPED_TEST(Spread, TrunkIsThatWalkerOfTheEnsemble) {
  using T = typename TestFixture::Real;
  using Space = typename TestFixture::Space;
  SpreadParams const p = small_map();
  auto const compare = [&]<class Scheme>(Scheme) {
    SpreadParams q = p;
    if (Scheme::overdamped) q.sigma_velocity = 0;
    Map<Space, Scheme, Well<T>> map(Space{}, double_well<T>(), q, {0, 0});
    map.run();
    Trunk const trunk = map.trunk();
    EnsembleParams e;
    e.walkers = 70;
    e.seed = p.seed;
    e.langevin = p.langevin;
    Ensemble<Space, Scheme, Well<T>> ensemble(Space{}, double_well<T>(), e, {0, 70});
    ensemble.initialise(p.start);
    std::int64_t done = 0;
    for (std::int64_t const stored : {0, 1, 64, 301}) {
      ensemble.advance(p.equilibrate + stored - done);
      done = p.equilibrate + stored;
      WalkerState const walker = ensemble.read_walkers({p.walker}).front();
      EXPECT_EQ(trunk.position[static_cast<std::size_t>(stored)], walker.position[0]) << stored;
      EXPECT_EQ(trunk.velocity[static_cast<std::size_t>(stored)], walker.velocity[0]) << stored;
    }
  };
  compare(Baoab{});
  compare(Obabo{});  // two normal numbers per step
  compare(LeimkuhlerMatthews{});
}

TYPED_TEST(Spread, BitsDoNotDependOnLanesRangesOrOtherPoints) {
  using T = typename TestFixture::Real;
  using Space = typename TestFixture::Space;
  SpreadParams p = small_map();
  auto const points_with = [&]<int W>(std::integral_constant<int, W>, PointRange range) {
    SpreadMap<Space, Baoab, Well<T>, W> map(Space{}, double_well<T>(), p, range);
    map.run();
    return map.points();
  };
  SpreadPoints const whole = points_with(std::integral_constant<int, lane_width<Space, T>>{}, {0, 100});
  std::uint64_t const hash = spread_hash(whole, 0);
  EXPECT_EQ(spread_hash(points_with(std::integral_constant<int, 1>{}, {0, 100}), 0), hash);
  EXPECT_EQ(spread_hash(points_with(std::integral_constant<int, 8>{}, {0, 100}), 0), hash);

  std::uint64_t sum = 0;
  for (int rank = 0; rank < 3; ++rank) {
    PointRange const range = points_of(100, rank, 3);
    sum += spread_hash(points_with(std::integral_constant<int, 8>{}, range), range.first);
  }
  EXPECT_EQ(sum, hash);

  p.every = 6;
  SpreadPoints const coarse = points_with(std::integral_constant<int, 8>{}, {0, 50});
  for (std::size_t i = 0; i < 50; ++i) EXPECT_EQ(coarse.lo[i], whole.lo[2 * i + 1]);
}

/// The rule of the adaptive mode, point by point.
TYPED_TEST(Spread, AdaptiveAddsBatchesUntilToleranceOrCap) {
  using T = typename TestFixture::Real;
  using Space = typename TestFixture::Space;
  SpreadParams p = small_map();
  p.tolerance = 0.0065;
  p.max_members = 95;  // nine batches
  Map<Space, Baoab, Well<T>> map(Space{}, double_well<T>(), p, {0, p.points()});
  for (int repeat = 0; repeat < 2; ++repeat) {  // nothing is left over from a first run
    map.run();
    SpreadPoints const points = map.points();
    auto const trunk = plain_trunk<T>(p);
    int capped = 0, early = 0;
    for (std::size_t i = 0; i < points.lo.size(); ++i) {
      auto const step = static_cast<std::int64_t>(i + 1) * 3;
      double lo = 0, hi = 0, sum = 0, squares = 0, error = 0;
      std::int64_t n = 0;
      while (n < 9 && (n < 4 || error > p.tolerance)) {
        auto const batch = plain_batch<T>(p, trunk[static_cast<std::size_t>(step)], step, 10 * n, 10 * (n + 1));
        ++n;
        double const spread = static_cast<double>(batch.hi) - static_cast<double>(batch.lo);
        lo += (static_cast<double>(batch.lo) - lo) / static_cast<double>(n);
        hi += (static_cast<double>(batch.hi) - hi) / static_cast<double>(n);
        sum += spread;
        squares += spread * spread;
        double const variance = (squares - sum * sum / static_cast<double>(n)) / static_cast<double>(n - 1);
        double const freedom = static_cast<double>(n - 1);
        error = std::sqrt(variance / static_cast<double>(n)) * (1 + 1 / (2 * freedom) + 1 / (4 * freedom * freedom));
      }
      ASSERT_EQ(points.members[i], 10 * n) << i;
      ASSERT_EQ(points.lo[i], lo) << i;
      ASSERT_EQ(points.hi[i], hi) << i;
      // The textbook sum of squares loses about (spread / deviation)^2 = 20 ulp.
      ASSERT_NEAR(points.error[i], error, 1e-12) << i;
      capped += n == 9 ? 1 : 0;
      early += n == 4 ? 1 : 0;
    }
    // The case is no test unless points of all kinds occur.
    EXPECT_GT(capped, 5);
    EXPECT_GT(early, 5);
    EXPECT_LT(capped + early, 90);
  }
}

using Space = Kokkos::DefaultExecutionSpace;
using Line = Separable<Harmonic<double>, 1>;

/// Without noise BAOAB in a harmonic well is linear, so a member keeps its place among the members by the powers of one
/// matrix.
TEST(SpreadPhysics, ColdHarmonicSpreadsAsTheMatrixPowersSay) {
  SpreadParams p = small_map();
  double const stiffness = 3;
  p.langevin.temperature = 1e-30;  // noise of 1e-16, below the tolerance
  p.start.thermal_velocity = false;
  p.start.velocity[0] = 0.7;
  p.equilibrate = 0;
  p.member_steps = 25;
  p.sigma_velocity = 0.05;
  Map<Space, Baoab, Line> map(Space{}, Line{{{stiffness}}}, p, {0, p.points()});
  map.run();
  Trunk const trunk = map.trunk();
  SpreadPoints const points = map.points();

  double const h = p.langevin.dt, c = std::exp(-p.langevin.friction * h);
  auto const step = [&](double& x, double& v) {
    v -= h / 2 * stiffness * x;
    x += h / 2 * v * (1 + c);
    v = c * v - h / 2 * stiffness * x;
  };
  for (std::size_t i = 0; i < points.lo.size(); ++i) {
    std::size_t const row = (i + 1) * 3;
    double lo = 1e9, hi = -1e9;
    for (std::uint64_t m = 0; m < 10; ++m) {
      std::uint64_t const id = (std::uint64_t{7} << 48) | (row << 16) | m;
      double const dx = p.sigma_position * normal<double>(p.seed, id, 0, Stream::spread_offset);
      double const dv = p.sigma_velocity * normal<double>(p.seed, id, 1, Stream::spread_offset);
      double x = trunk.position[row], v = trunk.velocity[row];  // the trunk goes on, offsets by the matrix beside it
      double xx = 1, vx = 0, xv = 0, vv = 1;
      for (int s = 0; s <= 25; ++s) {
        double const here = x + xx * dx + xv * dv;
        lo = std::min(lo, here);
        hi = std::max(hi, here);
        step(x, v);
        step(xx, vx);
        step(xv, vv);
      }
    }
    // 25 steps with a few roundings of 1e-16 each.
    EXPECT_NEAR(points.lo[i], lo, 2e-14);
    EXPECT_NEAR(points.hi[i], hi, 2e-14);
  }
}

/// Free members that start at one place with Gaussian velocities and no bath: spread = time * range of the velocities.
TEST(SpreadPhysics, FreeFlightSpreadsInProportionToTime) {
  SpreadParams p = small_map();
  p.langevin.friction = 0;
  p.start.thermal_velocity = false;
  p.sigma_position = 0;
  auto const spread_after = [&](std::int64_t steps) {
    p.member_steps = steps;
    Map<Space, Baoab, Line> map(Space{}, Line{{{0}}}, p, {0, p.points()});
    map.run();
    SpreadPoints points = map.points();
    for (std::size_t i = 0; i < points.lo.size(); ++i) points.hi[i] -= points.lo[i];
    return points.hi;
  };
  auto const once = spread_after(10), twice = spread_after(20);
  // Positions near -1 are rounded to 1e-16 at each half step; the spread is 3e-3.
  for (std::size_t i = 0; i < once.size(); ++i) EXPECT_NEAR(twice[i], 2 * once[i], 1e-14);
}

/// The range of ten normal numbers has the mean 3.07751 and the deviation 0.79713 (Tippett 1925; the constants d2 and
/// d3 of control charts). Members that do not move show it.
constexpr double range_mean = 3.0775055, range_deviation = 0.7970507;

SpreadParams still_map() {
  SpreadParams p = small_map();
  p.langevin.friction = 0;
  p.start.thermal_velocity = false;
  p.sigma_velocity = 0;
  p.member_steps = 1;
  p.equilibrate = 0;
  p.steps = 20000;
  p.every = 1;
  return p;
}

TEST(SpreadPhysics, RangeOfGaussianOffsetsHasTheKnownMoments) {
  SpreadParams const p = still_map();
  Map<Space, Baoab, Line> map(Space{}, Line{{{0}}}, p, {0, p.points()});
  map.run();
  SpreadPoints const points = map.points();
  double sum = 0, squares = 0;
  for (std::size_t i = 0; i < points.lo.size(); ++i) {
    double const r = (points.hi[i] - points.lo[i]) / p.sigma_position;
    sum += r;
    squares += r * r;
  }
  auto const n = static_cast<double>(points.lo.size());
  double const mean = sum / n, deviation = std::sqrt(squares / n - mean * mean);
  // 4.9 standard errors: a false alarm in 1e6 seeds. The law of the range is nearly Gaussian, so the error of its
  // deviation is about deviation / sqrt(2 n).
  EXPECT_NEAR(mean, range_mean, 4.9 * range_deviation / std::sqrt(n));
  EXPECT_NEAR(deviation, range_deviation, 4.9 * range_deviation / std::sqrt(2 * n) * 1.1);
}

/// A free overdamped walker is a Gaussian of variance sigma^2 + 2 D t. Ranges at the start and at the end follow one law
/// but for the scale, so that the mean of growth * t is half the logarithm of the ratio of variances.
TEST(SpreadPhysics, GrowthOfFreeDiffusionIsThatOfTheWidth) {
  SpreadParams p = still_map();
  p.langevin.friction = 1;
  p.member_steps = 10;
  Map<Space, EulerMaruyama, Line> map(Space{}, Line{{{0}}}, p, {0, p.points()});
  map.run();
  double sum = 0, squares = 0;
  double const time = 0.1;
  for (double const g : map.points().growth) {
    sum += g * time;
    squares += g * g * time * time;
  }
  double const n = 20000, mean = sum / n;
  double const error = std::sqrt((squares / n - mean * mean) / n);
  double const expected = 0.5 * std::log1p(2 * time / (p.sigma_position * p.sigma_position));
  EXPECT_NEAR(mean, expected, 4.9 * error);  // a false alarm in 1e6 seeds
  EXPECT_LT(error, 0.005);
}

/// The spread of the adaptive mode estimates the same number as the fixed mode, and its error says how well.
TEST(SpreadPhysics, AdaptiveSpreadIsAsAccurateAsItSays) {
  SpreadParams p = still_map();
  p.steps = 4000;
  p.tolerance = 0.2 * p.sigma_position;  // 16 batches: (0.797 / 0.2)^2
  p.max_members = 1000;
  Map<Space, Baoab, Line> map(Space{}, Line{{{0}}}, p, {0, p.points()});
  map.run();
  SpreadPoints const points = map.points();
  double sum = 0, squares = 0, members = 0;
  for (std::size_t i = 0; i < points.lo.size(); ++i) {
    double const off = (points.hi[i] - points.lo[i]) / p.sigma_position - range_mean;
    sum += off;
    squares += off * off;
    members += static_cast<double>(points.members[i]);
    EXPECT_LE(points.error[i], p.tolerance);
  }
  auto const n = static_cast<double>(points.lo.size());
  // Stopping at the first error below the tolerance favours errors that are too small by chance: 1.22 times the
  // tolerance here, 1.31 without Student's factor, known to about 1 / sqrt(2 n) = 1.1 %.
  EXPECT_LT(std::sqrt(squares / n), 1.27 * 0.2);
  EXPECT_GT(std::sqrt(squares / n), 0.9 * 0.2);
  EXPECT_NEAR(sum / n, 0, 0.05);
  EXPECT_NEAR(members / n, 160, 30);
}

TEST(Spread, SavingCountsMemberSteps) {
  SpreadPoints points;
  points.members = {40, 40, 80, 240};
  points.error = {0.1, 0.2, 0.1, 0.3};
  SpreadParams p = small_map();
  p.tolerance = 0.25;
  AdaptiveReport const report = report_adaptive(p, points);
  EXPECT_EQ(report.member_steps, 400 * 10);
  EXPECT_EQ(report.fixed_member_steps, 4 * 240 * 10);
  EXPECT_EQ(report.uncertain_points, 1);
  EXPECT_DOUBLE_EQ(report.saving(), 2.4);
}

TEST(Spread, TimeDerivativeIsExactForParabolas) {
  double const t[] = {0, 0.5, 1, 1.5};
  std::vector<double> y;
  for (double const s : t) y.push_back(3 * s * s - s);
  auto const slope = time_derivative(y, 0.5);
  EXPECT_DOUBLE_EQ(slope[0], 0.5);  // one-sided: that of the middle of the interval
  EXPECT_DOUBLE_EQ(slope[1], 2);
  EXPECT_DOUBLE_EQ(slope[2], 5);
  EXPECT_DOUBLE_EQ(slope[3], 6.5);
  EXPECT_TRUE(std::isnan(time_derivative(std::vector<double>{1.0}, 0.5).front()));
}

TEST(Spread, RunAllocatesNothing) {
  static int allocations;
  SpreadParams p = small_map();
  p.tolerance = 0.01;
  p.max_members = 100;
  Map<Space, Baoab, Well<double>> map(Space{}, double_well<double>(), p, {0, p.points()});
  map.run();  // scratch memory of the space itself
  Kokkos::Tools::Experimental::set_allocate_data_callback(
      [](Kokkos::Tools::SpaceHandle, char const*, void const*, std::uint64_t) { ++allocations; });
  allocations = 0;
  map.run();
  int const in_run = allocations;
  map.points();
  Kokkos::Tools::Experimental::set_allocate_data_callback(nullptr);
  EXPECT_EQ(in_run, 0);
}

TEST(Spread, RejectsImpossibleParameters) {
  auto const message = [](auto change) {
    SpreadParams p = small_map();
    change(p);
    try {
      check(p, false, 1);
    } catch (DomainError const& e) {
      return e.name();
    }
    return std::string("accepted");
  };
  double const nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_EQ(message([](SpreadParams&) {}), "accepted");
  EXPECT_EQ(message([](SpreadParams& p) { p.members = 1; }), "members");
  EXPECT_EQ(message([](SpreadParams& p) { p.members = 1 << 17; }), "members");
  EXPECT_EQ(message([](SpreadParams& p) { p.every = 0; }), "every");
  EXPECT_EQ(message([](SpreadParams& p) { p.every = 302; }), "every");
  EXPECT_EQ(message([](SpreadParams& p) { p.steps = 0; }), "steps");
  EXPECT_EQ(message([](SpreadParams& p) { p.equilibrate = -1; }), "equilibrate");
  EXPECT_EQ(message([](SpreadParams& p) { p.member_steps = 0; }), "member_steps");
  EXPECT_EQ(message([](SpreadParams& p) { p.walker = 1 << 16; }), "walker");
  EXPECT_EQ(message([](SpreadParams& p) { p.sigma_position = -0.1; }), "sigma_position");
  EXPECT_EQ(message([&](SpreadParams& p) { p.sigma_velocity = nan; }), "sigma_velocity");
  EXPECT_EQ(message([&](SpreadParams& p) { p.tolerance = nan; }), "tolerance");
  EXPECT_EQ(message([](SpreadParams& p) { p.tolerance = 0.1, p.max_members = 39; }), "max_members");
  EXPECT_EQ(message([](SpreadParams& p) { p.langevin.dt = 0; }), "dt");
  SpreadParams p = small_map();
  EXPECT_THROW(check(p, true, 1), DomainError);  // an overdamped scheme has no velocity to offset
}

TEST(Spread, NamesWhatDiverges) {
  SpreadParams p = small_map();
  p.langevin.dt = 2;
  Map<Space, Baoab, Well<double>> map(Space{}, double_well<double>(), p, {0, p.points()});
  map.run();
  EXPECT_THROW(map.trunk(), DivergedError);

  p = small_map();
  p.sigma_velocity = 1e200;  // the trunk is fine, its members are not
  Map<Space, Baoab, Well<double>> members(Space{}, double_well<double>(), p, {0, p.points()});
  members.run();
  EXPECT_NO_THROW(members.trunk());
  try {
    members.points();
    FAIL();
  } catch (DivergedError const& e) {
    EXPECT_EQ(e.walker(), 7u);
    EXPECT_EQ(e.step(), 5 + 3);
  }
}

}  // namespace kramers::spread_test
