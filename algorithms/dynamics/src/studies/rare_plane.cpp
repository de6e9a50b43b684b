// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/rare/grid_committor.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "rare_passage.hpp"

namespace kramers::dynamics::detail {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
// As far as walkers come: exp(-V / kT) is 1e-16 of that in the lowest minimum.
constexpr double highest = 36.84;

// Over which differences of energies are taken.
double small_part(double way) {
  return 1e-3 * way;
}

double dot(PathPoint const& a, PathPoint const& b) {
  return a[0] * b[0] + a[1] * b[1];
}
double length(PathPoint const& a) {
  return std::hypot(a[0], a[1]);
}
PathPoint moved(PathPoint const& from, double step, PathPoint const& along) {
  return {from[0] + step * along[0], from[1] + step * along[1]};
}
PathPoint difference(PathPoint const& a, PathPoint const& b) {
  return moved(a, -1, b);
}

std::optional<PathPoint> find_point(Config const& config, std::string const& key, char const* rule) {
  auto const numbers = config.find<std::vector<double>>(key);
  if (!numbers) return std::nullopt;
  config.check(numbers->size() == 2, key, rule);
  return PathPoint{(*numbers)[0], (*numbers)[1]};
}

/// The plane on which the request is posed.
struct Plane {
  Config const& config;
  AnyPotential const& potential;
  double kT;
  PathPoint axis{1, 0};

  double energy(PathPoint const& x) const { return potential.energy(x); }
  double along(PathPoint const& x) const { return dot(axis, x); }
  PathPoint across() const { return {-axis[1], axis[0]}; }

