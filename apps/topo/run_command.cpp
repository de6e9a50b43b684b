// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/base/text.hpp>
#include <kramers/topology/environment.hpp>
#include <kramers/topology/process.hpp>

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iostream>

#include "commands.hpp"

namespace kramers::topology::cli {

namespace {

/// This process among the ranks of its node, by the launcher or else by the command line.
LocalRank own_rank(Options const& options) {
  LocalRank own = local_rank().value_or(LocalRank{.rank = 0, .size = 1, .job = "", .from = ""});
  if (options.rank) own.rank = *options.rank;
  if (options.ranks) own.size = *options.ranks;
  if (own.size == 0) throw UsageError(own.from + " comes without the number of ranks on the node: give it as -n");
  if (own.rank < 0 || own.rank >= own.size) {
    throw UsageError("the rank is " + std::to_string(own.rank) + ", but the node has " + std::to_string(own.size) +
                     " of them: give their number as -n");
  }
  return own;
}

/// OpenMP, and the libraries of the GPUs and the fabric that the plan uses.
std::vector<Target> usual_targets(Machine const& machine, Plan const& plan, bool gpus_hidden) {
  std::vector<Target> targets{Target::openmp};
  if (!gpus_hidden) {
    if (!numbered_gpus(machine, Vendor::nvidia).empty()) targets.push_back(Target::cuda);
    if (!numbered_gpus(machine, Vendor::amd).empty()) targets.push_back(Target::rocm);
    if (!numbered_gpus(machine, Vendor::intel).empty()) targets.push_back(Target::level_zero);
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
  LocalRank const own = own_rank(options);
  Machine const machine = machine_of(options);
  Plan const chosen = plan(machine, request_of(options, own.size));
  bool const hidden = this_binding().gpus_hidden;
  std::vector<Target> targets;
  for (std::string const& word : options.targets) {
    auto const target = target_from(word);
    if (!target || *target == Target::slurm || *target == Target::ompi) {
      reject_option("--for", word, "a library: run sets no variables of launchers");
    }
    targets.push_back(*target);
  }
  if (targets.empty()) targets = usual_targets(machine, chosen, hidden);
  bind_this_thread(chosen.assignments[static_cast<std::size_t>(own.rank)].cpus);
  for (Target const target : targets) {
    for (Variable const& variable : environment(machine, chosen, target).of_rank(own.rank)) {
      char const* const present = std::getenv(variable.name.c_str());
      if (present != nullptr && variable.value != present && !options.force) {
        if (own.rank == 0) {
          std::cerr << "kramers-topo: warning: keeping " << variable.name << '=' << printable(present)
                    << "; the plan has " << printable(variable.value) << " (--force takes it)\n";
        }
        continue;
      }
      setenv(variable.name.c_str(), variable.value.c_str(), 1);
    }
  }
  if (hidden && own.rank == 0 && !machine.gpus().empty()) {
    std::cerr << "kramers-topo: warning: a cgroup hides GPUs, so no GPU is chosen (srun --gpu-bind=none shows all)\n";
  }
  std::vector<char*> words;
  for (std::string const& word : options.command) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  execvp(words[0], words.data());
  int const code = errno;
  std::cerr << "kramers-topo: error: " << printable(options.command.front())
            << " cannot be started: " << std::strerror(code) << '\n';
  return code == ENOENT ? 127 : 126;
}

}  // namespace kramers::topology::cli
