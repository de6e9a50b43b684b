// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/estimators/estimators.hpp>
#include <kramers/dynamics/studies/spread_study.hpp>
#include <kramers/dynamics/studies/study_keys.hpp>
#include <kramers/dynamics/studies/study_memory.hpp>
#include <kramers/dynamics/studies/study_params.hpp>
#include <kramers/runtime/collective_errors.hpp>
#include <kramers/runtime/provenance.hpp>
#include <kramers/runtime/units.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <iterator>
#include <numeric>

namespace kramers::dynamics {
namespace {

constexpr char app_name[] = "kramers-spread";

/// The mean along the trunk; neighbours are correlated, so the error comes from blocks of them.
Estimate mean_of_blocks(std::vector<double> const& values) {
  std::size_t const n = values.size(), blocks = std::min<std::size_t>(n, 20);
  std::vector<double> sums(blocks, 0.0), counts(blocks, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    sums[i * blocks / n] += values[i];
    counts[i * blocks / n] += 1;
  }
  return jackknife(SampleTable(sums, 1, counts),
                   [](std::span<double const> total, double count) { return std::vector<double>{total[0] / count}; })
      .front();
}

nlohmann::json to_json(Estimate const& estimate) {
  return {{"value", estimate.value}, {"stderr", estimate.stderr_}};
}

void add_observables(nlohmann::json& summary, SpreadParams const& p, SpreadResult const& result) {
  auto const& members = result.points.members;
  std::int64_t const walkers = std::accumulate(members.begin(), members.end(), std::int64_t{1});
  std::int64_t const steps = p.equilibrate + p.steps + (walkers - 1) * p.member_steps;
  summary["walkers"] = walkers;
  summary["walker_steps_per_s"] = static_cast<double>(steps) / result.seconds;
  summary["observables"] = {{"spread", to_json(mean_of_blocks(spread_of(result.points)))},
                            {"growth", to_json(mean_of_blocks(result.points.growth))}};
  if (!p.adaptive()) return;
  AdaptiveReport const report = report_adaptive(p, result.points);
  summary["adaptive"] = {{"tolerance", p.tolerance},
                         {"max_members", p.max_members},
                         {"member_steps", report.member_steps},
                         {"fixed_member_steps", report.fixed_member_steps},
                         {"saving", report.saving()},
                         {"uncertain_points", report.uncertain_points}};
}

void read_adaptive(Config const& config, SpreadParams& p) {
  if (!config.has("spread.adaptive")) return;
  p.tolerance = config.positive<double>("spread.adaptive.tolerance");
  p.max_members = config.get<std::int64_t>("spread.adaptive.max_members", 16 * p.members);
  config.check(p.max_members >= first_batches * p.members && p.max_members <= max_member_id,
               "spread.adaptive.max_members",
               "between " + std::to_string(first_batches) + " * spread.members and 2^16");
}

}  // namespace

SpreadRequest read_spread(Config const& config, CommandLine const& options, PotentialList const& potentials) {
  std::vector<KeyNote> notes = shared_keys();
  std::ranges::copy(spread_keys(), std::back_inserter(notes));
  KeyUnits const key_units(config, notes);
  SpreadRequest request;
  request.space = options.space;
  request.precision = options.precision;
  request.potential = potentials.read(config);
  config.check(request.potential->dimension() == 1, "potential.kind", "a potential of one coordinate");
  request.scheme = config.one_of("integrator.scheme", scheme_names(), scheme_names().front());
  bool const overdamped = is_overdamped(request.scheme);

  SpreadParams& p = request.params;
  p.langevin = read_langevin(config, overdamped, request.precision);
  p.seed = config.get<std::uint64_t>("ensemble.seed");
  p.start = read_initial(config, *request.potential, request.precision);
  p.walker = config.non_negative<std::int64_t>("trunk.walker", p.walker);
  config.check(p.walker < max_member_id, "trunk.walker", "below 2^16");
  p.equilibrate = config.non_negative<std::int64_t>("trunk.equilibrate", p.equilibrate);
  p.steps = config.positive<std::int64_t>("trunk.steps");
  constexpr std::int64_t most = std::int64_t{1} << 32;
  config.check(p.steps < most && p.equilibrate < most - p.steps, "trunk.steps",
               "below 2^32 together with trunk.equilibrate");
  p.member_seed = config.find<std::uint64_t>("spread.seed");
  p.every = config.positive<std::int64_t>("spread.every", p.every);
  config.check(p.every <= p.steps, "spread.every", "at most trunk.steps, or there is no point");
  p.members = config.get<std::int64_t>("spread.members", p.members);
  config.check(p.members >= 2 && p.members <= max_member_id, "spread.members", "between 2 and 2^16");
  p.member_steps = config.positive<std::int64_t>("spread.steps", p.member_steps);
  p.sigma_position = config.non_negative<double>("spread.sigma_position", p.sigma_position);
  p.sigma_velocity = config.non_negative<double>("spread.sigma_velocity", overdamped ? 0.0 : p.sigma_velocity);
  double const widest = number_range(request.precision).most;
  config.check(p.sigma_position <= widest, "spread.sigma_position", "at most " + shortest_decimal(widest));
  config.check(p.sigma_velocity <= widest, "spread.sigma_velocity", "at most " + shortest_decimal(widest));
  config.check(!overdamped || p.sigma_velocity == 0, "spread.sigma_velocity",
               "0 for an overdamped scheme, which has no velocity");
  read_adaptive(config, p);
  return request;
}

SpreadResult compute_spread(SpreadRequest request, Communicator const& comm) {
  require_memory(comm, memory_needed(request, comm.rank(), comm.size()), request.space);
  request.range = points_of(request.params.points(), comm.rank(), comm.size());
  std::unique_ptr<AnySpreadMap> map;
  SpreadResult result;
  SpreadPoints here;
  agree(comm, [&] { map = make_spread_map(request); });
  comm.barrier();
  auto const begin = std::chrono::steady_clock::now();
  map->run();
  map->wait();
  double const seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  agree(comm, [&] {
    result.trunk = map->trunk();
    here = map->points();
  });
  result.seconds = comm.max(seconds);
  result.state_bytes = comm.sum(map->state_bytes());
  result.state_hash = comm.sum(spread_hash(here, request.range.first));
  result.points = {comm.gather(here.lo), comm.gather(here.hi), comm.gather(here.error), comm.gather(here.growth),
                   comm.gather(here.members)};
  return result;
}

nlohmann::json summarise_spread(SpreadRequest const& request, SpreadResult const& result, Communicator const& comm) {
  SpreadParams const& p = request.params;
  double const estimate = comm.max(host_bytes(memory_needed(request, comm.rank(), comm.size()), request.space));
  char hash[19];
  std::snprintf(hash, sizeof hash, "0x%016llx", static_cast<unsigned long long>(result.state_hash));
  nlohmann::json summary{{"app", app_name},
                         {"version", version()},
                         {"space", request.space},
                         {"precision", request.precision},
                         {"ranks", comm.size()},
                         {"threads", thread_count(request.space)},
                         {"steps", p.steps},
                         {"points", p.points()},
                         {"wall_s", result.seconds},
                         {"state_hash", hash},
                         {"memory",
                          {{"state_bytes", result.state_bytes},
                           {"peak_resident_bytes_per_rank", peak_memory(comm)},
                           {"estimated_bytes_per_rank", estimate}}}};
  if (comm.is_root()) add_observables(summary, p, result);
  std::string text = summary.dump();
  comm.broadcast(text);
  return nlohmann::json::parse(text);
}

}  // namespace kramers::dynamics
