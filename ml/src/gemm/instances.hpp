// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/spaces.hpp>
#include <kramers/ml/detail/any_trainer_impl.hpp>

#include "gemm_trainer.hpp"
#include "makers.hpp"

namespace kramers::ml::detail {

template <class T>
std::unique_ptr<AnyTrainer> make_gemm(TrainerRequest const& request) {
  return for_space(request.space, [&]<class Space>(Space const& exec) -> std::unique_ptr<AnyTrainer> {
    return std::make_unique<AnyTrainerImpl<Space, T>>(
        exec, std::make_unique<GemmTrainer<Space, T>>(exec, request.network, request.params));
  });
}

}  // namespace kramers::ml::detail
