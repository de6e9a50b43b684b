// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The one source that is compiled again after each commit.
#include <kramers/runtime/build_config.hpp>
#include <kramers/runtime/kokkos_session.hpp>
#include <kramers/runtime/provenance.hpp>

#include "git_version.hpp"
#include "source_state.hpp"

namespace kramers {

std::string detail::git_hash() {
  return ::git_hash;
}

bool detail::is_modified() {
  return git_dirty;
}

std::string version() {
  return KRAMERS_VERSION;
}

std::string source_text() {
  return version() + " (git " + detail::git_hash() + (detail::is_modified() ? ", modified" : "") + ")";
}

std::string version_text() {
  std::string text = source_text();
  text.back() = ',';
  return text + " Kokkos " + kokkos_version() + ")";
}

}  // namespace kramers