  /// Where a state lies along the axis.
  exact::Interval extent(Region const& r) const {
    if (!r.is_disc()) return {r.lower, r.upper};
    return {along(r.centre) - r.radius, along(r.centre) + r.radius};
  }
  bool holds(Region const& r, PathPoint const& x) const {
    double const s = along(x);
    return s >= r.lower && s <= r.upper && length(difference(x, r.centre)) <= r.radius;
  }
  /// Where a state that is no disc ends towards the other.
  static double edge(Region const& r) { return r.upper < infinity ? r.upper : r.lower; }
  /// A disc's centre, or its edge: what tells on which side of the other state it is.
  double position(Region const& r) const { return r.is_disc() ? along(r.centre) : edge(r); }
};

/// @param[in] ways_of_energy  may it be a state of energies, too?
std::optional<Region> read_region(Config const& config, std::string const& key, bool ways_of_energy = true) {
  auto const find = [&](std::string const& name) {
    bool const asked = ways_of_energy || name == "radius" || name == "below" || name == "above";
    return asked ? config.find<double>(key + "." + name) : std::nullopt;
  };
  auto const centre = find_point(config, key + ".centre", "a point of two coordinates");
  auto const radius = find("radius"), energy = find("energy_below");
  auto const below = find("below"), above = find("above"), left_of = find("left_of"), right_of = find("right_of");
  if (!centre && !radius && !energy && !below && !above && !left_of && !right_of) return std::nullopt;
  config.check(centre.has_value() == radius.has_value(), key, "centre and radius together");
  config.check(!radius || *radius > 0, key + ".radius", "> 0");
  int const ways = (centre ? 1 : 0) + (below ? 1 : 0) + (above ? 1 : 0) + (left_of ? 1 : 0) + (right_of ? 1 : 0);
  config.check(ways == 1, key,
               ways_of_energy
                   ? "one of centre with radius, below, above, and energy_below with left_of or right_of, on a surface"
                   : "one of centre with radius, below and above");
  config.check(energy || (!left_of && !right_of), key, "left_of and right_of with energy_below alone");
  config.check(!energy || (!below && !above), key, "energy_below with a disc, left_of or right_of");
  Region region;
  if (centre) {
    region.centre = *centre;
    region.radius = *radius;
  }
  if (auto const upper = below ? below : left_of) region.upper = *upper;
  if (auto const lower = above ? above : right_of) region.lower = *lower;
  if (energy) region.energy = *energy;
  return region;
}

/// Descend within a state, its energy aside, by steps that halve where none leads down.
PathPoint lowest_point(Plane const& plane, Region const& state, double step) {
  PathPoint at = state.centre;
  if (!state.is_disc()) {
    auto const usual = plane.potential.usual_start();
    at = {usual[0], usual[1]};
    // Just inside, which rounding does not undo.
    double const edge = Plane::edge(state), inside = state.upper < infinity ? -1 : 1;
    if (!plane.holds(state, at)) {
      at = moved(at, edge - plane.along(at) + inside * 1e-9 * std::max(step, std::abs(edge)), plane.axis);
    }
  }
  double best = plane.energy(at);
  PathPoint const across = plane.across();
  constexpr int most_steps = 100000;
  double const least = 1e-7 * step;
  for (int i = 0; i < most_steps && step > least; ++i) {
    PathPoint const from = at;
    for (auto const& [sign, direction] :
         {std::pair(1, plane.axis), std::pair(-1, plane.axis), std::pair(1, across), std::pair(-1, across)}) {
      PathPoint const next = moved(from, sign * step, direction);
      double const energy = plane.energy(next);
      if (!plane.holds(state, next) || !(energy < best)) continue;
      best = energy;
      at = next;
    }
    if (at == from) step *= 0.5;
  }
  return at;
}

/// Second derivative along two directions, by differences.
double bend(Plane const& plane, PathPoint const& x, double step, PathPoint const& a, PathPoint const& b) {
  auto const at = [&](double i, double j) { return plane.energy(moved(moved(x, i * step, a), j * step, b)); };
  return (at(0.5, 0.5) - at(0.5, -0.5) - at(-0.5, 0.5) + at(-0.5, -0.5)) / (step * step);
}

/// The slowest relaxation around a minimum; where there is none, of what confines there.
double relaxation_time(Plane const& plane, PathPoint const& x, double step, RareRequest const& request) {
  PathPoint const u = plane.axis, w = plane.across();
  double const uu = bend(plane, x, step, u, u), ww = bend(plane, x, step, w, w), uw = bend(plane, x, step, u, w);
  double const mean = 0.5 * (uu + ww), half = std::hypot(0.5 * (uu - ww), uw);
  double slowest = 0;
  for (double const curvature : {mean - half, mean + half}) {
    if (!(curvature > 0)) continue;
    double const squared = curvature / request.langevin.mass, friction = request.langevin.friction;
    slowest = std::max(
        slowest, request.overdamped ? friction / squared : exact::well_relaxation_time(std::sqrt(squared), friction));
  }
  return slowest > 0 ? slowest : StartInA{}.relaxation;
}

/// Both states, and the axis along which their positions count.
void read_states(Plane& plane, RareRequest& request) {
  Config const& config = plane.config;
  auto const a = read_region(config, "rare.state_a"), b = read_region(config, "rare.state_b");
  char const* const kinds = "a state: centre and radius, below, above, or energy_below";
  config.check(a.has_value(), "rare.state_a", kinds);
  config.check(b.has_value(), "rare.state_b", kinds);
  bool const discs = a->is_disc() && b->is_disc();
  if (discs) {
    bool const apart = length(difference(a->centre, b->centre)) > a->radius + b->radius;
    config.check(apart, "rare.state_b", "a state that does not overlap with state_a");
    plane.axis = difference(b->centre, a->centre);
  }
  if (auto const given = find_point(config, "rare.direction", "a direction of two coordinates")) plane.axis = *given;
  double const norm = length(plane.axis);
  config.check(norm > 0 && norm < infinity, "rare.direction", "a direction, not zero");
  for (double& component : plane.axis) component /= norm;

  exact::Interval const in_a = plane.extent(*a), in_b = plane.extent(*b);
  if (!discs) {
    double const from = std::max(in_a.lower, in_b.lower), to = std::min(in_a.upper, in_b.upper);
    bool apart = to < from;
    if (to == from && (a->has_energy() || b->has_energy())) {
      // They share a line: states of energy are apart where it is high enough.
      auto const usual = plane.potential.usual_start();
      double const t = dot(plane.across(), {usual[0], usual[1]});
      exact::Energy const on_line = [&](double u) {
        return plane.energy(moved(moved({0, 0}, to, plane.axis), u, plane.across()));
      };
      exact::Interval const reach = exact::confinement(on_line, plane.kT, t);
      apart = lowest(on_line, reach.lower, reach.upper) > std::min(a->energy, b->energy);
    }
    config.check(apart, "rare.state_b", "a state that does not overlap with state_a");
  }
  double const way = plane.position(*b) - plane.position(*a);
  config.check(way != 0 || !discs, "rare.direction", "a direction along which state_b is not beside state_a");
  // Of two states on both sides of one line the order of their sides counts.
  request.direction = way > 0 || (way == 0 && a->upper < infinity) ? 1 : -1;
  request.a = a;
  request.b = b;
}

/// Further states that end paths, apart from all that are known.
void read_others(Plane const& plane, RareRequest& request) {
  std::vector<std::pair<std::string, Region>> known{{"state_a", *request.a}, {"state_b", *request.b}};
  for (std::string const key : other_state_keys) {
    auto const state = read_region(plane.config, key, false);
    if (!state) continue;
    plane.config.check(request.method == RareMethod::splitting, key, "splitting alone");
    bool const in_turn = other_state_keys[request.splitting.passage.others.size()] == key;
    plane.config.check(in_turn, key, "states in turn: state_c, state_d, state_e");
    exact::Interval const here = plane.extent(*state);
    for (auto const& [other, region] : known) {
      exact::Interval const there = plane.extent(region);
      bool const round = state->is_disc() && region.is_disc();
      bool const apart = round ? length(difference(state->centre, region.centre)) > state->radius + region.radius
                               : std::min(here.upper, there.upper) < std::max(here.lower, there.lower);
      plane.config.check(apart, key, "a state that does not overlap with " + other);
    }
    known.emplace_back(key.substr(key.find('.') + 1), *state);
    request.splitting.passage.others.push_back(*state);
  }
}

struct LowestPoints {
  PathPoint a, b;
  std::vector<PathPoint> others;
};

/// The bottoms of both states, which walkers must reach.
LowestPoints find_bottoms(Plane const& plane, RareRequest const& request, double step) {
  auto const usual = plane.potential.usual_start();
  double const zero = plane.potential.energy(usual);
  auto const bottom = [&](std::string const& key, Region const& state) {
    PathPoint const at = lowest_point(plane, state, state.is_disc() ? 0.5 * state.radius : step);
    double const energy = plane.energy(at);
    plane.config.check(energy - zero <= highest * plane.kT, key,
                       "a place where walkers come: its lowest energy found, " + shortest_decimal(energy) + ", is " +
                           shortest_decimal(std::round((energy - zero) / plane.kT)) + " kT above the lowest minimum");
    plane.config.check(energy < state.energy, key,
                       "an energy above " + shortest_decimal(energy) + ", the lowest that was found there");
    return at;
  };
  LowestPoints bottoms{bottom("rare.state_a", *request.a), bottom("rare.state_b", *request.b), {}};
  for (Region const& state : request.splitting.passage.others) {
    bottoms.others.push_back(bottom(other_state_keys[bottoms.others.size()], state));
  }
  return bottoms;
}

/// The saddle that an input names.
PathPoint read_top(Plane const& plane, std::string const& kind) {
  auto const top = find_point(plane.config, "rare.level.top", "a point of two coordinates");
  plane.config.check(top.has_value(), "rare.level.top", "the saddle between A and B, which level " + kind + " needs");
  return *top;
}

/// The logarithm of the committor, from a grid that is solved here, on every rank alike.
void read_committor(Plane const& plane, RareRequest& request, LowestPoints const& bottoms, double way) {
  Passage& passage = request.splitting.passage;
  Level& level = passage.level;
  PlaneStates states{.energy = [&](PathPoint const& x) { return plane.energy(x); },
                     .kT = plane.kT,
                     .axis = plane.axis,
                     .a = {passage.a, bottoms.a},
                     .targets = {{passage.b, bottoms.b}},
                     .way = way};
  for (std::size_t i = 0; i < passage.others.size(); ++i) {
    states.targets.push_back({passage.others[i], bottoms.others[i]});
  }
  GridCommittor solved;
  try {
    solved = solve_committor(states);
  } catch (DomainError const& error) {
    throw plane.config.error("rare.level.kind", "is committor on " + error.got() + "; expected " + error.rule());
  }
  double const diffusion = plane.kT / (request.langevin.mass * request.langevin.friction);
  for (auto const& rate : solved.rates) {
    if (request.overdamped) request.rates_on_grid.push_back(rate ? std::optional(*rate * diffusion) : std::nullopt);
  }
  level.position = 0;
  level.share = 1;
  level.table = std::make_shared<LevelTable>(std::move(solved.log_committor));
  read_bins(plane.config, level, 1, solved.start, 0);
}

void read_level(Plane const& plane, RareRequest& request, LowestPoints const& bottoms, double way) {
  double const step = small_part(way);
  Config const& config = plane.config;
  Region const &a = *request.a, &b = *request.b;
  Passage& passage = request.splitting.passage;
  passage.a = a;
  passage.b = b;
  passage.axis = plane.axis;
  Level& level = passage.level;
  level.direction = request.direction;
  bool const discs = a.is_disc() && b.is_disc();
  bool const energies = a.has_energy() && b.has_energy();
  std::string const kind =
      config.one_of("rare.level.kind", {"energy", "coordinate", "direction", "distance", "committor"},
                    discs      ? "distance"
                    : energies ? "energy"
                               : "coordinate");
  config.check(kind != "distance" || discs, "rare.level.kind", "distance between two discs alone");
  config.check(kind != "direction" || !request.overdamped, "rare.level.kind",
               "distance, coordinate or energy for an overdamped scheme, which has no velocity");
  if (kind == "distance") {
    double const whole = length(difference(a.centre, b.centre));
    level.position = 0;
    level.share = 1;
    level.from = a.centre;
    level.to = b.centre;
    return read_bins(config, level, 1, a.radius / whole, 1 - b.radius / whole);
  }
  if (kind == "committor") return read_committor(plane, request, bottoms, way);
  if (kind == "energy") {
    PathPoint const top = read_top(plane, kind);
    level.of_energy = true;
    level.top = plane.along(top);
    level.top_energy = plane.energy(top);
    double const from = a.has_energy() ? a.energy : plane.energy(bottoms.a);
    double const to = b.has_energy() ? b.energy : plane.energy(bottoms.b);
    config.check(level.top_energy > std::max(from, to), "rare.level.top",
                 "a point of more energy than both states, which have " + shortest_decimal(std::max(from, to)));
    return read_bins(config, level, 1, from, 2 * level.top_energy - to);
  }
  double const sign = request.direction;
  level.position = sign;
  if (kind == "direction") {
    // As in one coordinate, with the curvature of the saddle along the axis.
    double const half = 0.5 * request.langevin.friction;
    double const down = -bend(plane, read_top(plane, kind), step, plane.axis, plane.axis);
    config.check(down > 0, "rare.level.top", "a point where the energy falls along rare.direction, both ways");
    double const mu = std::sqrt(half * half + down / request.langevin.mass) - half;
    level.velocity = sign / (request.langevin.friction + mu);
  }
  exact::Interval const in_a = plane.extent(a), in_b = plane.extent(b);
  read_bins(config, level, sign, sign > 0 ? in_a.upper : in_a.lower, sign > 0 ? in_b.lower : in_b.upper);
}

}  // namespace

StartInA read_plane_passage(Config const& config, RareRequest& request) {
  Plane plane{config, *request.potential, request.langevin.temperature};
  read_states(plane, request);
  read_others(plane, request);
  // Lengths on which the surface is looked at: a part of the way, and far below what it takes for one kT.
  Region const &a = *request.a, &b = *request.b;
  auto const usual = request.potential->usual_start();
  double const start = plane.along({usual[0], usual[1]}), in_a = plane.position(a), in_b = plane.position(b);
  double way = std::max({std::abs(in_b - in_a), std::abs(in_b - start), std::abs(in_a - start)});
  if (a.is_disc() && b.is_disc()) way = length(difference(b.centre, a.centre));
  if (!(way > 0)) way = 1;
  LowestPoints const bottoms = find_bottoms(plane, request, way / 16);
  read_level(plane, request, bottoms, way);
  return {bottoms.a, relaxation_time(plane, bottoms.a, small_part(way), request)};
}

}  // namespace kramers::dynamics::detail
