// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Published numbers to the last bit, and the same bits for every path, depth, precision, space and number of ranks.
#include <kramers/grids/jacobi/any_jacobi.hpp>
#include <kramers/runtime/kokkos_session.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <map>
#include <tuple>
#include <vector>

namespace kramers::test::grids_jacobi {

using namespace kramers::grids;

JacobiParams params_of(JacobiProblem problem, std::int64_t rows, std::int64_t columns,
                       SumOrder sums = SumOrder::fixed) {
  JacobiParams params;
  params.problem = problem;
  params.rows = rows;
  params.columns = columns;
  params.sums = sums;
  return params;
}

std::unique_ptr<AnyJacobi> make(JacobiParams const& params, std::string const& precision = "f64") {
  return make_jacobi(space_names().front(), precision, params, Communicator::world());
}

bool on_host() {
  return !device_of_space(space_names().front()).has_value();
}

TEST(Jacobi, HasTheNormsOfTheTalkToTheLastBit) {
  // Legate talk, 100 x 100; the digits of iterations 100, 200, 300 and 1000 are published.
  std::map<std::int64_t, double> const published = {
      {100, 0.00326407674225425},     {200, 0.0015602183973943686}, {300, 0.0009900220308147304},
      {400, 0.0007072288110380173},   {500, 0.0005398367142183384}, {600, 0.00043011716254556434},
      {700, 0.0003532454152280064},   {800, 0.0002967904950595478}, {900, 0.00025384486510825514},
      {1000, 0.00022026753267800596},
  };
  auto const jacobi = make(params_of(JacobiProblem::laplace, 100, 100, SumOrder::numpy));
  auto const norms = jacobi->advance(1000, 100, 0);
  ASSERT_EQ(norms.size(), published.size());
  for (auto const& [iteration, norm] : published) {
    EXPECT_EQ(norms[static_cast<std::size_t>(iteration / 100 - 1)], norm) << iteration;
  }
  auto const rows = jacobi->rows();
  Block const& block = jacobi->block();
  if (block.first <= 50 && 50 < block.last) {
    EXPECT_EQ(rows[static_cast<std::size_t>((50 - block.first) * 100 + 50)], 0.01310592095278904);
  }
  double sum = 0;
  for (double const cell : rows) sum += cell;
  EXPECT_NEAR(Communicator::world().sum(sum), 457.86114868079835, 1e-9);
}

TEST(Jacobi, StopsAtThePublishedIteration) {
  std::vector<std::tuple<JacobiProblem, double, std::int64_t>> const published = {
      {JacobiProblem::laplace, 1e-3, 298},   {JacobiProblem::laplace, 1e-4, 1759}, {JacobiProblem::laplace, 1e-5, 5832},
      {JacobiProblem::laplace, 1e-6, 10390}, {JacobiProblem::neumann, 1e-3, 323},  {JacobiProblem::neumann, 1e-4, 1715},
      {JacobiProblem::neumann, 1e-5, 4297},
  };
  for (auto const& [problem, tolerance, iteration] : published) {
    if (iteration > 400 && Communicator::world().size() > 1) continue;  // each norm is a message
    auto const jacobi = make(params_of(problem, 100, 100));
    auto const norms = jacobi->advance(20000, 1, tolerance);
    EXPECT_EQ(jacobi->iteration(), iteration) << tolerance;
    ASSERT_EQ(norms.size(), static_cast<std::size_t>(iteration));
    EXPECT_LE(norms.back(), tolerance);
    EXPECT_GT(norms[norms.size() - 2], tolerance);
    // The field is that of the last sweep, though a pass may have gone further.
    auto const again = make(params_of(problem, 100, 100));
    again->advance(iteration, iteration + 1, 0);
    EXPECT_EQ(jacobi->hash(), again->hash());
  }
}

TEST(Jacobi, HasTheOtherPublishedNumbers) {
  auto const neumann = make(params_of(JacobiProblem::neumann, 100, 100, SumOrder::numpy));
  auto const norms = neumann->advance(1000, 100, 0);
  EXPECT_EQ(norms[0], 0.003455906139280636);
  EXPECT_NEAR(norms[9], 0.00023985449892154, 1e-16);  // published with 15 digits
  auto const stencil = make(params_of(JacobiProblem::stencil, 102, 102));
  auto const interior = [&] {
    double sum = 0;
    Block const& block = stencil->block();
    auto const rows = stencil->rows();
    for (std::int64_t j = 0; j < block.size(); ++j) {
      std::int64_t const row = block.first + j;
      for (std::int64_t i = 1; i < 101 && row > 0 && row < 101; ++i) sum += rows[static_cast<std::size_t>(j * 102 + i)];
    }
    return Communicator::world().sum(sum);
  };
  stencil->advance(100, 101, 0);
  EXPECT_NEAR(interior(), -339859.737591205, 1e-8);  // published with 15 digits; the order of the sum is ours
  if (stencil->block().first == 0) {
    EXPECT_NEAR(stencil->rows()[102 + 1], -114.749311823321, 1e-12);
  }
  stencil->advance(5, 101, 0);
  EXPECT_NEAR(interior(), -348636.087960659, 1e-8);
}

TEST(Jacobi, FixedNormsAgreeWithThoseOfNumpy) {
  for (JacobiProblem const problem :
       {JacobiProblem::laplace, JacobiProblem::neumann, JacobiProblem::stencil, JacobiProblem::nvidia}) {
    auto const fixed = make(params_of(problem, 37, 1100))->advance(20, 1, 0);
    auto const numpy = make(params_of(problem, 37, 1100, SumOrder::numpy))->advance(20, 1, 0);
    ASSERT_EQ(fixed.size(), 20u);
    for (std::size_t i = 0; i < fixed.size(); ++i) {
      EXPECT_NEAR(fixed[i], numpy[i], 1e-12 * numpy[i]) << static_cast<int>(problem);
    }
  }
}

/// The norm that takes cells to others, in the precision of long double.
double norm_between(JacobiProblem problem, std::vector<double> const& old, std::vector<double> const& now) {
  long double change = 0, square = 0;
  for (std::size_t i = 0; i < old.size(); ++i) {
    long double const difference = now[i] - old[i];  // of doubles, as the program has it
    change += difference * difference;
    square += static_cast<long double>(old[i]) * old[i];
  }
  return static_cast<double>(std::sqrt(problem == JacobiProblem::nvidia ? change : change / square));
}

TEST(Jacobi, FastNormsAreWithinTheirBoundAndTheFieldIsThatOfFixedOnes) {
  auto const comm = Communicator::world();
  for (auto const& [rows, columns] : {std::tuple(37, 1100), std::tuple(70, 33)}) {
    for (JacobiProblem const problem :
         {JacobiProblem::laplace, JacobiProblem::neumann, JacobiProblem::stencil, JacobiProblem::nvidia}) {
      auto const fixed = make(params_of(problem, rows, columns));
      fixed->advance(20, 21, 0);
      auto const before = comm.gather(fixed->rows());
      fixed->advance(1, 22, 0);
      auto const after = comm.gather(fixed->rows());
      double exact = comm.is_root() ? norm_between(problem, before, after) : 0;
      comm.broadcast(exact);
      // n products, none negative, whose sum in any order is within n eps of itself: so are both sums, hence the root of
      // their quotient, but for the rounding of these two.
      double const n = static_cast<double>(rows) * columns, eps = std::numeric_limits<double>::epsilon();
      for (SweepPath const path : {SweepPath::plain, SweepPath::blocked, SweepPath::cached}) {
        if (path != SweepPath::plain && !on_host()) continue;
        if (path == SweepPath::cached && comm.size() > 1) continue;
        JacobiParams params = params_of(problem, rows, columns, SumOrder::fast);
        params.path = path;
        auto const fast = make(params);
        auto const norms = fast->advance(21, 3, 0);
        ASSERT_EQ(norms.size(), 7u);
        EXPECT_NEAR(norms[6], exact, (n + 2) * eps * exact) << name_of(path) << " " << static_cast<int>(problem);
        EXPECT_EQ(comm.min(norms[6]), comm.max(norms[6]));  // all ranks decide alike
        EXPECT_EQ(fast->hash(), fixed->hash());
      }
    }
  }
}

TEST(Jacobi, PathsAndDepthsHaveTheSameBits) {
  for (auto const& [rows, columns] : {std::tuple(9, 3), std::tuple(23, 33), std::tuple(40, 96), std::tuple(21, 1027)}) {
    for (JacobiProblem const problem :
         {JacobiProblem::laplace, JacobiProblem::neumann, JacobiProblem::stencil, JacobiProblem::nvidia}) {
      for (std::string const precision : {"f64", "f32"}) {
        JacobiParams params = params_of(problem, rows, columns);
        params.path = SweepPath::plain;
        auto const plain = make(params, precision);
        auto const norms = plain->advance(29, 3, 0);
        auto const hash = plain->hash();
        if (!on_host()) continue;
        int const ranks = Communicator::world().size();
        for (std::int64_t const depth : {1, 2, 3, 5, 8}) {
          if (depth > smallest_block(stored_rows(params), ranks)) continue;
          for (SweepPath const path : {SweepPath::blocked, SweepPath::cached}) {
            if (path == SweepPath::cached && ranks > 1) continue;
            params.path = path;
            params.depth = depth;
            auto const blocked = make(params, precision);
            EXPECT_EQ(blocked->advance(29, 3, 0), norms)
                << name_of(path) << " " << depth << " " << rows << " x " << columns;
            EXPECT_EQ(blocked->hash(), hash) << name_of(path) << " " << depth << " " << static_cast<int>(problem);
          }
        }
      }
    }
  }
}

TEST(Jacobi, OverlapHasTheSameBits) {
  int const ranks = Communicator::world().size();
  std::int64_t overlapped = 0;
  for (auto const& [rows, columns] : {std::tuple(9, 3), std::tuple(25, 33), std::tuple(70, 1027)}) {
    for (JacobiProblem const problem :
         {JacobiProblem::laplace, JacobiProblem::neumann, JacobiProblem::stencil, JacobiProblem::nvidia}) {
      for (SumOrder const sums : {SumOrder::fixed, SumOrder::numpy}) {
        JacobiParams params = params_of(problem, rows, columns, sums);
        params.path = SweepPath::plain;
        auto const expected = make(params);
        auto const norms = expected->advance(29, 3, 0);
        auto const hash = expected->hash();
        params.overlap = true;
        for (std::int64_t const depth : {0, 1, 2, 3, 8}) {  // 0: plain
          if (depth > 0 && !on_host()) continue;
          if (depth > smallest_block(stored_rows(params), ranks)) continue;
          params.path = depth == 0 ? SweepPath::plain : SweepPath::blocked;
          params.depth = depth;
          if (plan_sweeps(params, "f64", !on_host(), 1, ranks).overlap) ++overlapped;
          auto const found = make(params);
          EXPECT_EQ(found->advance(29, 3, 0), norms) << depth << " " << rows << " x " << columns;
          EXPECT_EQ(found->hash(), hash) << depth << " " << static_cast<int>(problem);
        }
      }
    }
  }
  if (ranks == 1) {
    EXPECT_EQ(overlapped, 0);
  } else {
    EXPECT_GE(overlapped, on_host() ? 30 : 16);  // depths of which blocks of 70 rows on 4 ranks have an interior
  }
}

TEST(Jacobi, OverlapsWhereThereAreCellsThatNeedNoHalo) {
  JacobiParams params = params_of(JacobiProblem::laplace, 40, 12);
  params.overlap = true;
  params.depth = 5;
  auto const overlaps = [&](int ranks) { return plan_sweeps(params, "f64", false, 1, ranks).overlap; };
  EXPECT_FALSE(overlaps(1));
  EXPECT_TRUE(overlaps(2));
  EXPECT_TRUE(overlaps(3));   // 13 rows, of which 5 at each end wait
  EXPECT_FALSE(overlaps(4));  // 10
  params.rows = 10;
  EXPECT_FALSE(overlaps(2));
  params.depth = 4;
  EXPECT_TRUE(overlaps(2));  // a wall is no neighbour
  params.problem = JacobiProblem::nvidia;
  EXPECT_FALSE(overlaps(2));
}

TEST(Jacobi, BitsAreThoseOfEveryOtherBuildAndNumberOfRanks) {
  auto const hash = [](JacobiProblem problem, std::string const& precision) {
    auto const jacobi = make(params_of(problem, 31, 70), precision);
    jacobi->advance(50, 51, 0);
    return jacobi->hash();
  };
  EXPECT_EQ(hash(JacobiProblem::laplace, "f64"), 0x44397f6171d599f2ULL);
  EXPECT_EQ(hash(JacobiProblem::laplace, "f32"), 0x8705dbe97df08a09ULL);
  EXPECT_EQ(hash(JacobiProblem::stencil, "f64"), 0x7839f2db401e7c7aULL);
  EXPECT_EQ(hash(JacobiProblem::nvidia, "f32"), 0xea7870c2d3df582fULL);
}

TEST(Jacobi, RefusesWhatCannotBe) {
  EXPECT_THROW(make(params_of(JacobiProblem::laplace, 2, 100)), DomainError);
  EXPECT_THROW(make(params_of(JacobiProblem::laplace, 100, 2)), DomainError);
  EXPECT_THROW(plan_sweeps(params_of(JacobiProblem::laplace, 3, 100), "f64", false, 1, 4), DomainError);
  JacobiParams params = params_of(JacobiProblem::laplace, 12, 12);
  params.depth = 4;
  EXPECT_EQ(plan_sweeps(params, "f64", false, 1, 3).depth, 4);
  EXPECT_THROW(plan_sweeps(params, "f64", false, 1, 4), DomainError);
  params.path = SweepPath::plain;
  EXPECT_THROW(plan_sweeps(params, "f64", false, 1, 1), DomainError);
  params.path = SweepPath::blocked;
  EXPECT_THROW(plan_sweeps(params, "f64", true, 1, 1), DomainError);
}

}  // namespace kramers::test::grids_jacobi
