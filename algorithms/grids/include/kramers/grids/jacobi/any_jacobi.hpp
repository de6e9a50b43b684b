// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/grids/block.hpp>
#include <kramers/grids/messages.hpp>
#include <kramers/runtime/communicator.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

namespace kramers::grids {

/// Boundary-value problems by which array frameworks are compared.
enum class JacobiProblem {
  laplace,  ///< sin(1.5 pi x) on the last row, zero on the other sides; mean of four neighbours; relative norm
  neumann,  ///< the same, and the last column takes the value of its neighbour after each sweep
  stencil,  ///< -273.15 on three sides, 40 on the first row; mean of five cells; relative norm
  nvidia,   ///< sin(2 pi y) on both columns, rows on a ring; mean of four neighbours; absolute norm
};

/// In which order the norm is added up.
enum class SumOrder {
  fixed,  ///< FixedSums
  numpy,  ///< NumpySums, in the precision of the field
  fast,   ///< fast_sums, whose last bits are those of one number of threads and ranks
};

/// How sweeps go through memory.
enum class SweepPath {
  automatic,
  plain,    ///< one kernel per sweep
  blocked,  ///< several sweeps while a strip of the grid is in cache, on all threads; hosts only
  cached,   ///< the same on one core, which keeps a small grid in its cache, without a launch; hosts and one rank only
};

struct JacobiParams {
  JacobiProblem problem = JacobiProblem::laplace;
  std::int64_t rows = 100, columns = 100;  ///< of the grid with its boundary, each >= 3
  SumOrder sums = SumOrder::fixed;
  SweepPath path = SweepPath::automatic;
  std::int64_t depth = 0;  ///< sweeps of a pass through memory; 0: chosen, 1 where the path is plain
  /// Sweeps from the one of which a norm is taken to the decision on it, >= 0, which ranks do while sums are on their way: a
  /// norm that meets the tolerance at sweep i ends the iteration at sweep i + check_lag.
  std::int64_t check_lag = 0;
  Messages messages = Messages::automatic;  ///< of halos
  /// Compute the cells that need no halo while halos are on their way, and the others when they have come.
  bool overlap = false;
};

/// Rows that are stored: those of a ring need no copies of each other.
std::int64_t stored_rows(JacobiParams const& params);
/// What is beyond them.
Edge edge_of(JacobiProblem problem);
/// Path and depth that will be used, and why.
struct SweepPlan {
  SweepPath path = SweepPath::plain;
  std::int64_t depth = 1;
  std::string why;
  bool overlap = false;     ///< passes of `depth` sweeps leave every rank cells to compute while halos are on their way
  std::string overlap_why;  ///< why so, or why not; empty where nobody asks for it
};
/// @param[in] device  kernels run on a device
/// @throws DomainError  a path or a depth that cannot be
SweepPlan plan_sweeps(JacobiParams const& params, std::string const& precision, bool device, int threads, int ranks);
/// "plain", "blocked", "cached".
std::string name_of(SweepPath path);
/// "fixed", "numpy", "fast".
std::string name_of(SumOrder sums);

/// Values that the boundary has, computed on the host by libm: the same bits on every backend.
std::vector<double> boundary_sines(JacobiParams const& params);

/// Bytes of a rank's fields, before they are allocated.
double jacobi_bytes(JacobiParams const& params, SweepPlan const& plan, std::string const& precision, int ranks);

/// A norm and the number of the sweep after which it was taken.
struct SweepNorm {
  std::int64_t iteration = 0;
  double norm = 0;
};

/// Jacobi iteration for one of these problems; space and precision are hidden. After any number of sweeps the field has the
/// same bits for any path, depth, threads, ranks and backend. All functions are collective.
class AnyJacobi {
 public:
  virtual ~AnyJacobi() = default;

  /// Do `sweeps` sweeps, or fewer: the norm is taken after those whose number since the start is a multiple of `check`, and
  /// decided on `check_lag` sweeps later, where the first one that is at most `tolerance` ends the iteration. Returns the
  /// norms that were decided on; waits.
  ///
  /// @param[in] check  > 0
  virtual std::vector<double> advance(std::int64_t sweeps, std::int64_t check, double tolerance) = 0;
  /// The norms that were taken and not decided on, which they stay. Waits.
  virtual std::vector<SweepNorm> undecided() = 0;
  /// Sweeps since the start.
  virtual std::int64_t iteration() const = 0;
  /// Hash of the bits of the field.
  virtual std::uint64_t hash() = 0;
  /// The rows of this rank; (size, columns).
  virtual std::vector<double> rows() = 0;
  /// Go on from what `rows` and `undecided` gave after this number of sweeps, on whatever ranks and path. Waits.
  ///
  /// @param[in] rows  (size, columns) of this rank
  virtual void restore(std::vector<double> const& rows, std::int64_t iteration,
                       std::vector<SweepNorm> const& undecided) = 0;
  virtual Block const& block() const = 0;
  virtual std::int64_t bytes() const = 0;
};

/// @param[in] space      a name of space_names()
/// @param[in] precision  "f64" or "f32"
/// @throws DomainError  sizes below 3; more ranks than rows; a path or depth that cannot be
std::unique_ptr<AnyJacobi> make_jacobi(std::string const& space, std::string const& precision,
                                       JacobiParams const& params, Communicator const& comm);

}  // namespace kramers::grids
