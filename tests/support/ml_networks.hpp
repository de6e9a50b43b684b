// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/ml/resident_networks.hpp>

namespace kramers::test {

/// The network of kramers-classify.
template <class T>
using Shipped = ml::ThreeClasses<T>;

/// Every kind of layer, sizes that fill no vector and more inputs than are summed at a time.
template <class T>
using Mixed = ml::Mlp<T, ml::In<13>, ml::Dense<5, ml::Activation::gelu_erf>, ml::Dropout<25>, ml::BatchNorm,
                      ml::Dense<14, ml::Activation::relu>, ml::Dense<2>>;

// Those of the fixtures, and one with dropout, which PyTorch draws in another way.
template <class T>
using NormFirst = ml::Mlp<T, ml::In<3>, ml::BatchNorm, ml::Dense<5, ml::Activation::tanh>, ml::Dense<3>>;
template <class T>
using TwoNorms = ml::Mlp<T, ml::In<2>, ml::Dense<6, ml::Activation::tanh>, ml::BatchNorm,
                         ml::Dense<4, ml::Activation::tanh>, ml::BatchNorm, ml::Dense<2>>;
template <class T>
using Relu =
    ml::Mlp<T, ml::In<3>, ml::Dense<7, ml::Activation::relu>, ml::Dense<5, ml::Activation::relu>, ml::Dense<4>>;
template <class T>
using GeluErf = ml::Mlp<T, ml::In<3>, ml::Dense<6, ml::Activation::gelu_erf>, ml::BatchNorm, ml::Dense<2>>;
template <class T>
using Dropping = ml::Mlp<T, ml::In<5>, ml::Dropout<25>, ml::Dense<6, ml::Activation::gelu_tanh>, ml::BatchNorm,
                         ml::Dropout<50>, ml::Dense<2>>;

}  // namespace kramers::test

/// The trainers that the library does not have, each compiled once for all tests: tests/ml/CMakeLists.txt writes a source
/// for each line of this list.
// clang-format off
#define KRAMERS_TEST_INSTANCES(instance) \
  instance(Mixed, float) \
  instance(Mixed, double) \
  instance(NormFirst, double) \
  instance(TwoNorms, double) \
  instance(Relu, double) \
  instance(GeluErf, double) \
  instance(Dropping, float) \
  instance(Dropping, double)
// clang-format on

#define KRAMERS_TRAINER_ELSEWHERE(Space, network, type) \
  extern template class kramers::ml::ResidentTrainer<Space, kramers::test::network<type>>;
#define KRAMERS_TRAINERS_ELSEWHERE(network, type) KRAMERS_FOR_SPACES(KRAMERS_TRAINER_ELSEWHERE, network, type)
KRAMERS_TEST_INSTANCES(KRAMERS_TRAINERS_ELSEWHERE)
#undef KRAMERS_TRAINERS_ELSEWHERE
#undef KRAMERS_TRAINER_ELSEWHERE
