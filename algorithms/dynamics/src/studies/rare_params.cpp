// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/studies/rare_study.hpp>
#include <kramers/dynamics/studies/requests.hpp>
#include <kramers/dynamics/studies/study_keys.hpp>
#include <kramers/dynamics/studies/study_params.hpp>

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "rare_passage.hpp"

namespace kramers::dynamics {
namespace {

using detail::lowest;
using detail::StartInA;

constexpr double infinity = std::numeric_limits<double>::infinity();

/// A state as an input gives it. An energy without a side is completed once both states are known.
struct StateInput {
  std::string key;
  Region region;
  double side = 0;  // -1: left, +1: right, 0: not said

  bool reaches_far() const { return region.lower == -infinity && region.upper == infinity; }
};

std::optional<StateInput> read_state(Config const& config, std::string const& key) {
  auto const find = [&](char const* name) { return config.find<double>(key + "." + name); };
  auto const below = find("below"), above = find("above"), energy = find("energy_below");
  auto const left_of = find("left_of"), right_of = find("right_of");
  int const ways = (below ? 1 : 0) + (above ? 1 : 0) + (energy ? 1 : 0);
  if (ways == 0 && !left_of && !right_of) return std::nullopt;
  config.check(ways == 1, key, "one of below, above and energy_below");
  config.check(energy || (!left_of && !right_of), key, "left_of and right_of with energy_below alone");
  config.check(!left_of || !right_of, key, "left_of or right_of, not both");
  StateInput state{key, {}, 0};
  if (auto const upper = below ? below : left_of) {
    state.region.upper = *upper;
    state.side = -1;
  }
  if (auto const lower = above ? above : right_of) {
    state.region.lower = *lower;
    state.side = 1;
  }
  if (energy) state.region.energy = *energy;
  return state;
}

/// What is left to say of both states: sides, and that they are places apart where walkers come.
void complete_states(Config const& config, RareRequest& request, exact::Energy const& energy) {
  auto a = read_state(config, "rare.state_a"), b = read_state(config, "rare.state_b");
  bool const needed = has_repeats(request.method);
  config.check(!needed || a, "rare.state_a", "a state: below, above or energy_below");
  config.check(a.has_value() == b.has_value(), a ? "rare.state_b" : "rare.state_a", "both states");
  if (!a) return;
  double const side = a->side != 0 ? a->side : b->side != 0 ? -b->side : -1;
  config.check(b->side != side, "rare.state_b", "a state on the other side of state_a");
  for (auto [state, where] : {std::pair(&*a, side), std::pair(&*b, -side)}) {
    if (!state->reaches_far()) continue;
    config.check(request.wells.has_value(), state->key, "left_of or right_of where the potential has no two wells");
    (where < 0 ? state->region.upper : state->region.lower) = request.wells->top;
  }
  request.direction = -side;
  for (StateInput const& state : {*a, *b}) {
    double const from = std::max(state.region.lower, request.reach.lower);
    double const to = std::min(state.region.upper, request.reach.upper);
    config.check(from < to, state.key,
                 "a place where walkers come, between " + shortest_decimal(request.reach.lower) + " and " +
                     shortest_decimal(request.reach.upper));
    double const least = lowest(energy, from, to);
    config.check(least < state.region.energy, state.key,
                 "an energy above " + shortest_decimal(least) + ", the lowest of that side");
  }
  double const from = std::max(a->region.lower, b->region.lower), to = std::min(a->region.upper, b->region.upper);
  bool const apart = to < from || lowest(energy, from, to) > std::min(a->region.energy, b->region.energy);
  config.check(apart, "rare.state_b", "a state that does not overlap with state_a");
  request.a = a->region;
  request.b = b->region;
}

/// Where a state ends on the way to the other: its edge, or where V reaches its energy between its well and the top.
double inner_edge(RareRequest const& request, Region const& state, double towards, exact::Energy const& energy) {
  double const edge = towards > 0 ? state.upper : state.lower;
  if (!state.has_energy() || !request.wells) return edge;
  double inside = towards > 0 ? request.wells->left : request.wells->right, outside = edge;
  if (energy(outside) <= state.energy) return edge;
  for (int i = 0; i < 60; ++i) {
    double const middle = 0.5 * (inside + outside);
    (energy(middle) <= state.energy ? inside : outside) = middle;
  }
  return inside;
}

void read_level(Config const& config, RareRequest& request, exact::Energy const& energy) {
  Passage& passage = request.splitting.passage;
  Level& level = passage.level;
  passage.a = *request.a;
  passage.b = *request.b;
  level.direction = request.direction;
  auto const& wells = request.wells;
  std::string const usual = request.overdamped || !wells ? "coordinate" : "energy";
  std::string const kind =
      config.one_of("rare.level.kind", {"energy", "coordinate", "direction", "distance", "committor"}, usual);
  config.check(kind != "distance" && kind != "committor", "rare.level.kind",
               "energy, coordinate or direction in one coordinate, with which a committor without inertia grows");
  config.check(kind == "coordinate" || wells, "rare.level.kind", "coordinate where the potential has no two wells");
  config.check(kind != "direction" || !request.overdamped, "rare.level.kind",
               "energy or coordinate for an overdamped scheme, which has no velocity");
  level.of_energy = kind == "energy";
  double const sign = request.direction;
  double const from = inner_edge(request, passage.a, sign, energy), to = inner_edge(request, passage.b, -sign, energy);
  double first = from, last = to;
  if (level.of_energy) {
    level.top = wells->top;
    level.top_energy = energy(wells->top);
    first = passage.a.has_energy() ? passage.a.energy : energy(from);
    last = 2 * level.top_energy - (passage.b.has_energy() ? passage.b.energy : energy(to));
  } else {
    level.position = sign;
    if (kind == "direction") {
      // The direction in which walkers at the top decide: they end in B if x + v / (gamma + mu) is beyond it, mu the rate
      // at which they leave the top.
      double const half = 0.5 * request.langevin.friction;
      double const mu = std::sqrt(half * half + wells->top_curvature / request.langevin.mass) - half;
      level.velocity = sign / (request.langevin.friction + mu);
    }
  }
  detail::read_bins(config, level, level.of_energy ? 1 : sign, first, last);
}

/// Keys that need no states, asked for whatever the method is, so that one input serves all.
void read_sizes(Config const& config, RareRequest& request) {
  SplittingParams& p = request.splitting;
  p.langevin = request.shooting.langevin = request.langevin;
  p.overdamped = request.overdamped;
  p.seed = request.shooting.seed = config.get<std::uint64_t>("ensemble.seed");
  p.repeats = config.get<std::int64_t>("rare.repeats", p.repeats);
  config.check(p.repeats >= 2 && p.repeats <= (1 << 20), "rare.repeats", "between 2 and 2^20");
  SelectionParams& selection = p.selection;
  selection.replicas = config.get<std::int64_t>("rare.replicas", selection.replicas);
  config.check(selection.replicas >= 2 && selection.replicas <= (1 << 30), "rare.replicas", "between 2 and 2^30");
  selection.kill = config.get<double>("rare.kill", selection.kill);
  config.check(selection.kill > 0 && selection.kill < 1, "rare.kill", "between 0 and 1");
  request.target_error = config.find<double>("rare.target_error");
  bool const can_be_met = !request.target_error || (*request.target_error >= 1e-4 && *request.target_error < 1);
  config.check(can_be_met, "rare.target_error", "at least 1e-4, and below 1");
  request.batch = config.find<std::int64_t>("rare.batch");
  config.check(!request.batch || (*request.batch >= 1 && *request.batch <= (1 << 20)), "rare.batch",
               "between 1 and 2^20");
  p.max_steps = config.positive<std::int64_t>("rare.max_steps", p.max_steps);
  config.check(p.max_steps <= (std::int64_t{1} << 45), "rare.max_steps", "at most 2^45");
  p.kept_paths = config.bounded<std::int64_t>("output.paths.count", 0, 10000, p.kept_paths);
  request.path_every = config.bounded<std::int64_t>("output.paths.every", 2, 1 << 30, request.path_every);
  config.check(request.path_every % 2 == 0, "output.paths.every", "even: states are seen after each second step");
  ShootingParams& shooting = request.shooting;
  shooting.max_steps = p.max_steps;
  shooting.pairs = config.get<std::int64_t>("rare.shooting.pairs", shooting.pairs);
  config.check(shooting.pairs >= 2 && shooting.pairs <= (std::int64_t{1} << 40), "rare.shooting.pairs",
               "between 2 and 2^40");
}

StartInA start_in_a(RareRequest const& request) {
  auto const& wells = request.wells;
  if (!wells) return {{request.potential->usual_start().front()}};
  bool const left = request.direction > 0;
  double const squared = (left ? wells->left_curvature : wells->right_curvature) / request.langevin.mass;
  return {{left ? wells->left : wells->right},
          request.overdamped ? request.langevin.friction / squared
                             : exact::well_relaxation_time(std::sqrt(squared), request.langevin.friction)};
}

void read_flux(Config const& config, RareRequest& request, StartInA const& start) {
  SplittingParams& p = request.splitting;
  FluxParams& flux = p.flux;
  flux.start = start.at;
  auto const steps = [&](double times) {
    return static_cast<std::int64_t>(std::clamp(std::ceil(times * start.relaxation / request.langevin.dt), 32.0, 1e8));
  };
  flux.walkers = config.get<std::int64_t>("rare.flux.walkers", flux.walkers);
  config.check(flux.walkers >= 1 && flux.walkers <= (1 << 20), "rare.flux.walkers", "between 1 and 2^20");
  flux.equilibrate = config.non_negative<std::int64_t>("rare.flux.equilibrate", steps(6));
  flux.steps = config.positive<std::int64_t>("rare.flux.steps", steps(20));
  constexpr std::int64_t most = std::int64_t{1} << 40;
  config.check(flux.steps < most, "rare.flux.steps", "below 2^40");
  config.check(flux.equilibrate < most, "rare.flux.equilibrate", "below 2^40");
  config.check(p.repeats * std::max(p.selection.replicas, flux.walkers) < (std::int64_t{1} << 31), "rare.replicas",
               "fewer: repeats times replicas or flux walkers have to be below 2^31");
}

void read_weighted(Config const& config, RareRequest& request, StartInA const& start) {
  WeightedParams& p = request.weighted;
  // So short that energies change by less than the width of a bin.
  double const usual = std::clamp(std::ceil(start.relaxation / request.langevin.dt / 32), 2.0, 1e8);
  p.per_bin = config.bounded<std::int64_t>("rare.weighted.per_bin", 1, 1 << 20, p.per_bin);
  p.interval = config.bounded<std::int64_t>("rare.weighted.interval", 1, std::int64_t{1} << 40,
                                            static_cast<std::int64_t>(usual));
  p.warm_up = config.bounded<std::int64_t>("rare.weighted.warm_up", 0, (1 << 30) - 1, p.warm_up);
  p.cycles = config.bounded<std::int64_t>("rare.weighted.cycles", 2, (1 << 30) - 1, p.cycles);
  std::int64_t const most = p.per_bin * (request.splitting.passage.bins() + 1);
  config.check(
      request.method != RareMethod::weighted_ensemble || request.splitting.repeats * most < (std::int64_t{1} << 31),
      "rare.weighted.per_bin", "fewer: repeats times bins times these have to be below 2^31");
}

void prepare_shooting(Config const& config, RareRequest& request, exact::Energy const& energy) {
  ShootingParams& p = request.shooting;
  config.check(!request.overdamped, "integrator.scheme",
               "one with inertia for shooting: splitting or exact do without");
  config.check(request.wells.has_value(), "potential", "with two wells and a barrier between them for shooting");
  exact::TwoWells const& wells = *request.wells;
  p.top = wells.top;
  p.direction = request.direction;
  // So deep that a walker comes out at once with a probability of exp(-12); in shallow wells at 1 kT.
  double const kT = request.langevin.temperature;
  auto const depth = [&](double x, double barrier) {
    return energy(x) + std::max(std::min(kT, 0.5 * barrier), barrier - 12 * kT);
  };
  Region left, right;
  left.upper = right.lower = wells.top;
  left.energy = depth(wells.left, wells.left_barrier);
  right.energy = depth(wells.right, wells.right_barrier);
  p.committed.a = p.direction > 0 ? left : right;
  p.committed.b = p.direction > 0 ? right : left;
  p.committed.level.bins = 1;
  if (!request.a) return;
  auto const holds = [&](Region const& r, double x) { return x >= r.lower && x <= r.upper && energy(x) <= r.energy; };
  for (auto const& [key, state] : {std::pair("rare.state_a", *request.a), std::pair("rare.state_b", *request.b)}) {
    config.check(!holds(state, p.top), key, "a state without the top of the barrier, where paths start");
  }
  p.core_a = request.a;
  p.core_b = request.b;
}

/// States, level and what else there is to know of a profile.
void read_profile(Config const& config, RareRequest& request) {
  auto const energy = [&potential = *request.potential](double x) { return potential.profile_energy(x); };
  request.reach = exact::confinement(energy, request.langevin.temperature, request.potential->usual_start().front());
  request.wells = exact::find_wells(energy, request.reach);
  complete_states(config, request, energy);
  if (request.a) read_level(config, request, energy);
  if (request.method == RareMethod::shooting) prepare_shooting(config, request, energy);
}

}  // namespace

namespace detail {

double lowest(exact::Energy const& energy, double lower, double upper) {
  double least = std::min(energy(lower), energy(upper));
  constexpr int points = 2000;
  for (int i = 1; i < points; ++i) least = std::min(least, energy(lower + i * (upper - lower) / points));
  return least;
}

void read_bins(Config const& config, Level& level, double inwards, double first, double last) {
  level.bins = config.bounded<int>("rare.level.bins", 1, 4096, level.bins);
  level.first = inwards * config.get<double>("rare.level.start", first);
  level.last = inwards * config.get<double>("rare.level.end", last);
  config.check(level.first < level.last, "rare.level.start", "before rare.level.end on the way from A to B");
  if (auto const fixed = config.find<std::vector<double>>("rare.level.fixed")) {
    config.check(!fixed->empty() && fixed->size() <= 256, "rare.level.fixed", "1 to 256 levels");
    for (double const value : *fixed) level.fixed.push_back(inwards * value);
    bool const rising = std::ranges::is_sorted(level.fixed, std::less_equal<>());
    config.check(rising, "rare.level.fixed", "levels that follow each other on the way from A to B");
  }
}

}  // namespace detail

RareRequest read_rare(Config const& config, CommandLine const& options, PotentialList const& potentials) {
  std::vector<KeyNote> notes = shared_and_surface_keys();
  std::ranges::copy(rare_keys(), std::back_inserter(notes));
  KeyUnits const key_units(config, notes);
  RareRequest request;
  request.config = &config;
  request.units = read_units(config);
  request.space = options.space;
  request.potential = potentials.read(config);
  AnyPotential const& potential = *request.potential;
  auto const& makers = builtin_path_makers();
  auto const maker = std::ranges::find(makers, potential.kind(), &PathsMaker::potential);
  bool const one = potential.dimension() == 1;
  config.check(one || !potential.separable(), "potential.dimensions", "a profile of one coordinate, or a surface");
  std::string names;
  for (PathsMaker const& known : makers) names += (names.empty() ? "" : ", ") + known.potential;
  config.check(maker != makers.end(), "potential.kind", "one in which paths are followed: " + names);
  config.check(potential.confines(), "potential.kind", "a potential that walkers do not leave");
  request.make_paths = [&config, maker](PathsRequest const& paths) {
    KeyUnits const units_of_the_potential(config, shared_and_surface_keys());
    return maker->make(config, paths);
  };
  request.scheme = config.one_of("integrator.scheme", path_schemes(), path_schemes().front());
  request.overdamped = is_overdamped(request.scheme);
  request.langevin = read_langevin(config, request.overdamped, "f64");
  config.check(request.langevin.friction > 0, "integrator.friction", "> 0: without a bath there is no rate");
  read_sizes(config, request);

  std::string const method =
      config.one_of("rare.method", {"splitting", "shooting", "exact", "weighted_ensemble"}, "splitting");
  request.method = method == "shooting"            ? RareMethod::shooting
                   : method == "exact"             ? RareMethod::exact
                   : method == "weighted_ensemble" ? RareMethod::weighted_ensemble
                                                   : RareMethod::splitting;
  request.splitting.coordinates = potential.dimension();
  // Bins so wide that walkers do not fall out of them between two resamplings.
  if (request.method == RareMethod::weighted_ensemble) request.splitting.passage.level.bins = 16;
  config.check(one || has_repeats(request.method), "rare.method", "splitting or weighted_ensemble on a surface");
  StartInA start;
  if (one) {
    read_profile(config, request);
    start = start_in_a(request);
  } else {
    start = detail::read_plane_passage(config, request);
  }
  if (request.a) {
    request.splitting.selection.bins = request.splitting.passage.bins();
    request.splitting.selection.fixed = !request.splitting.passage.level.fixed.empty();
    read_flux(config, request, start);
    read_weighted(config, request, start);
  }
  return request;
}

std::vector<KeyNote> rare_keys() {
  std::vector<KeyNote> keys = {
      {"rare.method", "", "how the rate from state A to state B is found"},
      {"rare.repeats", "", "independent repeats, whose scatter gives the error"},
      {"rare.replicas", "", "of each repeat; with target_error those of the pilot"},
      {"rare.target_error", "", "relative standard error of the rate, for which a pilot sets the replicas", "none"},
      {"rare.kill", "", "share of the replicas that a stage replaces at least"},
      {"rare.batch", "", "repeats that a rank runs side by side; what is whole is kept for --resume",
       "so many that there are 131072 paths"},
      {"rare.max_steps", "steps", "of one path of splitting or shooting; reaching it is an error"},
  };
  for (auto const& [state, name] : {std::pair("rare.state_a", "A"), std::pair("rare.state_b", "B")}) {
    std::string const key = state, of = name;
    keys.push_back({key + ".centre", "length", "on a surface: state " + of + " is a disc around this point", "none"});
    keys.push_back({key + ".radius", "length", "of the disc", "needed with centre"});
    keys.push_back({key + ".below", "length", "state " + of + " is x <= this", "one of three"});
    keys.push_back({key + ".above", "length", "or x >= this", "one of three"});
    keys.push_back({key + ".energy_below", "energy", "or m v^2 / 2 + V(x) <= this", "one of three"});
    keys.push_back({key + ".left_of", "length", "with energy_below: and x <= this", "the top"});
    keys.push_back({key + ".right_of", "length", "with energy_below: and x >= this", "the top"});
  }
  for (std::string const key : other_state_keys) {
    std::string const name(1, static_cast<char>(key.back() - 'a' + 'A'));
    keys.push_back(
        {key + ".centre", "length", "of splitting: a further state, " + name + ", a disc around this point", "none"});
    keys.push_back({key + ".radius", "length", "of the disc", "needed with centre"});
    keys.push_back({key + ".below", "length", "state " + name + " is x <= this", "none"});
    keys.push_back({key + ".above", "length", "or x >= this", "none"});
  }
  for (KeyNote const& key : std::vector<KeyNote>{
           {"rare.direction", "", "on a surface: along which x of states and level counts, two numbers",
            "from disc to disc, else [1, 0]"},
           {"rare.level.kind", "", "what grows from A to B", "energy, overdamped coordinate, of discs distance"},
           {"rare.level.top", "length", "on a surface: the saddle, of two coordinates",
            "needed for energy and direction"},
           {"rare.level.bins", "", "of equal width between start and end", "64, of a weighted ensemble 16"},
           {"rare.level.start", "", "where the first bin begins, in units of the level", "the edge of A"},
           {"rare.level.end", "", "where the last one ends", "the edge of B"},
           {"rare.level.fixed", "", "instead of bins: levels, one stage each", "none"},
           {"rare.flux.walkers", "", "of each repeat that are followed in A"},
           {"rare.flux.equilibrate", "steps", "before they are counted", "6 relaxation times"},
           {"rare.flux.steps", "steps", "while they are", "20 relaxation times"},
           {"rare.shooting.pairs", "", "of paths from the top, with velocities v and -v"},
           {"rare.weighted.per_bin", "", "of a weighted ensemble: walkers of each bin that has any"},
           {"rare.weighted.interval", "steps", "between resamplings, rounded up to an even number",
            "1/32 of a relaxation time"},
           {"rare.weighted.warm_up", "", "intervals until the flux is steady, not counted"},
           {"rare.weighted.cycles", "", "intervals that are counted after them"},
           {"checkpoint.folder", "", "where repeats of a run of several batches are kept until it is done",
            "OUTPUT.repeats"},
           {"output.file", "", "as --output, which comes first"},
           {"output.summary", "", "as --summary, which comes first"},
           {"output.paths.count", "", "of splitting: paths from A to B that are written, of all repeats together"},
           {"output.paths.every", "steps",
            "between their states, even; of paths of more than 1024 states twice, four times ... as many"},
       }) {
    keys.push_back(key);
  }
  return keys;
}

}  // namespace kramers::dynamics
