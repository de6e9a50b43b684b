// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/build_config.hpp>

#include "checks.hpp"

#ifdef KRAMERS_HAVE_MPI
#include <kramers/runtime/gpu_aware_mpi.hpp>

#include <fcntl.h>
#include <mpi.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#endif

namespace kramers::doctor {

#ifdef KRAMERS_HAVE_MPI

namespace {

constexpr int patience_ms = 20'000;

char const* yes_no_or_unknown(std::optional<bool> answer) {
  if (!answer) return "unknown";
  return *answer ? "yes" : "no";
}

/// The child: three lines into the pipe.
[[noreturn]] void answer(int pipe) {
  for (int const stream : {STDOUT_FILENO, STDERR_FILENO}) dup2(open("/dev/null", O_WRONLY), stream);
  setenv("HOME", "/", 0);  // Open MPI reads settings there
  char library[MPI_MAX_LIBRARY_VERSION_STRING] = "";
  int length = 0;
  MPI_Get_library_version(library, &length);
  library[std::strcspn(library, "\n,")] = '\0';
  dprintf(pipe, "%s\n", library);
  MPI_Init(nullptr, nullptr);
  dprintf(pipe, "%s\n%s\n", yes_no_or_unknown(mpi_takes_cuda_memory()), yes_no_or_unknown(mpi_takes_hip_memory()));
  MPI_Finalize();
  _exit(0);
}

std::string read_line(std::string& text) {
  auto const end = text.find('\n');
  std::string const line = text.substr(0, end);
  text.erase(0, end == std::string::npos ? end : end + 1);
  return line;
}

std::optional<bool> yes_or_no(std::string const& word) {
  if (word != "yes" && word != "no") return std::nullopt;
  return word == "yes";
}

}  // namespace

MpiAnswer ask_mpi() {
  MpiAnswer result{.is_built_in = true};
  std::array<int, 2> ends{};
  if (pipe(ends.data()) != 0) return result;
  pid_t const child = fork();
  if (child == 0) {
    close(ends[0]);
    answer(ends[1]);
  }
  close(ends[1]);
  std::string text;
  bool is_silent = false;
  for (pollfd wait{ends[0], POLLIN, 0};;) {
    is_silent = poll(&wait, 1, patience_ms) == 0;
    char part[256];
    auto const count = is_silent ? 0 : read(ends[0], part, sizeof part);
    if (count <= 0) break;
    text.append(part, static_cast<std::size_t>(count));
  }
  close(ends[0]);
  if (is_silent) kill(child, SIGKILL);
  int status = 0;
  if (child > 0) waitpid(child, &status, 0);
  result.library = read_line(text);
  result.takes_cuda = yes_or_no(read_line(text));
  result.takes_rocm = yes_or_no(read_line(text));
  if (is_silent) {
    result.failure = "MPI_Init hangs";
  } else if (child < 0 || !WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    result.failure = "MPI_Init fails in a process that nobody launched";
  }
  return result;
}

#else

MpiAnswer ask_mpi() {
  return {};
}

#endif

}  // namespace kramers::doctor
