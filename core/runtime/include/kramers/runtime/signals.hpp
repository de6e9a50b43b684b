// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/runtime/communicator.hpp>

#include <array>
#include <csignal>

namespace kramers {

/// While alive, SIGTERM, SIGINT and SIGUSR1 are remembered instead of ending the process, so that a run can write a
/// checkpoint and leave; a second SIGINT ends it at once. The old handlers come back at the end of the scope. One at a
/// time per process.
class StopRequest {
 public:
  StopRequest();
  ~StopRequest();
  StopRequest(StopRequest const&) = delete;
  StopRequest& operator=(StopRequest const&) = delete;

  /// The signal this process received, 0 if none. Cheap.
  int signal() const noexcept;
  /// The signal any rank received (the largest number, if several), 0 if none. Collective.
  int signal(Communicator const& comm) const;

 private:
  static constexpr std::array<int, 3> caught = {SIGTERM, SIGINT, SIGUSR1};
  std::array<struct sigaction, caught.size()> m_old{};
};

}  // namespace kramers
