// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/ml/classifier.hpp>
#include <kramers/runtime/memory_need.hpp>

#include <cstdint>
#include <vector>

namespace kramers::ml {

/// What a program needs, beyond what it takes when it starts, to train so many classifiers side by side on so many points
/// and to classify those and others: what there is at most (tests/apps/limits_test.py measures it).
///
/// @param[in] others  points that are classified beside those of the dataset
std::vector<MemoryNeed> memory_needed(ClassifierParams const& params, std::int64_t models, std::int64_t points,
                                      std::int64_t others);

}  // namespace kramers::ml
