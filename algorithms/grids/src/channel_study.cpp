// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/grids/studies/channel_study.hpp>
#include <kramers/grids/studies/image_file.hpp>
#include <kramers/runtime/collective_errors.hpp>
#include <kramers/runtime/provenance.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <limits>
#include <utility>

#include "field_rows.hpp"

namespace kramers::grids {
namespace {

/// Three digits, as sentences take them.
std::string rounded(double value) {
  char text[32];
  std::snprintf(text, sizeof text, "%.3g", value);
  return text;
}

/// Refuse a step for which any flow blows up; warn of one that only a flow without dependence on x survives.
void check_stability(ChannelRequest& request, std::string const& key) {
  ChannelStability const stability = stability_of(request.params);
  if (stability.stable()) return;
  bool const uniform = request.params.start == ChannelStart::rest;
  std::string const said = "dt = " + shortest_decimal(request.params.dt) +
                           " makes nu dt (1/dx^2 + 1/dy^2) = " + rounded(stability.number) + ", above 1/2";
  std::string const largest = "the largest stable dt is " + shortest_decimal(stability.largest_dt);
  if (!uniform || !stability.stable_while_uniform()) {
    std::string const more =
        uniform ? "; a flow that does not depend on x is stable up to " + shortest_decimal(stability.largest_uniform_dt)
                : std::string();
    throw request.config->error(key, "cannot be: " + said + "; " + largest + more);
  }
  request.warnings.push_back(said + ": the flow survives only while all columns have the same bits; " + largest);
}

ChannelState state_of(AnyChannel& flow, Communicator const& comm) {
  auto const [u, v, p] = flow.fields();
  ChannelState state;
  auto const columns = static_cast<std::size_t>(flow.block().columns);
  std::uint64_t different = 0;
  for (std::size_t k = 0; k < u.size(); ++k) {
    std::size_t const first = k / columns * columns;
    if (u[k] != u[first] || v[k] != v[first] || p[k] != p[first]) ++different;
    state.sum_u2 += u[k] * u[k];
    state.sum_v2 += v[k] * v[k];
    state.sum_p2 += (p[k] - 1) * (p[k] - 1);
    state.most_v = std::max(state.most_v, std::abs(v[k]));
    state.most_p = std::max(state.most_p, std::abs(p[k] - 1));
  }
  state.uniform = comm.sum(different) == 0;
  state.sum_u = flow.sum_u();
  for (double* const sum : {&state.sum_u2, &state.sum_v2, &state.sum_p2}) *sum = comm.sum(*sum);
  for (double* const most : {&state.most_v, &state.most_p}) *most = comm.max(*most);
  return state;
}

}  // namespace

ChannelRequest read_channel(Config const& config, CommandLine const& options, int ranks) {
  ChannelRequest request;
  request.config = &config;
  request.space = options.space;
  request.precision = options.precision;
  ChannelParams& params = request.params;
  constexpr std::int64_t most = 1 << 20;
  params.rows = config.bounded<std::int64_t>("grid.rows", 3, most, params.rows);
  params.columns = config.bounded<std::int64_t>("grid.columns", 3, most, params.columns);
  config.check(params.rows >= 2 * std::int64_t{ranks}, "grid.rows",
               "at least two for each of the " + std::to_string(ranks) + " ranks: start fewer, or take a larger grid");
  params.viscosity = config.non_negative<double>("flow.viscosity", params.viscosity);
  params.density = config.positive<double>("flow.density", params.density);
  params.force = config.get<double>("flow.force", params.force);
  auto const sigma = config.find<double>("flow.sigma");
  config.check(!sigma || !config.has("flow.dt"), "flow.sigma", "absent where flow.dt is given");
  if (sigma) {
    config.check(*sigma > 0, "flow.sigma", "> 0");
    config.check(params.viscosity > 0, "flow.sigma", "absent where flow.viscosity is 0: give flow.dt");
    params.dt = *sigma * params.dx() * params.dy() / params.viscosity;
  } else {
    params.dt = config.positive<double>("flow.dt", params.dt);
  }
  params.sweeps = config.bounded<std::int64_t>("flow.sweeps", 0, 1'000'000, params.sweeps);
  params.start = config.one_of("flow.start", {"rest", "perturbed"}, "rest") == "rest" ? ChannelStart::rest
                                                                                      : ChannelStart::perturbed;
  request.steps = config.bounded<std::int64_t>("flow.steps", 1, 1'000'000'000, request.steps);
  request.tolerance = config.find<double>("flow.tolerance");
  config.check(!request.tolerance || *request.tolerance > 0, "flow.tolerance", "> 0");
  request.round_off = config.get<bool>("flow.round_off", false);
  check_stability(request, sigma ? "flow.sigma" : "flow.dt");
  nlohmann::json keys = config.effective();
  keys["precision"] = request.precision;
  request.fingerprint = checkpoint_fingerprint(std::move(keys), {"/flow/steps", "/flow/tolerance", "/flow/round_off"});
  return request;
}

std::vector<KeyNote> channel_keys() {
  return {
      {"grid.rows", "", "of the square [0, 2]^2, walls included"},
      {"grid.columns", "", "both columns of the seam included"},
      {"flow.dt", "", "time step"},
      {"flow.sigma", "", "instead of dt: dt = sigma dx dy / viscosity", "none"},
      {"flow.viscosity", "", "kinematic viscosity nu"},
      {"flow.density", "", "density rho"},
      {"flow.force", "", "that drives u"},
      {"flow.sweeps", "", "of the pressure, each step"},
      {"flow.start", "", "fluid at rest, or with a v that depends on x"},
      {"flow.steps", "", "to do; with a tolerance the most there may be"},
      {"flow.tolerance", "", "of the size of the relative change of the sum of u, at which the run ends", "none"},
      {"flow.round_off", "", "follow a second flow that differs in the last place of one cell: how rounding grows"},
      {"checkpoint.every", "steps", "between checkpoints; 0: only when a signal ends the run"},
      {"checkpoint.file", "", "where checkpoints go", "OUTPUT.checkpoint.h5"},
      {"output.file", "", "as --output, which comes first"},
      {"output.summary", "", "as --summary, which comes first"},
  };
}

std::vector<MemoryNeed> memory_needed(ChannelRequest const& request, int ranks) {
  // Three fields are looked at on the host at the end.
  double const host =
      3 * 8 * std::ceil(static_cast<double>(request.params.rows) / ranks) * static_cast<double>(request.params.columns);
  std::vector<MemoryNeed> needs{
      {"the fields", "grid.rows or grid.columns", host, channel_bytes(request.params, request.precision, ranks), true}};
  if (request.round_off) {
    needs.push_back(
        {"the second flow", "flow.round_off", host, channel_bytes(request.params, request.precision, ranks), true});
  }
  return needs;
}

namespace {

CheckpointFormat const format{"kramers-channel", 1};

void write_checkpoint(std::filesystem::path const& path, Communicator const& comm, ChannelRequest const& request,
                      ChannelResult const& result) {
  h5::Writer file(path, comm);
  begin_checkpoint(file, format, result.flow->step(), request.fingerprint);
  auto const [u, v, p] = result.flow->fields();
  Block const& block = result.flow->block();
  detail::write_field(file, "state/u", block, request.precision, u);
  detail::write_field(file, "state/v", block, request.precision, v);
  detail::write_field(file, "state/p", block, request.precision, p);
  file.write("record/changes", result.changes, {result.changes.size()});
  file.commit();
}

void resume(std::filesystem::path const& path, Communicator const& comm, ChannelRequest const& request,
            ChannelResult& result) {
  if (request.round_off) {
    throw request.config->error("flow.round_off", "cannot be with --resume: the second flow begins at the first step");
  }
  h5::Reader const file = open_checkpoint(path, comm, format, request.fingerprint);
  std::int64_t const step = checkpoint_step(file, request.steps, "step", "flow.steps");
  expect_members(file, "/", {"fingerprint", "state", "record"});
  expect_members(file, "state", {"u", "v", "p"});
  expect_members(file, "record", {"changes"});
  result.changes = detail::read_record(file, "record/changes", step);
  // A sum of u that is zero has no change: NaN, which meets no tolerance.
  auto const met = std::ranges::find_if(
      result.changes, [&](double change) { return request.tolerance && std::abs(change) <= *request.tolerance; });
  if (met != result.changes.end()) {
    throw InputError(path.string(), 0,
                     "the checkpoint was written at step " + std::to_string(step) + ", but this run ends at step " +
                         std::to_string(met - result.changes.begin() + 1) + " (flow.tolerance)");
  }
  auto const read = [&](char const* name) {
    return detail::read_field(file, comm, name, result.flow->block(), request.precision);
  };
  ChannelFields const fields{read("state/u"), read("state/v"), read("state/p")};
  result.flow->restore(fields, step);
  result.first = step;
}

/// Steps between two looks at the clock and at signals: some hundredths of a second, and not too many messages.
std::int64_t steps_of_a_piece(ChannelRequest const& request, int ranks) {
  constexpr std::int64_t swept_cells = 30'000'000, messages = 1000;
  std::int64_t const sweeps = request.params.sweeps + 1;
  std::int64_t const steps = swept_cells * ranks / (request.params.rows * request.params.columns * sweeps);
  return std::max<std::int64_t>(1, ranks > 1 ? std::min(steps, messages / sweeps) : steps);
}

}  // namespace

ChannelResult compute_channel(ChannelRequest const& request, Communicator const& comm,
                              std::function<void(std::uint64_t)> const& tell, CheckpointPlan const& plan) {
  ChannelResult result;
  agree(comm, [&] { result.flow = make_channel(request.space, request.precision, request.params, comm); });
  AnyChannel& flow = *result.flow;
  if (plan.resumes) resume(plan.file, comm, request, result);
  std::optional<RoundOffTwin> twin;
  if (request.round_off) twin.emplace(request, comm);
  std::int64_t const cells = request.params.rows * request.params.columns;
  std::int64_t const piece = twin ? 1 : steps_of_a_piece(request, comm.size());
  double const tolerance = request.tolerance.value_or(-std::numeric_limits<double>::infinity());
  auto const write = [&](std::filesystem::path const& path) { write_checkpoint(path, comm, request, result); };
  CheckpointWatch watch(comm, plan, result.first);
  tell(static_cast<std::uint64_t>(result.first * cells));
  comm.barrier();
  auto const begin = std::chrono::steady_clock::now();
  result.signal = watch.look(result.first, result.first == request.steps, write);
  bool met = false;
  while (flow.step() < request.steps && !met && result.signal == 0) {
    std::int64_t const most = std::min(piece, request.steps - flow.step());
    auto const more = flow.advance(watch.piece(flow.step(), most), tolerance);
    result.changes.insert(result.changes.end(), more.begin(), more.end());
    if (!std::isfinite(flow.sum_u())) {
      throw request.config->error(
          request.config->has("flow.sigma") ? "flow.sigma" : "flow.dt",
          "is too large: the flow left the finite numbers in step " + std::to_string(flow.step()));
    }
    met = std::abs(more.back()) <= tolerance;
    if (twin) twin->follow(flow);
    tell(static_cast<std::uint64_t>(flow.step() * cells));
    if (!met) result.signal = watch.look(flow.step(), flow.step() == request.steps, write);
  }
  result.seconds = comm.max(std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count());
  if (result.signal != 0) return result;
  if (request.tolerance && !met) {
    std::string const what = std::isnan(result.changes.back())
                                 ? "is zero, of which there is no relative change; leave out flow.tolerance"
                                 : "still changes by " + shortest_decimal(result.changes.back()) +
                                       " of itself; take more, or a larger flow.tolerance";
    throw request.config->error("flow.steps",
                                "is " + std::to_string(request.steps) + ", after which the sum of u " + what);
  }
  if (twin) result.round_off = twin->found();
  result.state = state_of(flow, comm);
  result.hash = flow.hash();
  return result;
}

nlohmann::json summarise_channel(ChannelRequest const& request, ChannelResult const& result, Communicator const& comm) {
  char hash[19];
  std::snprintf(hash, sizeof hash, "0x%016llx", static_cast<unsigned long long>(result.hash));
  ChannelParams const& params = request.params;
  ChannelState const& state = result.state;
  ChannelStability const stability = stability_of(params);
  std::int64_t const done = result.flow->step();
  auto const stepped = static_cast<double>(done - result.first);
  auto const cells = static_cast<double>(params.rows * params.columns);
  bool const one_core = channel_fits_one_core(params, device_of_space(request.space).has_value(), comm.size());
  nlohmann::json summary{
      {"app", "kramers-channel"},
      {"version", version()},
      {"space", request.space},
      {"precision", request.precision},
      {"ranks", comm.size()},
      {"threads", thread_count(request.space)},
      {"rows", params.rows},
      {"columns", params.columns},
      {"dt", params.dt},
      {"start", params.start == ChannelStart::rest ? "rest" : "perturbed"},
      {"steps", done},
      {"converged", request.tolerance.has_value()},
      {"change", result.changes.back()},
      {"path", one_core ? "cached" : "plain"},
      {"why", one_core ? "so small a grid stays in the cache of one core, where a launch would cost as much as a sweep"
                       : "each sweep of the pressure is a kernel"},
      {"observables",
       {{"sum_u", state.sum_u},
        {"sum_u2", state.sum_u2},
        {"sum_v2", state.sum_v2},
        {"sum_p2", state.sum_p2},
        {"largest_v", state.most_v},
        {"largest_p", state.most_p},
        {"columns_are_equal", state.uniform}}},
      {"stability",
       {{"number", stability.number},
        {"limit", 0.5},
        {"largest_dt", stability.largest_dt},
        {"stable", stability.stable()}}},
      {"wall_s", result.seconds},
      {"rate", nullptr},
      {"state_hash", hash},
      {"memory",
       {{"state_bytes", comm.sum(result.flow->bytes())}, {"peak_resident_bytes_per_rank", peak_memory(comm)}}},
      {"warnings", request.warnings}};
  if (result.round_off) {
    RoundOff const& found = *result.round_off;
    nlohmann::json& entry = summary["round_off"];
    entry = {{"row", found.row},
             {"column", found.column},
             {"amount", found.amount},
             {"steps", found.differences.size()},
             {"largest_difference", found.differences.empty() ? found.amount : std::ranges::max(found.differences)},
             {"growth_per_step", nullptr},
             {"linear_growth_at_rest", linear_growth(params)}};
    if (found.growth) {
      entry["growth_per_step"] = *found.growth;
      entry["fit"] = {{"first_step", found.first}, {"last_step", found.last}};
    }
  }
  if (result.first > 0) summary["resumed_at"] = result.first;
  if (stepped == 0) return summary;
  summary["rate"] = {{"us_per_step", 1e6 * result.seconds / stepped},
                     {"cell_sweeps_per_s", cells * stepped * static_cast<double>(params.sweeps) / result.seconds}};
  return summary;
}

void write_channel(std::filesystem::path const& path, Communicator const& comm, ChannelRequest const& request,
                   ChannelResult const& result, nlohmann::json const& summary, InputRecord const& input) {
  h5::Writer file(path, comm);
  file.attribute("/", "app", "kramers-channel");
  file.attribute("/", "version", version());
  file.attribute("/", "provenance", summary.at("provenance").dump());
  file.attribute("/", "summary", summary.dump());
  write_input(file, input);
  Block const& block = result.flow->block();
  begin_image(file, block, {request.params.dx(), request.params.dy()});
  auto const [u, v, p] = result.flow->fields();
  write_image(file, block, "u", u);
  write_image(file, block, "v", v);
  write_image(file, block, "p", p);
  file.write("kramers/channel/change", result.changes, {result.changes.size()});
  if (result.round_off) {
    std::vector<double> const& differences = result.round_off->differences;
    file.write("kramers/channel/round_off", differences, {differences.size()});
  }
  file.commit();
}

}  // namespace kramers::grids
