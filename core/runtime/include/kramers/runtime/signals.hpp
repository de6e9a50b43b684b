// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/runtime/communicator.hpp>

#include <utility>

namespace kramers {

/// While one is alive, SIGTERM, SIGINT and SIGUSR1 are remembered instead of ending the process, so that a run can write
/// a checkpoint and leave, and no file is lost that is being written; a second SIGINT ends it at once. They may be nested:
/// run_app has one from its first moment to its last. The old handlers come back with the end of the outermost. For one
/// thread.
class StopRequest {
 public:
  StopRequest();
  ~StopRequest();
  StopRequest(StopRequest const&) = delete;
  StopRequest& operator=(StopRequest const&) = delete;

  /// The signal this process received since the outermost began, 0 if none. Cheap.
  int signal() const noexcept;
  /// The signal any rank received (the largest number, if several), 0 if none. Collective.
  int signal(Communicator const& comm) const;
};

/// While alive, signals end the process at once even within a StopRequest, also one that it remembers: for work of which
/// nothing can be kept.
class Interruptible {
 public:
  Interruptible();
  ~Interruptible();
  Interruptible(Interruptible const&) = delete;
  Interruptible& operator=(Interruptible const&) = delete;
};

/// Do such work.
template <class Work>
decltype(auto) interruptible(Work&& work) {
  Interruptible const scope;
  return std::forward<Work>(work)();
}

}  // namespace kramers
