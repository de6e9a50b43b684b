// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/grids/messages.hpp>
#include <kramers/runtime/collective_errors.hpp>
#include <kramers/runtime/gpu_aware_mpi.hpp>
#include <kramers/runtime/kokkos_session.hpp>

#include <optional>
#include <utility>

namespace kramers::grids {
namespace {

MessagePath decide(std::string const& wish, std::string const& space) {
  auto const direct = [](std::string why) { return MessagePath{Messages::direct, "direct", std::move(why)}; };
  auto const staged = [](std::string why) { return MessagePath{Messages::staged, "staged", std::move(why)}; };
  if (wish == "off") return staged("--gpu-aware off");
  if (!device_of_space(space)) return direct("kernels run on the host");
  std::optional<bool> const answer = space == "cuda" ? mpi_takes_cuda_memory() : mpi_takes_hip_memory();
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
