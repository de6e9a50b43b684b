// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/studies/study_results.hpp>
#include <kramers/dynamics/studies/study_units.hpp>
#include <kramers/runtime/h5.hpp>
#include <kramers/runtime/provenance.hpp>

#include <algorithm>
#include <array>
#include <map>

namespace kramers::dynamics {
namespace {

std::vector<double> values(std::vector<Estimate> const& estimates) {
  std::vector<double> result;
  for (Estimate const& e : estimates) result.push_back(e.value);
  return result;
}

std::vector<double> errors(std::vector<Estimate> const& estimates) {
  std::vector<double> result;
  for (Estimate const& e : estimates) result.push_back(e.stderr_);
  return result;
}

std::vector<double> bin_centres(double lower, double upper, int bins) {
  std::vector<double> centres;
  for (int i = 0; i < bins; ++i) centres.push_back(lower + (i + 0.5) * (upper - lower) / bins);
  return centres;
}

void write_column(h5::Writer& file, UnitSystem const& units, std::string const& name,
                  std::vector<double> const& column) {
  file.write(name, column, {column.size()});
  write_unit(file, units, name);
}

/// What every file says about itself, and the header of H5MD.
void write_header(h5::Writer& file, UnitSystem const& units, std::string const& app, nlohmann::json const& summary,
                  nlohmann::json const& provenance, InputRecord const& input) {
  file.attribute("/", "app", app);
  file.attribute("/", "version", version());
  file.attribute("/", "summary", summary.dump());
  file.attribute("/", "provenance", provenance.dump());
  if (summary.contains("partial")) file.attribute("/", "partial", std::int64_t{1});
  write_input(file, input);
  write_h5md(file, units, app);
}

void write_parameters(h5::Writer& file, StudyParams const& params) {
  EnsembleParams const& ensemble = params.request.params;
  file.group("parameters");
  file.attribute("parameters", "kT", ensemble.langevin.temperature);
  file.attribute("parameters", "friction", ensemble.langevin.friction);
  file.attribute("parameters", "mass", ensemble.langevin.mass);
  file.attribute("parameters", "dt", ensemble.langevin.dt);
  file.attribute("parameters", "walkers", ensemble.walkers);
  file.attribute("parameters", "steps", params.steps);
  file.attribute("parameters", "scheme", params.request.scheme);
  file.attribute("parameters", "potential", params.request.potential->kind());
  file.attribute("parameters", "dimensions", std::int64_t{params.request.potential->dimension()});
  if (ensemble.sampling.core_sets) {
    file.attribute("parameters", "cores", std::array{ensemble.sampling.core_a, ensemble.sampling.core_b});
  }
  if (DriveParams const& drive = ensemble.drive; drive.is_on()) {
    file.attribute("parameters", "drive_amplitude", drive.amplitude);
    file.attribute("parameters", "drive_period", static_cast<double>(drive.period) * ensemble.langevin.dt);
    file.attribute("parameters", "drive_phase", drive.phase);
    file.attribute("parameters", "drive_coordinate", std::int64_t{drive.coordinate});
  }
  write_attribute_units(file, params.units, "parameters");
}

/// An H5MD element with explicit steps and times; `steps` are counted from the start of the run.
void write_clock(h5::Writer& file, StudyParams const& params, std::string const& element,
                 std::vector<std::int64_t> const& steps) {
  double const dt = params.request.params.langevin.dt;
  std::vector<double> times;
  for (std::int64_t const step : steps) times.push_back(static_cast<double>(step) * dt);
  file.write(element + "/step", steps, {steps.size()});
  file.write(element + "/time", times, {times.size()});
  file.attribute(element + "/time", "unit", params.units.h5md_unit("time"));
}

void write_box(h5::Writer& file, int dimension) {
  file.group("particles/walkers/box");
  file.attribute("particles/walkers/box", "dimension", std::int64_t{dimension});
  file.attribute("particles/walkers/box", "boundary",
                 std::vector<std::string>(static_cast<std::size_t>(dimension), "none"));
}

/// Rows of `wanted` numbers: those of rows of `dimension` <= wanted numbers, then zeros.
std::vector<double> padded_rows(std::vector<double> const& rows, std::size_t dimension, std::size_t wanted) {
  std::size_t const count = rows.size() / dimension;
  std::vector<double> result(count * wanted, 0.0);
  for (std::size_t i = 0; i < count; ++i) {
    std::copy_n(rows.begin() + static_cast<std::ptrdiff_t>(i * dimension), dimension,
                result.begin() + static_cast<std::ptrdiff_t>(i * wanted));
  }
  return result;
}

void write_trajectory(h5::Writer& file, Study const& study) {
  StudyParams const& params = study.params();
  if (params.trajectory_walkers == 0) return;
  StudyRecord const& record = study.record();
  auto const frames = static_cast<std::uint64_t>(record.trajectory_steps.size());
  auto const all = static_cast<std::uint64_t>(params.trajectory_walkers);
  auto const potential_dimension = static_cast<std::size_t>(params.request.potential->dimension());
  auto const dimension = static_cast<std::uint64_t>(params.trajectory_dimensions);
  EnsembleLayout::Range const own = study.recorded();
  auto const first = static_cast<std::uint64_t>(own.first), count = static_cast<std::uint64_t>(own.size());

  write_box(file, params.trajectory_dimensions);
  for (auto const& [name, data] : {std::pair{"position", &record.positions}, {"velocity", &record.velocities}}) {
    std::string const element = std::string("particles/walkers/") + name;
    write_clock(file, params, element, record.trajectory_steps);
    auto const rows = padded_rows(*data, potential_dimension, dimension);
    file.write_box(element + "/value", rows, {0, first, 0}, {frames, count, dimension}, {frames, all, dimension});
    write_unit(file, params.units, element + "/value");
  }
  std::vector<std::int64_t> ids;
  for (std::int64_t id = 0; id < params.trajectory_walkers; ++id) ids.push_back(id);
  file.write("particles/walkers/id", ids, {ids.size()});
}

void write_series(h5::Writer& file, Study const& study, StudyResults const& results) {
  std::vector<std::int64_t> steps;
  for (std::size_t f = 0; f < results.position.size(); ++f) {
    steps.push_back(study.params().equilibrate + static_cast<std::int64_t>(f) * study.params().frame_every);
  }
  UnitSystem const& units = study.params().units;
  auto const write = [&](std::string const& name, std::vector<Estimate> const& series) {
    std::string const element = "observables/" + name;
    write_clock(file, study.params(), element, steps);
    write_column(file, units, element + "/value", values(series));
    write_column(file, units, element + "/error", errors(series));
  };
  write("position", results.position);
  write("potential_energy", results.potential_energy);
  if (!is_overdamped(study.params().request.scheme)) write("kinetic_energy", results.kinetic_energy);
}

/// A reference, where there is one, as an attribute.
void write_reference(h5::Writer& file, StudyResults const& results, std::string const& name, std::string const& group,
                     std::string const& attribute) {
  auto const found = results.references.find(name);
  if (found != results.references.end()) file.attribute(group, attribute, found->get<double>());
}

void write_population(h5::Writer& file, UnitSystem const& units, StudyResults const& results) {
  std::vector<double> times;
  for (std::size_t f = 0; f < results.population_difference.size(); ++f) {
    times.push_back(results.frame_times.at(static_cast<int>(f)));
  }
  write_column(file, units, "kramers/population/time", times);
  write_column(file, units, "kramers/population/difference", values(results.population_difference));
  write_column(file, units, "kramers/population/error", errors(results.population_difference));
  if (results.decay) {
    DecayFit const& fit = *results.decay;
    file.attribute("kramers/population", "rate", fit.rate.value);
    file.attribute("kramers/population", "rate_error", fit.rate.stderr_);
    file.attribute("kramers/population", "relaxation_rate", fit.eigenvalue.value);
    file.attribute("kramers/population", "prefactor", fit.prefactor.value);
    file.attribute("kramers/population", "fit_begin", fit.begin);
    file.attribute("kramers/population", "fit_end", fit.end);
  }
  for (auto const& [name, attribute] : {std::pair{"rate_kramers_grote_hynes", "reference_rate"},
                                        {"rate_kramers_overdamped", "reference_rate"},
                                        {"rate_exact", "exact_rate"}}) {
    write_reference(file, results, name, "kramers/population", attribute);
  }
  write_attribute_units(file, units, "kramers/population");
}

void write_first_passage(h5::Writer& file, UnitSystem const& units, StudyResults const& results,
                         EnsembleParams const& ensemble) {
  std::string const group = "kramers/survival";
  FirstPassage const& first = *results.first_passage;
  EventRate const& rate = first.passage.rate;
  std::vector<double> times;
  for (std::size_t f = 0; f < first.survival.value.size(); ++f) {
    times.push_back(results.frame_times.at(static_cast<int>(f)));
  }
  write_column(file, units, group + "/time", times);
  write_column(file, units, group + "/value", values(first.survival.value));
  write_column(file, units, group + "/error", errors(first.survival.value));
  file.attribute(group, "rate", rate.value);
  file.attribute(group, "rate_lower", rate.interval.lower);
  file.attribute(group, "rate_upper", rate.interval.upper);
  file.attribute(group, "events", rate.events);
  file.attribute(group, "walkers", ensemble.walkers);
  if (first.exponentiality) file.attribute(group, "p_exponential", first.exponentiality->p_value);
  write_reference(file, results, "first_passage_time_exact", group, "exact_mean_first_passage_time");
  write_attribute_units(file, units, group);
}

void write_core_sets(h5::Writer& file, UnitSystem const& units, StudyResults const& results) {
  std::string const group = "kramers/core_sets";
  CoreSetRelaxation const& relaxation = *results.core_sets;
  std::vector<double> lags;
  for (std::size_t n = 0; n < relaxation.implied.size(); ++n) {
    lags.push_back(results.core_set_lags.at(static_cast<int>(n)));
  }
  write_column(file, units, group + "/lag", lags);
  write_column(file, units, group + "/relaxation_rate", values(relaxation.implied));
  write_column(file, units, group + "/relaxation_rate_error", errors(relaxation.implied));
  if (relaxation.plateau) {
    file.attribute(group, "relaxation_rate", relaxation.plateau->relaxation.value);
    file.attribute(group, "relaxation_rate_error", relaxation.plateau->relaxation.stderr_);
    file.attribute(group, "lag", relaxation.plateau->lag);
  }
  write_reference(file, results, "relaxation_rate_exact", group, "exact_relaxation_rate");
  write_attribute_units(file, units, group);
}

/// The mean position over one period of the drive, in order of time, and its first harmonic.
void write_response(h5::Writer& file, StudyParams const& params, StudyResults const& results) {
  std::string const group = "kramers/response";
  DriveParams const& drive = params.request.params.drive;
  Response const& response = *results.response;
  std::map<std::int64_t, Estimate> by_step;
  for (std::size_t f = 0; f < response.profile.size(); ++f) {
    std::int64_t const step =
        results.response_times.first + static_cast<std::int64_t>(f) * results.response_times.every;
    by_step[step % drive.period] = response.profile[f];
  }
  std::vector<double> times, forces;
  std::vector<Estimate> positions;
  for (auto const& [step, position] : by_step) {
    times.push_back(static_cast<double>(step) * params.request.params.langevin.dt);
    forces.push_back(drive.amplitude * drive_phase(drive, step).cosine);
    positions.push_back(position);
  }
  write_column(file, params.units, group + "/time", times);
  write_column(file, params.units, group + "/position", values(positions));
  write_column(file, params.units, group + "/error", errors(positions));
  write_column(file, params.units, group + "/force", forces);
  if (response.is_seen) {
    file.attribute(group, "amplitude", response.amplitude.value);
    file.attribute(group, "amplitude_error", response.amplitude.stderr_);
    file.attribute(group, "phase_lag", response.phase_lag.value);
    file.attribute(group, "phase_lag_error", response.phase_lag.stderr_);
    file.attribute(group, "amplification", response.amplification.value);
    file.attribute(group, "amplification_error", response.amplification.stderr_);
  }
  file.attribute(group, "frames", response.frames);
  write_attribute_units(file, params.units, group);
}

void write_free_energy(h5::Writer& file, StudyParams const& params, FreeEnergyProfile const& profile) {
  HistogramGrid const& grid = params.request.params.sampling.histogram;
  UnitSystem const& units = params.units;
  std::string const group = "kramers/free_energy";
  h5::Extents extents;
  for (int d = 0; d < grid.dimensions; ++d) extents.push_back(static_cast<std::uint64_t>(grid.bins[d]));
  auto const axis = [&](std::string const& name, int d) {
    write_column(file, units, group + "/" + name, bin_centres(grid.lower[d], grid.upper[d], grid.bins[d]));
  };
  if (grid.dimensions == 1) {
    axis("position", 0);
  } else {
    axis("position_x", 0);
    axis("position_y", 1);
  }
  for (auto const& [name, table] :
       {std::pair{"/value", values(profile.value)}, {"/error", errors(profile.value)}, {"/exact", profile.exact}}) {
    file.write(group + name, table, extents);
    write_unit(file, units, group + name);
  }
  file.attribute(group, "kT", params.request.params.langevin.temperature);
  write_attribute_units(file, units, group);
}

void write_correlations(h5::Writer& file, UnitSystem const& units, CorrelationFunctions const& functions) {
  std::string const group = "kramers/correlation/";
  std::vector<double> times;
  for (std::size_t n = 0; n < functions.position.size(); ++n) times.push_back(functions.lags.at(static_cast<int>(n)));
  write_column(file, units, group + "time", times);
  auto const write = [&](std::string const& name, std::vector<Estimate> const& function) {
    write_column(file, units, group + name, values(function));
    write_column(file, units, group + name + "_error", errors(function));
  };
  write("position", functions.position);
  write("velocity", functions.velocity);
  write("displacement", functions.displacement);
  if (functions.velocity_undersampled) file.attribute("kramers/correlation", "velocity_undersampled", std::int64_t{1});
}

}  // namespace

void write_results(std::filesystem::path const& path, Study const& study, StudyResults const& results,
                   nlohmann::json const& summary, nlohmann::json const& provenance, InputRecord const& input) {
  UnitSystem const& units = study.params().units;
  h5::Writer file(path, study.comm());
  write_header(file, units, "kramers-langevin", summary, provenance, input);
  write_parameters(file, study.params_so_far());
  write_trajectory(file, study);
  write_series(file, study, results);
  write_population(file, units, results);
  if (results.first_passage) write_first_passage(file, units, results, study.params().request.params);
  if (results.core_sets) write_core_sets(file, units, results);
  if (results.response) write_response(file, study.params(), results);
  if (results.free_energy) write_free_energy(file, study.params(), *results.free_energy);
  if (results.correlations) write_correlations(file, units, *results.correlations);
  file.commit();
}

void write_replay(std::filesystem::path const& path, StudyParams const& params, std::uint64_t walker,
                  Replay const& replay, nlohmann::json const& summary, nlohmann::json const& provenance,
                  InputRecord const& input) {
  h5::Writer file(path, Communicator::self());
  write_header(file, params.units, "kramers-langevin", summary, provenance, input);
  write_parameters(file, params);
  auto const dimension = static_cast<std::size_t>(params.request.potential->dimension());
  write_box(file, params.trajectory_dimensions);
  std::vector<double> positions, velocities;
  for (WalkerState const& state : replay.states) {
    for (std::size_t d = 0; d < dimension; ++d) {
      positions.push_back(state.position[d]);
      velocities.push_back(state.velocity[d]);
    }
  }
  auto const written = static_cast<std::uint64_t>(params.trajectory_dimensions);
  h5::Extents const extents{replay.states.size(), 1, written};
  for (auto const& [name, data] : {std::pair{"position", &positions}, {"velocity", &velocities}}) {
    std::string const element = std::string("particles/walkers/") + name;
    write_clock(file, params, element, replay.steps);
    file.write(element + "/value", padded_rows(*data, dimension, written), extents);
    write_unit(file, params.units, element + "/value");
  }
  file.write("particles/walkers/id", std::vector<std::uint64_t>{walker}, {1});
  file.commit();
}

}  // namespace kramers::dynamics
