// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/file.hpp>
#include <kramers/runtime/json_file.hpp>

#include <nlohmann/json.hpp>

namespace kramers {

void write_json_atomically(std::filesystem::path const& path, nlohmann::json const& document) {
  // nlohmann writes numbers that are not finite as null; text that is not UTF-8 is mended, not refused.
  write_text_atomically(path, document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
}

}  // namespace kramers
