// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/engine/ensemble.hpp>
#include <kramers/dynamics/potentials/potential_kind.hpp>
#include <kramers/dynamics/potentials/tabulated_2d.hpp>
#include <kramers/dynamics/schemes/schemes.hpp>

#include <gtest/gtest.h>
#include <spaces.hpp>

#include <cmath>
#include <limits>
#include <numbers>
#include <string>
#include <vector>

#include "surfaces.hpp"

// The functor of a tabulated surface: the spline everywhere, in both precisions, and ensembles on it whose bits do
// not depend on how they are computed. That kernels and host agree and that forces are derivatives shows
// potentials_test.cpp.
namespace kramers::tabulated_2d_test {

using namespace kramers::dynamics;
using kramers::test::axis_of;
using kramers::test::PlainBicubic;
using kramers::test::surface_of;

using Host = Kokkos::DefaultHostExecutionSpace;

static_assert(potential<Tabulated2d<double, Host>> && potential<Tabulated2d<float, Host>>);
static_assert(potential_kind<Tabulated2dKind> && !is_profile<Tabulated2dKind>);

inline double waves(double x, double y) {
  return std::cos(x) * std::sin(y + 0.3) + 0.4 * std::cos(2 * y - x);
}

/// A period of waves() along the axes that are periodic, of 24 x 18 points.
inline Surface wave_table(bool periodic_x, bool periodic_y) {
  double const turn = 2 * std::numbers::pi;
  return surface_of(waves, axis_of(-3, turn / 24, 24, periodic_x), axis_of(-2, turn / 18, 18, periodic_y));
}

template <class T>
struct TabulatedSurfaces : ::testing::Test {};
using Reals = ::testing::Types<double, float>;
TYPED_TEST_SUITE(TabulatedSurfaces, Reals);

// Rounding moves each position by 3 epsilon of its distance from the first point, and of the first point; of the sums
// each of about 16 terms is rounded when it is stored and when it is added.
TYPED_TEST(TabulatedSurfaces, AreTheSplineEverywhere) {
  using T = TypeParam;
  double const epsilon = std::numeric_limits<T>::epsilon();
  for (auto const& [periodic_x, periodic_y, wall] :
       {std::array{false, false, false}, {true, false, false}, {true, true, false}, {false, false, true}}) {
    Surface const surface = wave_table(periodic_x, periodic_y);
    BicubicCells const cells = bicubic_cells(surface, {wall ? 8.0 : 0.0, wall ? 5.0 : 0.0});
    Tabulated2d<T, Host> const v(Host{}, cells);
    PlainBicubic const plain(cells);
    for (int i = 0; i < 20000; ++i) {
      T const x = static_cast<T>(-3 + 12 * std::fmod(0.61803398874989485 * i, 1.0) - 3);
      T const y = static_cast<T>(-2 + 12 * std::fmod(0.75487766624669276 * i, 1.0) - 3);
      double const at_x = static_cast<double>(x), at_y = static_cast<double>(y);
      double const moved_x = 3 * epsilon * (std::abs(at_x + 3) + 4), moved_y = 3 * epsilon * (std::abs(at_y + 2) + 3);
      auto const expect = [&](T found, double exact, int p, int q) {
        double const tolerance = 32 * epsilon * plain.size(at_x, at_y, p, q) +
                                 moved_x * plain.size(at_x, at_y, p + 1, q) +
                                 moved_y * plain.size(at_x, at_y, p, q + 1);
        ASSERT_NEAR(static_cast<double>(found), exact, tolerance) << at_x << " " << at_y << " order " << p << " " << q;
      };
      auto const force = v.force({x, y});
      expect(v.energy({x, y}), plain.derivative(at_x, at_y, 0, 0), 0, 0);
      expect(-force[0], plain.derivative(at_x, at_y, 1, 0), 1, 0);
      expect(-force[1], plain.derivative(at_x, at_y, 0, 1), 0, 1);
      double const curvature = plain.derivative(at_x, at_y, 2, 0) + plain.derivative(at_x, at_y, 0, 2);
      // The third derivatives jump from cell to cell, and by the wall's stiffness the second ones where walls begin.
      bool const near_edge = std::abs(std::remainder(at_x + 3, cells.axis[0].width)) < moved_x ||
                             std::abs(std::remainder(at_y + 2, cells.axis[1].width)) < moved_y;
      double const size = plain.size(at_x, at_y, 2, 0) + plain.size(at_x, at_y, 0, 2) + 20;
      double const steep = plain.size(at_x, at_y, 3, 0) + plain.size(at_x, at_y, 2, 1) + plain.size(at_x, at_y, 1, 2) +
                           plain.size(at_x, at_y, 0, 3);
      if (near_edge) continue;
      ASSERT_NEAR(static_cast<double>(v.laplacian({x, y})), curvature,
                  64 * epsilon * size + (moved_x + moved_y) * steep)
          << at_x << " " << at_y;
    }
  }
}

// A Ramachandran-like table: around the seams as elsewhere, and the same a period away. The spline errs by 5/384 h^4
// of the fourth derivatives along each axis (de Boor, chapter V), 6.4 and 1.4 here, and by their product.
TYPED_TEST(TabulatedSurfaces, RepeatPeriodicSurfaces) {
  using T = TypeParam;
  double const epsilon = std::numeric_limits<T>::epsilon(), turn = 2 * std::numbers::pi;
  Tabulated2d<T, Host> const v(Host{}, bicubic_cells(wave_table(true, true), {}));
  double const h = turn / 18, error = 5.0 / 384 * h * h * h * h * (8 + 2);
  for (double x = -10; x < 12; x += 0.0931) {
    for (double y = -9; y < 13; y += 0.0817) {
      T const at_x = static_cast<T>(x), at_y = static_cast<T>(y);
      double const exact_x = static_cast<double>(at_x), exact_y = static_cast<double>(at_y);
      double const rounding = 40 * epsilon * (1 + std::abs(exact_x) + std::abs(exact_y));
      ASSERT_NEAR(static_cast<double>(v.energy({at_x, at_y})), waves(exact_x, exact_y), error + rounding);
    }
  }
  // On both sides of a seam, one step of the precision apart.
  T const first_x = T(-3), first_y = T(-2), infinity = std::numeric_limits<T>::infinity();
  for (int k = -2; k <= 2; ++k) {
    T const seam_x = static_cast<T>(-3 + k * turn), seam_y = static_cast<T>(-2 + k * turn);
    for (double u = 0; u < turn; u += 0.171) {
      T const y = first_y + static_cast<T>(u), x = first_x + static_cast<T>(u);
      auto const left = v.force({std::nextafter(seam_x, -infinity), y}),
                 right = v.force({std::nextafter(seam_x, infinity), y});
      auto const below = v.force({x, std::nextafter(seam_y, -infinity)}),
                 above = v.force({x, std::nextafter(seam_y, infinity)});
      double const step = 200 * epsilon;  // second derivatives up to 3, positions of up to 16 with their rounding
      for (int d = 0; d < 2; ++d) {
        ASSERT_NEAR(static_cast<double>(left[d]), static_cast<double>(right[d]), step) << "x seam " << k;
        ASSERT_NEAR(static_cast<double>(below[d]), static_cast<double>(above[d]), step) << "y seam " << k;
      }
    }
  }
}

TYPED_TEST(TabulatedSurfaces, TakeAnyNumber) {
  using T = TypeParam;
  T const infinity = std::numeric_limits<T>::infinity(), nan = std::numeric_limits<T>::quiet_NaN();
  Tabulated2d<T, Host> const walled(Host{}, bicubic_cells(wave_table(false, false), {8, 5}));
  for (T const far : {T(1e4), T(1e9), T(1e30)}) {
    for (T const sign : {T(-1), T(1)}) {
      EXPECT_LT(walled.force({sign * far, T(0)})[0] * sign, T(0)) << far;
      EXPECT_LT(walled.force({T(0), sign * far})[1] * sign, T(0)) << far;
      EXPECT_LT(walled.force({sign * far, -sign * far})[0] * sign, T(0)) << "beyond a corner " << far;
      EXPECT_NEAR(walled.laplacian({sign * far, sign * far}), T(13), 64 * std::numeric_limits<T>::epsilon());
    }
  }
  for (bool const periodic : {false, true}) {
    Tabulated2d<T, Host> const v(Host{}, bicubic_cells(wave_table(periodic, periodic), {}));
    for (T const bad : {infinity, -infinity, nan}) {
      for (auto const& at : {Vec<T, 2>{bad, T(0)}, Vec<T, 2>{T(0), bad}, Vec<T, 2>{bad, bad}}) {
        // So that divergence is seen.
        EXPECT_FALSE(std::isfinite(v.energy(at)) || std::isfinite(v.force(at)[0]) || std::isfinite(v.force(at)[1]));
      }
    }
  }
}

TEST(TabulatedSurface, RefusesWhatAPrecisionCannotHold) {
  auto const flat = [](double, double) { return 0.0; };
  BicubicCells const close = bicubic_cells(surface_of(flat, axis_of(1000, 1e-5, 4), axis_of(0, 1, 4)), {});
  EXPECT_NO_THROW((Tabulated2d<double, Host>(Host{}, close)));
  EXPECT_THROW((Tabulated2d<float, Host>(Host{}, close)), DomainError);
  BicubicCells const high = bicubic_cells(
      surface_of([](double x, double) { return x == 1 ? 1e39 : 0.0; }, axis_of(0, 1, 4), axis_of(0, 1, 4)), {});
  EXPECT_NO_THROW((Tabulated2d<double, Host>(Host{}, high)));
  EXPECT_THROW((Tabulated2d<float, Host>(Host{}, high)), DomainError);
}

TEST(TabulatedSurface, StartsWhereItIsLowest) {
  Tabulated2dParams const params{
      surface_of([](double x, double y) { return (x - 0.5) * (x - 0.5) + (y + 1) * (y + 1); }, axis_of(-1, 0.5, 5),
                 axis_of(-2, 0.25, 9)),
      {},
      0};
  auto const start = Tabulated2dKind::usual_start(params);
  EXPECT_EQ(start[0], 0.5);
  EXPECT_EQ(start[1], -1);
}

/// What an ensemble says, put together from its ranks.
struct Outcome {
  std::uint64_t hash = 0;
  std::vector<double> sums, frames;
  std::vector<std::uint64_t> histogram;
  friend bool operator==(Outcome const&, Outcome const&) = default;
};

template <class Space, class T, int W>
Outcome outcome_of(Tabulated2d<T, Space> const& surface, std::int64_t walkers, int ranks) {
  EnsembleParams params;
  params.walkers = walkers;
  params.seed = 20261122;
  params.langevin = {.dt = 0.05, .friction = 1, .temperature = 1.2, .mass = 1.5};
  params.correlations = true;
  params.sampling.every = 3;
  params.sampling.coordinate = 1;
  params.sampling.histogram = {.dimensions = 2, .bins = {5, 4}, .lower = {-4, -4}, .upper = {4, 4}};
  InitialState start;
  start.lower[0] = start.lower[1] = -4;  // also outside
  start.upper[0] = start.upper[1] = 5;
  EnsembleLayout const layout(walkers);
  Outcome outcome;
  for (int rank = 0; rank < ranks; ++rank) {
    Ensemble<Space, Baoab, Tabulated2d<T, Space>, W> ensemble(Space{}, surface, params, layout.range_of(rank, ranks));
    ensemble.initialise(start);
    ensemble.mark_origin();
    ensemble.advance(17);
    ensemble.advance(24);
    outcome.hash += ensemble.state_hash();
    auto const sums = ensemble.cell_sums().values(), frames = ensemble.frame_sums().values();
    outcome.sums.insert(outcome.sums.end(), sums.begin(), sums.end());
    outcome.frames.insert(outcome.frames.end(), frames.begin(), frames.end());
    auto const histogram = ensemble.histogram();
    outcome.histogram.resize(histogram.size());
    for (std::size_t i = 0; i < histogram.size(); ++i) outcome.histogram[i] += histogram[i];
  }
  return outcome;
}

template <class Config>
struct TabulatedEnsembles : ::testing::Test {};
TYPED_TEST_SUITE(TabulatedEnsembles, test::AllConfigs, test::ConfigName);

TYPED_TEST(TabulatedEnsembles, HaveTheSameBitsInAnyLanesAndOnAnyRanks) {
  using T = typename TypeParam::Real;
  using Space = typename TypeParam::Space;
  constexpr int W = lane_width<Space, T>;
  Tabulated2d<T, Space> const surface(Space{}, bicubic_cells(wave_table(true, false), {0, 5}));
  for (std::int64_t const walkers : {130, 2501}) {
    SCOPED_TRACE(walkers);
    Outcome const one = outcome_of<Space, T, 1>(surface, walkers, 1);
    EXPECT_TRUE((one == outcome_of<Space, T, W>(surface, walkers, 1))) << "the width of this space";
    for (int const ranks : {2, 4}) {
      EXPECT_TRUE((one == outcome_of<Space, T, W>(surface, walkers, ranks))) << ranks << " ranks";
    }
  }
}

}  // namespace kramers::tabulated_2d_test
