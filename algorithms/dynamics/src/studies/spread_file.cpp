// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/studies/spread_study.hpp>
#include <kramers/dynamics/studies/study_units.hpp>
#include <kramers/runtime/h5.hpp>
#include <kramers/runtime/provenance.hpp>

#include <nlohmann/json.hpp>

namespace kramers::dynamics {
namespace {

void write_parameters(h5::Writer& file, UnitSystem const& units, SpreadRequest const& request) {
  SpreadParams const& p = request.params;
  file.group("/parameters");
  auto const put = [&](char const* name, auto const& value) { file.attribute("/parameters", name, value); };
  put("potential", request.potential->kind());
  put("scheme", request.scheme);
  put("kT", p.langevin.temperature);
  put("friction", p.langevin.friction);
  put("mass", p.langevin.mass);
  put("dt", p.langevin.dt);
  put("seed", p.seed);
  put("member_seed", p.member_seed.value_or(p.seed));
  put("steps", p.steps);
  put("every", p.every);
  put("members", p.members);
  put("member_steps", p.member_steps);
  put("sigma_position", p.sigma_position);
  put("sigma_velocity", p.sigma_velocity);
  put("tolerance", p.tolerance);
  write_attribute_units(file, units, "parameters");
}

}  // namespace

void write_spread(std::filesystem::path const& path, Communicator const& comm, SpreadRequest const& request,
                  SpreadResult const& result, nlohmann::json const& summary, InputRecord const& input) {
  SpreadParams const& p = request.params;
  h5::Writer file(path, comm);
  file.attribute("/", "app", "kramers-spread");
  file.attribute("/", "version", version());
  file.attribute("/", "provenance", summary.at("provenance").dump());
  write_input(file, input);
  file.attribute("/", "summary", summary.dump());
  UnitSystem const units(summary.at("units").at("system").get<std::string>());
  if (!units.is_reduced())
    file.tag("/", "units", units.name());  // for kramers-classify, which trusts no text of a heap
  write_parameters(file, units, request);

  auto const write = [&](std::string const& dataset, auto const& values, h5::Extents const& extents) {
    file.write(dataset, values, extents);
    write_unit(file, units, dataset);
  };
  Trunk const& trunk = result.trunk;
  h5::Extents const states{trunk.position.size()}, rows{static_cast<std::uint64_t>(p.points())};
  std::vector<double> trunk_time;
  for (std::size_t i = 0; i < trunk.position.size(); ++i) trunk_time.push_back(static_cast<double>(i) * p.langevin.dt);
  write("trunk/time", trunk_time, states);
  write("trunk/position", trunk.position, states);
  write("trunk/velocity", trunk.velocity, states);

  std::vector<double> time, position, velocity;
  for (std::int64_t step = p.every; step <= p.steps; step += p.every) {
    auto const i = static_cast<std::size_t>(step);
    time.push_back(trunk_time[i]);
    position.push_back(trunk.position[i]);
    velocity.push_back(trunk.velocity[i]);
  }
  std::vector<double> const spread = spread_of(result.points);
  write("spread/time", time, rows);
  write("spread/position", position, rows);
  write("spread/velocity", velocity, rows);
  write("spread/lo", result.points.lo, rows);
  write("spread/hi", result.points.hi, rows);
  write("spread/spread", spread, rows);
  write("spread/error", result.points.error, rows);
  write("spread/rate", time_derivative(spread, static_cast<double>(p.every) * p.langevin.dt), rows);
  write("spread/growth", result.points.growth, rows);
  write("spread/members", result.points.members, rows);
  file.commit();
}

}  // namespace kramers::dynamics
