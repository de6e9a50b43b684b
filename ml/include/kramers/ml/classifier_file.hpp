// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/ml/classifier.hpp>

#include <filesystem>
#include <string>

namespace kramers::ml {

/// Replace the file by this model, or leave it as it was: a Checkpoint with the history in the arrays history.*
/// (F64 and I64) and, in the metadata under "classifier", JSON of what else belongs to it: thresholds, scales of the
/// inputs, the data and their division.
///
/// @param[in] origin  provenance, kept in the metadata
/// @throws IoError  it cannot be written
void write_classifier(std::filesystem::path const& path, ClassifierModel const& model, std::string const& origin = {});
/// The same bits that were written. Space and number of epochs are not in the file.
/// @throws IoError     no such file, one without a checksum, or a damaged one
///         InputError  a safetensors file of something else than a classifier, or with impossible numbers
ClassifierModel read_classifier_model(std::filesystem::path const& path);

/// Throw InputError unless `saved` was trained on the same data in the same way as `wanted` is to be, with the first
/// quantity that differs.
/// @param[in] source  the file of `saved`, for the message
void expect_same(ClassifierModel const& saved, ClassifierModel const& wanted, std::string const& source);

}  // namespace kramers::ml
