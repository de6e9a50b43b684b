// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/config.hpp>
#include <kramers/runtime/input_guide.hpp>
#include <kramers/runtime/units.hpp>

#include <algorithm>
#include <utility>

namespace kramers {

UnitSystem read_units(Config const& config) {
  return UnitSystem(config.one_of("units.system", UnitSystem::names(), UnitSystem::names().front()));
}

namespace {
thread_local KeyUnits* innermost = nullptr;
}  // namespace

KeyUnits::KeyUnits(Config const& config, std::vector<KeyNote> const& notes)
    : m_system(read_units(config)), m_outer(std::exchange(innermost, this)) {
  for (KeyNote const& note : notes) {
    if (m_system.unit(note.unit) != "1") m_dimensions.emplace_back(note.key, note.unit);
  }
}

KeyUnits::~KeyUnits() {
  innermost = m_outer;
}

std::string KeyUnits::convert(std::string_view key, std::string_view quantity, double& to) {
  if (innermost == nullptr) return "a number";
  auto const& known = innermost->m_dimensions;
  auto const found = std::ranges::find(known, key, &std::pair<std::string, std::string>::first);
  return found == known.end() ? "a number" : innermost->m_system.convert(quantity, found->second, to);
}

}  // namespace kramers
