// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/base/error.hpp>
#include <kramers/grids/cg_system.hpp>

#include <cstdint>
#include <functional>
#include <vector>

namespace kramers::grids {

/// Ways to the same iterates in exact arithmetic, which differ in sums per iteration and in rounding.
enum class CgMethod {
  classic,           ///< two sums per iteration, one after the other
  single_reduction,  ///< both at once; two more vectors
  pipelined,         ///< both at once, while the next product is computed; three more vectors, or six
};

/// What to solve for and when to stop.
struct CgParams {
  CgMethod method = CgMethod::classic;
  double tolerance = 1e-10;         ///< of the 2-norm of the residual b - A x, absolute; > 0
  std::int64_t max_iterations = 0;  ///< >= 1
  std::int64_t check_every = 1;     ///< iterations 1, 1 + K, 1 + 2K, ... and the last are tested; >= 1
  std::int64_t replace_every = 0;   ///< iterations between residuals computed anew from x; 0: never
};

/// What came of it.
struct CgResult {
  std::int64_t iterations = 0;
  double residual = 0;          ///< of the recurrence: what was tested
  double true_residual = 0;     ///< |b - A x| of the solution, computed anew
  double right_side = 0;        ///< |b|
  std::vector<double> history;  ///< |r| after iteration 1, 2, ..., by the recurrence
};

/// p.A p is not positive: the matrix is not positive definite, or rounding has the better of it.
class BreakdownError : public Error {
 public:
  BreakdownError(std::int64_t iteration, double curvature,
                 std::source_location where = std::source_location::current());
  std::int64_t iteration() const { return m_iteration; }
  double curvature() const { return m_curvature; }

 private:
  std::int64_t m_iteration;
  double m_curvature;
};

/// The residual is above the tolerance after all iterations allowed.
class NoConvergenceError : public Error {
 public:
  NoConvergenceError(std::int64_t iterations, double residual, double tolerance,
                     std::source_location where = std::source_location::current());
  std::int64_t iterations() const { return m_iterations; }
  double residual() const { return m_residual; }

 private:
  std::int64_t m_iterations;
  double m_residual;
};

/// The vectors that a method needs.
std::vector<CgVector> vectors_of(CgMethod method, CgProblem const& problem);

/// Solve A x = b, where the system has b, from x = 0. Collective; the result is the same on all ranks, which all throw alike.
///
/// An iteration is one update of x. The residual is tested after iterations 1, 1 + K, 1 + 2 K, ... (K = check_every) and the
/// last allowed: the number that is reported is then a multiple of K plus one. A residual of exactly 0 ends at once.
///
/// @param[in] tell  called after each iteration with its number and |r|
/// @throws BreakdownError      p.A p <= 0
/// @throws NoConvergenceError  not below the tolerance after max_iterations
/// @see    Source  classic: Hestenes, Stiefel (1952); single_reduction: Chronopoulos, Gear (1989), algorithm 2.1; pipelined:
///                 Ghysels, Vanroose (2014), algorithm 4; replacement: Cools, Yetkin, Agullo, Giraud, Vanroose (2018)
CgResult solve_cg(CgSystem& system, CgProblem const& problem, CgParams const& params,
                  std::function<void(std::int64_t, double)> const& tell = {});

}  // namespace kramers::grids
