// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/memory_problem.hpp>

#include <unistd.h>

#include <array>
#include <cstdio>
#include <string_view>

namespace kramers {

namespace {

/// The text up to `end`, which is cut off with it; nothing where there is no such end.
std::optional<std::string> cut(std::string_view& text, std::string_view end) {
  auto const place = text.find(end);
  if (place == std::string_view::npos) return std::nullopt;
  std::string part(text.substr(0, place));
  text.remove_prefix(place + end.size());
  return part;
}

}  // namespace

std::optional<std::string> memory_problem(std::string const& message, std::uint64_t host_memory,
                                          std::optional<Device> const& device) {
  // The wording of Kokkos 4.5 to 5.2: its exceptions have no type in common that tells them from others.
  std::string_view text = message;
  auto const nothing = cut(text, "Kokkos ERROR: ");
  auto const space = cut(text, " memory space failed to allocate ");
  auto const needed = cut(text, " (label=\"");
  auto const label = cut(text, "\")");
  if (!nothing || !nothing->empty() || !space || !needed || !label) return std::nullopt;
  std::string there = "the device";
  if (space->starts_with("Host") || space->ends_with("HostPinned")) {
    there = "this machine, which has " + memory_text(host_memory) + " in all";
  } else if (device) {
    there = "the device (" + device->name + "), which has " + memory_text(device->memory) + " in all";
  }
  return "not enough memory: " + *label + " needs " + *needed + " beside what is in use on " + there +
         "; ask for less, or run on more ranks of more machines";
}

std::uint64_t host_memory() {
  return static_cast<std::uint64_t>(sysconf(_SC_PHYS_PAGES)) * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
}

std::string memory_text(std::uint64_t bytes) {
  constexpr std::array units = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(bytes);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < units.size(); ++unit) value /= 1024;
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.4g %s", value, units[unit]);
  return text.data();
}

}  // namespace kramers
