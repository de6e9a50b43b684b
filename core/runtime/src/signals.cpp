// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/signals.hpp>

#include <cstdint>

namespace kramers {

namespace {

// A signal handler can reach nothing but an object of static storage.
std::sig_atomic_t volatile received = 0;

extern "C" void remember(int signal) {
  if (signal == SIGINT && received == SIGINT) {
    std::signal(SIGINT, SIG_DFL);
    std::raise(SIGINT);
  }
  received = signal;
}

}  // namespace

StopRequest::StopRequest() {
  received = 0;
  struct sigaction action{};
  action.sa_handler = remember;
  action.sa_flags = SA_RESTART;  // so that a write to a file is not cut short
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < caught.size(); ++i) sigaction(caught[i], &action, &m_old[i]);
}

StopRequest::~StopRequest() {
  for (std::size_t i = 0; i < caught.size(); ++i) sigaction(caught[i], &m_old[i], nullptr);
}

int StopRequest::signal() const noexcept {
  return received;
}

int StopRequest::signal(Communicator const& comm) const {
  return static_cast<int>(comm.max(std::int64_t{received}));
}

}  // namespace kramers
