// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/runtime/config.hpp>
#include <kramers/runtime/units.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <optional>

#include "unit_product.hpp"

namespace kramers {

namespace {

using detail::read_product;
using detail::UnitProduct;

/// Powers of length, time, mass, temperature and amount.
using Dimension = std::array<int, 5>;

constexpr Dimension none{}, length{1}, time{0, 1}, mass{0, 0, 1}, temperature{0, 0, 0, 1}, amount{0, 0, 0, 0, 1};
constexpr Dimension energy{2, -2, 1}, force{1, -2, 1};
// Of a mole: "25 kJ" without "/mol" is no energy of one molecule.
constexpr Dimension molar_energy{2, -2, 1, 0, 1}, molar_mass{0, 0, 1, 0, 1};

struct NamedUnit {
  std::string name;
  UnitScale scale;
  Dimension dimension;
};

struct System {
  std::string name;
  std::vector<std::pair<std::string, std::string>> base;  ///< what a dimension is measured in
  std::vector<NamedUnit> units;
};

// Avogadro's constant, the elementary charge and Boltzmann's constant are exact in the SI since 2019; 1 u is taken as
// 1 g/mol, as all programs for molecules do (they differ by 3e-10).
constexpr double electronvolt = 96.4853321233100184;  // kJ/mol
constexpr double gas_constant = 8.31446261815324e-3;  // kJ/(mol K)

std::vector<System> const& systems() {
  static std::vector<System> const all = {
      {"reduced",
       {{"length", "length"}, {"time", "tau"}, {"energy", "energy"}, {"mass", "mass"}, {"temperature", "energy"}},
       {}},
      {"md",
       {{"length", "nm"}, {"time", "ps"}, {"energy", "kJ/mol"}, {"mass", "u"}, {"temperature", "K"}},
       {{"nm", {1, 1}, length},
        {"pm", {1, 1000}, length},
        {"angstrom", {1, 10}, length},
        {"\u00c5", {1, 10}, length},
        {"um", {1000, 1}, length},
        {"ps", {1, 1}, time},
        {"fs", {1, 1000}, time},
        {"ns", {1e3, 1}, time},
        {"us", {1e6, 1}, time},
        {"ms", {1e9, 1}, time},
        {"s", {1e12, 1}, time},
        {"u", {1, 1}, mass},
        {"amu", {1, 1}, mass},
        {"Da", {1, 1}, mass},
        {"kDa", {1000, 1}, mass},
        {"g", {1, 1}, molar_mass},
        {"kg", {1000, 1}, molar_mass},
        {"mol", {1, 1}, amount},
        {"kJ", {1, 1}, molar_energy},
        {"J", {1, 1000}, molar_energy},
        {"kcal", {4184, 1000}, molar_energy},
        {"cal", {4184, 1e6}, molar_energy},
        {"eV", {electronvolt, 1}, energy},
        {"meV", {electronvolt, 1000}, energy},
        {"pN", {602214076, 1e9}, force},
        {"K", {1, 1}, temperature}}},
      {"lj",
       {{"length", "sigma"}, {"time", "tau"}, {"energy", "epsilon"}, {"mass", "m"}, {"temperature", "epsilon"}},
       {{"sigma", {1, 1}, length}, {"tau", {1, 1}, time}, {"epsilon", {1, 1}, energy}, {"m", {1, 1}, mass}}},
  };
  return all;
}

System const& system_of(std::string_view name) {
  return *std::ranges::find(systems(), name, &System::name);
}

/// The dimension as a product of the system's units; what has none is an empty product.
UnitProduct in_units(System const& system, std::string_view dimension) {
  UnitProduct product;
  UnitProduct const named = read_product(dimension).value_or(UnitProduct{});
  for (auto const& [name, power] : named) {
    auto const base = std::ranges::find(system.base, name, &std::pair<std::string, std::string>::first);
    if (base == system.base.end()) return {};
    UnitProduct const units = read_product(base->second).value();
    for (auto const& [unit, times] : units) product.emplace_back(unit, times * power);
  }
  return product;
}

NamedUnit const* find_unit(System const& system, std::string_view name) {
  auto const found = std::ranges::find(system.units, name, &NamedUnit::name);
  return found == system.units.end() ? nullptr : &*found;
}

/// A product of units as one: all of them must be known.
NamedUnit combined(System const& system, UnitProduct const& product) {
  NamedUnit result{"", {}, none};
  for (auto const& [name, power] : product) {
    NamedUnit const& unit = *find_unit(system, name);
    for (int i = 0; i < std::abs(power); ++i) {
      result.scale.numerator *= power > 0 ? unit.scale.numerator : unit.scale.denominator;
      result.scale.denominator *= power > 0 ? unit.scale.denominator : unit.scale.numerator;
    }
    for (std::size_t i = 0; i < none.size(); ++i) result.dimension[i] += power * unit.dimension[i];
  }
  return result;
}

/// What a product of units measures, in words; empty where there is no common one.
std::string words_for(System const& system, Dimension const& found) {
  for (char const* const words : {"length", "time", "energy", "mass", "temperature", "energy / length",
                                  "energy / length^2", "length / time", "1 / time", "length^2 / time", "length^2"}) {
    if (combined(system, in_units(system, words)).dimension == found) return words;
  }
  return found == molar_energy ? "energy times amount; is '/mol' missing?" : "";
}

constexpr char how_to_write[] = ": a number, then units with *, / and ^, as kJ/mol/nm^2 or kJ/(mol*nm^2)";

std::string expectation(std::string_view dimension, UnitProduct const& wanted) {
  std::string const unit = detail::product_text(wanted);
  return "a number or " + std::string(dimension) + " with its unit, as '" + (unit.starts_with('1') ? "" : "1 ") + unit +
         "'";
}

bool is_same_but_for_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

/// The unit that a word may be a slip for, or all there are. Of a letter or two every unit is near.
std::string hint(System const& system, std::string const& word) {
  std::vector<std::string> names;
  for (NamedUnit const& unit : system.units) names.push_back(unit.name);
  auto const same = std::ranges::find_if(names, [&](auto const& name) { return is_same_but_for_case(name, word); });
  auto meant = word.size() > 2 ? detail::nearest_name(word, names) : std::nullopt;
  if (same != names.end()) meant = *same;
  if (word == "A" && system.name == "md") meant = "angstrom";
  if (meant) return "did you mean '" + *meant + "'?";
  std::string list;
  for (std::string const& name : names) list += (list.empty() ? "" : ", ") + name;
  return "which has " + list;
}

}  // namespace

std::vector<std::string> UnitSystem::names() {
  std::vector<std::string> names;
  for (System const& system : systems()) names.push_back(system.name);
  return names;
}

UnitSystem::UnitSystem(std::string name) : m_name(std::move(name)) {
  expects(std::ranges::find(systems(), m_name, &System::name) != systems().end(), "unit system", m_name,
          "one of reduced, md, lj");
}

std::string UnitSystem::unit(std::string_view dimension) const {
  return detail::product_text(in_units(system_of(m_name), dimension));
}

std::string UnitSystem::h5md_unit(std::string_view dimension) const {
  return detail::h5md_text(in_units(system_of(m_name), dimension));
}

std::string UnitSystem::scale(std::string_view unit, std::string_view dimension, UnitScale& to) const {
  if (is_reduced()) {
    return "a number, which has no unit where units.system is 'reduced'; set units.system = \"md\" (nm, ps, kJ/mol, u, "
           "K) or \"lj\" (sigma, tau, epsilon, m) for quantities with units";
  }
  System const& system = system_of(m_name);
  UnitProduct const wanted = in_units(system, dimension);
  std::string const expected = expectation(dimension, wanted);
  auto const given = read_product(unit);
  if (!given) return expected + how_to_write;
  for (auto const& [name, power] : *given) {
    if (find_unit(system, name) == nullptr) {
      return expected + "; '" + name + "' is no unit where units.system is '" + m_name + "', " + hint(system, name);
    }
  }
  NamedUnit const found = combined(system, *given);
  to = found.scale;
  if (found.dimension == combined(system, wanted).dimension) return {};
  if (found.dimension == none) return expected + ", not a number without a unit between quotes";
  std::string const words = words_for(system, found.dimension);
  return expected + (words.empty() ? ", not another dimension" : ", not " + words);
}

std::string UnitSystem::convert(std::string_view quantity, std::string_view dimension, double& to) const {
  auto const parts = detail::split_number(quantity);
  std::string const expected = expectation(dimension, in_units(system_of(m_name), dimension));
  if (!parts) return is_reduced() ? "a number" : expected + how_to_write;
  UnitScale factor;
  if (std::string wanted = scale(parts->units, dimension, factor); !wanted.empty()) return wanted;
  to = factor(parts->number);
  bool const is_lost = !std::isfinite(to) || (to == 0) != (parts->number == 0);
  return is_lost ? expected + " that a double can hold" : "";
}

double UnitSystem::thermal_energy(double value) const {
  return m_name == "md" ? value * gas_constant : value;
}

}  // namespace kramers
