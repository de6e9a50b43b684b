// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/potentials/cosine.hpp>
#include <kramers/dynamics/potentials/double_well.hpp>
#include <kramers/dynamics/potentials/harmonic.hpp>
#include <kramers/dynamics/potentials/mueller_brown.hpp>
#include <kramers/dynamics/potentials/potential_params.hpp>
#include <kramers/dynamics/potentials/tabulated.hpp>

namespace kramers::dynamics {

std::vector<std::string> const& potential_names() {
  static std::vector<std::string> const names{"harmonic", "double_well", "cosine", "tabulated", "mueller_brown"};
  return names;
}

PotentialParams read_potential(Config const& config) {
  PotentialParams p;
  p.kind = config.one_of("potential.kind", potential_names());
  if (p.kind == "mueller_brown") {
    p.dimensions = 2;
    p.scale = config.positive<double>("potential.scale", p.scale);
    return p;
  }
  if (p.kind == "tabulated") {
    p.table = read_table(config.path("potential.file"));
    if (config.one_of("potential.outside", {"linear", "wall"}, "linear") == "wall") {
      p.wall_stiffness = config.positive<double>("potential.wall_stiffness");
    }
    return p;
  }
  p.dimensions = static_cast<int>(config.get<std::int64_t>("potential.dimensions", 1));
  config.check(p.dimensions >= 1 && p.dimensions <= 3, "potential.dimensions", "1, 2 or 3");
  if (p.kind == "harmonic") {
    p.stiffness = config.non_negative<double>("potential.stiffness", p.stiffness);
    p.centre = config.get<double>("potential.centre", p.centre);
    p.constant_pull = config.get<double>("potential.pull", p.constant_pull);
  } else if (p.kind == "double_well") {
    p.barrier = config.positive<double>("potential.barrier", p.barrier);
    p.tilt = config.get<double>("potential.tilt", p.tilt);
  } else {
    p.barrier = config.non_negative<double>("potential.barrier", p.barrier);
    p.period = config.positive<double>("potential.period", p.period);
    p.constant_pull = config.get<double>("potential.pull", p.constant_pull);
  }
  return p;
}

std::function<double(double)> energy_1d(PotentialParams const& p) {
  if (p.kind == "harmonic") {
    return [v = Harmonic<double>{p.stiffness, p.centre, p.constant_pull}](double x) { return v.energy(x); };
  }
  if (p.kind == "double_well") {
    return [v = DoubleWell<double>{p.barrier, p.tilt}](double x) { return v.energy(x); };
  }
  if (p.kind == "cosine") {
    return [v = PeriodicCosine<double>{p.barrier, p.period, p.constant_pull}](double x) { return v.energy(x); };
  }
  if (p.kind == "tabulated") {
    using Host = Kokkos::DefaultHostExecutionSpace;
    return [v = Tabulated<double, Host>(Host{}, natural_spline(*p.table), p.wall_stiffness)](double x) {
      return v.energy(x);
    };
  }
  throw DomainError("potential", p.kind, "a potential of one coordinate");
}

std::function<double(double, double)> energy_2d(PotentialParams const& p) {
  if (p.kind == "mueller_brown") {
    return [v = MuellerBrown<double>{p.scale}](double x, double y) { return v.energy(Vec<double, 2>{x, y}); };
  }
  return [v = energy_1d(p)](double x, double y) { return v(x) + v(y); };
}

}  // namespace kramers::dynamics
