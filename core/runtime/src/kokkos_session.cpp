// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/core/spaces.hpp>
#include <kramers/runtime/kokkos_session.hpp>

#include <sstream>

namespace kramers {
namespace {

template <class... Space>
std::vector<std::string> names_of(TypeList<Space...>) {
  std::vector<std::string> names{space_name<Kokkos::DefaultExecutionSpace>()};
  for (std::string const& name : {space_name<Space>()...}) {
    if (name != names.front()) names.push_back(name);
  }
  return names;
}

}  // namespace

std::vector<std::string> const& space_names() {
  static std::vector<std::string> const names = names_of(Spaces{});
  return names;
}

int thread_count(std::string const& space) {
  return space == "serial" ? 1 : Kokkos::DefaultHostExecutionSpace().concurrency();
}

int device_count() {
  return Kokkos::num_devices();
}

std::string kokkos_version() {
  return std::to_string(KOKKOS_VERSION / 10000) + "." + std::to_string(KOKKOS_VERSION / 100 % 100) + "." +
         std::to_string(KOKKOS_VERSION % 100);
}

std::string kokkos_configuration() {
  std::ostringstream text;
  Kokkos::print_configuration(text);
  return text.str();
}

KokkosSession::KokkosSession(std::optional<int> threads, std::optional<int> device) {
  if (Kokkos::is_initialized()) return;
  Kokkos::InitializationSettings settings;
  // The warnings are about thread binding, which is the business of who starts the program.
  settings.set_disable_warnings(true);
  if (threads) settings.set_num_threads(*threads);
  if (device) settings.set_device_id(*device);
  Kokkos::initialize(settings);
  m_owner = true;
}

KokkosSession::~KokkosSession() {
  if (m_owner) Kokkos::finalize();
}

}  // namespace kramers
