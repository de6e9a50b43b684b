// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "makers.hpp"

#include <kramers/ml/resident_networks.hpp>

#include "make_resident.hpp"

namespace kramers::ml::detail {
namespace {

template <template <class> class Net>
ResidentMaker maker() {
  return {Net<float>::spec().text(), [](TrainerRequest const& request) {
            return request.precision == "f32" ? make_resident<Net<float>>(request)
                                              : make_resident<Net<double>>(request);
          }};
}

}  // namespace

std::vector<ResidentMaker> const& resident_makers() {
#define KRAMERS_MAKER(name, ...) maker<name>(),
  static std::vector<ResidentMaker> const makers{KRAMERS_RESIDENT_NETWORKS(KRAMERS_MAKER)};
#undef KRAMERS_MAKER
  return makers;
}

}  // namespace kramers::ml::detail
