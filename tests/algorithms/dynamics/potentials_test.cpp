// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/core/lanes.hpp>
#include <kramers/dynamics/potentials/cosine.hpp>
#include <kramers/dynamics/potentials/double_well.hpp>
#include <kramers/dynamics/potentials/expression.hpp>
#include <kramers/dynamics/potentials/harmonic.hpp>
#include <kramers/dynamics/potentials/mueller_brown.hpp>
#include <kramers/dynamics/potentials/separable.hpp>
#include <kramers/dynamics/potentials/tabulated.hpp>
#include <kramers/dynamics/potentials/tabulated_2d.hpp>

#include <gtest/gtest.h>
#include <spaces.hpp>

#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace kramers::potentials_test {

using namespace kramers::dynamics;

using Host = Kokkos::DefaultHostExecutionSpace;

static_assert(profile<Harmonic<double>> && profile<DoubleWell<float>> && profile<PeriodicCosine<double>>);
static_assert(profile<Tabulated<double, Host>> && profile<Tabulated<float, Host>>);
static_assert(potential<Separable<DoubleWell<float>, 1>> && potential<Separable<Harmonic<double>, 3>>);
static_assert(potential<MuellerBrown<double>> && potential<MuellerBrown<float>>);
static_assert(profile<Expression<double, Host, 1>> && potential<Separable<Expression<float, Host, 1>, 1>>);
static_assert(potential<Expression<double, Host, 2>> && !profile<Expression<double, Host, 2>>);
static_assert(!profile<MuellerBrown<double>> && !potential<DoubleWell<double>>, "the two concepts are apart");

/// A smooth profile sampled at uneven points: x^4 / 4 - x^2 at 41 points of [-2, 2], spacings 0.025 to 0.24.
inline Table uneven_table() {
  Table table;
  for (int i = 0; i <= 40; ++i) {
    double const u = i / 20.0 - 1.0, x = u * (0.5 + 1.5 * u * u);
    table.position.push_back(x);
    table.energy.push_back(x * x * x * x / 4 - x * x);
  }
  return table;
}

/// Bounds that hold in the box [lower, upper]^D: of derivatives of V along an axis, of the jumps of the third one, and
/// of the numbers met on the way to the energy or force, condition numbers included.
struct Bounds {
  double lower, upper, third, fourth, jump, size;
};

