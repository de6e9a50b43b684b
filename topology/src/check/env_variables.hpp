// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/topology/check.hpp>

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

// What environment variables say about the devices and threads of a rank.
namespace kramers::topology::detail {

/// The devices that one variable gives to a rank.
struct NamedDevices {
  std::string from;                       ///< the variable, or "the program"
  std::string value;                      ///< its value
  std::vector<std::size_t> devices = {};  ///< indices in Machine::devices()
  std::vector<std::string> absent = {};   ///< names that the node has no device for
  bool by_policy = false;                 ///< a rule of the library chose, not a name
  bool by_index = false;                  ///< some entry is an index
  std::string problem = {};               ///< why the variable cannot work; "" where it can
};

/// NICs by the variables of UCX, libfabric, NCCL, Cray MPICH and MPICH; one entry per variable that names some.
std::vector<NamedDevices> named_nics(Machine const& machine, Binding const& binding, int ranks);

/// GPUs by *_VISIBLE_DEVICES and ZE_AFFINITY_MASK.
std::vector<NamedDevices> named_gpus(Machine const& machine, Binding const& binding);

/// The hardware threads of OMP_PLACES in numbers ("{0,64},{1}:4"); nothing for names (cores, sockets) or other text.
std::optional<CpuSet> omp_places(std::string const& text);

/// Value of a variable; "" where it is not set.
std::string value_of(Binding const& binding, std::string const& variable);

}  // namespace kramers::topology::detail
