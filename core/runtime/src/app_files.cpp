// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/text.hpp>
#include <kramers/runtime/app_files.hpp>
#include <kramers/runtime/collective_errors.hpp>
#include <kramers/runtime/recorded_input.hpp>

#include <nlohmann/json.hpp>

#include <cstdio>
#include <utility>

namespace kramers {

AppFiles::AppFiles(AppRun const& run) : m_run(run), m_files(run.config.inputs()) {}

void AppFiles::add(std::string role, std::filesystem::path path, FileUse use) {
  m_files.push_back({std::move(role), std::move(path), use});
}

std::optional<std::filesystem::path> AppFiles::output(std::string option,
                                                      std::optional<std::filesystem::path> const& value,
                                                      std::string_view key, FileUse use) {
  auto const named = m_run.config.find_output(key);
  auto const& chosen = value || m_run.options.replay ? value : named;
  if (chosen) add(value ? std::move(option) : "'" + std::string(key) + "'", *chosen, use);
  return chosen;
}

void AppFiles::require_usable() const {
  agree(m_run.comm, [&] {
    if (!m_run.comm.is_root()) return;
    for (std::string const& note : kramers::require_usable(m_files)) {
      if (!m_run.options.quiet) {
        std::fprintf(stderr, "%s: warning: %s\n", m_run.app.c_str(), printable(note).c_str());
      }
    }
  });
}

void keep_former(AppRun const& run, std::filesystem::path const& path) {
  if (run.options.overwrite || is_partial_result(path, effective_keys(run.config))) return;
  auto const kept = keep_former(path);
  if (!kept || run.options.quiet) return;
  std::fprintf(stderr, "%s: kept the former %s as %s\n", run.app.c_str(), printable(path.string()).c_str(),
               printable(kept->string()).c_str());
}

}  // namespace kramers
