// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "harmonic.hpp"

template std::unique_ptr<kramers::dynamics::AnyEnsemble> kramers::dynamics::detail::make_harmonic<float>(kramers::dynamics::EnsembleRequest const&);
