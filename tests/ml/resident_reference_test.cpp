// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "ml_resident_cases.hpp"

namespace kramers::test {

using InDouble =
    ::testing::Types<ResidentCase<Shipped, double>, ResidentCase<NormFirst, double>, ResidentCase<Relu, double>>;
using InBoth = ::testing::Types<ResidentCase<Shipped, double>, ResidentCase<NormFirst, double>,
                                ResidentCase<Relu, double>, ResidentCase<Shipped, float>>;
INSTANTIATE_TYPED_TEST_SUITE_P(Networks, ResidentFixture, InBoth);
INSTANTIATE_TYPED_TEST_SUITE_P(Networks, Resident, InBoth);
INSTANTIATE_TYPED_TEST_SUITE_P(Networks, ResidentInDouble, InDouble);

}  // namespace kramers::test
