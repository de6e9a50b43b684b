// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/runtime/device_probe.hpp>

#include <dlfcn.h>

#include <array>
#include <cstddef>
#include <cstdlib>
#include <initializer_list>

namespace kramers {

namespace {

constexpr int no_device = 100;  // CUDA_ERROR_NO_DEVICE and hipErrorNoDevice

/// A shared library, which stays in the process: drivers do not survive being unloaded.
class Library {
 public:
  explicit Library(std::vector<std::string> const& names) {
    // One that the program came with is the right version of several.
    for (int const mode : {RTLD_NOW | RTLD_NOLOAD, RTLD_NOW}) {
      for (std::string const& name : names) {
        if (m_handle == nullptr) m_handle = dlopen(name.c_str(), mode);
      }
    }
  }
  bool is_loaded() const { return m_handle != nullptr; }

  /// Call a function that returns 0 or an error; -1 where the library has none of that name.
  template <class... Arguments>
  int call(char const* name, Arguments... arguments) const {
    auto const function = reinterpret_cast<int (*)(Arguments...)>(dlsym(m_handle, name));
    return function == nullptr ? -1 : function(arguments...);
  }
  /// The same for one that returns a text; nothing where there is none.
  template <class... Arguments>
  char const* text(char const* name, Arguments... arguments) const {
    auto const function = reinterpret_cast<char const* (*)(Arguments...)>(dlsym(m_handle, name));
    return function == nullptr ? nullptr : function(arguments...);
  }

