// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/grids/cg.hpp>
#include <kramers/grids/studies/published.hpp>

#include <cstdint>
#include <optional>
#include <vector>

#include "cg_request.hpp"

namespace kramers::cg {

/// What is known of a problem with b = 1 and the tolerance 1e-10, from NumPy with the matrix as dense or banded array.
struct Published {
  grids::CgMatrix matrix;
  std::int64_t n;
  std::int64_t iterations;  ///< where each is tested
  double sum;               ///< of x
  double tenth;             ///< |r| after 10 iterations
};

/// What is published for this request, if anything.
std::optional<Published> published_for(CgRequest const& request);

/// Iterations may differ by 2, and then by what cg.check_every makes of it, the sum of x by 1e-9 of itself, |r| after 10
/// iterations by 1e-8. With a preconditioner only the sum is compared.
std::vector<grids::PublishedNumber> compare_published(Published const& published, CgRequest const& request,
                                                      grids::CgResult const& result, double sum);

}  // namespace kramers::cg
