// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/signals.hpp>

#include <array>
#include <csignal>
#include <cstddef>
#include <cstdint>

namespace kramers {

namespace {

// A signal handler can reach nothing but an object of static storage, and a process has one handler per signal.
std::sig_atomic_t volatile received = 0;
constexpr std::array<int, 3> caught = {SIGTERM, SIGINT, SIGUSR1};
std::array<struct sigaction, caught.size()> old_actions{};
int depth = 0;

extern "C" void remember(int signal) {
  if (signal == SIGINT && received == SIGINT) {
    std::signal(SIGINT, SIG_DFL);
    std::raise(SIGINT);
  }
  received = signal;
}

void take_signals() {
  struct sigaction action{};
  action.sa_handler = remember;
  action.sa_flags = SA_RESTART;  // so that a write to a file is not cut short
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < caught.size(); ++i) sigaction(caught[i], &action, &old_actions[i]);
}

void give_signals_back() {
  for (std::size_t i = 0; i < caught.size(); ++i) sigaction(caught[i], &old_actions[i], nullptr);
}

}  // namespace

StopRequest::StopRequest() {
  if (depth++ > 0) return;
  received = 0;
  take_signals();
}

StopRequest::~StopRequest() {
  if (--depth == 0) give_signals_back();
}

int StopRequest::signal() const noexcept {
  return received;
}

int StopRequest::signal(Communicator const& comm) const {
  return static_cast<int>(comm.max(std::int64_t{received}));
}

Interruptible::Interruptible() {
  if (depth == 0) return;
  give_signals_back();
  if (received != 0) std::raise(received);
  received = 0;  // whoever was there before lets the process live
}

Interruptible::~Interruptible() {
  if (depth > 0) take_signals();
}

}  // namespace kramers
