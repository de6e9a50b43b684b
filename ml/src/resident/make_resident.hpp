// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/ml/any_trainer.hpp>

#include <memory>

namespace kramers::ml::detail {

/// A ResidentTrainer on the space of the request. Defined in the sources made of resident/instance.cpp.in.
/// @param[in] request  its network is Net, its precision that of Net
template <class Net>
std::unique_ptr<AnyTrainer> make_resident(TrainerRequest const& request);

}  // namespace kramers::ml::detail
