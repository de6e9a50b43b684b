// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/studies/any_potential.hpp>

#include <algorithm>
#include <utility>

namespace kramers::dynamics {

PotentialList::PotentialList(std::vector<PotentialEntry> entries) {
  for (PotentialEntry& entry : entries) add(std::move(entry));
}

void PotentialList::add(PotentialEntry entry) {
  bool const taken = std::ranges::find(m_entries, entry.name, &PotentialEntry::name) != m_entries.end();
  expects(!taken, "name of a potential", entry.name, "a name that no other potential has");
  m_entries.push_back(std::move(entry));
}

std::vector<std::string> PotentialList::names() const {
  std::vector<std::string> names;
  for (PotentialEntry const& entry : m_entries) names.push_back(entry.name);
  return names;
}

std::shared_ptr<AnyPotential const> PotentialList::read(Config const& config) const {
  std::string const kind = config.one_of("potential.kind", names());
  return std::ranges::find(m_entries, kind, &PotentialEntry::name)->read(config);
}

}  // namespace kramers::dynamics
