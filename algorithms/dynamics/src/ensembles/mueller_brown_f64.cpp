// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "mueller_brown.hpp"

template std::unique_ptr<kramers::dynamics::AnyEnsemble> kramers::dynamics::detail::make_mueller_brown<double>(kramers::dynamics::EnsembleRequest const&);