// Each case: a potential, and bounds worked out by hand from its formula.
struct PulledHarmonic {
  static constexpr char const* name = "harmonic";
  static constexpr Bounds bounds{-2, 2, 0, 0, 0, 10};
  template <class T, class>
  static auto make() {
    return Separable<Harmonic<T>, 1>{{Harmonic<T>{T(3), T(0.25), T(0.5)}}};
  }
};
struct TiltedDoubleWell {
  static constexpr char const* name = "double_well";
  static constexpr Bounds bounds{-1.75, 1.75, 210, 120, 0, 80};  // V''' = 24 dV x, V'''' = 24 dV
  template <class T, class>
  static auto make() {
    return Separable<DoubleWell<T>, 1>{{DoubleWell<T>{T(5), T(0.3)}}};
  }
};
struct TwoDoubleWells {
  static constexpr char const* name = "double_well_2d";
  static constexpr Bounds bounds{-1.75, 1.75, 210, 120, 0, 160};
  template <class T, class>
  static auto make() {
    return Separable<DoubleWell<T>, 2>{{DoubleWell<T>{T(5), T(0.3)}, DoubleWell<T>{T(2), T(-1)}}};
  }
};
inline ExpressionProgram program_of(std::string const& formula, int dimension) {
  auto const no_constants = [](std::string_view) { return std::optional<double>(); };
  return compile_expression(formula, dimension, no_constants, dynamics::detail::fold_operation);
}
struct FormulaOfADoubleWell {
  static constexpr char const* name = "expression";
  static constexpr Bounds bounds = TiltedDoubleWell::bounds;
  template <class T, class Space>
  static auto make() {
    return Separable<Expression<T, Space, 1>, 1>{
        {Expression<T, Space, 1>(Space{}, program_of("5*(x^2-1)^2 + 0.3*x", 1))}};
  }
};
struct FormulaOfTwoDoubleWells {
  static constexpr char const* name = "expression_2d";
  static constexpr Bounds bounds = TwoDoubleWells::bounds;
  template <class T, class Space>
  static auto make() {
    return Expression<T, Space, 2>(Space{}, program_of("5*(x^2-1)^2 + 0.3*x + 2*(y^2-1)^2 - y", 2));
  }
};
struct ThreeCosines {
  static constexpr char const* name = "cosine_3d";
  static constexpr Bounds bounds{-3,  3, 147,
                                 616, 0, 60};  // (dV / 2) (2 pi / L)^3 and ^4; the phase errs by |x| / L ulp
  template <class T, class>
  static auto make() {
    PeriodicCosine<T> const p{T(4), T(1.5), T(0.5)};
    return Separable<PeriodicCosine<T>, 3>{{p, p, p}};
  }
};
struct UnevenTable {
  static constexpr char const* name = "tabulated";
  // V'' falls from 10 to the natural 0 within the last spacing of 0.22, with overshoot 1.3 and more bend before it.
  static constexpr Bounds bounds{-2.5, 2.5, 70, 0, 90, 20};
  template <class T, class Space>
  static auto make() {
    return Separable<Tabulated<T, Space>, 1>{{Tabulated<T, Space>(Space{}, natural_spline(uneven_table()))}};
  }
};
struct ScaledMuellerBrown {
  static constexpr char const* name = "mueller_brown";
  // Sums over the four terms of A (2 c)^(3/2) 1.38 and 3 A (2 c)^2, the largest values of the derivatives of a
  // Gaussian of principal curvature c; the last term by its value in the corner. The exponents err by 40 ulp.
  static constexpr Bounds bounds{-0.25, 0.75, 4000, 36000, 0, 400};
  template <class T, class>
  static auto make() {
    return MuellerBrown<T>{T(0.05)};
  }
};
struct TableOfAPlane {
  static constexpr char const* name = "tabulated_2d";
  // Points of sin(2 x) cos(1.5 y), spacing 0.25: V_xx falls from 4 to the natural 0 within one, with overshoot 1.3, and
  // V_yy from 2.25; outside it goes on straight.
  static constexpr Bounds bounds{-2.5, 2.5, 40, 0, 60, 40};
  template <class T, class Space>
  static auto make() {
    Surface surface{{SurfaceAxis{17, -2, 0.25, 0}, SurfaceAxis{17, -2, 0.25, 0}}, {}};
    for (int i = 0; i < 17 * 17; ++i) {
      surface.energy.push_back(std::sin(2 * (i / 17 * 0.25 - 2)) * std::cos(1.5 * (i % 17 * 0.25 - 2)));
    }
    return Tabulated2d<T, Space>(Space{}, bicubic_cells(surface, {}));
  }
};
using Cases = std::tuple<PulledHarmonic, TiltedDoubleWell, TwoDoubleWells, FormulaOfADoubleWell,
                         FormulaOfTwoDoubleWells, ThreeCosines, UnevenTable, TableOfAPlane, ScaledMuellerBrown>;

template <class Visit>
void for_each_case(Visit const& visit) {
  std::apply([&](auto... cases) { (visit(cases), ...); }, Cases{});
}

/// Points of the box, multiples of 1/128 so that x + h and x - h are exact; D coordinates after each other.
template <class T, int D>
std::vector<T> points(Bounds const& box, int count) {
  std::vector<T> x;
  for (int i = 0; i < count * D; ++i) {
    double const weyl = std::fmod(0.61803398874989485 * (i + 1), 1.0);
    x.push_back(static_cast<T>(std::round((box.lower + weyl * (box.upper - box.lower)) * 128) / 128));
  }
  return x;
}

/// Rows of energy, laplacian and force, each pack of W points by one iteration.
template <class Space, class Potential, int W>
struct EvaluateKernel {
  using T = typename Potential::value_type;
  static constexpr int D = Potential::dimension;
  Potential potential;
  Kokkos::View<T**, Kokkos::LayoutRight, Space> x, out;

