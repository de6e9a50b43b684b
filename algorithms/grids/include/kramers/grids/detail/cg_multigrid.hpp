// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/concepts.hpp>
#include <kramers/grids/messages.hpp>
#include <kramers/runtime/communicator.hpp>

#include <cstdint>
#include <memory>

namespace kramers::grids::detail {

/// A preconditioner with memory of its own, on one space.
template <class Space>
class DevicePreconditioner {
 public:
  virtual ~DevicePreconditioner() = default;
  /// z = M r, of the elements of this rank. Collective.
  virtual void apply(Space const& exec, double* z, double const* r) = 0;
  virtual std::int64_t bytes() const = 0;
};

/// One V-cycle for the five-point Laplacian on n x n points, whose vectors have a gap of one element between rows.
///
/// Every second point of a direction is one of the coarser grid, whatever n is, down to a single point; values between are
/// interpolated bilinearly and residuals summed with the transposed weights. The coarse matrices are P^T A P, which keep the
/// form K x M + M x K with tridiagonal K and M of one direction: 4 n numbers a level, and nine points. Two Jacobi sweeps
/// before and after, with the weights of Chebyshev for the upper three quarters of the spectrum. Bits do not depend on
/// ranks: rows are divided while each rank has two, and smaller grids are done by all.
///
/// @see Source  Briggs, Henson, McCormick, A Multigrid Tutorial, 2nd ed. (2000), chapters 3 and 10
template <execution_space Space>
std::unique_ptr<DevicePreconditioner<Space>> make_multigrid(Space const& exec, Communicator const& comm, std::int64_t n,
                                                            Messages messages);

}  // namespace kramers::grids::detail
