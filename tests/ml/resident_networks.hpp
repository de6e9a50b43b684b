// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/ml/mlp.hpp>

namespace kramers::test {

/// The network of kramers-classify.
template <class T>
using Shipped = ml::Mlp<T, ml::In<2>, ml::Dense<8, ml::Activation::tanh>, ml::BatchNorm, ml::Dense<3>>;

/// Every kind of layer, sizes that fill no vector and more inputs than are summed at a time.
template <class T>
using Mixed = ml::Mlp<T, ml::In<13>, ml::Dense<5, ml::Activation::gelu_erf>, ml::Dropout<25>, ml::BatchNorm,
                      ml::Dense<14, ml::Activation::relu>, ml::Dense<2>>;

}  // namespace kramers::test
