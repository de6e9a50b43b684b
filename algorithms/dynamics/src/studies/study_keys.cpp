// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/studies/study_keys.hpp>

#include <algorithm>

namespace kramers::dynamics {

std::vector<KeyNote> shared_keys() {
  return {
      {"units.system", "", "of numbers without a unit, and of results"},
      {"ensemble.seed", "", "seed of all random numbers, below 2^63"},
      {"potential.kind", "", "which potential"},
      {"potential.dimensions", "", "1 to 3 equal coordinates"},
      {"potential.barrier", "energy", "its height: barrier (x^2-1)^2, of a cosine barrier (1-cos(2 pi x/period))/2"},
      {"potential.tilt", "energy / length", "+ tilt x"},
      {"potential.stiffness", "energy / length^2", "stiffness (x-centre)^2/2"},
      {"potential.centre", "length", "where the minimum is"},
      {"potential.period", "length", "of the washboard; of a periodic table, where its header has none"},
      {"potential.external_force", "energy / length", "- external_force x"},
      {"potential.scale", "", "times the published surface, or the energies of the table"},
      {"potential.energy", "",
       "formula of x, in expression_2d of x and y; its other names are keys of potential.constants"},
      {"potential.file", "", "table of positions and energies: text, CSV, Grace, PLUMED"},
      {"potential.columns", "", "[position, energy] among several columns, from 1",
       "the two, or those the header names"},
      {"potential.set", "", "which of several sets of a Grace file, from 1"},
      {"potential.length_unit", "", "of the table's positions and period, as angstrom", "that of units.system"},
      {"potential.energy_unit", "", "of the table's energies, as kcal/mol", "that of units.system"},
      {"potential.outside", "", "beyond the ends of the table"},
      {"potential.wall_stiffness", "energy / length^2", "of a harmonic wall", "needed with outside wall"},
      {"integrator.scheme", "", "baoab and leimkuhler-matthews alone where dimensions > 1"},
      {"integrator.dt", "time", "time step"},
      {"integrator.friction", "1 / time", "gamma; 0 for motion without a bath", "needed without diffusion"},
      {"integrator.diffusion", "length^2 / time", "instead: D = kT / (m gamma)", "none"},
      {"integrator.temperature", "temperature",
       "kT as an energy, but T in K with units md; noise and friction keep it"},
      {"integrator.mass", "mass", "m, of each walker"},
      {"initial.position", "length", "where walkers start, one number per coordinate", "a minimum"},
      {"initial.lower", "length", "instead: uniform in a box, from this corner", "none"},
      {"initial.upper", "length", "to this one", "needed with lower"},
      {"initial.velocity", "length / time", "the same for all walkers, one number per coordinate", "thermal"},
  };
}

std::vector<KeyNote> surface_keys() {
  return {
      {"potential.file", "",
       "table of positions and energies: text, CSV, Grace, PLUMED, of a surface also GROMACS XPM and HDF5"},
      {"potential.columns", "", "[position, energy], of a surface [x, y, energy], among several columns, from 1",
       "all, or those the header names"},
      {"potential.outside_x", "", "beyond the ends of a surface along x",
       "periodic where the header says so, else linear"},
      {"potential.outside_y", "", "and along y", "periodic where the header says so, else linear"},
      {"potential.wall_stiffness_x", "energy / length^2", "of harmonic walls of a surface along x",
       "needed with outside_x wall"},
      {"potential.wall_stiffness_y", "energy / length^2", "and along y", "needed with outside_y wall"},
      {"potential.period_x", "length", "of a surface along x",
       "needed with outside_x periodic, unless the header has it"},
      {"potential.period_y", "length", "and along y", "needed with outside_y periodic, unless the header has it"},
  };
}

std::vector<KeyNote> shared_and_surface_keys() {
  std::vector<KeyNote> keys = shared_keys();
  auto place = std::ranges::find(keys, "potential.wall_stiffness", &KeyNote::key) + 1;
  for (KeyNote const& note : surface_keys()) {
    auto const found = std::ranges::find(keys, note.key, &KeyNote::key);
    if (found != keys.end()) {
      *found = note;
    } else {
      place = keys.insert(place, note) + 1;
    }
  }
  return keys;
}

std::vector<KeyNote> ensemble_keys() {
  return {
      {"drive.amplitude", "energy / length", "amplitude of a uniform force A cos(2 pi t / P + phase) on each walker",
       "none"},
      {"drive.period", "time", "period P of the force, a whole multiple of integrator.dt", "needed with amplitude"},
      {"drive.phase", "", "at the first step of the run, in radians", "0"},
      {"drive.coordinate", "", "along which it acts, from 0", "0"},
      {"ensemble.walkers", "", "how many, at most 2^40"},
      {"run.equilibrate", "steps", "before production"},
      {"run.steps", "steps", "of production"},
      {"observables.every", "steps", "between samples; 0: none"},
      {"observables.after", "steps", "of production before sampling begins"},
      {"observables.coordinate", "", "which coordinate is observed, from 0"},
      {"observables.dividing_point", "length", "left of it counts as P_left"},
      {"observables.core_sets", "length", "[a, b]: core set A is x <= a, core set B x >= b"},
      {"observables.first_passage", "", "measure the time of the first entry into core set B"},
      {"observables.frame_every", "steps",
       "between frames of the time series; driven, from phase to phase of the period", "run.steps / 200"},
      {"observables.correlation_frames", "frames", "lags of time correlations"},
      {"observables.transient", "time", "time until a decay is exponential", "detected"},
      {"observables.histogram.bins", "", "one number, or two for a surface"},
      {"observables.histogram.lower", "length", "lower edges, one per number of bins", "needed with bins"},
      {"observables.histogram.upper", "length", "upper edges", "needed with bins"},
      {"output.file", "", "as --output, which comes first; a replay ignores it"},
      {"output.summary", "", "as --summary, which comes first; a replay ignores it"},
      {"output.partial_every", "s", "between results of the unfinished run; 0: none before the end"},
      {"output.trajectory.walkers", "", "ids 0 ... walkers-1 are recorded"},
      {"output.trajectory.every", "steps", "between recorded states", "observables.frame_every"},
      {"output.trajectory.dimensions", "",
       "coordinates of each; beyond the potential's 0, as readers of molecules want 3", "the potential's"},
      {"checkpoint.every", "steps", "between checkpoints; 0: only when a signal ends the run"},
      {"checkpoint.file", "", "where checkpoints go", "OUTPUT.checkpoint.h5"},
  };
}

std::vector<KeyNote> spread_keys() {
  return {
      {"trunk.steps", "steps", "of the trunk that are stored"},
      {"trunk.equilibrate", "steps", "before the first stored state"},
      {"trunk.walker", "", "which walker of the ensemble with this seed is the trunk, below 2^16"},
      {"spread.seed", "", "of the members: another one repeats the map on the same trunk", "ensemble.seed"},
      {"spread.every", "steps", "of the trunk from point to point; the first point is at this step"},
      {"spread.members", "", "members per point"},
      {"spread.steps", "steps", "of each member"},
      {"spread.sigma_position", "length", "standard deviation of the offsets in position"},
      {"spread.sigma_velocity", "length / time", "and in velocity", "0.01, overdamped 0"},
      {"spread.adaptive.tolerance", "length", "wanted error of each spread; makes the map adaptive", "none"},
      {"spread.adaptive.max_members", "", "cap per point, at least 4 spread.members", "16 spread.members"},
      {"output.file", "", "as --output, which comes first"},
      {"output.summary", "", "as --summary, which comes first"},
  };
}

std::vector<InputExample> potential_examples(PotentialList const& potentials, std::string const& rest) {
  std::string const usual = "[integrator]\ndt = 0.01\nfriction = 1.0\ntemperature = 0.5\n";
  auto const example = [&](std::string const& name, std::string const& about, std::string const& parameters,
                           std::string const& integrator) {
    return InputExample{name, about, "[potential]\nkind = \"" + name + "\"\n" + parameters + integrator + rest};
  };
  std::vector<InputExample> known = {
      example("double_well", "Walkers cross the barrier of a double well.", "barrier = 1.0\n", usual),
      example("harmonic", "Walkers in a harmonic potential.", "stiffness = 1.0\n", usual),
      example("cosine", "Walkers diffuse over a washboard.", "barrier = 1.0\nperiod = 1.0\n", usual),
      example("tabulated", "Walkers in a potential that a table gives.",
              "file = \"profile.dat\"\noutside = \"wall\"\nwall_stiffness = 10.0\n", usual),
      example("tabulated_2d", "Walkers on a surface that a table gives.",
              "file = \"surface.dat\"\noutside_x = \"wall\"\nwall_stiffness_x = 10.0\n"
              "outside_y = \"wall\"\nwall_stiffness_y = 10.0\n",
              usual),
      example("mueller_brown", "Walkers on the surface of Mueller and Brown.", "scale = 1.0\n",
              "[integrator]\ndt = 0.004\nfriction = 10.0\ntemperature = 15.0\n"),
      example("expression", "Walkers in a potential that a formula gives.", "energy = \"(x^2 - 1)^2 + 0.1*x\"\n",
              usual),
      example("expression_2d", "Walkers on a surface that a formula gives.", "energy = \"(x^2 - 1)^2 + 2*(y - x)^2\"\n",
              usual),
  };
  for (InputExample& one : known) {
    if (one.name == "tabulated") one.files["profile.dat"] = "-2 4\n-1 0\n-0.5 0.6\n0 1\n0.5 0.6\n1 0\n2 4\n";
    if (one.name == "tabulated_2d") {
      one.files["surface.dat"] =
          "-2 -1 5\n-2 0 4\n-2 1 5\n-1 -1 1\n-1 0 0\n-1 1 1\n0 -1 2\n0 0 1\n0 1 2\n1 -1 1\n1 0 0\n1 1 1\n"
          "2 -1 5\n2 0 4\n2 1 5\n";
    }
  }
  std::vector<InputExample> examples;
  auto const names = potentials.names();
  for (InputExample& one : known) {
    if (std::ranges::find(names, one.name) != names.end()) examples.push_back(std::move(one));
  }
  for (std::string const& name : names) {
    if (std::ranges::find(examples, name, &InputExample::name) != examples.end()) continue;
    examples.push_back(example(name, "", "", usual));
    examples.back().name.clear();
  }
  return examples;
}

}  // namespace kramers::dynamics
