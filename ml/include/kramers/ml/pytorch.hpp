// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/ml/classifier.hpp>

#include <filesystem>
#include <string>

namespace kramers::ml {

/// The Python expression of a module that takes raw inputs (n, features) and gives logits (n, classes):
/// "torch.nn.Sequential(torch.nn.BatchNorm1d(2, affine=False, eps=0.0), torch.nn.Linear(2, 8), ...)". The first layer,
/// with fixed statistics, is the standardisation of the inputs.
std::string pytorch_text(ClassifierModel const& model);

/// Replace the file by what `load_state_dict` takes for that module, strictly: no array is missing, and none is too much.
/// The module's expression stands in the metadata as "pytorch.module".
///
/// @param[in] origin  provenance, kept in the metadata
/// @throws IoError  it cannot be written
void write_pytorch(std::filesystem::path const& path, ClassifierModel const& model, std::string const& origin = {});

}  // namespace kramers::ml
