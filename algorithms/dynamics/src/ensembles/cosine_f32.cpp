// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cosine.hpp"

template std::unique_ptr<kramers::dynamics::AnyEnsemble> kramers::dynamics::detail::make_cosine<float>(kramers::dynamics::EnsembleRequest const&);
