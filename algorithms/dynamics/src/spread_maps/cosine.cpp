// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "make_map.hpp"

std::unique_ptr<kramers::dynamics::AnySpreadMap> kramers::dynamics::detail::make_cosine_map(SpreadRequest const& request) {
  return make_map(request, [&]<class T>(T, auto const&) { return cosine_profile<T>(request.potential); });
}
