// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/spaces.hpp>
#include <kramers/ml/detail/any_trainer_impl.hpp>
#include <kramers/ml/resident_trainer.hpp>

#include "make_resident.hpp"

namespace kramers::ml {

template <class Net>
std::unique_ptr<AnyTrainer> detail::make_resident(TrainerRequest const& request) {
  return for_space(request.space, [&]<class Space>(Space const& exec) -> std::unique_ptr<AnyTrainer> {
    return std::make_unique<AnyTrainerImpl<Space, typename Net::value_type>>(
        exec, std::make_unique<ResidentTrainer<Space, Net>>(exec, request.params));
  });
}

}  // namespace kramers::ml
