// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/ml/any_trainer.hpp>
#include <kramers/ml/mlp.hpp>

#include <memory>

/// The networks that are compiled for the engine resident; makers.cpp lists them. One source file each and per precision,
/// so that they compile side by side.
namespace kramers::ml::detail {

template <class T>
using ThreeClasses = Mlp<T, In<2>, Dense<8, Activation::tanh>, BatchNorm, Dense<3>>;
template <class T>
using TwoClasses = Mlp<T, In<2>, Dense<8, Activation::tanh>, BatchNorm, Dense<2>>;
template <class T>
using WideThreeClasses = Mlp<T, In<2>, Dense<16, Activation::tanh>, BatchNorm, Dense<3>>;
template <class T>
using DeepThreeClasses = Mlp<T, In<2>, Dense<16, Activation::tanh>, Dense<16, Activation::tanh>, Dense<3>>;

/// @param[in] request  its network is Net, its precision that of Net
template <class Net>
std::unique_ptr<AnyTrainer> make_resident(TrainerRequest const& request);

}  // namespace kramers::ml::detail
