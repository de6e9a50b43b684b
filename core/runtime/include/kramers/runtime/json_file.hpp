// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <nlohmann/json_fwd.hpp>

#include <filesystem>

namespace kramers {

/// Replace the file by this document, indented; numbers that are not finite become null.
/// @throws IoError  it cannot be written; the old file stays
void write_json_atomically(std::filesystem::path const& path, nlohmann::json const& document);

}  // namespace kramers
