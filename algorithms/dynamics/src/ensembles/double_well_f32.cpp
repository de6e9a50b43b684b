// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "double_well.hpp"

template std::unique_ptr<kramers::dynamics::AnyEnsemble> kramers::dynamics::detail::make_double_well<float>(kramers::dynamics::EnsembleRequest const&);