  KOKKOS_FUNCTION void operator()(int const pack) const {
    for_lanes<W>([&](int const l) {
      int const i = pack * W + l;
      Vec<T, D> at;
      for (int d = 0; d < D; ++d) at[d] = x(i, d);
      Vec<T, D> const f = potential.force(at);
      out(i, 0) = potential.energy(at);
      out(i, 1) = potential.laplacian(at);
      for (int d = 0; d < D; ++d) out(i, 2 + d) = f[d];
    });
  }
};

template <class Space, class Potential, class T = typename Potential::value_type>
std::vector<T> in_kernel(Potential const& potential, std::vector<T> const& points) {
  constexpr int D = Potential::dimension, W = lane_width<Space, T>;
  int const count = static_cast<int>(points.size()) / D;
  Kokkos::View<T**, Kokkos::LayoutRight, Space> const x("x", static_cast<std::size_t>(count), D);
  Kokkos::View<T**, Kokkos::LayoutRight, Space> const out("out", static_cast<std::size_t>(count), 2 + D);
  auto const host_x = Kokkos::create_mirror_view(x), host_out = Kokkos::create_mirror_view(out);
  std::copy(points.begin(), points.end(), host_x.data());
  Space const exec;
  copy_view(exec, x, host_x);
  Kokkos::parallel_for("kramers::test::evaluate", Kokkos::RangePolicy<Space>(exec, 0, count / W),
                       EvaluateKernel<Space, Potential, W>{potential, x, out});
  copy_view(exec, host_out, out);
  exec.fence("kramers::test::evaluate");
  return std::vector<T>(host_out.data(), host_out.data() + host_out.size());
}

template <class Config>
struct Potentials : ::testing::Test {};
TYPED_TEST_SUITE(Potentials, test::AllConfigs, test::ConfigName);

TYPED_TEST(Potentials, GiveTheSameBitsInAKernelAsOnTheHost) {
  using T = typename TypeParam::Real;
  using Space = typename TypeParam::Space;
  for_each_case([](auto which) {
    SCOPED_TRACE(which.name);
    auto const device = which.template make<T, Space>();
    auto const host = which.template make<T, Host>();
    constexpr int D = decltype(host)::dimension;
    std::vector<T> const x = points<T, D>(which.bounds, 256);
    std::vector<T> const out = in_kernel<Space>(device, x);
    for (std::size_t i = 0; i < 256; ++i) {
      Vec<T, D> at;
      for (int d = 0; d < D; ++d) at[d] = x[i * D + static_cast<std::size_t>(d)];
      ASSERT_EQ(out[i * (2 + D)], host.energy(at)) << "energy of point " << i;
      ASSERT_EQ(out[i * (2 + D) + 1], host.laplacian(at)) << "laplacian of point " << i;
      for (int d = 0; d < D; ++d) {
        ASSERT_EQ(out[i * (2 + D) + 2 + static_cast<std::size_t>(d)], host.force(at)[d]) << "force of point " << i;
      }
    }
  });
}

template <class T>
struct HostPotentials : ::testing::Test {};
using Reals = ::testing::Types<double, float>;
TYPED_TEST_SUITE(HostPotentials, Reals);

