// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "harmonic.hpp"

template std::unique_ptr<kramers::AnyEnsemble> kramers::detail::make_harmonic<double>(EnsembleRequest const&);
