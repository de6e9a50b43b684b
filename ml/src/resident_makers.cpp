// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "resident/makers.hpp"
#include "resident/networks.hpp"

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
  static std::vector<ResidentMaker> const makers{maker<ThreeClasses>(), maker<TwoClasses>(), maker<WideThreeClasses>(),
                                                 maker<DeepThreeClasses>()};
  return makers;
}

}  // namespace kramers::ml::detail