// Central differences with step h. Truncation: h^2 / 6 times the next odd derivative; where the third derivative jumps
// by J, a difference of forces is off by J h / 4 more. Rounding: each of two values is off by a few times
// epsilon * size (4 is taken), and their difference is divided by 2 h. h = epsilon^(1/3) up to a power of two.
TYPED_TEST(HostPotentials, ForceAndLaplacianAreDerivativesOfTheEnergy) {
  using T = TypeParam;
  double const epsilon = std::numeric_limits<T>::epsilon();
  double const h = sizeof(T) == 8 ? 0x1p-17 : 0x1p-7;
  for_each_case([&](auto which) {
    SCOPED_TRACE(which.name);
    Bounds const b = which.bounds;
    auto const v = which.template make<T, Host>();
    constexpr int D = decltype(v)::dimension;
    std::vector<T> const x = points<T, D>(b, 500);
    double const rounding = 4 * epsilon * b.size / h;
    double const force_tolerance = h * h / 6 * b.third + rounding;
    double const laplacian_tolerance = D * (h * h / 6 * b.fourth + b.jump * h / 4 + rounding);
    for (std::size_t i = 0; i < 500; ++i) {
      Vec<T, D> at;
      for (int d = 0; d < D; ++d) at[d] = x[i * D + static_cast<std::size_t>(d)];
      double laplacian = 0;
      for (int d = 0; d < D; ++d) {
        Vec<T, D> up = at, down = at;
        up[d] += static_cast<T>(h);
        down[d] -= static_cast<T>(h);
        double const slope = (static_cast<double>(v.energy(up)) - static_cast<double>(v.energy(down))) / (2 * h);
        laplacian -= (static_cast<double>(v.force(up)[d]) - static_cast<double>(v.force(down)[d])) / (2 * h);
        ASSERT_NEAR(static_cast<double>(v.force(at)[d]), -slope, force_tolerance) << "point " << i << " axis " << d;
      }
      ASSERT_NEAR(static_cast<double>(v.laplacian(at)), laplacian, laplacian_tolerance) << "point " << i;
    }
  });
}

TYPED_TEST(HostPotentials, HarmonicHasItsCentreAndItsPull) {
  using T = TypeParam;
  Harmonic<T> const v{T(4), T(0.5), T(2)};  // minimum at x0 + f / k = 1
  EXPECT_EQ(v.force(T(1)), T(0));
  EXPECT_EQ(v.energy(T(1)), T(0.5) - T(2));
  EXPECT_EQ(v.curvature(T(7)), T(4));
  Harmonic<T> const free{T(0)};
  EXPECT_EQ(free.force(T(1e6)), T(0));
  EXPECT_EQ(free.energy(T(1e6)), T(0));
}

TYPED_TEST(HostPotentials, DoubleWellHasItsBarrierWellsAndTilt) {
  using T = TypeParam;
  DoubleWell<T> const v{T(5)};
  for (T const x : {T(-1), T(1)}) {
    EXPECT_EQ(v.energy(x), T(0));
    EXPECT_EQ(v.force(x), T(0));
    EXPECT_EQ(v.curvature(x), T(8 * 5));  // omega0^2
  }
  EXPECT_EQ(v.energy(T(0)), T(5));
  EXPECT_EQ(v.force(T(0)), T(0));
  EXPECT_EQ(v.curvature(T(0)), T(-4 * 5));  // -omegab^2
  DoubleWell<T> const tilted{T(5), T(0.25)};
  EXPECT_EQ(tilted.energy(T(1)) - tilted.energy(T(-1)), T(0.5));
  EXPECT_EQ(tilted.force(T(1)), T(-0.25));
}

TYPED_TEST(HostPotentials, CosineHasItsPeriodAndItsPull) {
  using T = TypeParam;
  PeriodicCosine<T> const v{T(4), T(2), T(0)}, pulled{T(4), T(2), T(0.5)};
  EXPECT_EQ(v.energy(T(0)), T(0));
  EXPECT_EQ(v.energy(T(1)), T(4));
  EXPECT_EQ(v.force(T(0)), T(0));
  EXPECT_EQ(v.force(T(1)), T(0));
  for (T x = -3; x < 3; x += T(0.0625)) {  // x / 2 and x / 2 + 5 are exact, so a period later the bits are the same
    ASSERT_EQ(v.energy(x), v.energy(x + T(10)));
    ASSERT_EQ(v.force(x), v.force(x + T(10)));
    ASSERT_EQ(pulled.force(x), pulled.force(x + T(10)));
    ASSERT_EQ(v.curvature(x), v.curvature(x + T(10)));
  }
  EXPECT_EQ(pulled.energy(T(2)), T(-1));
}

