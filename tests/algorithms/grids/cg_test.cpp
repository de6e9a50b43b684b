// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/hash.hpp>
#include <kramers/grids/cg.hpp>
#include <kramers/grids/matrix_market.hpp>
#include <kramers/runtime/kokkos_session.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <numbers>
#include <string>
#include <vector>

namespace {

using namespace kramers::grids;
using kramers::Communicator;
using kramers::DomainError;

using RightSide = std::function<double(std::int64_t)>;

/// Ranks wait for each other at every sum: with several of them tests show that bits are the same, and numbers are left to
/// the run with one.
bool alone() {
  return Communicator::world().size() == 1;
}

/// Whether kernels are compiled for speed; with sanitizers small grids have to do.
#ifdef NDEBUG
constexpr bool fast = true;
#else
constexpr bool fast = false;
#endif

double ones(std::int64_t) {
  return 1;
}

struct Solved {
  CgResult result;
  double sum = 0;
  std::uint64_t hash = 0;
  std::vector<double> x;  // of this rank
  std::int64_t first = 0;
};

Solved solve(CgProblem const& problem, CgParams params, RightSide const& b = ones, std::string const& space = {}) {
  Communicator const comm = Communicator::world();
  auto const system = make_cg_system(space.empty() ? kramers::space_names().front() : space, problem,
                                     vectors_of(params.method, problem), comm);
  if (params.max_iterations == 0) params.max_iterations = problem.rows();
  system->set(CgVector::b, b);
  Solved solved;
  solved.result = solve_cg(*system, problem, params);
  solved.sum = system->sum(CgVector::x);
  solved.x = system->get(CgVector::x);
  solved.first = system->first_row();
  for (std::size_t i = 0; i < solved.x.size(); ++i) {
    solved.hash +=
        kramers::hash_element(static_cast<std::uint64_t>(solved.first) + i, std::bit_cast<std::uint64_t>(solved.x[i]));
  }
  solved.hash = comm.sum(solved.hash);
  return solved;
}

CgProblem grid(CgMatrix matrix, std::int64_t n) {
  CgProblem problem;
  problem.matrix = matrix;
  problem.n = n;
  return problem;
}

CgParams params_of(CgMethod method, std::int64_t check_every = 1) {
  CgParams params;
  params.method = method;
  params.check_every = check_every;
  return params;
}

/// b = 1, |r| < 1e-10: iterations when every one is tested and when every 25th is, the sum of x, |r| after 10 iterations.
struct Published {
  CgMatrix matrix;
  std::int64_t n, every, every_25;
  double sum, tenth;
};
constexpr Published published[] = {
    {CgMatrix::wrapped, 10, 35, 51, 1054.82660734, 0.263689715685},
    {CgMatrix::wrapped, 32, 117, 126, 95140.1525873, 83.7379092305},
    {CgMatrix::wrapped, 64, 234, 251, 1461517.01075, 333.758210879},
    {CgMatrix::wrapped, 100, 364, 376, 8577513.97072, 726.360700714},
    {CgMatrix::wrapped, 128, 465, 476, 22883778.4374, 1096.67996600},
    {CgMatrix::wrapped_corners, 10, 26, 26, 355.469188232, 0.0131241411},
    {CgMatrix::wrapped_corners, 32, 83, 101, 31748.848128, 51.6037513206},
    {CgMatrix::wrapped_corners, 64, 165, 176, 487310.300445, 254.289937026},
    {CgMatrix::wrapped_corners, 100, 256, 276, 2859504.64698, 572.515407037},
    {CgMatrix::wrapped_corners, 128, 327, 351, 7628470.00732, 871.765909473},
    {CgMatrix::five_point, 10, 15, 26, 501.00913308, 0.0313446912},
    {CgMatrix::five_point, 32, 70, 76, 41554.2460008, 50.0354508106},
    {CgMatrix::five_point, 64, 142, 151, 626864.538534, 217.035287312},
    {CgMatrix::five_point, 100, 225, 226, 3655959.94514, 479.452221501},
    {CgMatrix::five_point, 128, 289, 301, 9730346.93189, 724.254422417},
};

/// Of a solution that pauses after some iterations and goes on in another system: its residuals, and x of this rank.
Solved solve_in_parts(CgProblem const& problem, CgParams const& params, std::int64_t iterations) {
  auto const make = [&] {
    auto system = make_cg_system(kramers::space_names().front(), problem, vectors_of(params.method, problem),
                                 Communicator::world());
    system->set(CgVector::b, ones);
    return system;
  };
  auto const first = make(), second = make();
  CgState state;
  CgControl control;
  control.pause = [&](CgState const& now, CgResult const& so_far) {
    state = now;
    return so_far.iterations == iterations;
  };
  CgResult const part = solve_cg(*first, problem, params, control);
  EXPECT_TRUE(part.paused);
  EXPECT_EQ(part.iterations, iterations);
  for (CgVector const vector : kept_vectors(params.method, problem)) {
    auto const values = first->get(vector);
    second->set(vector, [&](std::int64_t row) { return values[static_cast<std::size_t>(row - first->first_row())]; });
  }
  CgControl rest;
  rest.state = &state;
  rest.result = &part;
  Solved solved;
  solved.result = solve_cg(*second, problem, params, rest);
  solved.x = second->get(CgVector::x);
  return solved;
}

TEST(Cg, GoesOnWithTheSameBits) {
  for (CgMethod const method : {CgMethod::classic, CgMethod::single_reduction, CgMethod::pipelined}) {
    for (CgPreconditioner const preconditioner :
         {CgPreconditioner::none, CgPreconditioner::jacobi, CgPreconditioner::chebyshev, CgPreconditioner::multigrid}) {
      for (std::int64_t const replace_every : {0, 2}) {
        SCOPED_TRACE(std::to_string(static_cast<int>(method)) + " " + std::to_string(static_cast<int>(preconditioner)));
        CgProblem problem = grid(CgMatrix::five_point, 21);
        problem.preconditioner = preconditioner;
        CgParams params = params_of(method);
        params.tolerance = 1e-8;
        params.replace_every = replace_every;
        params.max_iterations = problem.rows();
        Solved const whole = solve(problem, params);
        for (std::int64_t const iterations : {1, 4}) {
          Solved const parts = solve_in_parts(problem, params, iterations);
          EXPECT_EQ(parts.result.history, whole.result.history);
          EXPECT_EQ(parts.result.true_residual, whole.result.true_residual);
          EXPECT_EQ(parts.x, whole.x);
        }
      }
    }
  }
}

TEST(Cg, PublishedTable) {
  for (Published const& row : published) {
    if (row.n > (alone() && fast ? 128 : 10)) continue;
    SCOPED_TRACE(std::to_string(static_cast<int>(row.matrix)) + " " + std::to_string(row.n));
    Solved const all = solve(grid(row.matrix, row.n), params_of(CgMethod::classic));
    EXPECT_EQ(all.result.iterations, row.every);
    EXPECT_EQ(static_cast<std::int64_t>(all.result.history.size()), row.every);
    EXPECT_NEAR(all.sum / row.sum, 1, 1e-9);
    EXPECT_NEAR(all.result.history[9] / row.tenth, 1, 1e-8);
    EXPECT_LT(all.result.residual, 1e-10);
    EXPECT_DOUBLE_EQ(all.result.right_side, static_cast<double>(row.n));
    Solved const some = solve(grid(row.matrix, row.n), params_of(CgMethod::classic, 25));
    EXPECT_EQ(some.result.iterations, row.every_25);
    EXPECT_NEAR(some.sum / row.sum, 1, 1e-9);
  }
}

double random_number(std::int64_t row) {
  return uniform_number(7, row);
}

/// What the whole of x adds up to with the weights of `of`, on all ranks.
template <class Weight>
double weighed(Solved const& solved, Weight const& of) {
  double sum = 0;
  for (std::size_t i = 0; i < solved.x.size(); ++i) sum += of(solved.first + static_cast<std::int64_t>(i), solved.x[i]);
  return Communicator::world().sum(sum);
}

double distance(Solved const& a, Solved const& b) {
  auto const other = [&](std::int64_t row) { return b.x[static_cast<std::size_t>(row - b.first)]; };
  double const apart = weighed(a, [&](std::int64_t row, double x) { return (x - other(row)) * (x - other(row)); });
  return std::sqrt(apart / weighed(b, [](std::int64_t, double x) { return x * x; }));
}

TEST(Cg, BitsDependOnNothingButTheProblem) {
  std::vector<std::uint64_t> hashes;
  for (CgMethod const method : {CgMethod::classic, CgMethod::single_reduction, CgMethod::pipelined}) {
    hashes.push_back(solve(grid(CgMatrix::wrapped_corners, 33), params_of(method), random_number).hash);
    for (std::string const& space : kramers::space_names()) {
      EXPECT_EQ(solve(grid(CgMatrix::wrapped_corners, 33), params_of(method), random_number, space).hash,
                hashes.back());
    }
  }
  CgProblem multigrid = grid(CgMatrix::five_point, 33);
  multigrid.preconditioner = CgPreconditioner::multigrid;
  hashes.push_back(solve(multigrid, params_of(CgMethod::classic), random_number).hash);
  // The same at 1, 2 and 4 ranks, on any backend.
  EXPECT_EQ(hashes, (std::vector<std::uint64_t>{0x1937910b88823405ULL, 0xe162d9e694bebd1eULL, 0x742232a714b7d336ULL,
                                                0x2d68261708783bb0ULL}));
}

constexpr CgMethod merged[] = {CgMethod::single_reduction, CgMethod::pipelined};
constexpr CgPreconditioner preconditioners[] = {CgPreconditioner::none, CgPreconditioner::jacobi,
                                                CgPreconditioner::chebyshev};

/// A x = b with eigenvalues between lowest and highest: an error of x of |A^-1| times the residual allowed.
TEST(Cg, VariantsFindWhatClassicFinds) {
  if (!alone()) return;
  for (CgMatrix const matrix : {CgMatrix::five_point, CgMatrix::wrapped, CgMatrix::wrapped_corners}) {
    for (CgPreconditioner const preconditioner : preconditioners) {
      if (!fast && preconditioner == CgPreconditioner::chebyshev) continue;
      CgProblem problem = grid(matrix, 40);
      problem.preconditioner = preconditioner;
      Solved const classic = solve(problem, params_of(CgMethod::classic), random_number);
      for (CgMethod const method : merged) {
        SCOPED_TRACE(std::to_string(static_cast<int>(matrix)) + " " + std::to_string(static_cast<int>(preconditioner)) +
                     " " + std::to_string(static_cast<int>(method)));
        for (std::int64_t const replace_every : {0, 7}) {
          CgParams params = params_of(method);
          params.replace_every = replace_every;
          Solved const other = solve(problem, params, random_number);
          EXPECT_NEAR(static_cast<double>(other.result.iterations), static_cast<double>(classic.result.iterations),
                      replace_every == 0 ? 2 : 4);
          EXPECT_LT(distance(other, classic), 1e-11);
          EXPECT_NEAR(other.result.history[9] / classic.result.history[9], 1, 1e-8);
          EXPECT_LT(other.result.true_residual, replace_every == 0 ? 1e-8 : 1e-9);
        }
      }
    }
  }
}

TEST(Cg, ReplacementKeepsThePipelinedResidualTrue) {
  if (!alone() || !fast) return;
  // Without it rounding parts the recursive residual of the pipelined method from the true one, here by a factor of ten.
  CgParams params = params_of(CgMethod::pipelined);
  params.tolerance = 1e-8;
  CgProblem const problem = grid(CgMatrix::wrapped, 128);
  Solved const without = solve(problem, params);
  params.replace_every = 50;
  Solved const with = solve(problem, params);
  EXPECT_LT(with.result.true_residual, 0.5 * without.result.true_residual)
      << with.result.true_residual << " " << without.result.true_residual;
}

/// x of the Laplacian on a square with Dirichlet boundaries, whose eigenvectors are sines.
std::vector<double> by_sines(std::int64_t n, RightSide const& b) {
  auto const size = static_cast<std::size_t>(n);
  auto const sine = [n](std::size_t i, std::size_t k) {
    return std::sqrt(2.0 / static_cast<double>(n + 1)) *
           std::sin(std::numbers::pi * static_cast<double>((i + 1) * (k + 1)) / static_cast<double>(n + 1));
  };
  std::vector<double> s(size * size), a(size * size), c(size * size);
  for (std::size_t i = 0; i < size * size; ++i) s[i] = sine(i / size, i % size);
  for (std::size_t i = 0; i < size * size; ++i) a[i] = b(static_cast<std::int64_t>(i));
  auto const transform = [&](std::vector<double> const& from, std::vector<double>& to) {  // to = S from S
    std::vector<double> half(size * size, 0.0);
    for (std::size_t i = 0; i < size; ++i)
      for (std::size_t k = 0; k < size; ++k)
        for (std::size_t j = 0; j < size; ++j) half[i * size + j] += s[i * size + k] * from[k * size + j];
    to.assign(size * size, 0.0);
    for (std::size_t i = 0; i < size; ++i)
      for (std::size_t k = 0; k < size; ++k)
        for (std::size_t j = 0; j < size; ++j) to[i * size + j] += half[i * size + k] * s[k * size + j];
  };
  transform(a, c);
  auto const eigenvalue = [n](std::size_t k) {
    return 2 - 2 * std::cos(std::numbers::pi * static_cast<double>(k + 1) / static_cast<double>(n + 1));
  };
  for (std::size_t i = 0; i < size * size; ++i) c[i] /= eigenvalue(i / size) + eigenvalue(i % size);
  transform(c, a);
  return a;
}

TEST(Cg, PreconditionersFindTheDirectSolution) {
  if (!alone()) return;
  for (std::int64_t const n : {17, 20, 33}) {
    std::vector<double> const exact = by_sines(n, random_number);
    for (CgPreconditioner const preconditioner :
         {CgPreconditioner::none, CgPreconditioner::jacobi, CgPreconditioner::chebyshev, CgPreconditioner::multigrid}) {
      for (CgMethod const method : {CgMethod::classic, CgMethod::single_reduction, CgMethod::pipelined}) {
        CgProblem problem = grid(CgMatrix::five_point, n);
        problem.preconditioner = preconditioner;
        Solved const solved = solve(problem, params_of(method), random_number);
        double const apart = weighed(solved, [&](std::int64_t row, double x) {
          double const error = x - exact[static_cast<std::size_t>(row)];
          return error * error;
        });
        // The smallest eigenvalue is 8 sin^2(pi / 68) = 0.017: |x - exact| <= 1e-10 / 0.017, and rounding.
        EXPECT_LT(std::sqrt(apart), 1e-8)
            << n << " " << static_cast<int>(preconditioner) << " " << static_cast<int>(method);
      }
    }
  }
}

TEST(Cg, ChebyshevSavesIterationsAndJacobiOfAConstantDiagonalNone) {
  if (!alone()) return;
  CgProblem problem = grid(CgMatrix::five_point, 64);
  std::int64_t const plain = solve(problem, params_of(CgMethod::classic)).result.iterations;
  problem.preconditioner = CgPreconditioner::jacobi;
  EXPECT_EQ(solve(problem, params_of(CgMethod::classic)).result.iterations, plain);
  problem.preconditioner = CgPreconditioner::chebyshev;
  std::int64_t const four = solve(problem, params_of(CgMethod::classic)).result.iterations;
  problem.chebyshev_degree = 8;
  std::int64_t const eight = solve(problem, params_of(CgMethod::classic)).result.iterations;
  EXPECT_LT(static_cast<double>(four), 0.35 * static_cast<double>(plain));
  EXPECT_LT(static_cast<double>(eight), 0.65 * static_cast<double>(four));
}

TEST(Cg, MultigridDoesNotMindTheSize) {
  if (!alone()) return;
  std::vector<std::int64_t> iterations;
  for (std::int64_t const n : {33, 65, 129, 257, 513}) {
    if (!fast && n > 65) break;
    CgProblem problem = grid(CgMatrix::five_point, n);
    problem.preconditioner = CgPreconditioner::multigrid;
    CgParams params = params_of(CgMethod::classic);
    params.tolerance = 1e-10 * static_cast<double>(n);  // of |b|, which is n
    iterations.push_back(solve(problem, params).result.iterations);
  }
  auto const [least, most] = std::ranges::minmax(iterations);
  EXPECT_LE(most - least, 2) << testing::PrintToString(iterations);
  EXPECT_LE(most, 10) << testing::PrintToString(iterations);
}

std::shared_ptr<CsrMatrix const> stored(std::string const& text) {
  return std::make_shared<CsrMatrix>(parse_matrix_market(text, "test"));
}

/// The five-point Laplacian as a file would have it.
std::shared_ptr<CsrMatrix const> stored_laplacian(std::int64_t n) {
  std::string entries;
  std::int64_t count = 0;
  auto const add = [&](std::int64_t row, std::int64_t column, char const* value) {
    entries += std::to_string(row + 1) + " " + std::to_string(column + 1) + " " + value + "\n";
    ++count;
  };
  for (std::int64_t i = 0; i < n * n; ++i) {
    add(i, i, "4");
    if (i % n > 0) add(i, i - 1, "-1");
    if (i >= n) add(i, i - n, "-1");
  }
  std::string const size = std::to_string(n * n) + " ";
  return stored("%%MatrixMarket matrix coordinate real symmetric\n" + size + size + std::to_string(count) + "\n" +
                entries);
}

TEST(Cg, StoredMatricesAreTheOnesOfTheGrid) {
  CgProblem file;
  file.matrix = CgMatrix::stored;
  file.stored = stored_laplacian(40);  // 7 blocks of rows, the last not full
  for (CgPreconditioner const preconditioner : preconditioners) {
    if (!alone()) break;
    CgProblem free = grid(CgMatrix::five_point, 40);
    free.preconditioner = file.preconditioner = preconditioner;
    for (CgMethod const method : {CgMethod::classic, CgMethod::single_reduction, CgMethod::pipelined}) {
      Solved const of_file = solve(file, params_of(method), random_number),
                   of_grid = solve(free, params_of(method), random_number);
      EXPECT_NEAR(static_cast<double>(of_file.result.iterations), static_cast<double>(of_grid.result.iterations), 2);
      EXPECT_NEAR(of_file.sum / of_grid.sum, 1, 1e-11);
      EXPECT_LT(of_file.result.true_residual, 1e-9);
    }
  }
  file.preconditioner = CgPreconditioner::none;
  EXPECT_EQ(solve(file, params_of(CgMethod::classic), random_number).hash, 8650722042123817063ULL);
}

TEST(Cg, IndefiniteMatricesBreakDownByName) {
  // Eigenvalues 3 and -1, and 1: along b = (1, -1, 0) the curvature is 2 (1 - 2) = -2.
  CgProblem problem;
  problem.matrix = CgMatrix::stored;
  problem.stored = stored("%%MatrixMarket matrix coordinate real symmetric\n3 3 4\n1 1 1\n2 1 2\n2 2 1\n3 3 1\n");
  if (!alone()) return;  // one block of rows
  for (CgMethod const method : {CgMethod::classic, CgMethod::single_reduction, CgMethod::pipelined}) {
    try {
      solve(problem, params_of(method), [](std::int64_t row) { return row == 0 ? 1.0 : row == 1 ? -1.0 : 0.0; });
      ADD_FAILURE() << "an indefinite matrix was accepted";
    } catch (BreakdownError const& error) {
      EXPECT_EQ(error.iteration(), 1);
      EXPECT_EQ(error.curvature(), -2);
      EXPECT_EQ(std::string(error.what()),
                "conjugate gradients broke down at iteration 1: the curvature p.A p is -2, and "
                "that of a positive definite matrix is > 0");
    }
    // From b = (2, 1, 1) the first step still goes up, and a later one does not.
    try {
      solve(problem, params_of(method), [](std::int64_t row) { return row == 0 ? 2.0 : 1.0; });
      ADD_FAILURE() << "an indefinite matrix was accepted";
    } catch (BreakdownError const& error) {
      EXPECT_GT(error.iteration(), 1);
      EXPECT_LT(error.curvature(), 0);
    }
  }
}

TEST(Cg, TooFewIterationsAreAnError) {
  if (!alone()) return;
  for (CgMethod const method : {CgMethod::classic, CgMethod::single_reduction, CgMethod::pipelined}) {
    CgParams params = params_of(method, 25);
    params.max_iterations = 30;
    try {
      solve(grid(CgMatrix::wrapped, 32), params);
      ADD_FAILURE() << "no error";
    } catch (NoConvergenceError const& error) {
      EXPECT_EQ(error.iterations(), 30);
      EXPECT_GT(error.residual(), 1e-10);
    }
    params.max_iterations = 117;  // the last one is tested, whatever check_every says
    params.tolerance = 2e-10;
    EXPECT_EQ(solve(grid(CgMatrix::wrapped, 32), params).result.iterations, 117);
  }
}

TEST(Cg, ZeroIsSolvedAtOnceAndEigenvectorsInOneIteration) {
  if (!alone()) return;
  Solved const zero =
      solve(grid(CgMatrix::five_point, 8), params_of(CgMethod::classic), [](std::int64_t) { return 0.0; });
  EXPECT_EQ(zero.result.iterations, 0);
  EXPECT_EQ(zero.result.true_residual, 0);
  auto const sine = [](std::int64_t row) {
    double const step = std::numbers::pi / 9;
    return std::sin(step * static_cast<double>(row / 8 + 1)) * std::sin(step * static_cast<double>(row % 8 + 1));
  };
  for (CgMethod const method : {CgMethod::classic, CgMethod::single_reduction, CgMethod::pipelined}) {
    Solved const one = solve(grid(CgMatrix::five_point, 8), params_of(method), sine);
    EXPECT_EQ(one.result.iterations, 1);
    double const eigenvalue = 4 - 4 * std::cos(std::numbers::pi / 9);
    double const off = weighed(one, [&](std::int64_t row, double x) { return std::abs(x - sine(row) / eigenvalue); });
    EXPECT_LT(off, 1e-12);
  }
}

TEST(Cg, RefusesWhatItCannotDo) {
  EXPECT_THROW(solve(grid(CgMatrix::wrapped, 2), params_of(CgMethod::classic)), DomainError);
  CgParams params = params_of(CgMethod::classic);
  params.tolerance = 0;
  EXPECT_THROW(solve(grid(CgMatrix::wrapped, 8), params), DomainError);
  CgProblem problem = grid(CgMatrix::wrapped, 8);
  problem.preconditioner = CgPreconditioner::multigrid;
  EXPECT_THROW(solve(problem, params_of(CgMethod::classic)), DomainError);
  if (Communicator::world().size() == 4) {
    EXPECT_THROW(solve(grid(CgMatrix::five_point, 3), params_of(CgMethod::classic)), DomainError);
    EXPECT_THROW(solve(grid(CgMatrix::wrapped_corners, 7), params_of(CgMethod::classic)), DomainError);
  }
}

}  // namespace
