// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/runtime/device_probe.hpp>

#include <optional>
#include <string>
#include <vector>

/// What programs ask of Kokkos, without its headers: sources that include this are never compiled by a device compiler.
namespace kramers {

/// Names of the execution spaces built in ("serial", "openmp", "cuda", "hip"), the default one first.
std::vector<std::string> const& space_names();

/// Threads per rank that kernels on this execution space run on (on the host, for a GPU). Kokkos must be initialised.
int thread_count(std::string const& space);

/// Whether a device backend is built in. Asks no driver.
bool is_built_for_devices();

/// Why programs of this build cannot run here: one sentence that says what to do; nothing where they can, as always in
/// builds for hosts. Kokkos starts its device backend whichever space is then computed on.
///
/// @param[in] device  the number of the device to be used, else that of KOKKOS_DEVICE_ID; else one that will do is enough
std::optional<std::string> device_problem(std::optional<int> device = std::nullopt);

/// Devices that this process sees; 0 where no device backend is built in, or none can be used (`device_problem`).
int device_count();

/// The device that kernels on this execution space run on; nothing for a space of the host. Kokkos must be initialised.
std::optional<Device> device_of_space(std::string const& space);

/// What the driver of the backend that is built in says; asked once.
DriverReport const& driver_report();

/// "5.2.2".
std::string kokkos_version();
/// What Kokkos says of its own configuration. Kokkos must be initialised.
std::string kokkos_configuration();

/// Throw UsageError for an environment variable at which Kokkos would abort, or which OpenMP would pass over: one that
/// should be a number, a choice or yes or no and is not.
void check_environment();

/// Initialises Kokkos where nobody has done so, and finalises it at the end of the scope.
class KokkosSession {
 public:
  /// @throws MachineError  this build cannot run here; `device_problem` says why
  /// @throws UsageError    of `check_environment`
  ///
  /// @param[in] threads  of the host backend; nothing leaves the choice to Kokkos and its environment variables. A kernel
  ///                     goes wrong on more threads than Kokkos has room for or OpenMP gives: then as many as there are
  /// @param[in] device   number of the device of this process; nothing likewise
  KokkosSession(std::optional<int> threads, std::optional<int> device);
  ~KokkosSession();
  KokkosSession(KokkosSession const&) = delete;
  KokkosSession& operator=(KokkosSession const&) = delete;

  /// Why the run is slower than it could be, one sentence each, for whoever may print: fewer threads than were asked for,
  /// and in release builds for hosts vectors narrower than the processor's (vector_width.hpp).
  std::vector<std::string> const& warnings() const { return m_warnings; }

 private:
  bool m_owner = false;
  std::vector<std::string> m_warnings;
};

}  // namespace kramers
