// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/ml/any_trainer.hpp>

namespace kramers::ml::detail {

/// A GemmTrainer on the space of the request, in the precision that the name says.
std::unique_ptr<AnyTrainer> make_gemm_f32(TrainerRequest const& request);
std::unique_ptr<AnyTrainer> make_gemm_f64(TrainerRequest const& request);

}  // namespace kramers::ml::detail
