// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/estimators/exact_rates.hpp>

/// Rates of the double well V = (x^2 - 1)^2, m = 1, kT = 1 / barrier, computed in 31 digits with polynomials orthogonal
/// under exp(-V / kT) times Hermite functions: a method that shares nothing with the one under test.
namespace golden {

inline double double_well(double x) {
  return (x * x - 1) * (x * x - 1);
}

struct Rate {
  double barrier, friction;
  double eigenvalue;  ///< half of it
  double step_shift;  ///< of BAOAB
  double core_sets;   ///< A = {x <= -1}, B = {x >= 1}
  double digits;      ///< of the core sets' rate, relative
};

/// The last but one of the core sets' rates has a digit less: "8.52333574" of the source repeats a three.
inline constexpr Rate strong[]{
    {5, 1, 2.21681413851e-3, -1.7443, 2.245207e-3, 2e-7},
    {5, 3, 1.43388540591e-3, -0.0769, 1.41471e-3, 4e-6},
    {5, 10, 5.38065628692e-4, 7.7695, 5.3070e-4, 1e-5},
    {10, 1, 1.55860557538e-5, -3.5644, 1.560345269e-5, 1e-9},
    {10, 3, 9.93018020765e-6, -0.4895, 9.929077e-6, 6e-8},
    {10, 10, 3.78341666616e-6, 7.6810, 3.7829613e-6, 2e-8},
    {20, 1, 7.16896497977e-10, -7.2241, 7.168981265e-10, 1e-9},
    {20, 3, 4.57729910306e-10, -1.2929, 4.577299077e-10, 5e-10},
    {20, 10, 1.75420432699e-10, 7.5898, 1.754204316e-10, 1e-9},
};
inline constexpr Rate weak[]{
    {5, 0.3, 1.84704415661e-3, -2.2952, 2.67393498e-3, 3e-9},
    {10, 0.3, 1.67321080851e-5, -5.0562, 1.856120433e-5, 1e-9},
    {20, 0.3, 8.43806334954e-10, -10.631, 8.5233574e-10, 1e-8},
};

}  // namespace golden
