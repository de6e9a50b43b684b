// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "tabulated.hpp"

template std::unique_ptr<kramers::dynamics::AnyEnsemble> kramers::dynamics::detail::make_tabulated<double>(kramers::dynamics::EnsembleRequest const&);
