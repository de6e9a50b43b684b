// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/base/exit_code.hpp>
#include <kramers/runtime/communicator.hpp>

#include <chrono>
#include <exception>
#include <functional>
#include <optional>
#include <string>
#include <utility>

namespace kramers {

/// Another rank failed: its rank and its message. Thrown by `agree` on the ranks that did not fail themselves.
class PeerError : public Error {
 public:
  PeerError(int rank, std::string const& message, std::source_location where = std::source_location::current());
  int rank() const { return m_rank; }

 private:
  int m_rank;
};

/// This rank failed and could not tell the others, which wait for it elsewhere: its own message. Leave the run, so that
/// run_guarded ends it.
class StrandedError : public Error {
 public:
  explicit StrandedError(std::string const& message, std::source_location where = std::source_location::current());
};

namespace detail {
/// Collective: return if `mine` is empty on all ranks; otherwise rethrow it where it is set, PeerError elsewhere. A rank
/// with a failure waits for the others no longer than its patience.
/// @throws StrandedError  it did
void agree_on(Communicator const& comm, std::exception_ptr mine,
              std::chrono::milliseconds patience = std::chrono::milliseconds::max());
}  // namespace detail

/// Run `work` on every rank; then either all ranks return or all throw, so that none waits for one that gave up.
/// Collective; `work` itself must not be collective, or must fail on all ranks alike.
template <class Work>
void agree(Communicator const& comm, Work&& work) {
  std::exception_ptr failure;
  try {
    std::forward<Work>(work)();
  } catch (...) {
    failure = std::current_exception();
  }
  detail::agree_on(comm, std::move(failure));
}

/// Run `work`, which writes a file; what a rank that could not write it says, nothing where all could. For files that a
/// run can do without for now, such as periodic checkpoints. Collective, and so is `work`; other failures are thrown on.
std::optional<std::string> failure_to_write(Communicator const& comm, std::function<void()> const& work);

/// Outermost scope of an app, on every rank: run `work` and return the exit code of the run, the same on all ranks.
/// If ranks fail, one message ("program: error: ...") goes to standard error: that of the lowest rank that failed by
/// itself. A rank that fails while others wait for it in a collective call ends the whole run within seconds.
int run_guarded(Communicator const& comm, std::string const& program, std::function<int()> const& work);

}  // namespace kramers
