// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tabulated.hpp"

template std::unique_ptr<kramers::AnyEnsemble> kramers::detail::make_tabulated<float>(EnsembleRequest const&);
