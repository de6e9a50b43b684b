// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "rare_references.hpp"

#include <kramers/base/error.hpp>
#include <kramers/dynamics/estimators/exact_rates.hpp>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstddef>
#include <numbers>
#include <numeric>
#include <optional>
#include <string>

namespace kramers::dynamics::detail {
namespace {

// Well below the error of any run, and reached in a fraction of a second.
constexpr double tolerance = 1e-5;
// Below this share of the wells' frequency the expansion in functions of the velocity takes seconds, often in vain.
constexpr double least_friction = 0.1;

exact::Energy energy_of(RareRequest const& request) {
  return [potential = request.potential](double x) { return potential->profile_energy(x); };
}

/// Integral of exp((V(top) - V) / kT), which does not overflow.
double weight(RareRequest const& request, exact::Interval const& range) {
  auto const energy = energy_of(request);
  double const kT = request.langevin.temperature;
  double const zero = energy(range.lower < request.wells->top ? request.wells->left : request.wells->right);
  return exact::integrate([&](double x) { return std::exp((zero - energy(x)) / kT); }, range) *
         std::exp((energy(request.wells->top) - zero) / kT);
}

double left_weight(RareRequest const& request) {
  return weight(request, {request.reach.lower, request.wells->top});
}
double right_weight(RareRequest const& request) {
  return weight(request, {request.wells->top, request.reach.upper});
}

bool too_weak(RareRequest const& request) {
  double const softest =
      std::min(request.wells->left_curvature, request.wells->right_curvature) / request.langevin.mass;
  return !request.overdamped && request.langevin.friction < least_friction * std::sqrt(softest);
}

void add_exact(RareRequest const& request, nlohmann::json& out) {
  auto const energy = energy_of(request);
  LangevinParams const& langevin = request.langevin;
  auto const motion = request.overdamped ? exact::Motion::overdamped : exact::Motion::underdamped;
  if (auto const rate = exact::relaxation_rate(energy, langevin, motion, tolerance)) {
    double const left = left_weight(request), right = right_weight(request);
    out["relaxation_rate_exact"] = rate->value;
    out["rate_exact"] = rate->value * (request.direction > 0 ? right : left) / (left + right);
  }
  if (request.a && !request.a->has_energy() && !request.b->has_energy()) {
    bool const right = request.direction > 0;
    double const a = right ? request.a->upper : request.b->upper, b = right ? request.b->lower : request.a->lower;
    if (auto const rates = exact::core_set_rate(energy, langevin, a, b, motion, 1e-4)) {
      out["core_set_rate_ab_exact"] = right ? rates->forward : rates->backward;
    }
  }
  if (request.overdamped || !out.contains("rate_exact")) return;
  std::string letters = request.scheme;
  std::ranges::transform(letters, letters.begin(), [](char c) { return static_cast<char>(std::toupper(c)); });
  if (auto const shift = exact::step_shift(energy, langevin, letters, 1e-3)) {
    out["rate_exact_at_dt"] = out["rate_exact"].get<double>() * (1 + shift->value * langevin.dt * langevin.dt);
  }
}

}  // namespace

double transition_state_rate(RareRequest const& request) {
  double const speed = std::sqrt(request.langevin.temperature / (2 * std::numbers::pi * request.langevin.mass));
  return speed / (request.direction > 0 ? left_weight(request) : right_weight(request));
}

nlohmann::json rare_references(RareRequest const& request) {
  nlohmann::json out = nlohmann::json::object();
  auto const& on_grid = request.rates_on_grid;
  if (!on_grid.empty() && std::ranges::all_of(on_grid, [](auto const& rate) { return rate.has_value(); })) {
    out["rate_on_grid"] =
        std::accumulate(on_grid.begin(), on_grid.end(), 0.0, [](double sum, auto const& rate) { return sum + *rate; });
  }
  for (std::size_t i = 0; on_grid.size() > 1 && i < on_grid.size(); ++i) {
    if (on_grid[i]) out[std::string("rate_") + static_cast<char>('b' + i) + "_on_grid"] = *on_grid[i];
  }
  if (!request.wells) return out;
  LangevinParams const& langevin = request.langevin;
  if (!request.overdamped) {
    out["rate_transition_state"] = transition_state_rate(request);
    auto const loss = exact::energy_loss(energy_of(request), langevin, *request.wells);
    out["energy_loss_left"] = loss.left;
    out["energy_loss_right"] = loss.right;
  }
  if (too_weak(request)) return out;
  // A question without an answer must not cost the run its results.
  try {
    add_exact(request, out);
  } catch (DomainError const&) {
  }
  return out;
}

}  // namespace kramers::dynamics::detail