TYPED_TEST(HostPotentials, SeparableIsTheSumOfItsAxes) {
  using T = TypeParam;
  DoubleWell<T> const a{T(2)}, b{T(3), T(0.5)}, c{T(1), T(-1)};
  Separable<DoubleWell<T>, 3> const v{{a, b, c}};
  Vec<T, 3> const x{T(0.3), T(-0.8), T(1.2)};
  EXPECT_EQ(v.energy(x), a.energy(x[0]) + b.energy(x[1]) + c.energy(x[2]));
  EXPECT_EQ(v.laplacian(x), a.curvature(x[0]) + b.curvature(x[1]) + c.curvature(x[2]));
  EXPECT_EQ(v.force(x)[0], a.force(x[0]));
  EXPECT_EQ(v.force(x)[1], b.force(x[1]));
  EXPECT_EQ(v.force(x)[2], c.force(x[2]));
}

// Stationary points as published (Mueller and Brown 1979, table 1, three decimals of the position); their energies to
// four decimals follow by Newton's method from there, which also must not lead away.
TEST(MuellerBrownSurface, HasItsThreeMinimaAndTwoSaddles) {
  struct Point {
    double x, y, energy;
    bool minimum;
  };
  MuellerBrown<double> const v;
  for (Point const p : {Point{-0.558, 1.442, -146.6995, true}, Point{0.623, 0.028, -108.1667, true},
                        Point{-0.050, 0.467, -80.7678, true}, Point{-0.822, 0.624, -40.6648, false},
                        Point{0.212, 0.293, -72.2489, false}}) {
    SCOPED_TRACE("near (" + std::to_string(p.x) + ", " + std::to_string(p.y) + ")");
    double x = p.x, y = p.y, determinant = 0, trace = 0;
    for (int iteration = 0; iteration < 10; ++iteration) {
      double const h = 1e-5;
      auto const f = v.force({x, y});
      auto const right = v.force({x + h, y}), left = v.force({x - h, y});
      auto const above = v.force({x, y + h}), below = v.force({x, y - h});
      double const xx = (left[0] - right[0]) / (2 * h), yy = (below[1] - above[1]) / (2 * h);
      double const xy = (left[1] - right[1]) / (2 * h);
      determinant = xx * yy - xy * xy;
      trace = xx + yy;
      x += (yy * f[0] - xy * f[1]) / determinant;
      y += (xx * f[1] - xy * f[0]) / determinant;
    }
    EXPECT_NEAR(x, p.x, 5.1e-4);
    EXPECT_NEAR(y, p.y, 5.1e-4);
    EXPECT_NEAR(v.energy({x, y}), p.energy, 5.1e-5);
    EXPECT_EQ(determinant > 0, p.minimum);
    EXPECT_TRUE(!p.minimum || trace > 0);
  }
  EXPECT_DOUBLE_EQ(MuellerBrown<double>{0.5}.energy({-0.558, 1.442}), 0.5 * v.energy({-0.558, 1.442}));
}

/// Knots at multiples of 1/100, which rounding moves to either side of the edges of equal cells.
inline Table even_table(int points) {
  Table table;
  for (int i = 0; i < points; ++i) {
    table.position.push_back(i / 100.0 - 2);
    table.energy.push_back(std::cos(table.position.back()));
  }
  return table;
}

/// Knots with spacings that vary by a factor of 300 in no order.
inline Table ragged_table() {
  Table table;
  double x = -3;
  for (int i = 0; i < 200; ++i) {
    table.position.push_back(x);
    table.energy.push_back(std::sin(7 * x) + 0.1 * x * x);
    x += 0.0001 * std::pow(300.0, std::fmod(0.61803398874989485 * (i + 1), 1.0));
  }
  return table;
}

/// The definition, in double: the interval by search, then the polynomial and its derivatives.
struct PlainSpline {
  CubicSpline spline;
  double wall = 0;

  struct Values {
    double energy, slope, bend;
  };
  Values at(double x) const {
    auto const n = spline.knot.size();
    std::size_t below = 0;
    while (below < n && x >= spline.knot[below]) ++below;
    std::size_t const piece = below == 0 ? 0 : below - 1;
    bool const outside = below == 0 || below == n;
    auto const& c = spline.coefficient;
    double const c2 = outside ? wall / 2 : c[2][piece], c3 = outside ? 0.0 : c[3][piece];
    double const dx = x - spline.knot[piece];
    return {c[0][piece] + dx * (c[1][piece] + dx * (c2 + dx * c3)), c[1][piece] + dx * (2 * c2 + dx * 3 * c3),
            2 * c2 + 6 * c3 * dx};
  }
  /// No term of V' in any interval is larger.
  double steepest() const {
    double most = 0;
    auto const& c = spline.coefficient;
    for (std::size_t i = 0; i + 1 < spline.knot.size(); ++i) {
      double const h = spline.knot[i + 1] - spline.knot[i];
      most = std::max({most, std::abs(c[1][i]), 2 * h * std::abs(c[2][i]), 3 * h * h * std::abs(c[3][i])});
    }
    return most;
  }
};

