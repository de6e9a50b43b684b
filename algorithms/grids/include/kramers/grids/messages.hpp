// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/runtime/communicator.hpp>

#include <string>

namespace kramers::grids {

/// Which memory messages between ranks leave from and arrive in. The bits are the same.
enum class Messages {
  automatic,  ///< direct on hosts, staged on devices
  direct,     ///< that of the kernels; on a device it takes an MPI that is aware of it
  staged,     ///< copies in the memory of the host, page-locked where there is a device
};

/// Are there copies on the host? One rank that is its own neighbour has no MPI to leave a device to.
///
/// @param[in] reachable  the host may read the memory of the kernels
constexpr bool is_staged(Messages messages, bool reachable, int ranks) {
  if (messages == Messages::automatic || (!reachable && ranks == 1)) return !reachable;
  return messages == Messages::staged;
}

/// How messages go in a run, and why.
struct MessagePath {
  Messages messages = Messages::automatic;
  std::string memory = "none";  ///< "none", "direct", "staged"
  std::string why;
};

/// Decide for a run, as `wish` says: "auto" is direct on hosts, and on devices where MPI says that it takes their memory;
/// "on" is direct unless MPI says that it does not; "off" is staged. The same on all ranks, of which each may have another
/// space. Collective.
///
/// @param[in] space  a name of space_names(); Kokkos must be initialised
/// @throws UsageError  "on", and MPI says that it does not take the memory of this device
MessagePath decide_messages(std::string const& wish, std::string const& space, Communicator const& comm);

}  // namespace kramers::grids
