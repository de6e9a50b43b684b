// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The second half of resident_reference_test.cpp, for the sake of the compiler.
#include "ml_resident_cases.hpp"

namespace kramers::test {

using OfPyTorch = ::testing::Types<ResidentCase<TwoNorms, double>, ResidentCase<GeluErf, double>>;
using InDouble =
    ::testing::Types<ResidentCase<TwoNorms, double>, ResidentCase<GeluErf, double>, ResidentCase<Dropping, double>>;
using InBoth = ::testing::Types<ResidentCase<TwoNorms, double>, ResidentCase<GeluErf, double>,
                                ResidentCase<Dropping, double>, ResidentCase<Dropping, float>>;
INSTANTIATE_TYPED_TEST_SUITE_P(Networks, ResidentFixture, OfPyTorch);
INSTANTIATE_TYPED_TEST_SUITE_P(Networks, Resident, InBoth);
INSTANTIATE_TYPED_TEST_SUITE_P(Networks, ResidentInDouble, InDouble);

}  // namespace kramers::test
