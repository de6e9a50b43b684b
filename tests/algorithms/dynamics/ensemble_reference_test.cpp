// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/engine/ensemble.hpp>
#include <kramers/dynamics/potentials/double_well.hpp>
#include <kramers/dynamics/potentials/separable.hpp>
#include <kramers/dynamics/schemes/schemes.hpp>

#include <gtest/gtest.h>
#include <reference.hpp>
#include <spaces.hpp>

#include <cmath>
#include <limits>
#include <vector>

// The engine against a plain loop over single walkers: the state bit for bit, the counts exactly, the sums to rounding.
namespace kramers::test {

using namespace kramers::dynamics;
namespace {

constexpr std::int64_t walkers = 130;  // three blocks, the last one with two walkers
constexpr std::int64_t steps = 121;

/// A low barrier, so that within `steps` many walkers cross it and some leave the histogram.
template <class T, int D>
Separable<DoubleWell<T>, D> low_barrier() {
  Separable<DoubleWell<T>, D> v{};
  for (int d = 0; d < D; ++d) v.axis[d] = DoubleWell<T>{T(1), static_cast<T>(0.25 * d)};
  return v;
}

EnsembleParams everything_on(int dimension) {
  EnsembleParams params;
  params.walkers = walkers;
  params.seed = 0x123456789abcdef0ULL;
  params.langevin = {.dt = 0.06, .friction = 0.8, .temperature = 2, .mass = 1.5};
  params.production_start = 4;
  params.sampling.every = 3;
  params.sampling.coordinate = dimension - 1;
  params.sampling.core_sets = params.sampling.first_passage = true;
  params.sampling.core_a = -0.5;
  params.sampling.core_b = 0.5;
  HistogramGrid& grid = params.sampling.histogram;  // edges are dyadic, so no rounding decides about a bin
  grid.dimensions = dimension > 1 ? 2 : 1;
  grid.axis = dimension > 2 ? 1 : 0;
  grid.bins[0] = 16;
  grid.bins[1] = dimension > 1 ? 8 : 1;
  for (double& edge : grid.lower) edge = -1;
  for (double& edge : grid.upper) edge = 1;
  return params;
}

InitialState thermal_box() {
  InitialState start;
  for (double& edge : start.lower) edge = -1.5;
  for (double& edge : start.upper) edge = 0.25;
  return start;
}

/// Advance in calls that end in the middle of noise groups, of sampling intervals and of nothing.
void advance_in_pieces(AnyEnsemble& ensemble) {
  std::int64_t done = 0;
  for (std::int64_t const next : {1, 2, 5, 5, 6, 19, 40, static_cast<int>(steps)}) {
    ensemble.advance(next - done);
    done = next;
  }
}

template <class Potential>
struct Reference {
  std::vector<ReferenceWalker<Potential>> walker;
  std::vector<ReferenceObserver<Potential>> observer;

