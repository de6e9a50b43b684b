// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A library that answers like the drivers of CUDA and HIP what the variables FAKE_... say, to test what asks them.
#include <cstddef>
#include <cstdio>
#include <cstdlib>

namespace {

long long number(char const* variable) {
  char const* const text = std::getenv(variable);
  return text == nullptr ? 0 : std::atoll(text);
}

int write_name(char* name, int length, int device) {
  std::snprintf(name, static_cast<std::size_t>(length), "Fake %d", device);
  return 0;
}

int count(int* devices) {
  *devices = static_cast<int>(number("FAKE_DEVICES"));
  return static_cast<int>(number("FAKE_ERROR"));
}

}  // namespace

extern "C" {

int cuDriverGetVersion(int* version) {
  *version = static_cast<int>(number("FAKE_VERSION"));
  return 0;
}
int cuInit(unsigned) {
  return static_cast<int>(number("FAKE_ERROR"));
}
int cuDeviceGetCount(int* devices) {
  return count(devices);
}
int cuDeviceGet(int* device, int i) {
  *device = i;
  return 0;
}
int cuDeviceGetName(char* name, int length, int device) {
  return write_name(name, length, device);
}
int cuDeviceGetAttribute(int* value, int attribute, int device) {
  // Each device is of an earlier major version than the one before it.
  long long const architecture = number("FAKE_ARCHITECTURE") - 10 * device;
  if (attribute != 75 && attribute != 76) return 1;
  *value = static_cast<int>(attribute == 75 ? architecture / 10 : architecture % 10);
  return 0;
}
int cuDeviceTotalMem_v2(std::size_t* bytes, int) {
  *bytes = static_cast<std::size_t>(number("FAKE_MEMORY"));
  return 0;
}
int cuGetErrorString(int, char const** text) {
  *text = "this is a fake";
  return 0;
}

int hipGetDeviceCount(int* devices) {
  return count(devices);
}
int hipDeviceGet(int* device, int i) {
  *device = i;
  return 0;
}
int hipDeviceGetName(char* name, int length, int device) {
  return write_name(name, length, device);
}
int hipDeviceTotalMem(std::size_t* bytes, int) {
  *bytes = static_cast<std::size_t>(number("FAKE_MEMORY"));
  return 0;
}
char const* hipGetErrorString(int) {
  return "this is a fake";
}
}
