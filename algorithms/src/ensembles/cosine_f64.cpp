// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cosine.hpp"

template std::unique_ptr<kramers::AnyEnsemble> kramers::detail::make_cosine<double>(EnsembleRequest const&);
