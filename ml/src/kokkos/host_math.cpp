// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "host_math.hpp"

#include <kramers/core/math.hpp>

namespace kramers::ml::detail {

double host_exp(double x) {
  return math::exp(x);
}
double host_log(double x) {
  return math::log(x);
}

}  // namespace kramers::ml::detail
