// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/runtime/device_probe.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace kramers {

/// What Kokkos says of an allocation that it cannot make, as one sentence that says what to do: what is needed for which
/// array, and what there is; nothing for other messages.
///
/// @param[in] message      of the exception
/// @param[in] host_memory  of the machine, all of it [bytes]
/// @param[in] device       the one in use, if any
std::optional<std::string> memory_problem(std::string const& message, std::uint64_t host_memory,
                                          std::optional<Device> const& device);

/// The memory of this machine, all of it [bytes].
std::uint64_t host_memory();

/// "7.276 TiB", as Kokkos writes it.
std::string memory_text(std::uint64_t bytes);

}  // namespace kramers