// Rounding moves the position by 3 epsilon of its distance from the first point: half of one each in the difference, in
// 1 / width and, with the 1 added, in the place. Of the sums, about six terms, each is rounded when it is stored and when
// it is added.
TYPED_TEST(HostPotentials, TabulatedIsTheSplineEverywhere) {
  using T = TypeParam;
  double const epsilon = std::numeric_limits<T>::epsilon();
  T const infinity = std::numeric_limits<T>::infinity();
  for (Table const& table : {uneven_table(), ragged_table(), even_table(401), Table{{0, 0.1, 0.2}, {1, 2, 5}}}) {
    PlainSpline const plain{natural_spline(table), 2.5};
    Tabulated<T, Host> const v(Host{}, plain.spline, 2.5);
    double const first = plain.spline.knot.front(), length = plain.spline.knot.back() - first;
    double const steepest = plain.steepest();
    auto const same = [&](T x) {
      auto const exact = plain.at(static_cast<double>(x));
      double const moved = 3 * epsilon * (std::abs(static_cast<double>(x) - first) + std::abs(first) / 3);
      double const terms = std::max(steepest, std::abs(exact.slope));
      ASSERT_NEAR(static_cast<double>(v.force(x)), -exact.slope, std::abs(exact.bend) * moved + 12 * epsilon * terms)
          << "at " << x;
      ASSERT_NEAR(static_cast<double>(v.energy(x)), exact.energy,
                  terms * moved + 12 * epsilon * (std::abs(exact.energy) + terms * length / 100))
          << "at " << x;
    };
    for (double const knot : plain.spline.knot) {
      T const k = static_cast<T>(knot);
      for (T const x : {k, std::nextafter(k, infinity), std::nextafter(k, -infinity)}) same(x);
    }
    for (int i = 0; i < 20000; ++i) {
      same(static_cast<T>(first + length * (1.5 * std::fmod(0.61803398874989485 * (i + 1), 1.0) - 0.25)));
    }
  }
}

TYPED_TEST(HostPotentials, TabulatedGoesOnStraightOrIntoAWall) {
  using T = TypeParam;
  // Dyadic numbers, so that every value below is exact: V = -2 x + 1 at four points.
  CubicSpline const line = natural_spline({{0, 0.5, 1.5, 2}, {1, 0, -2, -3}});
  Tabulated<T, Host> const straight(Host{}, line), walled(Host{}, line, 8);
  for (T const x : {T(-4), T(-0.25), T(0), T(1), T(2), T(2.5), T(16)}) {
    T const beyond = x < T(0) ? x : (x > T(2) ? x - T(2) : T(0));
    EXPECT_EQ(straight.energy(x), T(1) - T(2) * x);
    EXPECT_EQ(straight.force(x), T(2));
    EXPECT_EQ(straight.curvature(x), T(0));
    EXPECT_EQ(walled.energy(x), T(1) - T(2) * x + T(4) * beyond * beyond);
    EXPECT_EQ(walled.force(x), T(2) - T(8) * beyond);
    EXPECT_EQ(walled.curvature(x), x < T(0) || x >= T(2) ? T(8) : T(0));
  }
}

/// One period of sin(x), of length 2 pi from -3, at points that are nowhere near even.
inline Table periodic_table() {
  Table table;
  for (int i = 0; i < 64; ++i) {
    double const u = (i + 0.3 * std::sin(5.0 * i)) / 64;
    table.position.push_back(-3 + 2 * std::acos(-1.0) * u);
    table.energy.push_back(std::sin(table.position.back()));
  }
  table.period = 2 * std::acos(-1.0);
  return table;
}

