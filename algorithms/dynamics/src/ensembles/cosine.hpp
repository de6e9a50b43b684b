// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include "make_ensemble.hpp"

namespace kramers::dynamics::detail {

template <class T>
std::unique_ptr<AnyEnsemble> make_cosine(EnsembleRequest const& request) {
  return make_separable(request, [&](auto const&) { return cosine_profile<T>(request.potential); });
}

}  // namespace kramers::dynamics::detail
