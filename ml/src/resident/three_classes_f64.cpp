// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "make_resident.hpp"

template std::unique_ptr<kramers::ml::AnyTrainer>
kramers::ml::detail::make_resident<kramers::ml::detail::ThreeClasses<double>>(TrainerRequest const&);
