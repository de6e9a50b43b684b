// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "double_well.hpp"

template std::unique_ptr<kramers::AnyEnsemble> kramers::detail::make_double_well<float>(EnsembleRequest const&);
