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
  bool paused = false;          ///< ended by CgControl::pause: no true residual then
};

/// What an iteration leaves to the next one, beside the vectors of `kept_vectors`.
struct CgState {
  CgSums sums = {};              ///< of what it left; of classic r.r alone
  double alpha = 0, before = 0;  ///< its step length, but not of classic, and the r.u that it began with
};

/// How a solution begins in its middle, is looked at, and ends before its end. All ranks have the same.
struct CgControl {
  /// Called after each iteration with its number and |r|.
  std::function<void(std::int64_t, double)> tell = {};
  /// Asked after each iteration that is not the last: true ends the solution there.
  std::function<bool(CgState const&, CgResult const&)> pause = {};
  /// Where it goes on from, instead of x = 0; the system has the vectors.
  CgState const* state = nullptr;
  CgResult const* result = nullptr;  ///< of the iterations before
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
/// Those of them from which, with a CgState, the next iteration is computed to the same bits.
std::vector<CgVector> kept_vectors(CgMethod method, CgProblem const& problem);
/// "x", "p".
char const* name_of(CgVector vector);

/// Solve A x = b, where the system has b, from x = 0. Collective; the result is the same on all ranks, which all throw alike.
///
/// An iteration is one update of x. The residual is tested after iterations 1, 1 + K, 1 + 2 K, ... (K = check_every) and the
/// last allowed: the number that is reported is then a multiple of K plus one. A residual of exactly 0 ends at once.
///
/// A solution that was paused, and goes on in any system of the same problem with the vectors that are kept, ends in the
/// same bits as one that was not.
///
/// @throws BreakdownError      p.A p <= 0
/// @throws NoConvergenceError  not below the tolerance after max_iterations
/// @see    Source  classic: Hestenes, Stiefel (1952); single_reduction: Chronopoulos, Gear (1989), algorithm 2.1; pipelined:
///                 Ghysels, Vanroose (2014), algorithm 4; replacement: Cools, Yetkin, Agullo, Giraud, Vanroose (2018)
CgResult solve_cg(CgSystem& system, CgProblem const& problem, CgParams const& params, CgControl const& control = {});

}  // namespace kramers::grids
