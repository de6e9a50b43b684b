// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/estimators/exact.hpp>
#include <kramers/dynamics/studies/study_results.hpp>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace kramers::dynamics {
namespace {

nlohmann::json to_json(Estimate const& e) {
  return {{"value", e.value}, {"stderr", e.stderr_}};
}

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

/// Rows of frames or lags (row, group, FrameQuantity) as tables of groups with one column per row.
class FrameTables {
 public:
  FrameTables(std::vector<double> sums, EnsembleLayout const& layout)
      : m_sums(std::move(sums)), m_groups(static_cast<std::size_t>(layout.groups)) {
    std::vector<double> const cells = cell_walkers(layout);
    m_walkers.assign(m_groups, 0.0);
    for (std::size_t c = 0; c < cells.size(); ++c) {
      m_walkers[c / static_cast<std::size_t>(layout.cells_per_group)] += cells[c];
    }
  }

  std::size_t rows() const { return m_sums.size() / (m_groups * row_length<FrameQuantity>); }

  /// One quantity; column i is divided by weight[i] if there are weights.
  SampleTable of(FrameQuantity quantity, std::vector<std::int64_t> const& weight = {}) const {
    std::size_t const columns = rows();
    std::vector<double> sums(m_groups * columns);
    for (std::size_t row = 0; row < columns; ++row) {
      for (std::size_t g = 0; g < m_groups; ++g) {
        double const sum =
            m_sums[(row * m_groups + g) * row_length<FrameQuantity> + static_cast<std::size_t>(index(quantity))];
        sums[g * columns + row] = weight.empty() ? sum : sum / static_cast<double>(weight[row]);
      }
    }
    return SampleTable(std::move(sums), static_cast<int>(columns), m_walkers);
  }

 private:
  std::vector<double> m_sums, m_walkers;
  std::size_t m_groups;
};

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
  if (!is_overdamped(params.request.scheme)) {
    out["kinetic_temperature"] = to_json(scaled(mean(cells, Quantity::kinetic, samples), 2.0 / d));
    out["kinetic_temperature_half_step"] = to_json(scaled(mean(cells, Quantity::kinetic_half_step, samples), 2.0 / d));
  }
  out["configurational_temperature"] = to_json(ratio(cells, Quantity::force_squared, Quantity::laplacian));
  out["virial_temperature"] = to_json(scaled(mean(cells, Quantity::virial, samples), 1.0 / d));
  out["potential_energy"] = to_json(mean(cells, Quantity::potential_energy, samples));
  out["position"] = to_json(mean(cells, Quantity::position, samples));
  out["position_squared"] = to_json(mean(cells, Quantity::position_squared, samples));
}

void add_core_sets(SampleTable const& cells, StudyParams const& params, nlohmann::json& out) {
  SamplingParams const& sampling = params.request.params.sampling;
  double const dt = params.request.params.langevin.dt;
  double const interval = static_cast<double>(sampling.every) * dt;
  out["core_set_rate_ab"] = to_json(core_set_rate(cells, Quantity::transitions_ab, Quantity::samples_in_a, interval));
  out["core_set_rate_ba"] = to_json(core_set_rate(cells, Quantity::transitions_ba, Quantity::samples_in_b, interval));
  out["transitions"] = {{"value", cells.total(Quantity::transitions_ab) + cells.total(Quantity::transitions_ba)},
                        {"stderr", nullptr}};
  if (sampling.first_passage) {
    PassageTime const passage = passage_time(cells, dt);
    out["first_passage_time"] = to_json(passage.mean);
    out["first_passage_fraction"] = {{"value", passage.passed}, {"stderr", nullptr}};
  }
}

/// The two wells of the observed coordinate, if it has two.
std::optional<exact::TwoWells> wells_of(StudyParams const& params) {
  AnyPotential const& potential = *params.request.potential;
  if (!potential.separable() || !potential.confines()) return std::nullopt;
  auto const energy = [&](double x) { return potential.profile_energy(x); };
  double const kT = params.request.params.langevin.temperature;
  return exact::find_wells(energy, exact::confinement(energy, kT, params.initial.lower[0]));
}

