// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

/// What the driver of the GPUs says, asked before anybody calls their run-time library: that one fails, and Kokkos aborts,
/// where there is no driver. Without headers of CUDA, HIP or Kokkos.
namespace kramers {

/// A GPU that the driver shows.
struct Device {
  std::string name;          ///< "NVIDIA H200"
  int architecture = 0;      ///< compute capability, 90 for 9.0; 0 where the driver tells none, as AMD's
  std::uint64_t memory = 0;  ///< all of it [bytes]
};

/// What a build is for.
struct DeviceBuild {
  std::string backend = {};   ///< "CUDA" or "HIP"; empty in a build for hosts
  int architecture = 0;       ///< compute capability, 90 for 9.0; 0 where it is unknown
  int runtime = 0;            ///< version of CUDA, 13000 for 13.0; 0 where it is unknown
  bool translatable = false;  ///< its kernels are there as PTX too, which drivers translate for newer devices
};

/// What a driver answers.
struct DriverReport {
  std::string library = {};  ///< the library asked: "libcuda.so.1"
  bool is_loaded = false;    ///< whether there is such a library
  std::string failure = {};  ///< why it does not start; empty where it does, or where merely no device is visible
  int version = 0;           ///< the newest CUDA that it can run, 13000 for 13.0; 0 where it is unknown
  std::vector<Device> devices = {};  ///< in the order in which they are numbered
  std::string hides = {};            ///< a variable that hides devices, "CUDA_VISIBLE_DEVICES=''"; empty if none is set
};

/// Ask the driver of a backend. Never fails and prints nothing. The driver reads variables such as CUDA_DEVICE_ORDER at the
/// first call of a process and never again.
///
/// @param[in] backend  "CUDA" or "HIP"; for any other the report is empty
/// @param[in] library  asked instead of the usual one, if not empty
DriverReport ask_driver(std::string const& backend, std::string const& library = {});

/// Why this build cannot run there: one sentence that says what to do; nothing if it can, as always for hosts.
///
/// Binaries for compute capability X.Y run on devices X.Z with Z >= Y; on newer ones if their kernels are translatable and
/// the driver knows their CUDA. Drivers run what was built with any CUDA of their major version or of earlier ones.
///
/// @param[in] device  the number of the one to be used; else one that will do is enough
std::optional<std::string> device_problem(DeviceBuild const& build, DriverReport const& driver,
                                          std::optional<int> device = std::nullopt);

/// "9.0" for 90, a compute capability, and "13.0" for 13000, a version of CUDA.
std::string capability_text(int architecture);
std::string cuda_version_text(int version);

}  // namespace kramers