TYPED_TEST(HostPotentials, TabulatedRepeatsAPeriodicProfile) {
  using T = TypeParam;
  double const epsilon = std::numeric_limits<T>::epsilon();
  // Errors of a spline of spacing h < 1.6 * 2 pi / 64: 5/384 h^4 of the energy, h^3 / 24 and 3/8 h^2 of its derivatives
  // (de Boor, chapter V); the position is rounded relative to its distance from the first point.
  double const h = 1.6 * 2 * std::acos(-1.0) / 64;
  Tabulated<T, Host> const v(Host{}, spline_through(periodic_table()));
  for (double x = -40; x < 40; x += 0.0117) {
    T const at = static_cast<T>(x);
    double const exact = static_cast<double>(at), rounding = 3 * epsilon * std::abs(exact + 3) + 24 * epsilon;
    ASSERT_NEAR(static_cast<double>(v.energy(at)), std::sin(exact), 5.0 / 384 * h * h * h * h + rounding) << x;
    ASSERT_NEAR(static_cast<double>(v.force(at)), -std::cos(exact), h * h * h / 24 + rounding) << x;
    ASSERT_NEAR(static_cast<double>(v.curvature(at)), -std::sin(exact), 3.0 / 8 * h * h + 64 * rounding) << x;
  }
  T const infinity = std::numeric_limits<T>::infinity();
  for (T const x : {infinity, -infinity, std::numeric_limits<T>::quiet_NaN()}) {
    EXPECT_FALSE(std::isfinite(v.energy(x)) || std::isfinite(v.force(x)));
  }
}

TYPED_TEST(HostPotentials, TabulatedTakesAnyNumber) {
  using T = TypeParam;
  T const infinity = std::numeric_limits<T>::infinity(), largest = std::numeric_limits<T>::max();
  Tabulated<T, Host> const v(Host{}, natural_spline(ragged_table()), 1.0);
  for (T const x : {T(1e9), T(-1e9), T(1e30), T(-1e30), largest / T(1e5), -largest / T(1e5)}) {
    EXPECT_TRUE(v.force(x) * x < T(0)) << "the wall does not push back at " << x;
    EXPECT_NEAR(v.curvature(x), T(1), 3 * std::numeric_limits<T>::epsilon());  // k width^2 / width / width
  }
  for (int points = 3; points < 100;
       ++points) {  // of all lengths, so that the last knot lies in or before the last cell
    Tabulated<T, Host> const even(Host{}, natural_spline(even_table(points)));
    for (T const x : {infinity, -infinity, std::numeric_limits<T>::quiet_NaN()}) {
      EXPECT_FALSE(std::isfinite(even.energy(x)) || std::isfinite(even.force(x)));  // so that divergence is seen
    }
  }
}

TEST(TabulatedProfile, RefusesWhatItCannotHold) {
  CubicSpline const good = natural_spline({{0, 1, 2}, {0, 1, 0}});
  EXPECT_THROW((Tabulated<double, Host>(Host{}, good, -1.0)), DomainError);
  EXPECT_THROW((Tabulated<double, Host>(Host{}, good, std::numeric_limits<double>::quiet_NaN())), DomainError);
  try {
    Tabulated<double, Host>(Host{}, natural_spline({{0, 1e-6, 1}, {0, 0, 1}}));
    FAIL() << "was accepted";
  } catch (DomainError const& error) {
    EXPECT_NE(std::string(error.what()).find("smallest spacing: got 1e+06"), std::string::npos) << error.what();
  }
  // Both positions round to the same float; and an energy that no float can hold.
  EXPECT_NO_THROW((Tabulated<double, Host>(Host{}, natural_spline({{1, 1.00000001, 1.0001}, {0, 0, 0}}))));
  EXPECT_THROW((Tabulated<float, Host>(Host{}, natural_spline({{1, 1.00000001, 1.0001}, {0, 0, 0}}))), DomainError);
  EXPECT_THROW((Tabulated<float, Host>(Host{}, natural_spline({{0, 1, 2}, {0, 1e39, 0}}))), DomainError);
}

}  // namespace kramers::potentials_test
