// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

/// Functions of core/math.hpp for sources that do not include Kokkos: the same bits on every machine, which no C library
/// promises.
namespace kramers::ml::detail {

double host_exp(double x);
double host_log(double x);

}  // namespace kramers::ml::detail
