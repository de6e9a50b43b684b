// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/spaces.hpp>
#include <kramers/ml/resident_trainer.hpp>

/// The networks that are compiled for the engine resident. A line here is all that one takes: the aliases below, the list
/// that choose_engine looks into, and a source per precision, which kramers_ml_instances of cmake/KramersInstances.cmake
/// writes, are made of it. Trainers of these networks are instantiated in the library alone.
// clang-format off
#define KRAMERS_RESIDENT_NETWORKS(network) \
  network(ThreeClasses, In<2>, Dense<8, Activation::tanh>, BatchNorm, Dense<3>) \
  network(TwoClasses, In<2>, Dense<8, Activation::tanh>, BatchNorm, Dense<2>) \
  network(WideThreeClasses, In<2>, Dense<16, Activation::tanh>, BatchNorm, Dense<3>) \
  network(DeepThreeClasses, In<2>, Dense<16, Activation::tanh>, Dense<16, Activation::tanh>, Dense<3>)
// clang-format on

namespace kramers::ml {

#define KRAMERS_NAMED_NETWORK(name, ...) \
  template <class T>                     \
  using name = Mlp<T, __VA_ARGS__>;
KRAMERS_RESIDENT_NETWORKS(KRAMERS_NAMED_NETWORK)
#undef KRAMERS_NAMED_NETWORK

#define KRAMERS_TRAINER_ELSEWHERE(Space, Network)               \
  extern template class ResidentTrainer<Space, Network<float>>; \
  extern template class ResidentTrainer<Space, Network<double>>;
#define KRAMERS_TRAINERS_ELSEWHERE(name, ...) KRAMERS_FOR_SPACES(KRAMERS_TRAINER_ELSEWHERE, name)
KRAMERS_RESIDENT_NETWORKS(KRAMERS_TRAINERS_ELSEWHERE)
#undef KRAMERS_TRAINERS_ELSEWHERE
#undef KRAMERS_TRAINER_ELSEWHERE

}  // namespace kramers::ml
