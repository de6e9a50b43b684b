// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/dynamics/engine/any_ensemble.hpp>
#include <kramers/dynamics/engine/any_spread_map.hpp>
#include <kramers/runtime/config.hpp>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace kramers::dynamics {

struct EnsembleRequest;
struct SpreadRequest;

/// A potential with its parameters, as an input gave it: what programs know of it. Its space, precision and type are
/// hidden; it makes the ensembles and spread maps that were compiled for it.
class AnyPotential {
 public:
  virtual ~AnyPotential() = default;

  /// Name of its kind in inputs, "double_well".
  virtual std::string const& kind() const = 0;
  /// Number of coordinates.
  virtual int dimension() const = 0;
  /// Is it a sum of the same profile along each coordinate? Only then there is a profile_energy().
  virtual bool separable() const = 0;
  /// V_1(x) of one coordinate, in double on the host [energy].
  /// @throws DomainError  not separable
  virtual double profile_energy(double x) const = 0;
  /// V(x) of all coordinates, in double on the host [energy].
  virtual double energy(std::span<double const> x) const = 0;
  /// Where walkers start by default: a minimum, one number per coordinate [length].
  virtual std::vector<double> usual_start() const = 0;
  /// Can exp(-V / kT) be normalised?
  virtual bool confines() const = 0;
  /// Do walkers diffuse without bound in it, so that a diffusion coefficient exists?
  virtual bool diffuses() const = 0;
  /// Hash of the data that it read from files; 0 for none.
  virtual std::uint64_t data_hash() const = 0;

  /// Names of the schemes it is compiled for.
  virtual std::vector<std::string> schemes() const = 0;
  /// Make an ensemble; its walkers are not yet initialised.
  /// @throws DomainError  a name or value that is not allowed
  virtual std::unique_ptr<AnyEnsemble> make_ensemble(EnsembleRequest const& request) const = 0;
  /// Make a spread map.
  /// @throws DomainError  a name or value that is not allowed; a potential of more than one coordinate
  virtual std::unique_ptr<AnySpreadMap> make_spread_map(SpreadRequest const& request) const = 0;
};

/// One kind of potential by name, and how it is read from the table [potential] of an input.
struct PotentialEntry {
  std::string name;
  std::shared_ptr<AnyPotential const> (*read)(Config const& config);
};

/// The potentials that a program offers, by name.
class PotentialList {
 public:
  PotentialList() = default;
  explicit PotentialList(std::vector<PotentialEntry> entries);

  /// @throws DomainError  the list has one of this name
  void add(PotentialEntry entry);
  std::vector<std::string> names() const;
  /// Read the table [potential] of an input; its key `kind` is one of names().
  /// @throws InputError  with file, line and key
  std::shared_ptr<AnyPotential const> read(Config const& config) const;

 private:
  std::vector<PotentialEntry> m_entries;
};

/// "harmonic", "double_well", "cosine", "tabulated", "mueller_brown": those that kramers comes with.
PotentialList const& builtin_potentials();

}  // namespace kramers::dynamics
