// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <optional>
#include <string>
#include <vector>

/// What programs ask of Kokkos, without its headers: sources that include this are never compiled by a device compiler.
namespace kramers {

/// Names of the execution spaces built in ("serial", "openmp", "cuda", "hip"), the default one first.
std::vector<std::string> const& space_names();

/// Threads per rank that kernels on this execution space run on (on the host, for a GPU). Kokkos must be initialised.
int thread_count(std::string const& space);

/// Devices that this process sees; 0 where no device backend is built in.
int device_count();

/// "5.2.2".
std::string kokkos_version();
/// What Kokkos says of its own configuration. Kokkos must be initialised.
std::string kokkos_configuration();

/// Initialises Kokkos where nobody has done so, and finalises it at the end of the scope.
class KokkosSession {
 public:
  /// @param[in] threads  of the host backend; nothing leaves the choice to Kokkos and its environment variables
  /// @param[in] device   number of the device of this process; nothing likewise
  KokkosSession(std::optional<int> threads, std::optional<int> device);
  ~KokkosSession();
  KokkosSession(KokkosSession const&) = delete;
  KokkosSession& operator=(KokkosSession const&) = delete;

 private:
  bool m_owner = false;
};

}  // namespace kramers
