// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/studies/study_keys.hpp>
#include <kramers/dynamics/studies/study_params.hpp>
#include <kramers/runtime/checkpoints.hpp>
#include <kramers/runtime/units.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <numbers>

namespace kramers::dynamics {
namespace {

// What is kept on rank 0 per frame is a few KiB; this bounds it to some tens of MB.
constexpr std::int64_t max_frames = 10'000;
constexpr std::int64_t max_correlation_frames = 1'000;
// Trajectories are held in memory and in checkpoints until the end.
constexpr std::int64_t max_trajectory_values = 8'000'000;
constexpr int space_dimensions = 3;

std::string listed(std::vector<std::string> const& names) {
  std::string text;
  for (std::string const& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

/// A vector of one value per coordinate.
std::vector<double> per_coordinate(Config const& config, std::string_view key, int dimensions,
                                   std::vector<double> const& fallback, double most) {
  auto values = config.get<std::vector<double>>(key, fallback);
  config.check(std::ssize(values) == dimensions, key,
               "a list of " + std::to_string(dimensions) + " numbers, one per coordinate");
  config.check(std::ranges::all_of(values, [most](double value) { return std::abs(value) <= most; }), key,
               "numbers of at most " + shortest_decimal(most) + " in size");
  return values;
}

void check_scale(Config const& config, std::string_view key, double value, std::string const& precision,
                 std::string const& what = {}) {
  auto const [least, most] = number_range(precision);
  config.check(value >= least && value <= most, key,
               what + "between " + shortest_decimal(least) + " and " + shortest_decimal(most) +
                   ", so that products of such numbers are numbers of " + precision);
}

double read_scale(Config const& config, std::string_view key, std::string const& precision,
                  std::optional<double> fallback = {}) {
  double const value = config.positive<double>(key, fallback);
  check_scale(config, key, value, precision);
  return value;
}

double read_thermal_energy(Config const& config, std::string const& precision) {
  char const* const key = "integrator.temperature";
  UnitSystem const units = read_units(config);
  double const temperature = config.positive<double>(key);
  double const kT = units.thermal_energy(temperature);
  check_scale(config, key, kT, precision, kT == temperature ? "" : "kT in " + units.unit("energy") + " ");
  return kT;
}

/// A potential of impossible height: it shows a little beside a minimum.
void check_energy(Config const& config, AnyPotential const& potential, InitialState const& initial,
                  std::string const& precision) {
  auto const d = static_cast<std::size_t>(potential.dimension());
  double const most = number_range(precision).most;
  auto const check = [&](std::vector<double> const& x) {
    double const energy = potential.energy(x);
    if (std::abs(energy) <= most) return;
    throw config.error("potential", "has the energy " + shortest_decimal(energy) +
                                        " where walkers start or beside it; expected at most " +
                                        shortest_decimal(most) + " in size, or forces are no numbers of " + precision);
  };
  for (double const aside : {-1e-3, 1e-3}) {
    auto x = potential.usual_start();
    for (double& coordinate : x) coordinate += aside;
    check(x);
  }
  check({initial.lower, initial.lower + d});
  check({initial.upper, initial.upper + d});
}

}  // namespace

NumberRange number_range(std::string const& precision) {
  return precision == "f32" ? NumberRange{1e-12, 1e12} : NumberRange{1e-100, 1e100};
}

InitialState read_initial(Config const& config, AnyPotential const& potential, std::string const& precision) {
  InitialState initial;
  int const d = potential.dimension();
  double const most = number_range(precision).most;
  bool const box = config.has("initial.lower") || config.has("initial.upper");
  config.check(!(box && config.has("initial.position")), "initial.position", "absent where lower and upper are given");
  auto const position =
      box ? std::vector<double>{} : per_coordinate(config, "initial.position", d, potential.usual_start(), most);
  auto const lower = box ? per_coordinate(config, "initial.lower", d, {}, most) : position;
  auto const upper = box ? per_coordinate(config, "initial.upper", d, {}, most) : position;
  for (std::size_t i = 0; i < lower.size(); ++i) {
    config.check(lower[i] <= upper[i], "initial.lower", "<= initial.upper");
    initial.lower[i] = lower[i];
    initial.upper[i] = upper[i];
  }
  if (config.has("initial.velocity")) {
    auto const velocity = per_coordinate(config, "initial.velocity", d, {}, most);
    std::copy(velocity.begin(), velocity.end(), initial.velocity);
    initial.thermal_velocity = false;
  }
  check_energy(config, potential, initial, precision);
  return initial;
}

namespace {

/// Friction, or that of walkers that diffuse so fast: D = kT / (m friction).
double read_friction(Config const& config, LangevinParams const& langevin, bool overdamped,
                     std::string const& precision) {
  if (auto const diffusion = config.find<double>("integrator.diffusion")) {
    config.check(!config.has("integrator.friction"), "integrator.diffusion",
                 "absent where integrator.friction is given, for D = kT / (m friction)");
    double const drag = langevin.mass * read_scale(config, "integrator.diffusion", precision);
    double const friction = langevin.temperature / drag;
    auto const [least, most] = number_range(precision);
    config.check(
        friction >= least && friction <= most, "integrator.diffusion",
        "such that the friction kT / (m D) is between " + shortest_decimal(least) + " and " + shortest_decimal(most));
    return friction;
  }
  bool const free = !overdamped && config.non_negative<double>("integrator.friction") == 0;
  return free ? 0.0 : read_scale(config, "integrator.friction", precision);
}

}  // namespace

LangevinParams read_langevin(Config const& config, bool overdamped, std::string const& precision) {
  LangevinParams langevin;
  langevin.dt = read_scale(config, "integrator.dt", precision);
  langevin.temperature = read_thermal_energy(config, precision);
  langevin.mass = read_scale(config, "integrator.mass", precision, 1.0);
  langevin.friction = read_friction(config, langevin, overdamped, precision);
  return langevin;
}

namespace {

/// The period in steps; it is one of the times that dt divides, to the rounding of decimal numbers.
std::int64_t read_period(Config const& config, double dt, std::string const& precision) {
  constexpr std::int64_t fewest = 4;
  double const steps = read_scale(config, "drive.period", precision) / dt, whole = std::round(steps);
  config.check(std::abs(steps - whole) <= 1e-9 * whole && whole >= fewest, "drive.period",
               "a whole multiple of integrator.dt, at least " + std::to_string(fewest) + " of it");
  config.check(whole <= static_cast<double>(DriveParams::longest_period), "drive.period",
               "at most " + std::to_string(DriveParams::longest_period) + " times integrator.dt");
  return static_cast<std::int64_t>(whole);
}

DriveParams read_drive(Config const& config, double dt, int dimensions, std::string const& precision) {
  DriveParams drive;
  if (!config.has("drive")) return drive;
  drive.amplitude = read_scale(config, "drive.amplitude", precision);
  drive.period = read_period(config, dt, precision);
  drive.phase = config.get<double>("drive.phase", 0.0);
  config.check(std::abs(drive.phase) <= 2 * std::numbers::pi, "drive.phase", "between -2 pi and 2 pi");
  drive.coordinate = config.bounded<int>("drive.coordinate", 0, dimensions - 1, 0);
  return drive;
}

/// Steps from frame to frame of driven walkers: frames return to few phases of the period, 16 or the next number that
/// divides it, and there are about as many as `usual` asks for.
std::int64_t frames_of_period(std::int64_t period, std::int64_t usual) {
  std::int64_t phases = std::min<std::int64_t>(16, period);
  while (period % phases != 0) ++phases;
  std::int64_t const nearest = period / phases, periods = std::max<std::int64_t>(0, (usual / nearest - 1) / phases);
  return nearest * (1 + phases * periods);
}

/// What would be called an equilibrium quantity and is none of walkers that are driven.
void refuse_equilibrium(Config const& config) {
  std::string const none = " where the table drive is given: ";
  config.check(!config.has("observables.histogram.bins"), "observables.histogram.bins",
               "absent" + none + "-kT log of a driven density is no free energy");
  config.check(config.get<std::int64_t>("observables.correlation_frames", 0) == 0, "observables.correlation_frames",
               "0" + none + "correlations of driven walkers depend on the phase at which they begin");
}

HistogramGrid read_histogram(Config const& config, int coordinate, int dimensions, double widest) {
  HistogramGrid grid;
  auto const bins = config.find<std::vector<std::int64_t>>("observables.histogram.bins");
  if (!bins) return grid;
  int const most = std::min(2, dimensions - coordinate);
  config.check(!bins->empty() && static_cast<int>(bins->size()) <= most, "observables.histogram.bins",
               "a list of one number" + std::string(most == 2 ? " or two" : ""));
  grid.dimensions = static_cast<int>(bins->size());
  grid.axis = coordinate;
  auto const lower = per_coordinate(config, "observables.histogram.lower", grid.dimensions, {}, widest);
  auto const upper = per_coordinate(config, "observables.histogram.upper", grid.dimensions, {}, widest);
  for (std::size_t d = 0; d < bins->size(); ++d) {
    config.check((*bins)[d] > 0 && (*bins)[d] <= 4096, "observables.histogram.bins", "between 1 and 4096");
    config.check(lower[d] < upper[d], "observables.histogram.lower", "< observables.histogram.upper");
    grid.bins[d] = static_cast<int>((*bins)[d]);
    grid.lower[d] = lower[d];
    grid.upper[d] = upper[d];
  }
  return grid;
}

SamplingParams read_sampling(Config const& config, int dimensions, double widest) {
  SamplingParams sampling;
  sampling.every = config.non_negative<std::int64_t>("observables.every", 10);
  sampling.coordinate = config.bounded<int>("observables.coordinate", 0, dimensions - 1, 0);
  config.renamed("observables.dividing_point", "observables.divide");
  config.renamed("observables.core_sets", "observables.cores");
  sampling.dividing_point = config.get<double>("observables.dividing_point", 0.0);
  if (auto const sets = config.find<std::vector<double>>("observables.core_sets")) {
    config.check(sets->size() == 2 && (*sets)[0] < (*sets)[1], "observables.core_sets",
                 "[a, b] with a < b: core A is x <= a, core B is x >= b");
    sampling.core_sets = true;
    sampling.core_a = (*sets)[0];
    sampling.core_b = (*sets)[1];
  }
  sampling.first_passage = config.get<bool>("observables.first_passage", false);
  config.check(!sampling.first_passage || sampling.core_sets, "observables.first_passage",
               "false unless observables.core_sets is given");
  sampling.histogram = read_histogram(config, sampling.coordinate, dimensions, widest);
  return sampling;
}

void read_frames(Config const& config, StudyParams& study) {
  DriveParams const& drive = study.request.params.drive;
  auto usual = std::max<std::int64_t>(1, study.steps / 200);
  if (drive.is_on()) {
    std::int64_t const wanted = frames_of_period(drive.period, std::max<std::int64_t>(1, study.steps / 1000));
    if (study.steps / wanted <= max_frames) usual = wanted;
  }
  study.frame_every = config.positive<std::int64_t>("observables.frame_every", usual);
  config.check(study.frames() <= max_frames, "observables.frame_every",
               "at least run.steps / " + std::to_string(max_frames));
  study.correlation_frames = config.non_negative<std::int64_t>("observables.correlation_frames", 0);
  config.check(study.correlation_frames <= max_correlation_frames, "observables.correlation_frames",
               "at most " + std::to_string(max_correlation_frames));
  study.transient = config.find<double>("observables.transient");
  config.check(study.transient.value_or(0.0) >= 0, "observables.transient", ">= 0");
}

void read_trajectory(Config const& config, StudyParams& study) {
  study.trajectory_walkers = config.non_negative<std::int64_t>("output.trajectory.walkers", 0);
  study.trajectory_every = config.positive<std::int64_t>("output.trajectory.every", study.frame_every);
  config.check(study.trajectory_walkers <= study.request.params.walkers, "output.trajectory.walkers",
               "at most ensemble.walkers");
  int const dimension = study.request.potential->dimension();
  auto const written = config.get<std::int64_t>("output.trajectory.dimensions", std::int64_t{dimension});
  config.check(dimension <= written && written <= space_dimensions, "output.trajectory.dimensions",
               std::to_string(dimension) + ", as the potential has, to " + std::to_string(space_dimensions));
  study.trajectory_dimensions = static_cast<int>(written);
  auto const values = static_cast<double>(study.trajectory_walkers) *
                      (static_cast<double>(study.steps / study.trajectory_every) + 1) * 2 * study.trajectory_dimensions;
  config.check(values <= max_trajectory_values, "output.trajectory.every",
               "larger: walkers x frames x coordinates x 2 may not exceed " + std::to_string(max_trajectory_values));
}

}  // namespace

namespace {

/// All keys that were asked for, but those that a resumed run may change: how long it is and where files go. Data of the
/// potential count, not the name of their file nor the place in it.
std::string fingerprint(Config const& config, EnsembleRequest const& request) {
  nlohmann::json keys = config.effective();
  erase_places(keys, {"/run/steps", "/checkpoint", "/output/file", "/output/summary", "/output/partial_every",
                      "/output/trajectory/dimensions", "/potential/file", "/potential/columns", "/potential/set"});
  // A checkpoint of the time before there was a drive is one without.
  if (!request.params.drive.is_on()) keys.erase("drive");
  // A checkpoint of the time before there were units is one of a reduced run.
  if (read_units(config).is_reduced()) keys.erase("units");
  keys["precision"] = request.precision;
  keys["potential"]["data"] = request.potential->data_hash();
  return keys.dump();
}

}  // namespace

StudyParams read_study(Config const& config, CommandLine const& options, PotentialList const& potentials) {
  std::vector<KeyNote> notes = shared_and_surface_keys();
  std::ranges::copy(ensemble_keys(), std::back_inserter(notes));
  KeyUnits const key_units(config, notes);
  StudyParams study;
  study.units = read_units(config);
  EnsembleRequest& request = study.request;
  request.space = options.space;
  request.precision = options.precision;
  request.potential = potentials.read(config);
  int const dimension = request.potential->dimension();
  request.scheme = config.one_of("integrator.scheme", scheme_names(), scheme_names().front());
  auto const schemes = request.potential->schemes();
  config.check(std::ranges::find(schemes, request.scheme) != schemes.end(), "integrator.scheme",
               "one of " + listed(schemes) + " where potential.dimensions > 1");

  EnsembleParams& params = request.params;
  params.walkers = config.positive<std::int64_t>("ensemble.walkers");
  config.check(params.walkers <= (std::int64_t{1} << 40), "ensemble.walkers", "at most 2^40");
  params.seed = config.get<std::uint64_t>("ensemble.seed");
  params.langevin = read_langevin(config, is_overdamped(request.scheme), request.precision);
  params.drive = read_drive(config, params.langevin.dt, dimension, request.precision);
  if (params.drive.is_on()) refuse_equilibrium(config);
  params.sampling = read_sampling(config, dimension, number_range(request.precision).most);

  study.initial = read_initial(config, *request.potential, request.precision);
  constexpr std::int64_t too_many = std::int64_t{1} << 45;
  study.equilibrate = config.non_negative<std::int64_t>("run.equilibrate", 0);
  config.check(study.equilibrate < too_many, "run.equilibrate", "below 2^45");
  study.steps = config.positive<std::int64_t>("run.steps");
  config.check(study.steps < too_many - study.equilibrate, "run.steps", "below 2^45 together with run.equilibrate");
  study.sample_after = config.non_negative<std::int64_t>("observables.after", 0);
  config.check(study.sample_after < study.steps, "observables.after", "< run.steps");
  config.check(study.sample_after == 0 || !params.sampling.first_passage, "observables.after",
               "0 where observables.first_passage is true");
  params.production_start = study.equilibrate + study.sample_after;
  read_frames(config, study);
  params.correlations = study.correlation_frames > 0;
  read_trajectory(config, study);

  study.checkpoint_every = config.non_negative<std::int64_t>("checkpoint.every", 0);
  study.checkpoint = config.find_output("checkpoint.file").value_or(std::filesystem::path{});
  study.overwrites = options.overwrite;
  study.partial_every = config.get<double>("output.partial_every", study.partial_every);
  config.check(study.partial_every >= 0, "output.partial_every", ">= 0");
  study.fingerprint = fingerprint(config, request);
  return study;
}

}  // namespace kramers::dynamics