 private:
  void* m_handle = nullptr;
};

/// "CUDA_VISIBLE_DEVICES='0'" of the first of these variables that is set.
std::string setting_of(std::initializer_list<char const*> variables) {
  for (char const* variable : variables) {
    if (char const* const value = std::getenv(variable)) return std::string(variable) + "='" + value + "'";
  }
  return {};
}

/// What a driver says of an error of its own.
std::string failure_of(char const* text, int error) {
  if (error < 0) return "it lacks functions that this build needs";
  return std::string(text == nullptr ? "unknown error" : text) + " (error " + std::to_string(error) + ")";
}

void ask_cuda(Library const& cuda, DriverReport& report) {
  cuda.call("cuDriverGetVersion", &report.version);
  int count = 0;
  int error = cuda.call("cuInit", 0U);
  if (error == 0) error = cuda.call("cuDeviceGetCount", &count);
  if (error == no_device) return;
  for (int i = 0; i < count && error == 0; ++i) {
    constexpr int major_attribute = 75, minor_attribute = 76;
    int device = 0, major = 0, minor = 0;
    std::array<char, 256> name{};
    std::size_t memory = 0;
    error = cuda.call("cuDeviceGet", &device, i);
    if (error == 0) error = cuda.call("cuDeviceGetName", name.data(), static_cast<int>(name.size()) - 1, device);
    if (error == 0) error = cuda.call("cuDeviceGetAttribute", &major, major_attribute, device);
    if (error == 0) error = cuda.call("cuDeviceGetAttribute", &minor, minor_attribute, device);
    if (error == 0) error = cuda.call("cuDeviceTotalMem_v2", &memory, device);
    report.devices.push_back({name.data(), 10 * major + minor, memory});
  }
  if (error == 0) return;
  char const* text = nullptr;
  cuda.call("cuGetErrorString", error, &text);
  report.failure = failure_of(text, error);
}

void ask_hip(Library const& hip, DriverReport& report) {
  int count = 0;
  int error = hip.call("hipGetDeviceCount", &count);
  if (error == no_device) return;
  for (int i = 0; i < count && error == 0; ++i) {
    int device = 0;
    std::array<char, 256> name{};
    std::size_t memory = 0;
    error = hip.call("hipDeviceGet", &device, i);
    if (error == 0) error = hip.call("hipDeviceGetName", name.data(), static_cast<int>(name.size()) - 1, device);
    if (error == 0) error = hip.call("hipDeviceTotalMem", &memory, device);
    // hipGetDeviceProperties, which knows the architecture, has another layout in each major version.
    report.devices.push_back({name.data(), 0, memory});
  }
  if (error != 0) report.failure = failure_of(hip.text("hipGetErrorString", error), error);
}

/// A device in a sentence: "device 0 (NVIDIA H200, compute capability 9.0)".
std::string described(std::size_t number, Device const& device) {
  return "device " + std::to_string(number) + " (" + device.name + ", compute capability " +
         capability_text(device.architecture) + ")";
}

/// Why kernels of this build do not run on this device.
std::optional<std::string> mismatch(DeviceBuild const& build, DriverReport const& driver, std::size_t number) {
  Device const& device = driver.devices[number];
  if (build.architecture == 0 || device.architecture == 0) return std::nullopt;
  int const major = device.architecture / 10;
  int const built_major = build.architecture / 10;
  if (major == built_major && device.architecture >= build.architecture) return std::nullopt;
  std::string const what = described(number, device) + " cannot run this build, which is for compute capability " +
                           capability_text(build.architecture);
  std::string const remedy = "; build Kokkos and kramers for that device, or use another one";
  if (major <= built_major || !build.translatable) return what + remedy;
  if (driver.version >= build.runtime) return std::nullopt;
  return what + ": the driver, of CUDA " + cuda_version_text(driver.version) + ", cannot translate kernels of CUDA " +
         cuda_version_text(build.runtime) + remedy + ", or update the driver";
}

}  // namespace

std::string capability_text(int architecture) {
  return std::to_string(architecture / 10) + "." + std::to_string(architecture % 10);
}

std::string cuda_version_text(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

DriverReport ask_driver(std::string const& backend, std::string const& library) {
  DriverReport report;
  std::vector<std::string> names;
  if (backend == "CUDA") names = {"libcuda.so.1"};
  if (backend == "HIP") names = {"libamdhip64.so.7", "libamdhip64.so.6", "libamdhip64.so.5", "libamdhip64.so"};
  if (names.empty()) return report;
  if (!library.empty()) names = {library};
  report.library = names.front();
  Library const driver(names);
  report.is_loaded = driver.is_loaded();
  if (backend == "CUDA") {
    report.hides = setting_of({"CUDA_VISIBLE_DEVICES"});
    if (report.is_loaded) ask_cuda(driver, report);
  } else {
    report.hides = setting_of({"ROCR_VISIBLE_DEVICES", "HIP_VISIBLE_DEVICES", "CUDA_VISIBLE_DEVICES"});
    if (report.is_loaded) ask_hip(driver, report);
  }
  return report;
}

std::optional<std::string> device_problem(DeviceBuild const& build, DriverReport const& driver,
                                          std::optional<int> device) {
  std::string const& backend = build.backend;
  if (backend.empty()) return std::nullopt;
  std::string const elsewhere = "; run this build where there is one, or use a build without " + backend;
  if (!driver.is_loaded) return "no driver for " + backend + " (" + driver.library + ") is on this machine" + elsewhere;
  if (!driver.failure.empty()) {
    return "the driver for " + backend + " does not work: " + driver.failure + "; repair it, or use a build without " +
           backend;
  }
  if (driver.devices.empty()) {
    if (driver.hides.empty()) return "no device for " + backend + " is on this machine" + elsewhere;
    return "no device for " + backend + " is visible with " + driver.hides + "; change or unset that variable" +
           ", or use a build without " + backend;
  }
  if (build.runtime / 1000 > driver.version / 1000) {
    return "the driver is too old: it is for CUDA " + cuda_version_text(driver.version) +
           ", and this build needs one for CUDA " + std::to_string(build.runtime / 1000) +
           ".0 or later; update the driver, or build with an older CUDA";
  }
  if (device) {
    auto const count = static_cast<int>(driver.devices.size());
    if (*device < 0 || *device >= count) {
      return invalid_value("number of the device", std::to_string(*device),
                           "one of the " + std::to_string(count) + " visible, counted from 0");
    }
    return mismatch(build, driver, static_cast<std::size_t>(*device));
  }
  for (std::size_t i = 0; i < driver.devices.size(); ++i) {
    if (!mismatch(build, driver, i)) return std::nullopt;
  }
  return mismatch(build, driver, 0);
}

}  // namespace kramers
