// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/topology/diff.hpp>

#include <algorithm>
#include <functional>
#include <set>

#include "common/text_utils.hpp"

namespace kramers::topology {

namespace {

class Comparison {
 public:
  void compare(std::string const& what, std::string const& first, std::string const& second) {
    if (first != second) m_found.push_back({.what = what, .first = first, .second = second});
  }
  std::vector<Difference> take() { return std::move(m_found); }

 private:
  std::vector<Difference> m_found;
};

bool alike(std::uint64_t a, std::uint64_t b) {
  return (a > b ? a - b : b - a) <= std::max(a, b) / 50;
}

void compare_nodes(Comparison& all, Machine const& first, Machine const& second) {
  auto const amount = [&](std::string const& what, std::size_t a, std::size_t b) {
    all.compare(what, std::to_string(a), std::to_string(b));
  };
  amount("packages", first.packages().size(), second.packages().size());
  amount("NUMA nodes", first.numa_nodes().size(), second.numa_nodes().size());
  amount("cores", first.cores().size(), second.cores().size());
  all.compare("hardware threads", first.cpus().to_list(), second.cpus().to_list());
  std::size_t const nodes = std::min(first.numa_nodes().size(), second.numa_nodes().size());
  for (std::size_t i = 0; i < nodes; ++i) {
    NumaNode const &a = first.numa_nodes()[i], &b = second.numa_nodes()[i];
    std::string const node = "NUMA " + std::to_string(a.logical_index);
    all.compare(node + ", number", std::to_string(a.os_index), std::to_string(b.os_index));
    all.compare(node + ", threads", a.cpus.to_list(), b.cpus.to_list());
    if (!alike(a.bytes, b.bytes))
      all.compare(node + ", memory", detail::bytes_text(a.bytes), detail::bytes_text(b.bytes));
  }
  all.compare("fabric", std::string(name(first.fabric())), std::string(name(second.fabric())));
}

Device const* by_id(Machine const& machine, std::string const& id) {
  auto const found =
      std::find_if(machine.devices().begin(), machine.devices().end(), [&](Device const& d) { return d.id() == id; });
  return found == machine.devices().end() ? nullptr : &*found;
}

std::string described(Device const* device) {
  return device == nullptr ? "" : std::string(name(device->kind)) + " " + device->name;
}

}  // namespace

std::vector<Difference> differences(Machine const& first, Machine const& second) {
  Comparison all;
  compare_nodes(all, first, second);
  std::set<std::string> ids;
  for (Machine const* machine : {&first, &second}) {
    for (Device const& device : machine->devices()) {
      if (device.is_gpu() || device.is_nic()) ids.insert(device.id());
    }
  }
  for (std::string const& id : ids) {
    Device const *a = by_id(first, id), *b = by_id(second, id);
    if (a == nullptr || b == nullptr) {
      all.compare(id, described(a), described(b));
      continue;
    }
    all.compare(id + ", kind", std::string(name(a->kind)), std::string(name(b->kind)));
    all.compare(id + ", name", a->name, b->name);
    all.compare(id + ", threads beside it", a->cpus.to_list(), b->cpus.to_list());
    all.compare(id + ", port", std::string(name(a->state)), std::string(name(b->state)));
    all.compare(id + ", link", detail::speed_text(a->link_speed), detail::speed_text(b->link_speed));
    all.compare(id + ", model", a->model, b->model);
  }
  return all.take();
}

}  // namespace kramers::topology
