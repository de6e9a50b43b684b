// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/grids/csr_matrix.hpp>
#include <kramers/grids/messages.hpp>
#include <kramers/runtime/communicator.hpp>

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace kramers::grids {

/// The matrices of conjugate gradients. Those of a grid have n^2 rows, are never stored, and act on the flat index i.
enum class CgMatrix {
  five_point,  ///< 4 on the diagonal, -1 for each neighbour in the grid: the Laplacian with Dirichlet boundaries
  wrapped,     ///< 4 and -1 at i - 1, i + 1, i - n, i + n: the last point of a row is coupled to the first of the next
  wrapped_corners,  ///< 8 and -1 also at i - n - 1, i - n + 1, i + n - 1, i + n + 1
  stored,           ///< a CsrMatrix
};

/// What is done to residuals before they become directions.
enum class CgPreconditioner { none, jacobi, chebyshev, multigrid };

/// Who multiplies a stored matrix with vectors.
enum class CgProduct {
  own,      ///< a row's entries in order: the same bits on any space, threads and ranks
  kernels,  ///< KokkosSparse::spmv, where the build has Kokkos Kernels; the same to rounding
};
/// Does it?
bool has_kernels_product();

/// What a CgSystem is made of.
struct CgProblem {
  CgMatrix matrix = CgMatrix::five_point;
  std::int64_t n = 0;                            ///< points a side of a grid, >= 3
  std::shared_ptr<CsrMatrix const> stored = {};  ///< of CgMatrix::stored, symmetric; the same on all ranks
  CgPreconditioner preconditioner = CgPreconditioner::none;
  int chebyshev_degree = 4;                 ///< products with the matrix per application, >= 1
  Messages messages = Messages::automatic;  ///< with the ends of vectors; whole vectors leave from the host
  CgProduct product = CgProduct::own;       ///< kernels for CgMatrix::stored only

  std::int64_t rows() const { return matrix == CgMatrix::stored ? stored->rows() : n * n; }
};

/// Blocks that rows are summed in and divided over ranks by: rows of the grid, or this many rows of a stored matrix.
inline constexpr std::int64_t stored_block = 256;

/// The vectors of all methods; which of them a method has is said by `vectors_of`.
enum class CgVector : int { x, b, r, p, s, u, w, z, q, m, n, count };

/// Sums over rows: r.u, w.u and r.r of the vectors of these names.
struct CgSums {
  double ru = 0, wu = 0, rr = 0;
};

/// A matrix and vectors of its size on one space, over all ranks; space and matrix are hidden. Sums are of fixed order:
/// within a block 32 partial sums of every 32nd row, then a tree, and a tree over the blocks of all ranks. So results have
/// the same bits on any number of threads and ranks. All functions are collective.
class CgSystem {
 public:
  virtual ~CgSystem() = default;

  /// x(row) = value(row), in [0, rows()), for the rows of this rank.
  virtual void set(CgVector x, std::function<double(std::int64_t)> const& value) = 0;
  /// The rows of this rank, in order, and the number of the first.
  virtual std::vector<double> get(CgVector x) = 0;
  virtual std::int64_t first_row() const = 0;
  virtual std::int64_t rows() const = 0;

  /// to = from.
  virtual void copy(CgVector to, CgVector from) = 0;
  /// r = b - A x; its r.r.
  virtual double residual(CgVector r, CgVector b, CgVector x) = 0;
  /// z = M r, where M approximates the inverse of A; a copy without preconditioner.
  virtual void precondition(CgVector z, CgVector r) = 0;
  virtual double dot(CgVector a, CgVector b) = 0;
  /// Sum of the rows.
  virtual double sum(CgVector a) = 0;

  /// p = z + beta p, s = A p; its p.s. A matrix that is not stored computes A p again in `step`, and leaves s out.
  virtual double direction(CgVector z, double beta) = 0;
  /// x += alpha p, r -= alpha A p; its r.r.
  virtual double step(double alpha) = 0;

  /// w = A u.
  virtual void multiply(CgVector w, CgVector u) = 0;
  /// w = A u, and the sums of these and r.
  virtual CgSums product(CgVector w, CgVector u) = 0;
  /// p = u + beta p, s = w + beta s, x += alpha p, r -= alpha s.
  virtual void merged_step(CgVector u, double alpha, double beta) = 0;
  /// z = n + beta z, q = m + beta q, s = w + beta s, p = u + beta p, x += alpha p, r -= alpha s, u -= alpha q, w -= alpha z;
  /// without preconditioner u is r, m is w and q is s. The sums of what results are on their way until `finish_sums`.
  virtual void pipelined_step(double alpha, double beta) = 0;
  virtual CgSums finish_sums() = 0;

  /// Bytes of all vectors of this rank, on the space where kernels run.
  virtual std::int64_t bytes() const = 0;
};

/// A number in [0, 1) for this row of a right side: a function of seed and row alone (Philox).
double uniform_number(std::uint64_t seed, std::int64_t row);

/// A system on the space of this name, with these vectors.
/// @throws DomainError  more ranks than blocks, or a preconditioner or product that the matrix has not
/// @throws Error        a product that this build has not
std::unique_ptr<CgSystem> make_cg_system(std::string const& space, CgProblem const& problem,
                                         std::vector<CgVector> const& vectors, Communicator const& comm);

}  // namespace kramers::grids
