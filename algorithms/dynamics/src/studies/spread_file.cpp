// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/studies/spread_study.hpp>
#include <kramers/runtime/h5.hpp>
#include <kramers/runtime/provenance.hpp>

#include <nlohmann/json.hpp>

namespace kramers::dynamics {
namespace {

void write_parameters(h5::Writer& file, SpreadRequest const& request) {
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
  write_parameters(file, request);

  Trunk const& trunk = result.trunk;
  h5::Extents const states{trunk.position.size()}, rows{static_cast<std::uint64_t>(p.points())};
  std::vector<double> trunk_time;
  for (std::size_t i = 0; i < trunk.position.size(); ++i) trunk_time.push_back(static_cast<double>(i) * p.langevin.dt);
  file.write("/trunk/time", trunk_time, states);
  file.write("/trunk/position", trunk.position, states);
  file.write("/trunk/velocity", trunk.velocity, states);

  std::vector<double> time, position, velocity;
  for (std::int64_t step = p.every; step <= p.steps; step += p.every) {
    auto const i = static_cast<std::size_t>(step);
    time.push_back(trunk_time[i]);
    position.push_back(trunk.position[i]);
    velocity.push_back(trunk.velocity[i]);
  }
  std::vector<double> const spread = spread_of(result.points);
  file.write("/spread/time", time, rows);
  file.write("/spread/position", position, rows);
  file.write("/spread/velocity", velocity, rows);
  file.write("/spread/lo", result.points.lo, rows);
  file.write("/spread/hi", result.points.hi, rows);
  file.write("/spread/spread", spread, rows);
  file.write("/spread/error", result.points.error, rows);
  file.write("/spread/rate", time_derivative(spread, static_cast<double>(p.every) * p.langevin.dt), rows);
  file.write("/spread/growth", result.points.growth, rows);
  file.write("/spread/members", result.points.members, rows);
  file.commit();
}

}  // namespace kramers::dynamics
