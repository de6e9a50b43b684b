// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/base/error.hpp>
#include <kramers/core/spaces.hpp>
#include <kramers/dynamics/potentials/potential_kind.hpp>
#include <kramers/dynamics/schemes/schemes.hpp>
#include <kramers/dynamics/studies/detail/instances.hpp>

#include <type_traits>
#include <utility>

namespace kramers::dynamics::detail {

/// A kind of potential behind AnyPotential.
template <potential_kind Kind>
class PotentialOfKind final : public AnyPotential {
 public:
  using Params = typename Kind::Params;
  using Host = Kokkos::DefaultHostExecutionSpace;
  using Functor = functor_of<Kind, double, Host>;
  static_assert(
      profile<Functor> || potential<Functor>,
      "make<T>() of a kind of potential gives a profile or a potential (kramers/dynamics/potentials/potential.hpp)");

  PotentialOfKind(Params params, int dimension)
      : m_params(std::move(params)), m_dimension(dimension), m_functor(Kind::template make<double>(m_params, Host{})) {}

  std::string const& kind() const override {
    static std::string const name = Kind::name;
    return name;
  }
  int dimension() const override { return m_dimension; }
  bool separable() const override { return is_profile<Kind>; }

  double profile_energy(double x) const override {
    if constexpr (is_profile<Kind>) {
      return m_functor.energy(x);
    } else {
      throw DomainError("potential", Kind::name, "a profile along one coordinate");
    }
  }
  double energy(std::span<double const> x) const override {
    expects_extent("position", static_cast<std::int64_t>(x.size()), m_dimension);
    if constexpr (is_profile<Kind>) {
      double sum = 0;
      for (double const coordinate : x) sum += m_functor.energy(coordinate);
      return sum;
    } else {
      Vec<double, Functor::dimension> at;
      for (int d = 0; d < Functor::dimension; ++d) at[d] = x[static_cast<std::size_t>(d)];
      return m_functor.energy(at);
    }
  }
  std::vector<double> usual_start() const override {
    auto const start = Kind::usual_start(m_params);
    if constexpr (is_profile<Kind>) {
      return std::vector<double>(static_cast<std::size_t>(m_dimension), start);
    } else {
      std::vector<double> list;
      for (int d = 0; d < Functor::dimension; ++d) list.push_back(start[d]);
      return list;
    }
  }
  bool confines() const override { return Kind::confines(m_params); }
  bool diffuses() const override {
    if constexpr (requires { Kind::diffuses(m_params); }) return Kind::diffuses(m_params);
    return false;
  }
  std::uint64_t data_hash() const override {
    if constexpr (requires { Kind::data_hash(m_params); }) return Kind::data_hash(m_params);
    return 0;
  }

  std::vector<std::string> schemes() const override {
    return is_profile<Kind> && m_dimension > 1 ? names_of(SchemesInManyDimensions{}) : names_of(Schemes{});
  }
  std::unique_ptr<AnyEnsemble> make_ensemble(EnsembleRequest const& request) const override {
    return for_precision(request.precision, [&]<class T>(T) { return make_ensemble_of<Kind, T>(m_params, request); });
  }
  std::unique_ptr<AnySpreadMap> make_spread_map(SpreadRequest const& request) const override {
    return make_spread_map_of<Kind>(m_params, request);
  }

 private:
  Params m_params;
  int m_dimension;
  Functor m_functor;
};

/// The number of coordinates that an input asks for.
template <class Kind>
int read_dimension(Config const& config) {
  if constexpr (!is_profile<Kind>) {
    return functor_of<Kind, double, Kokkos::DefaultHostExecutionSpace>::dimension;
  } else if constexpr (max_dimensions<Kind>() == 1) {
    return 1;
  } else {
    auto const dimensions = config.get<std::int64_t>("potential.dimensions", 1);
    config.check(dimensions >= 1 && dimensions <= 3, "potential.dimensions", "1, 2 or 3");
    return static_cast<int>(dimensions);
  }
}

/// The entry of a kind in a PotentialList.
template <potential_kind Kind>
PotentialEntry potential_entry() {
  return {Kind::name, [](Config const& config) -> std::shared_ptr<AnyPotential const> {
            int const dimension = read_dimension<Kind>(config);
            return std::make_shared<PotentialOfKind<Kind>>(Kind::read(config), dimension);
          }};
}

}  // namespace kramers::dynamics::detail
