// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/grids/messages.hpp>
#include <kramers/runtime/build_config.hpp>
#include <kramers/runtime/collective_errors.hpp>
#include <kramers/runtime/kokkos_session.hpp>

#include <optional>
#include <utility>

#ifdef KRAMERS_HAVE_MPI
#include <mpi.h>
#ifdef OPEN_MPI
#include <mpi-ext.h>
#endif
#endif

namespace kramers::grids {
namespace {

/// Whether MPI, which is at work, takes memory of devices of CUDA, or else of HIP; nothing where it has no such question.
std::optional<bool> takes_memory_of([[maybe_unused]] bool cuda) {
#if defined(MPIX_CUDA_AWARE_SUPPORT)
  if (cuda) return MPIX_Query_cuda_support() == 1;
#elif defined(MPIX_GPU_SUPPORT_CUDA)
  int is_supported = 0;
  if (cuda && MPIX_GPU_query_support(MPIX_GPU_SUPPORT_CUDA, &is_supported) == MPI_SUCCESS) return is_supported != 0;
#endif
#if defined(OMPI_HAVE_MPI_EXT_ROCM) && OMPI_HAVE_MPI_EXT_ROCM
  if (!cuda) return MPIX_Query_rocm_support() == 1;
#elif defined(MPIX_GPU_SUPPORT_HIP)
  int supports_hip = 0;
  if (!cuda && MPIX_GPU_query_support(MPIX_GPU_SUPPORT_HIP, &supports_hip) == MPI_SUCCESS) return supports_hip != 0;
#endif
  return std::nullopt;
}

MessagePath decide(std::string const& wish, std::string const& space) {
  auto const direct = [](std::string why) { return MessagePath{Messages::direct, "direct", std::move(why)}; };
  auto const staged = [](std::string why) { return MessagePath{Messages::staged, "staged", std::move(why)}; };
  if (wish == "off") return staged("--gpu-aware off");
  if (!device_of_space(space)) return direct("kernels run on the host");
  std::optional<bool> const answer = takes_memory_of(space == "cuda");
  if (answer == true) return direct("MPI says that it takes memory of the device");
  if (wish == "on" && answer == false) {
    throw UsageError("--gpu-aware on cannot be: this MPI says that it takes no memory of the device; use auto or off");
  }
  if (wish == "on") return direct("--gpu-aware on, and MPI does not tell");
  return staged(answer == false ? "MPI says that it takes no memory of the device"
                                : "MPI does not tell whether it takes memory of the device (--gpu-aware on)");
}

}  // namespace

MessagePath decide_messages(std::string const& wish, std::string const& space, Communicator const& comm) {
  MessagePath path;
  path.why = "one rank has no other";
  if (comm.size() > 1) agree(comm, [&] { path = decide(wish, space); });
  return path;
}

}  // namespace kramers::grids
