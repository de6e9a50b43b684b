// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/topology/environment.hpp>

#include <algorithm>
#include <array>
#include <iterator>
#include <utility>

#include "common/text_utils.hpp"

namespace kramers::topology {

namespace {

constexpr std::array<std::pair<Target, std::string_view>, 11> names{{{Target::mpich, "mpich"},
                                                                     {Target::cray, "cray"},
                                                                     {Target::ucx, "ucx"},
                                                                     {Target::ompi, "ompi"},
                                                                     {Target::nccl, "nccl"},
                                                                     {Target::libfabric, "libfabric"},
                                                                     {Target::slurm, "slurm"},
                                                                     {Target::openmp, "openmp"},
                                                                     {Target::cuda, "cuda"},
                                                                     {Target::rocm, "rocm"},
                                                                     {Target::level_zero, "level-zero"}}};

constexpr auto all_targets = [] {
  std::array<Target, names.size()> all{};
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = names[i].first;
  return all;
}();

}  // namespace

std::string_view name(Target target) {
  return names[static_cast<std::size_t>(target)].second;
}

std::optional<Target> target_from(std::string_view text) {
  for (auto const& [target, word] : names) {
    if (word == text) return target;
  }
  return {};
}

std::span<Target const> targets() {
  return all_targets;
}

std::vector<Variable> Environment::of_rank(int rank) const {
  std::vector<Variable> found;
  std::copy_if(variables.begin(), variables.end(), std::back_inserter(found),
               [rank](Variable const& variable) { return !variable.rank || *variable.rank == rank; });
  return found;
}

std::vector<std::size_t> numbered_nics(Machine const& machine) {
  std::vector<std::size_t> const by_bus = machine.fabric_nics();
  std::vector<std::size_t> by_name(by_bus.size());
  std::vector<bool> taken(by_bus.size());
  for (std::size_t const nic : by_bus) {
    auto const number = detail::number_at_end(machine.devices()[nic].os_name(NameKind::net));
    if (!number || *number >= by_bus.size() || taken[*number]) return by_bus;
    taken[*number] = true;
    by_name[*number] = nic;
  }
  return by_name;
}

std::vector<std::size_t> numbered_gpus(Machine const& machine, Vendor vendor) {
  std::vector<std::size_t> found;
  for (std::size_t const gpu : machine.gpus()) {
    if (machine.devices()[gpu].vendor == static_cast<unsigned>(vendor)) found.push_back(gpu);
  }
  return found;
}

std::string cxi_name(Device const& nic) {
  if (nic.fabric != Fabric::slingshot) return "";
  for (OsName const& name : nic.names) {
    if (name.name.starts_with("cxi")) return name.name;
  }
  auto const number = detail::number_at_end(nic.os_name(NameKind::net));
  return number ? "cxi" + std::to_string(*number) : "";
}

}  // namespace kramers::topology
