// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kramers {

class Config;
struct KeyNote;

/// How a unit becomes one of the system; a quotient, so that 3 fs are 0.003 ps to the bit.
struct UnitScale {
  double numerator = 1, denominator = 1;

  double operator()(double value) const { return value * numerator / denominator; }
};

/// The units in which a program computes, reads bare numbers and writes results. They are consistent, so that no
/// equation has a factor:
///   reduced  numbers without units
///   md       nm, ps, kJ/mol, u; 1 kJ/mol = 1 u nm^2 / ps^2. Temperatures of inputs are in K.
///   lj       sigma, tau, epsilon, m
///
/// A dimension is a product of length, time, energy, mass and temperature, "energy / length^2"; "" and words that are
/// none of these, as "steps", have no unit.
class UnitSystem {
 public:
  static std::vector<std::string> names();
  /// @throws DomainError  none of `names`
  explicit UnitSystem(std::string name = "reduced");

  std::string const& name() const { return m_name; }
  bool is_reduced() const { return m_name == "reduced"; }

  /// The unit of a dimension: "energy / length^2" -> "kJ/mol/nm^2"; "1" of none.
  std::string unit(std::string_view dimension) const;
  /// The same as H5MD spells it, "kJ mol-1 nm-2" (nongnu.org/h5md, module units).
  std::string h5md_unit(std::string_view dimension) const;

  /// Take "25 kJ/mol", "1/ps" or "1e-3 nm^2/ps": a number, then named units with integer powers, *, / and parentheses.
  /// @param[out] to  the number in units of this system, within one rounding per unit: 6 kcal/mol is 25.104 exactly
  /// @return         empty, or what is expected instead, to follow "expected "
  std::string convert(std::string_view quantity, std::string_view dimension, double& to) const;

  /// The same for a unit alone, "kcal/mol".
  std::string scale(std::string_view unit, std::string_view dimension, UnitScale& to) const;

  /// kT as an energy of this system, from a temperature of an input: K in md, energies elsewhere.
  double thermal_energy(double temperature) const;

 private:
  std::string m_name;
};

/// The system that `units.system` names.
/// @throws InputError  it names none
UnitSystem read_units(Config const& config);

/// While one lives, any Config on this thread takes quantities with units, in the system of `config`, for the keys to
/// which `notes` give a dimension. They nest; the innermost counts.
class KeyUnits {
 public:
  /// @throws InputError  as read_units
  KeyUnits(Config const& config, std::vector<KeyNote> const& notes);
  ~KeyUnits();
  KeyUnits(KeyUnits const&) = delete;
  KeyUnits& operator=(KeyUnits const&) = delete;

  /// For Config: UnitSystem::convert for the dimension of this key, by the innermost that lives; "a number" where there
  /// is none, or the key has none.
  static std::string convert(std::string_view key, std::string_view quantity, double& to);

 private:
  UnitSystem m_system;
  std::vector<std::pair<std::string, std::string>> m_dimensions;  ///< by key
  KeyUnits* m_outer;
};

}  // namespace kramers
