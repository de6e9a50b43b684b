// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/error.hpp>
#include <kramers/dynamics/rare/reactive_paths.hpp>
#include <kramers/dynamics/rare/splitting.hpp>

#include <algorithm>
#include <bit>
#include <numeric>
#include <string>

namespace kramers::dynamics {
namespace {

bool same_bits(PathPoint const& a, PathPoint const& b) {
  return std::ranges::equal(
      a, b, [](double x, double y) { return std::bit_cast<std::uint64_t>(x) == std::bit_cast<std::uint64_t>(y); });
}

/// One path that is followed again.
class Follower {
 public:
  Follower(AnyPaths& paths, std::int64_t every, ReactivePaths& all) : m_paths(paths), m_every(every), m_all(all) {}

  void start(PathLine const& line, std::uint64_t id) {
    m_paths.start(std::vector<PathStart>{{0, id, line.x, line.v}});
    keep(0);
  }

  /// Go on until the path is in this bin, and begin with other noise where it was there first.
  /// @return  false where it ends before
  bool branch(std::int32_t bin, std::uint64_t id) {
    std::int64_t const begin = m_now;
    while (true) {
      // Steps come in twos since the leg began: the next state that is due may be one step late.
      std::int64_t const wait = std::clamp<std::int64_t>(m_due - m_now, 1, AnyPaths::segment);
      std::int64_t const steps = (wait + 1) / 2 * 2;
      m_paths.advance(steps);
      m_now += steps;
      PathStates const states = m_paths.states();
      if (states.top.front() >= bin) break;
      if (states.end.front() != PathEnd::none) return false;
      if (m_now >= m_due) keep(m_now);
    }
    m_paths.branch(std::vector<PathBranch>{{0, 0, bin, id}});
    m_now = m_paths.states().age.front();
    if (m_now < begin) return false;
    if (m_now >= m_due) keep(m_now);
    return true;
  }

  /// The path is where it ends.
  bool ends_as(PathLine const& line) {
    if (m_all.step.back() != m_now) keep(m_now);
    return m_now == line.duration && same_bits(m_all.x.back(), line.end_x) && same_bits(m_all.v.back(), line.end_v);
  }

  std::int64_t now() const { return m_now; }

 private:
  void keep(std::int64_t step) {
    PathPlaces const places = m_paths.places();
    m_all.step.push_back(step);
    m_all.x.push_back(places.x.front());
    m_all.v.push_back(places.v.front());
    m_due = (step / m_every + 1) * m_every;
  }

  AnyPaths& m_paths;
  std::int64_t m_every;
  ReactivePaths& m_all;
  std::int64_t m_now = 0, m_due = 0;  // steps since the path began
};

}  // namespace

Genealogy::Genealogy(std::int64_t replicas) : m_replicas(replicas), m_here(static_cast<std::size_t>(replicas)) {
  std::iota(m_here.begin(), m_here.end(), 0);
}

void Genealogy::replace(Replacement const& one) {
  std::int64_t const next = m_replicas + std::ssize(m_branches);
  expects(one.child == next, "child", one.child, std::to_string(next));
  m_branches.push_back({m_here[static_cast<std::size_t>(one.parent)], one.bin});
  m_here[static_cast<std::size_t>(one.replica)] = one.child;
}

std::vector<PathLeg> Genealogy::legs(std::int32_t place) const {
  std::vector<PathLeg> all;
  std::int64_t replica = m_here[static_cast<std::size_t>(place)];
  while (replica >= m_replicas) {
    Branch const& branch = m_branches[static_cast<std::size_t>(replica - m_replicas)];
    all.push_back({replica, branch.bin});
    replica = branch.parent;
  }
  all.push_back({replica, 0});
  std::ranges::reverse(all);
  return all;
}

std::int64_t paths_of_repeat(SplittingParams const& params, std::int64_t repeat) {
  return params.kept_paths * (repeat + 1) / params.repeats - params.kept_paths * repeat / params.repeats;
}

std::int64_t path_interval(std::int64_t steps, std::int64_t every) {
  while (steps / every + 2 > most_path_frames) every *= 2;
  return every;
}

void replay(AnyPaths& paths, SplittingParams const& params, std::int64_t repeat, PathLine const& line,
            std::int64_t every, ReactivePaths& all) {
  expects(every >= 2 && every % 2 == 0, "every", every, "even, at least 2");
  expects(!line.legs.empty(), "legs", 0, ">= 1");
  paths.set(params.passage, PathKind::passage, RareStream::dynamics);
  Follower path(paths, every, all);
  path.start(line, path_id(repeat, line.legs.front().replica));
  std::int64_t parent = -1;
  bool goes_on = true;
  for (std::size_t i = 0; goes_on && i < line.legs.size(); ++i) {
    PathLeg const& leg = line.legs[i];
    all.replica.push_back(leg.replica);
    all.parent.push_back(parent);
    all.leg_step.push_back(path.now());
    all.leg_bin.push_back(leg.bin);
    parent = leg.replica;
    bool const last = i + 1 == line.legs.size();
    // After the last leg there is no noise: the path only goes back to where it was first in B.
    goes_on = last ? path.branch(params.passage.bins(), 0)
                   : path.branch(line.legs[i + 1].bin, path_id(repeat, line.legs[i + 1].replica));
  }
  if (!goes_on || !path.ends_as(line)) {
    throw Error("a path of repeat " + std::to_string(repeat) +
                " does not end again as it did: paths differ between machines or versions; repeat the run");
  }
  all.repeat.push_back(repeat);
  all.offset.push_back(std::ssize(all.step));
  all.leg_offset.push_back(std::ssize(all.replica));
}

void weigh(std::span<SplittingRepeat const> repeats, ReactivePaths& all) {
  all.weight.clear();
  double sum = 0;
  for (std::int64_t const number : all.repeat) {
    SplittingRepeat const& one = repeats[static_cast<std::size_t>(number)];
    all.weight.push_back(one.rate() / static_cast<double>(one.lines.size()));
    sum += all.weight.back();
  }
  for (double& weight : all.weight) weight /= sum;
}

double reactive_path_bytes(std::int64_t paths, int bins) {
  double const of_state = sizeof(std::int64_t) + 2 * sizeof(PathPoint),
               of_leg = 4 * sizeof(std::int64_t) + sizeof(PathLeg);
  // Vectors that grow hold up to twice what they need, and files are written from copies.
  double const each = of_state * static_cast<double>(most_path_frames) + of_leg * (bins + 1.0);
  return 3 * static_cast<double>(paths) * each;
}

}  // namespace kramers::dynamics
