// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/base/exit_code.hpp>
#include <kramers/runtime/communicator.hpp>

#include <exception>
#include <functional>
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

namespace detail {
/// Collective: return if `mine` is empty on all ranks; otherwise rethrow it where it is set, PeerError elsewhere.
void agree_on(Communicator const& comm, std::exception_ptr mine);
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

/// Outermost scope of an app, on every rank: run `work` and return the exit code of the run, the same on all ranks.
/// If ranks fail, one message ("program: error: ...") goes to standard error: that of the lowest rank that failed by
/// itself. A rank that fails while others wait for it in a collective call ends the whole run within seconds.
int run_guarded(Communicator const& comm, std::string const& program, std::function<int()> const& work);

}  // namespace kramers
