// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/topology/environment.hpp>
#include <kramers/topology/error.hpp>
#include <kramers/topology/process.hpp>

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>

#include "commands.hpp"

namespace kramers::topo {

namespace {

using topology::Fabric;
using topology::Machine;
using topology::Plan;
using topology::Target;
using topology::UsageError;

struct Place {
  int rank = 0, size = 1;
};

Place place_of(Options const& options) {
  Place place;
  auto const told = topology::local_rank();
  if (told) place = {told->rank, told->size};
  if (options.rank) place.rank = *options.rank;
  if (options.ranks) place.size = *options.ranks;
  if (place.size == 0) throw UsageError(told->from + " comes without the number of ranks on the node: give it as -n");
  if (place.rank < 0 || place.rank >= place.size) {
    throw UsageError("the rank is " + std::to_string(place.rank) + ", but the node has " + std::to_string(place.size) +
                     " of them: give their number as -n");
  }
  return place;
}

/// OpenMP, and the libraries of the GPUs and the fabric that the plan uses.
std::vector<Target> usual_targets(Machine const& machine, Plan const& plan, bool gpus_hidden) {
  std::vector<Target> targets{Target::openmp};
  if (!gpus_hidden) {
    if (!numbered_gpus(machine, topology::Vendor::nvidia).empty()) targets.push_back(Target::cuda);
    if (!numbered_gpus(machine, topology::Vendor::amd).empty()) targets.push_back(Target::rocm);
    if (!numbered_gpus(machine, topology::Vendor::intel).empty()) targets.push_back(Target::level_zero);
  }
  bool nics = true;
  for (auto const& rank : plan.assignments) nics = nics && rank.nic.has_value();
  Fabric const fabric = machine.fabric();
  if (!nics || fabric == Fabric::none || fabric == Fabric::ethernet || fabric == Fabric::other) return targets;
  targets.push_back(Target::libfabric);
  targets.push_back(fabric == Fabric::slingshot ? Target::cray : Target::ucx);
  return targets;
}

}  // namespace

int run_command(Options const& options) {
  Place const place = place_of(options);
  Machine const machine = machine_of(options);
  Plan const chosen = plan(machine, request_of(options, place.size));
  bool const hidden = topology::this_binding().gpus_hidden;
  std::vector<Target> targets;
  for (std::string const& word : options.targets) {
    auto const target = topology::target_from(word);
    if (!target || *target == Target::slurm || *target == Target::ompi) {
      throw UsageError("--for is '" + word + "'; run sets the variables of libraries, not of launchers");
    }
    targets.push_back(*target);
  }
  if (targets.empty()) targets = usual_targets(machine, chosen, hidden);
  topology::bind_this_thread(chosen.assignments[static_cast<std::size_t>(place.rank)].cpus);
  for (Target const target : targets) {
    for (topology::Variable const& variable : environment(machine, chosen, target).of_rank(place.rank)) {
      char const* const present = std::getenv(variable.name.c_str());
      if (present != nullptr && variable.value != present && !options.force) {
        if (place.rank == 0) {
          std::cerr << "kramers-topo: keeping " << variable.name << '=' << present << "; the plan has "
                    << variable.value << " (--force takes it)\n";
        }
        continue;
      }
      setenv(variable.name.c_str(), variable.value.c_str(), 1);
    }
  }
  if (hidden && place.rank == 0 && !machine.gpus().empty()) {
    std::cerr << "kramers-topo: a cgroup hides GPUs, so no GPU is chosen (srun --gpu-bind=none shows all)\n";
  }
  std::vector<char*> words;
  for (std::string const& word : options.command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  execvp(words[0], words.data());
  int const code = errno;
  std::cerr << "kramers-topo: " << options.command.front() << " cannot be started: " << std::strerror(code) << '\n';
  return code == ENOENT ? 127 : 126;
}

}  // namespace kramers::topo
