// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/guarded.hpp>
#include <kramers/base/text.hpp>
#include <kramers/runtime/collective_errors.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <thread>
#include <utility>

namespace kramers {

namespace {

constexpr std::int64_t nobody = std::numeric_limits<std::int64_t>::max();

bool comes_from_peer(std::exception_ptr const& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (PeerError const&) {
    return true;
  } catch (...) {
    return false;
  }
}

void report(std::string const& program, std::string const& message) {
  std::fflush(stdout);
  std::fputs((program + ": error: " + message + "\n").c_str(), stderr);
}

}  // namespace

PeerError::PeerError(int rank, std::string const& message, std::source_location where)
    : Error(message, where), m_rank(rank) {}

StrandedError::StrandedError(std::string const& message, std::source_location where) : Error(message, where) {}

namespace detail {

void agree_on(Communicator const& comm, std::exception_ptr mine, std::chrono::milliseconds patience) {
  auto const first =
      comm.min_within(mine ? std::int64_t{comm.rank()} : nobody, mine ? patience : std::chrono::milliseconds::max());
  if (!first) throw StrandedError(message_of(mine));
  if (*first == nobody) return;
  std::string message = mine ? message_of(mine) : std::string();
  comm.broadcast(message, static_cast<int>(*first));
  if (mine) std::rethrow_exception(mine);
  throw PeerError(static_cast<int>(*first), message);
}

}  // namespace detail

std::optional<std::string> failure_to_write(Communicator const& comm, std::function<void()> const& work) {
  std::exception_ptr unwritten, failure;
  try {
    work();
  } catch (IoError const&) {
    unwritten = std::current_exception();
  } catch (PeerError const&) {  // of which the rank it is about knows what it is
    unwritten = std::current_exception();
  } catch (...) {
    failure = std::current_exception();
  }
  detail::agree_on(comm, std::move(failure));
  try {
    detail::agree_on(comm, std::move(unwritten));
    return std::nullopt;
  } catch (std::exception const& said) {
    return said.what();
  }
}

int run_guarded(Communicator const& comm, std::string const& program, std::function<int()> const& work) {
  using namespace std::chrono_literals;
  // Its own messages: `work` may have left a collective call on some ranks and not on others.
  auto const line = comm.duplicate();
  std::int64_t code = exit_code::success;
  std::string message;
  bool failed = false;
  bool origin = false;
  try {
    code = work();
    flush_standard_output();
  } catch (...) {
    auto const failure = std::current_exception();
    failed = true;
    origin = !comes_from_peer(failure);
    code = exit_code_of(failure);
    message = message_of(failure);
  }
  try {
    // A rank that failed does not wait long: the others may be waiting for it. One that is through waits for all.
    auto const patience = failed ? std::chrono::milliseconds(3s) : std::chrono::milliseconds::max();
    auto const first = line.min_within(origin ? std::int64_t{comm.rank()} : nobody, patience);
    if (!first) {
      // Several ranks may come here; the lowest one speaks, and its abort ends the others while they sleep.
      std::this_thread::sleep_for(std::min(20ms * comm.rank(), std::chrono::milliseconds(2s)));
      report(program, message);
      comm.abort(static_cast<int>(code));
    }
    if (*first != nobody) {
      line.broadcast(code, static_cast<int>(*first));
      line.broadcast(message, static_cast<int>(*first));
      if (comm.is_root()) report(program, message);
    }
    return static_cast<int>(line.max(code));
  } catch (std::exception const& e) {
    report(program, printable(e.what()));
    comm.abort(exit_code::failure);
  }
}

}  // namespace kramers
