// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/core/spaces.hpp>
#include <kramers/runtime/device_probe.hpp>
#include <kramers/runtime/kokkos_session.hpp>
#include <kramers/runtime/vector_width.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <sstream>

#if defined(KOKKOS_ENABLE_OPENMP)
#include <omp.h>
#endif

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

/// What this source was compiled for, as all of kramers is.
DeviceBuild this_build() {
  DeviceBuild build;
#if defined(KOKKOS_ENABLE_CUDA)
  build.backend = "CUDA";
#ifdef KOKKOS_IMPL_ARCH_NVIDIA_GPU
  build.architecture = KOKKOS_IMPL_ARCH_NVIDIA_GPU;
#endif
#ifdef CUDART_VERSION
  build.runtime = CUDART_VERSION;
#endif
#ifdef KOKKOS_COMPILER_NVCC
  build.translatable = true;  // its -arch=sm_90 adds PTX to the binary code
#endif
#elif defined(KOKKOS_ENABLE_HIP)
  build.backend = "HIP";
#endif
  return build;
}

/// Number of the device of a space as its driver counts; -1 for the host.
template <class Space>
int number_of_device() {
  int number = -1;
  if constexpr (requires(Space const& space) { space.cuda_device(); }) number = Space().cuda_device();
  if constexpr (requires(Space const& space) { space.hip_device(); }) number = Space().hip_device();
  return number;
}

/// How many threads the host backend shall start, and why not those asked for.
struct HostThreads {
  std::optional<int> count;
  std::optional<std::string> warning;
};

#if defined(KOKKOS_ENABLE_OPENMP)
/// A kernel divides its work by the threads of Kokkos, whose list of them has a fixed length, and takes for granted that
/// OpenMP starts that many in every region: beyond the list memory is overwritten, with fewer threads work is left out.
HostThreads host_threads(std::optional<int> asked) {
  omp_set_dynamic(0);  // else OMP_DYNAMIC takes threads away where the machine is busy
  char const* const variable = std::getenv("KOKKOS_NUM_THREADS");
  int const wanted = asked ? *asked : variable != nullptr ? std::atoi(variable) : omp_get_max_threads();
  constexpr int room = Kokkos::Impl::OpenMPTraits::MAX_THREAD_COUNT;
  int const given = omp_get_max_active_levels() > 0 ? omp_get_thread_limit() : 1;
  if (wanted <= std::min(room, given)) return {asked, {}};
  auto const text = [](int number) { return std::to_string(number) + (number == 1 ? " thread" : " threads"); };
  if (given <= room) {
    return {given, text(wanted) + " asked for, " + text(given) +
                       " used: OpenMP gives no more; raise OMP_THREAD_LIMIT or OMP_MAX_ACTIVE_LEVELS"};
  }
  int const processes = (wanted + room - 1) / room;
  return {room, text(wanted) + " asked for, " + text(room) + " used: Kokkos has room for no more in a process; start " +
                    std::to_string(processes) + " ranks or more on this machine to use them all"};
}
#else
HostThreads host_threads(std::optional<int> asked) {
  return {asked, {}};
}
#endif

}  // namespace

std::vector<std::string> const& space_names() {
  static std::vector<std::string> const names = names_of(Spaces{});
  return names;
}

int thread_count(std::string const& space) {
  return space == "serial" ? 1 : Kokkos::DefaultHostExecutionSpace().concurrency();
}

bool is_built_for_devices() {
  return !this_build().backend.empty();
}

DriverReport const& driver_report() {
  static DriverReport const report = ask_driver(this_build().backend);
  return report;
}

std::optional<std::string> device_problem(std::optional<int> device) {
  if (!is_built_for_devices()) return std::nullopt;
  char const* const chosen = std::getenv("KOKKOS_DEVICE_ID");
  if (!device && chosen != nullptr) device = std::atoi(chosen);
  // Kokkos then counts other devices than the driver does.
  if (std::getenv("KOKKOS_VISIBLE_DEVICES") != nullptr) device.reset();
  return device_problem(this_build(), driver_report(), device);
}

int device_count() {
  // Kokkos aborts where the driver has nothing to count.
  return !is_built_for_devices() || device_problem() ? 0 : Kokkos::num_devices();
}

std::optional<Device> device_of_space(std::string const& space) {
  if (std::ranges::find(space_names(), space) == space_names().end()) return std::nullopt;
  int const number = for_space(space, [](auto exec) { return number_of_device<decltype(exec)>(); });
  auto const& devices = driver_report().devices;
  if (number < 0 || number >= static_cast<int>(devices.size())) return std::nullopt;
  return devices[static_cast<std::size_t>(number)];
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
  check_environment();
  if (auto const problem = device_problem(device)) throw MachineError(*problem);
  Kokkos::InitializationSettings settings;
  // The warnings are about thread binding, which is the business of who starts the program.
  settings.set_disable_warnings(true);
  HostThreads const host = host_threads(threads);
  if (host.warning) m_warnings.push_back(*host.warning);
#ifdef NDEBUG  // who looks for faults does not look for speed
  if (auto const narrow = narrow_vectors(compiled_vector_bytes); narrow && !is_built_for_devices()) {
    m_warnings.push_back(*narrow);
  }
#endif
  if (host.count) settings.set_num_threads(*host.count);
  if (device) settings.set_device_id(*device);
  Kokkos::initialize(settings);
  m_owner = true;
}

KokkosSession::~KokkosSession() {
  if (m_owner) Kokkos::finalize();
}

}  // namespace kramers
