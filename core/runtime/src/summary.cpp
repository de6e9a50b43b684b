// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/app_files.hpp>
#include <kramers/runtime/command_line.hpp>
#include <kramers/runtime/json_file.hpp>

#include <nlohmann/json.hpp>

namespace kramers {

void write_summary(std::filesystem::path const& path, nlohmann::json summary, AppRun const& run) {
  summary["placement"] = nlohmann::json::parse(run.placement);
  keep_former(run, path);
  write_json_atomically(path, summary);
}

}  // namespace kramers