  Reference(Potential const& potential, char const* scheme, EnsembleParams const& params) {
    for (std::uint64_t id = 0; id < static_cast<std::uint64_t>(walkers); ++id) {
      walker.emplace_back(potential, scheme, params.langevin, params.seed, id, params.drive);
      observer.emplace_back(potential, params);
      walker.back().start(thermal_box());
      for (std::int64_t n = 0; n < steps; ++n) {
        walker.back().step(n);
        observer.back().observe(walker.back(), n + 1);
      }
    }
  }
};

template <class Potential>
void expect_same_state(AnyEnsemble& ensemble, Reference<Potential> const& reference) {
  using T = typename Potential::value_type;
  auto const columns = ensemble.download();
  for (std::size_t d = 0; d < Potential::dimension; ++d) {
    auto const x = std::get<std::span<T>>(columns[d].values);
    auto const v = std::get<std::span<T>>(columns[Potential::dimension + d].values);
    ASSERT_EQ(columns[d].name, "x" + std::to_string(d));
    ASSERT_EQ(columns[Potential::dimension + d].name, "v" + std::to_string(d));
    ASSERT_EQ(x.size(), static_cast<std::size_t>(walkers));
    for (std::size_t i = 0; i < x.size(); ++i) {
      ASSERT_EQ(x[i], reference.walker[i].x[static_cast<int>(d)]) << "position " << d << " of walker " << i;
      ASSERT_EQ(v[i], reference.walker[i].v[static_cast<int>(d)]) << "velocity " << d << " of walker " << i;
    }
  }
}

template <class Potential>
void expect_same_sums(AnyEnsemble& ensemble, Reference<Potential> const& reference, bool overdamped) {
  using T = typename Potential::value_type;
  auto const rows = ensemble.cell_sums().values();
  EnsembleLayout const& layout = ensemble.layout();
  ASSERT_EQ(rows.size(), static_cast<std::size_t>(layout.cells) * row_length<Quantity>);
  std::array<double, row_length<Quantity>> total{};
  for (std::int64_t cell = 0; cell < layout.cells; ++cell) {
    for (std::size_t q = 0; q < row_length<Quantity>; ++q) {
      double expected = 0;
      for (std::int64_t i = cell * layout.cell; i < std::min(walkers, (cell + 1) * layout.cell); ++i) {
        expected += reference.observer[static_cast<std::size_t>(i)].sums[q];
      }
      double const found = rows[static_cast<std::size_t>(cell) * row_length<Quantity> + q];
      total[q] += found;
      if (overdamped && (q == index(Quantity::kinetic) || q == index(Quantity::kinetic_half_step))) continue;
      if (q >= index(Quantity::samples_in_a)) {
        ASSERT_EQ(found, expected) << "count " << q << " of cell " << cell;
      } else {
        // 39 samples; the largest terms, of the force squared, are below 3e3, each with a dozen roundings of T.
        ASSERT_NEAR(found, expected, 39 * 3e3 * 12 * std::numeric_limits<T>::epsilon())
            << "quantity " << q << " of cell " << cell;
      }
    }
  }
  // The test would be empty if nothing happened.
  for (Quantity const q : {Quantity::transitions_ab, Quantity::transitions_ba, Quantity::passages}) {
    EXPECT_GT(total[static_cast<std::size_t>(index(q))], 5);
  }
  EXPECT_LT(total[index(Quantity::passages)], static_cast<double>(walkers));
}

template <class Potential>
void expect_same_histogram(AnyEnsemble& ensemble, Reference<Potential> const& reference) {
  auto const counts = ensemble.histogram();
  EnsembleLayout const& layout = ensemble.layout();
  auto const counters = reference.observer[0].histogram.size();
  std::vector<std::uint64_t> expected(static_cast<std::size_t>(layout.groups) * counters);
  std::uint64_t outside = 0;
  for (std::int64_t i = 0; i < walkers; ++i) {
    auto const group = static_cast<std::size_t>(i / (layout.cell * layout.cells_per_group));
    auto const& own = reference.observer[static_cast<std::size_t>(i)].histogram;
    for (std::size_t b = 0; b < counters; ++b) expected[group * counters + b] += own[b];
    outside += own.back();
  }
  EXPECT_EQ(counts, expected);
  EXPECT_GT(outside, 0U);
}

template <class Space, class Scheme, class T, int D>
void compare(char const* scheme, DriveParams const& drive) {
  SCOPED_TRACE(std::string(scheme) + " in " + std::to_string(D) + " dimensions, driven by " +
               std::to_string(drive.amplitude));
  auto const potential = low_barrier<T, D>();
  EnsembleParams params = everything_on(D);
  params.drive = drive;
  Ensemble<Space, Scheme, Separable<DoubleWell<T>, D>> ensemble(Space{}, potential, params, {0, walkers});
  ensemble.initialise(thermal_box());
  advance_in_pieces(ensemble);
  Reference const reference(potential, scheme, params);
  expect_same_state(ensemble, reference);
  expect_same_sums(ensemble, reference, Scheme::overdamped);
  expect_same_histogram(ensemble, reference);
}

/// Without a drive and with one, of an odd period that is begun again several times within `steps`.
template <class Space, class Scheme, class T, int D>
void compare(char const* scheme) {
  compare<Space, Scheme, T, D>(scheme, {});
  compare<Space, Scheme, T, D>(scheme, {.amplitude = 1.5, .period = 17, .phase = 0.4, .coordinate = D - 1});
}

template <class Config>
struct EnsembleAgainstPlainLoop : ::testing::Test {};
TYPED_TEST_SUITE(EnsembleAgainstPlainLoop, AllConfigs, ConfigName);

// Together these use 1, 2, 3 and 6 normals per step, so that a step takes whole blocks, a part of one, and pieces of two.
TYPED_TEST(EnsembleAgainstPlainLoop, Baoab) {
  compare<typename TypeParam::Space, Baoab, typename TypeParam::Real, 1>("baoab");
}
TYPED_TEST(EnsembleAgainstPlainLoop, Aboba) {
  compare<typename TypeParam::Space, Aboba, typename TypeParam::Real, 2>("aboba");
}
TYPED_TEST(EnsembleAgainstPlainLoop, Obabo) {
  compare<typename TypeParam::Space, Obabo, typename TypeParam::Real, 3>("obabo");
}
TYPED_TEST(EnsembleAgainstPlainLoop, Gjf) {
  compare<typename TypeParam::Space, Gjf, typename TypeParam::Real, 2>("gjf");
}
TYPED_TEST(EnsembleAgainstPlainLoop, EulerMaruyama) {
  compare<typename TypeParam::Space, EulerMaruyama, typename TypeParam::Real, 3>("euler-maruyama");
}
TYPED_TEST(EnsembleAgainstPlainLoop, LeimkuhlerMatthews) {
  compare<typename TypeParam::Space, LeimkuhlerMatthews, typename TypeParam::Real, 1>("leimkuhler-matthews");
}

}  // namespace
}  // namespace kramers::test
