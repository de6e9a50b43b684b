// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/base/error.hpp>
#include <kramers/core/spaces.hpp>
#include <kramers/dynamics/estimators/estimators.hpp>
#include <kramers/dynamics/estimators/exact.hpp>
#include <kramers/dynamics/studies/requests.hpp>

#include <gtest/gtest.h>

#include <cctype>
#include <cmath>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace kramers::test {

using namespace kramers::dynamics;

/// What an ensemble of a physics test is made of.
struct Experiment {
  std::shared_ptr<AnyPotential const> potential;
  std::string scheme = "baoab";
  EnsembleParams params;
};

/// All walkers of the experiment on the space and in the precision of Config.
template <class Config>
std::unique_ptr<AnyEnsemble> ensemble_of(Experiment const& e) {
  return make_ensemble({space_name<typename Config::Space>(),
                        precision_name<typename Config::Real>,
                        e.scheme,
                        e.potential,
                        e.params,
                        {0, e.params.walkers}});
}

/// A potential as an input gives it: keys of the table [potential], one "key = value" a line.
inline std::shared_ptr<AnyPotential const> potential_of(std::string const& kind, std::string const& keys) {
  return builtin_potentials().read(Config::from_text("[potential]\nkind = '" + kind + "'\n" + keys, "the test"));
}
inline std::string number(double value) {
  std::string const text = shortest_decimal(value);
  return text.find_first_of(".e") == std::string::npos ? text + ".0" : text;
}
inline std::shared_ptr<AnyPotential const> harmonic(double stiffness, double external_force = 0, int dimensions = 1) {
  return potential_of("harmonic", "stiffness = " + number(stiffness) + "\nexternal_force = " + number(external_force) +
                                      "\ndimensions = " + std::to_string(dimensions));
}
inline std::shared_ptr<AnyPotential const> double_well(double barrier, double tilt = 0) {
  return potential_of("double_well", "barrier = " + number(barrier) + "\ntilt = " + number(tilt));
}

/// The exact map of one step of a scheme.
inline exact::AffineMap exact_step(std::string const& scheme, exact::HarmonicWell const& well,
                                   LangevinParams const& langevin) {
  if (scheme == "gjf") return exact::gjf_step(well, langevin);
  if (scheme == "euler-maruyama") return exact::euler_maruyama_step(well, langevin);
  if (scheme == "leimkuhler-matthews") return exact::leimkuhler_matthews_step(well, langevin);
  std::string letters;
  for (char const c : scheme) letters += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return exact::splitting_step(letters, well, langevin);
}

/// One frame of an ensemble, rows being cells.
inline SampleTable frame(AnyEnsemble& ensemble) {
  return SampleTable(ensemble.frame_sums(), ensemble.layout());
}

/// Running sums of an ensemble, rows being cells.
inline SampleTable sums(AnyEnsemble& ensemble) {
  return SampleTable(ensemble.cell_sums(), ensemble.layout());
}

/// One quantity at `frames` times, `steps` apart, the first one now; rows are cells, columns are frames.
inline SampleTable series(AnyEnsemble& ensemble, FrameQuantity quantity, std::int64_t steps, int frames) {
  std::vector<double> const walkers = cell_walkers(ensemble.layout());
  std::vector<double> values(walkers.size() * static_cast<std::size_t>(frames));
  for (int n = 0; n < frames; ++n) {
    if (n > 0) ensemble.advance(steps);
    FrameSums const sums = ensemble.frame_sums();
    for (std::size_t cell = 0; cell < walkers.size(); ++cell) {
      values[cell * static_cast<std::size_t>(frames) + static_cast<std::size_t>(n)] = sums(cell, quantity);
    }
  }
  return {values, frames, walkers};
}

/// Whether an estimate agrees with the truth within `sigmas` of its standard error, and whether that error is below
/// `largest_error`, so that the agreement means something. `sigmas` = 4.5 raises a false alarm in 7 of 10^6 cases.
inline ::testing::AssertionResult agrees(Estimate const& e, double truth, double largest_error, double sigmas = 4.5) {
  auto const report = [&](::testing::AssertionResult result) {
    return result << e.value << " +- " << e.stderr_ << " against " << truth << ", z = " << (e.value - truth) / e.stderr_
                  << ", error allowed " << largest_error;
  };
  bool const sharp = e.stderr_ > 0 && e.stderr_ <= largest_error;
  bool const near = std::abs(e.value - truth) <= sigmas * e.stderr_;
  return report(sharp && near ? ::testing::AssertionSuccess() : ::testing::AssertionFailure());
}

}  // namespace kramers::test
