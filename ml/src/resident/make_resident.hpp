// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/spaces.hpp>
#include <kramers/ml/detail/any_trainer_impl.hpp>
#include <kramers/ml/resident_trainer.hpp>

#include "networks.hpp"

template <class Net>
std::unique_ptr<kramers::ml::AnyTrainer> kramers::ml::detail::make_resident(TrainerRequest const& request) {
  return for_space(request.space, [&]<class Space>(Space const& space) -> std::unique_ptr<AnyTrainer> {
    return std::make_unique<AnyTrainerImpl<Space, typename Net::value_type>>(
        space, std::make_unique<ResidentTrainer<Space, Net>>(space, request.params));
  });
}
