// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Products of stored matrices by Kokkos Kernels against those of our own kernels, on ranks with blocks that are not full.
#include <kramers/base/error.hpp>
#include <kramers/grids/cg.hpp>
#include <kramers/runtime/kokkos_session.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

namespace kramers::test::grids_cg_product {

using namespace kramers::grids;

double uniform(std::uint64_t seed, std::int64_t i) {
  return uniform_number(seed, i) - 0.5;
}

/// Symmetric, 1 to 71 entries a row. Those beside the diagonal add up to less than 36: by Gershgorin no eigenvalue is below 4.
std::shared_ptr<CsrMatrix const> matrix_of(std::int64_t rows) {
  auto matrix = std::make_shared<CsrMatrix>();
  matrix->columns = rows;
  for (std::int64_t i = 0; i < rows; ++i) {
    for (std::int64_t j = 0; j < rows; ++j) {
      std::int64_t const apart = std::abs(i - j);
      bool const stored = apart == 0 || (i % 9 != 0 && j % 9 != 0 && apart % 31 == 1);
      if (!stored) continue;
      matrix->column.push_back(static_cast<std::int32_t>(j));
      matrix->value.push_back(apart == 0 ? 40.0 : uniform(7, std::min(i, j) * rows + std::max(i, j)));
    }
    matrix->row_start.push_back(matrix->entries());
  }
  return matrix;
}

CgProblem problem_of(CgProduct product, std::shared_ptr<CsrMatrix const> matrix) {
  CgProblem problem;
  problem.matrix = CgMatrix::stored;
  problem.stored = std::move(matrix);
  problem.product = product;
  return problem;
}

std::unique_ptr<CgSystem> make(CgProblem const& problem, CgMethod method = CgMethod::single_reduction) {
  return make_cg_system(space_names().front(), problem, vectors_of(method, problem), Communicator::world());
}

TEST(CgProduct, OfKokkosKernelsIsOursToRounding) {
  if (!has_kernels_product()) {
    EXPECT_THROW(make(problem_of(CgProduct::kernels, matrix_of(1100))), Error);
    return;
  }
  auto const matrix = matrix_of(1100);  // 5 blocks, the last not full
  auto const u = [](std::int64_t row) { return uniform(3, row); };
  std::vector<double> products[2];
  std::int64_t first = 0;
  for (CgProduct const product : {CgProduct::own, CgProduct::kernels}) {
    auto const system = make(problem_of(product, matrix));
    system->set(CgVector::r, u);
    system->multiply(CgVector::w, CgVector::r);
    products[static_cast<std::size_t>(product)] = system->get(CgVector::w);
    first = system->first_row();
  }
  ASSERT_EQ(products[0].size(), products[1].size());
  for (std::size_t k = 0; k < products[0].size(); ++k) {
    std::size_t const row = static_cast<std::size_t>(first) + k;
    long double exact = 0, size = 0;
    auto const begin = static_cast<std::size_t>(matrix->row_start[row]);
    auto const end = static_cast<std::size_t>(matrix->row_start[row + 1]);
    for (std::size_t e = begin; e < end; ++e) {
      long double const term = static_cast<long double>(matrix->value[e]) * u(matrix->column[e]);
      exact += term;
      size += std::abs(term);
    }
    // Each of n terms is rounded as a product and in at most n sums, in any order.
    double const bound =
        static_cast<double>(static_cast<long double>(end - begin + 1) * size) * std::numeric_limits<double>::epsilon();
    for (auto const& product : products) EXPECT_NEAR(product[k], static_cast<double>(exact), bound) << row;
  }
}

TEST(CgProduct, OfKokkosKernelsLeadsToTheSameSolution) {
  if (!has_kernels_product()) GTEST_SKIP() << "no Kokkos Kernels";
  auto const matrix = matrix_of(1100);
  for (CgMethod const method : {CgMethod::classic, CgMethod::single_reduction, CgMethod::pipelined}) {
    for (CgPreconditioner const preconditioner :
         {CgPreconditioner::none, CgPreconditioner::jacobi, CgPreconditioner::chebyshev}) {
      std::vector<double> x[2];
      CgResult results[2];
      for (CgProduct const product : {CgProduct::own, CgProduct::kernels}) {
        CgProblem problem = problem_of(product, matrix);
        problem.preconditioner = preconditioner;
        auto const system = make(problem, method);
        system->set(CgVector::b, [](std::int64_t row) { return uniform(5, row); });
        CgParams params;
        params.method = method;
        params.tolerance = 1e-10;
        params.max_iterations = 1100;
        results[static_cast<std::size_t>(product)] = solve_cg(*system, problem, params);
        x[static_cast<std::size_t>(product)] = system->get(CgVector::x);
      }
      EXPECT_NEAR(static_cast<double>(results[1].iterations), static_cast<double>(results[0].iterations), 1);
      // An error of x is at most the residual over the smallest eigenvalue.
      double const bound = (results[0].true_residual + results[1].true_residual) / 4;
      EXPECT_LT(bound, 1e-10);
      for (std::size_t k = 0; k < x[0].size(); ++k) EXPECT_NEAR(x[1][k], x[0][k], bound);
    }
  }
}

TEST(CgProduct, OfKokkosKernelsNeedsAStoredMatrix) {
  CgProblem problem;
  problem.n = 10;
  problem.product = CgProduct::kernels;
  EXPECT_THROW(make(problem), DomainError);
}

}  // namespace kramers::test::grids_cg_product
