// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/concepts.hpp>
#include <kramers/core/vec.hpp>

#include <concepts>

namespace kramers::dynamics {

/// A potential along one coordinate: pure device functions of x, branch-free so that they vectorise.
///
///   energy(x)     V(x)     [energy]
///   force(x)      -V'(x)   [energy / length]
///   curvature(x)  V''(x)   [energy / length^2]
template <class P>
concept profile = real<typename P::value_type> && requires(P const p, typename P::value_type x) {
  { p.energy(x) } -> std::same_as<typename P::value_type>;
  { p.force(x) } -> std::same_as<typename P::value_type>;
  { p.curvature(x) } -> std::same_as<typename P::value_type>;
};

/// A potential in `dimension` coordinates, what the ensemble engine runs on.
///
///   energy(x)     V(x)            [energy]
///   force(x)      -grad V(x)      [energy / length]
///   laplacian(x)  div grad V(x)   [energy / length^2]
template <class P>
concept potential =
    real<typename P::value_type> && requires(P const p, Vec<typename P::value_type, P::dimension> const x) {
      { p.energy(x) } -> std::same_as<typename P::value_type>;
      { p.force(x) } -> std::same_as<Vec<typename P::value_type, P::dimension>>;
      { p.laplacian(x) } -> std::same_as<typename P::value_type>;
    };

}  // namespace kramers::dynamics
