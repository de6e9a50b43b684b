// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/estimators/exact.hpp>
#include <kramers/dynamics/studies/study_results.hpp>

#include <array>
#include <cmath>
#include <limits>

#include "study_evaluation.hpp"

namespace kramers::dynamics {

namespace detail {

nlohmann::json to_json(Estimate const& e) {
  return {{"value", e.value}, {"stderr", e.stderr_}};
}

nlohmann::json unknown(std::string const& why) {
  return {{"value", nullptr}, {"stderr", nullptr}, {"note", why}};
}

FrameTables::FrameTables(std::vector<double> sums, EnsembleLayout const& layout)
    : m_sums(std::move(sums)), m_groups(static_cast<std::size_t>(layout.groups)) {
  std::vector<double> const cells = cell_walkers(layout);
  m_walkers.assign(m_groups, 0.0);
  for (std::size_t c = 0; c < cells.size(); ++c) {
    m_walkers[c / static_cast<std::size_t>(layout.cells_per_group)] += cells[c];
  }
}

SampleTable FrameTables::from(std::size_t first_row, FrameQuantity quantity,
                              std::vector<std::int64_t> const& weight) const {
  std::size_t const columns = rows() - first_row;
  std::vector<double> sums(m_groups * columns);
  for (std::size_t column = 0; column < columns; ++column) {
    std::size_t const row = first_row + column;
    for (std::size_t g = 0; g < m_groups; ++g) {
      double const sum =
          m_sums[(row * m_groups + g) * row_length<FrameQuantity> + static_cast<std::size_t>(index(quantity))];
      sums[g * columns + column] = weight.empty() ? sum : sum / static_cast<double>(weight[row]);
    }
  }
  return SampleTable(std::move(sums), static_cast<int>(columns), m_walkers);
}

namespace {

/// Why frames tell no response; empty where they do.
std::string blind_to_the_period(StudyParams const& params, std::int64_t frames) {
  // The 3rd harmonic, which symmetric potentials have, is not taken for the first one.
  constexpr std::int64_t fewest = 5;
  DriveParams const& drive = params.request.params.drive;
  std::int64_t const phases = phases_seen(drive, params.frame_every), needed = phases * params.frame_every;
  if (!params.request.potential->confines()) {
    return "walkers leave every bound in this potential, and their mean position drifts";
  }
  if (phases < fewest) {
    return "frames see the period of " + std::to_string(drive.period) + " steps at " + std::to_string(phases) +
           " phases only, and need " + std::to_string(fewest) + "; change observables.frame_every";
  }
  if (frames >= phases) return {};
  return "frames see all phases of the period within " + std::to_string(needed) +
         " steps, more than the run has after observables.after; run longer, or change observables.frame_every";
}

SampleTable some_columns(SampleTable const& table, std::int64_t first, std::int64_t count) {
  std::vector<double> sums, walkers;
  for (int row = 0; row < table.rows(); ++row) {
    walkers.push_back(table.walkers(row));
    for (std::int64_t i = first; i < first + count; ++i) sums.push_back(table.sum(row, static_cast<int>(i)));
  }
  return {std::move(sums), static_cast<int>(count), std::move(walkers)};
}

/// Whether walkers have forgotten their start: the response is the same in both halves of the frames.
void compare_halves(SampleTable const& positions, DriveParams const& drive, DriveFrames const& times,
                    StudyResults& results) {
  std::int64_t const phases = phases_seen(drive, times.every), half = positions.columns() / phases / 2 * phases;
  if (half == 0) return;
  Response const early = response(some_columns(positions, 0, half), drive, times);
  Response const late =
      response(some_columns(positions, half, half), drive, {times.first + half * times.every, times.every});
  auto const differ = [](Estimate const& a, Estimate const& b) {
    return std::abs(a.value - b.value) > 4 * std::hypot(a.stderr_, b.stderr_);
  };
  if (differ(early.in_phase, late.in_phase) || differ(early.out_of_phase, late.out_of_phase)) {
    results.warnings.emplace_back(
        "the response to the drive changes between the halves of the frames: walkers have not forgotten where they "
        "started; raise run.equilibrate or observables.after");
  }
}

}  // namespace

void add_response(StudyParams const& params, FrameTables const& frames, StudyResults& results) {
  nlohmann::json& out = results.observables;
  auto const first = static_cast<std::size_t>(params.first_origin());
  std::int64_t const left = frames.rows() > first ? static_cast<std::int64_t>(frames.rows() - first) : 0;
  if (std::string const why = blind_to_the_period(params, left); !why.empty()) {
    out["response_in_phase"] = out["response_out_of_phase"] = unknown(why);
    return;
  }
  DriveParams const& drive = params.request.params.drive;
  results.response_times = {params.equilibrate + params.first_origin() * params.frame_every, params.frame_every};
  SampleTable const positions = frames.from(first, FrameQuantity::position);
  results.response = response(positions, drive, results.response_times);
  Response const& found = *results.response;
  out["response_in_phase"] = to_json(found.in_phase);
  out["response_out_of_phase"] = to_json(found.out_of_phase);
  if (found.is_seen) {
    out["response_amplitude"] = to_json(found.amplitude);
    out["response_phase_lag"] = to_json(found.phase_lag);
    out["spectral_amplification"] = to_json(found.amplification);
  } else {
    nlohmann::json weak = unknown("no response stands out of the noise; run longer or with more walkers");
    for (char const* const name : {"response_amplitude", "response_phase_lag", "spectral_amplification"}) {
      out[name] = weak;
    }
    if (std::isfinite(found.most)) {
      double const ratio = found.most / drive.amplitude;
      out["response_amplitude"]["interval"] = {0.0, found.most};
      out["spectral_amplification"]["interval"] = {0.0, ratio * ratio};
    }
  }
  compare_halves(positions, drive, results.response_times, results);
}

}  // namespace detail

namespace {

using detail::FrameTables;
using detail::is_driven;
using detail::StudySums;
using detail::to_json;
using detail::unknown;

Estimate scaled(Estimate const& e, double factor) {
  return {e.value * factor, e.stderr_ * std::abs(factor)};
}

/// Every rank gets what rank 0 has.
std::vector<double> from_root(Communicator const& comm, std::vector<double> values) {
  std::uint64_t size = values.size();
  comm.broadcast(size);
  values.resize(size);
  comm.broadcast(std::span<double>(values));
  return values;
}

/// Mean per walker of every column.
std::vector<Estimate> means(SampleTable const& table) {
  return jackknife(table, [](std::span<double const> totals, double walkers) {
    std::vector<double> result;
    for (double const total : totals) result.push_back(total / walkers);
    return result;
  });
}

void add_thermodynamics(SampleTable const& cells, StudyParams const& params, double samples, nlohmann::json& out) {
  int const d = params.request.potential->dimension();
  out["potential_energy"] = to_json(mean(cells, Quantity::potential_energy, samples));
  out["position"] = to_json(mean(cells, Quantity::position, samples));
  out["position_squared"] = to_json(mean(cells, Quantity::position_squared, samples));
  if (params.request.params.drive.is_on()) {
    for (char const* const name : {"configurational_temperature", "virial_temperature"}) out[name] = unknown(is_driven);
    if (!is_overdamped(params.request.scheme)) out["kinetic_temperature"] = unknown(is_driven);
    return;
  }
  if (!is_overdamped(params.request.scheme)) {
    out["kinetic_temperature"] = to_json(scaled(mean(cells, Quantity::kinetic, samples), 2.0 / d));
    out["kinetic_temperature_half_step"] = to_json(scaled(mean(cells, Quantity::kinetic_half_step, samples), 2.0 / d));
  }
  out["configurational_temperature"] = to_json(ratio(cells, Quantity::force_squared, Quantity::laplacian));
  out["virial_temperature"] =
      params.request.potential->confines()
          ? to_json(scaled(mean(cells, Quantity::virial, samples), 1.0 / d))
          : unknown("walkers leave every bound in this potential, and <x . grad V> has no limit");
}

FreeEnergyProfile make_free_energy(std::vector<std::uint64_t> const& counts, StudyParams const& params,
                                   EnsembleLayout const& layout) {
  HistogramGrid const& grid = params.request.params.sampling.histogram;
  AnyPotential const& potential = *params.request.potential;
  double const kT = params.request.params.langevin.temperature;
  auto const profile = [&](double x) { return potential.profile_energy(x); };
  auto const surface = [&](double x, double y) {
    return potential.separable() ? potential.profile_energy(x) + potential.profile_energy(y)
                                 : potential.energy(std::array{x, y});
  };
  FreeEnergyProfile result;
  result.value = free_energy(counts, grid, kT, layout);
  if (grid.dimensions == 2) {
    result.exact = exact::free_energy(exact::boltzmann_bins(surface, kT, grid), grid, kT);
  } else if (potential.separable()) {
    result.exact = exact::free_energy(exact::boltzmann_bins(profile, kT, grid), grid, kT);
  } else {
    result.exact.assign(result.value.size(), std::numeric_limits<double>::quiet_NaN());
  }
  return result;
}

/// The share of samples in the last counter of each group, that of all beyond the bins.
double share_outside(std::vector<std::uint64_t> const& counts, HistogramGrid const& grid) {
  auto const counters = static_cast<std::size_t>(grid.counters());
  double outside = 0, all = 0;
  for (std::size_t i = 0; i < counts.size(); ++i) {
    auto const count = static_cast<double>(counts[i]);
    all += count;
    if (i % counters == counters - 1) outside += count;
  }
  return outside / all;
}

void add_correlations(StudyParams const& params, StudySums const& sums, StudyResults& results) {
  SampleTable const products = sums.lags->of(FrameQuantity::position_correlation, sums.origins);
  SampleTable const positions = sums.lags->of(FrameQuantity::position, sums.origins);
  SampleTable const velocities = sums.lags->of(FrameQuantity::velocity_correlation, sums.origins);
  SampleTable const displacements = sums.lags->of(FrameQuantity::displacement, sums.origins);
  FrameTimes const lags{0, results.frame_times.interval};
  results.correlations =
      CorrelationFunctions{lags, correlation(products, &positions), means(velocities), false, means(displacements)};
  nlohmann::json& out = results.observables;
  auto const add = [&](std::string const& name, CorrelationTime const& time) {
    using Reason = CorrelationTime::Reason;
    out[name] = time.reason == Reason::ok           ? to_json(time.time)
                : time.reason == Reason::too_coarse ? unknown("frames are too far apart; lower observables.frame_every")
                : time.reason == Reason::too_short
                    ? unknown("the correlation lasts longer than the lags; raise observables.correlation_frames")
                    : unknown("the coordinate does not vary");
    return time.reason == Reason::too_coarse;
  };
  add("position_correlation_time", correlation_time(products, &positions, lags));
  if (!is_overdamped(params.request.scheme)) {
    results.correlations->velocity_undersampled =
        add("velocity_correlation_time", correlation_time(velocities, nullptr, lags));
  }
  AnyPotential const& potential = *params.request.potential;
  if (potential.diffuses() && params.correlation_frames > 4) {
    out["diffusion_coefficient"] = to_json(diffusion_coefficient(
        displacements, lags, static_cast<int>(params.correlation_frames / 4), potential.dimension()));
  }
}

/// Sums at each lag; nothing where there are none, or the run was shorter than the longest lag.
std::optional<FrameTables> lag_tables(Study& study) {
  std::vector<double> sums = from_root(study.comm(), study.record().correlations);
  if (study.params().correlation_frames == 0) return std::nullopt;
  for (std::int64_t const origins : study.record().origins) {
    if (origins == 0) return std::nullopt;
  }
  return FrameTables(std::move(sums), study.ensemble().layout());
}

}  // namespace

StudyResults evaluate(Study& study) {
  StudyParams const params = study.params_so_far();
  Communicator const& comm = study.comm();
  EnsembleLayout const& layout = study.ensemble().layout();
  SamplingParams const& sampling = params.request.params.sampling;
  StudyResults results;
  double const dt = params.request.params.langevin.dt;
  results.frame_times = {0, static_cast<double>(params.frame_every) * dt};

  FrameTables const frames(from_root(comm, study.record().frames), layout);
  results.position = means(frames.of(FrameQuantity::position));
  results.kinetic_energy = means(frames.of(FrameQuantity::kinetic));
  results.potential_energy = means(frames.of(FrameQuantity::potential));
  results.population_difference = population_difference(frames.of(FrameQuantity::left));

  std::int64_t const samples =
      sampling.every > 0 ? (study.step() - params.request.params.production_start) / sampling.every : 0;
  std::vector<double> const cell_sums = from_root(comm, comm.gather(study.ensemble().cell_sums().values()));
  SampleTable const cells(CellSums(cell_sums), layout);
  auto const lags = lag_tables(study);
  StudySums const sums{.cells = samples > 0 ? &cells : nullptr,
                       .frames = frames,
                       .lags = lags ? &*lags : nullptr,
                       .origins = study.record().origins,
                       .samples = static_cast<double>(samples)};
  if (samples > 0) add_thermodynamics(cells, params, sums.samples, results.observables);
  if (params.request.params.drive.is_on()) detail::add_response(params, frames, results);
  detail::add_rates(params, sums, results);
  if (lags) add_correlations(params, sums, results);

  if (sampling.histogram.dimensions > 0 && samples > 0) {
    auto counts = study.ensemble().histogram();
    comm.sum(std::span<std::uint64_t>(counts));
    results.free_energy = make_free_energy(counts, params, layout);
    results.observables["histogram_outside"] = {{"value", share_outside(counts, sampling.histogram)},
                                                {"stderr", nullptr}};
  }
  detail::add_verdict(params, sums, results);
  return results;
}

}  // namespace kramers::dynamics