/// P_left - P_right of the observed coordinate in equilibrium.
double equilibrium_difference(StudyParams const& params) {
  auto const energy = [&](double x) { return params.request.potential->profile_energy(x); };
  double const kT = params.request.params.langevin.temperature;
  double const divide = params.request.params.sampling.dividing_point;
  exact::Interval const whole = exact::confinement(energy, kT, params.initial.lower[0]);
  double lowest = energy(whole.lower);
  for (int i = 1; i <= 1000; ++i)
    lowest = std::min(lowest, energy(whole.lower + i * (whole.upper - whole.lower) / 1000));
  auto const left = [&](exact::Interval const& range) {
    return exact::integrate([&](double x) { return std::exp((lowest - energy(x)) / kT); }, range);
  };
  double const total = left(whole);
  return divide <= whole.lower ? -1.0 : 2.0 * left({whole.lower, std::min(divide, whole.upper)}) / total - 1.0;
}

void add_rate(StudyParams const& params, SampleTable const& left, StudyResults& results) {
  auto const wells = wells_of(params);
  LangevinParams const& langevin = params.request.params.langevin;
  nlohmann::json& out = results.observables;
  if (wells) {
    double const omega0 = std::sqrt(wells->left_curvature / langevin.mass);
    double const omegab = std::sqrt(wells->top_curvature / langevin.mass);
    bool const overdamped = is_overdamped(params.request.scheme);
    auto const theory = overdamped ? exact::kramers_overdamped : exact::kramers_grote_hynes;
    results.references[overdamped ? "rate_kramers_overdamped" : "rate_kramers_grote_hynes"] =
        theory(omega0, omegab, langevin.friction, wells->left_barrier, langevin.temperature);
    results.decay = fit_population_decay(left, results.frame_times, {equilibrium_difference(params), params.transient});
  }
  if (results.decay) {
    out["rate"] = to_json(results.decay->rate);
    out["relaxation_rate"] = to_json(results.decay->eigenvalue);
    results.references["rate_method"] = "decay of the population difference";
  } else if (params.request.params.sampling.core_sets && params.request.params.sampling.every > 0) {
    out["rate"] = out["core_set_rate_ab"];
    results.references["rate_method"] = "transitions between core sets";
  }
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

void add_correlations(StudyParams const& params, StudyRecord const& record, FrameTables const& sums,
                      StudyResults& results) {
  for (std::int64_t const origins : record.origins) {
    if (origins == 0) return;  // the run was shorter than the longest lag
  }
  SampleTable const products = sums.of(FrameQuantity::position_correlation, record.origins);
  SampleTable const positions = sums.of(FrameQuantity::position, record.origins);
  SampleTable const velocities = sums.of(FrameQuantity::velocity_correlation, record.origins);
  SampleTable const displacements = sums.of(FrameQuantity::displacement, record.origins);
  FrameTimes const lags{0, results.frame_times.interval};
  results.correlations =
      CorrelationFunctions{lags, correlation(products, &positions), means(velocities), means(displacements)};
  nlohmann::json& out = results.observables;
  out["position_correlation_time"] = to_json(correlation_time(products, &positions, lags).time);
  if (!is_overdamped(params.request.scheme)) {
    out["velocity_correlation_time"] = to_json(correlation_time(velocities, nullptr, lags).time);
  }
  AnyPotential const& potential = *params.request.potential;
  if (potential.diffuses() && params.correlation_frames > 4) {
    out["diffusion_coefficient"] = to_json(diffusion_coefficient(
        displacements, lags, static_cast<int>(params.correlation_frames / 4), potential.dimension()));
  }
}

}  // namespace

StudyResults evaluate(Study& study) {
  StudyParams const& params = study.params();
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
  if (samples > 0) {
    SampleTable const cells(CellSums(cell_sums), layout);
    add_thermodynamics(cells, params, static_cast<double>(samples), results.observables);
    if (sampling.core_sets) add_core_sets(cells, params, results.observables);
  }
  add_rate(params, frames.of(FrameQuantity::left), results);

  if (sampling.histogram.dimensions > 0 && samples > 0) {
    auto counts = study.ensemble().histogram();
    comm.sum(std::span<std::uint64_t>(counts));
    results.free_energy = make_free_energy(counts, params, layout);
  }
  if (params.correlation_frames > 0) {
    FrameTables const lags(from_root(comm, study.record().correlations), layout);
    add_correlations(params, study.record(), lags, results);
  }
  return results;
}

}  // namespace kramers::dynamics
