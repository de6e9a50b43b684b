// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/build_config.hpp>

#include "checks.hpp"

#ifdef KRAMERS_HAVE_MPI
#include <mpi.h>
#ifdef OPEN_MPI
#include <mpi-ext.h>
#endif
#include <fcntl.h>
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

/// "yes", "no" or, where MPI has no such question, "unknown".
char const* cuda_support() {
#if defined(MPIX_CUDA_AWARE_SUPPORT)
  return MPIX_Query_cuda_support() == 1 ? "yes" : "no";
#elif defined(MPIX_GPU_SUPPORT_CUDA)
  int is_supported = 0;
  if (MPIX_GPU_query_support(MPIX_GPU_SUPPORT_CUDA, &is_supported) != MPI_SUCCESS) return "unknown";
  return is_supported != 0 ? "yes" : "no";
#else
  return "unknown";
#endif
}

char const* rocm_support() {
#if defined(OMPI_HAVE_MPI_EXT_ROCM) && OMPI_HAVE_MPI_EXT_ROCM
  return MPIX_Query_rocm_support() == 1 ? "yes" : "no";
#elif defined(MPIX_GPU_SUPPORT_HIP)
  int is_supported = 0;
  if (MPIX_GPU_query_support(MPIX_GPU_SUPPORT_HIP, &is_supported) != MPI_SUCCESS) return "unknown";
  return is_supported != 0 ? "yes" : "no";
#else
  return "unknown";
#endif
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
  dprintf(pipe, "%s\n%s\n", cuda_support(), rocm_support());
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
