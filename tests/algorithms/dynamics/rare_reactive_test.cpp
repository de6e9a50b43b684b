// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reactive paths that are followed again: that they are those of the run to the bit, whatever is written of them.
#include <kramers/base/error.hpp>
#include <kramers/core/spaces.hpp>
#include <kramers/dynamics/rare/reactive_paths.hpp>
#include <kramers/dynamics/studies/rare_study.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace kramers::rare_reactive_test {

using namespace kramers::dynamics;

/// An input, the request that it makes and its repeats.
struct Outcome {
  Config config;
  RareRequest request;
  RareResult result;

  explicit Outcome(std::string const& text)
      : config(Config::from_text("[ensemble]\nseed = 20261122\n" + text, "rare_reactive_test")),
        request(read_rare(config, options(), builtin_potentials())),
        result(compute_rare(request, Communicator::self())) {}

  static CommandLine options() {
    CommandLine options;
    options.space = space_name<Kokkos::DefaultExecutionSpace>();
    return options;
  }
  std::unique_ptr<AnyPaths> paths() const {
    PathsParams params = paths_for(request.splitting, 1);
    params.slots = 3;
    return request.make_paths({request.space, request.scheme, params});
  }
};

std::string const well =
    "[potential]\nkind = \"double_well\"\n[integrator]\ndt = 0.02\nfriction = 1.0\ntemperature = 0.1\n"
    "[rare.state_a]\nenergy_below = 0.1\n[rare.state_b]\nenergy_below = 0.4\n";
std::string const size = "[rare]\nrepeats = 4\nreplicas = 60\n[rare.flux]\nwalkers = 8\n";
std::string const six = "[output.paths]\ncount = 6\n";
std::string const surface =
    "[potential]\nkind = \"mueller_brown\"\n[integrator]\nscheme = \"leimkuhler-matthews\"\ndt = 1e-5\nfriction = 1.0\n"
    "temperature = 15.0\n[rare.state_a]\ncentre = [-0.558, 1.442]\nradius = 0.1\n"
    "[rare.state_b]\ncentre = [0.623, 0.028]\nradius = 0.1\n";

std::vector<std::uint64_t> bits(PathPoint const& x, PathPoint const& v) {
  return {std::bit_cast<std::uint64_t>(x[0]), std::bit_cast<std::uint64_t>(x[1]), std::bit_cast<std::uint64_t>(v[0]),
          std::bit_cast<std::uint64_t>(v[1])};
}

// How replicas of a run ended is looked up in the run itself: replay() compares, and what it gives is compared here.
TEST(RareReactivePaths, EndAsInTheRun) {
  std::string const listed = "[rare.level]\nfixed = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.2]\n";
  for (std::string const& text :
       {well + size, well + size + listed, surface + size + "equilibrate = 2000\nsteps = 4000\n"}) {
    Outcome const run(text + six);
    ReactivePaths const& all = run.result.paths;
    ASSERT_EQ(all.count(), 6);
    EXPECT_EQ(all.repeat, (std::vector<std::int64_t>{0, 1, 1, 2, 3, 3}));
    std::map<std::int64_t, std::size_t> seen;
    for (std::size_t i = 0; i < 6; ++i) {
      auto const r = static_cast<std::size_t>(all.repeat[i]);
      std::size_t const k = seen[all.repeat[i]]++;
      SplittingRepeat const& repeat = run.result.repeats[r];
      PathLine const& line = repeat.lines[k];
      auto const last = static_cast<std::size_t>(all.offset[i + 1]) - 1,
                 first = static_cast<std::size_t>(all.offset[i]);
      EXPECT_EQ(all.step[first], 0);
      EXPECT_EQ(all.step[last], repeat.durations[k]);
      EXPECT_EQ(bits(all.x[first], all.v[first]), bits(line.x, line.v));
      EXPECT_EQ(bits(all.x[last], all.v[last]), bits(line.end_x, line.end_v));
      for (std::size_t f = first + 1; f < last; ++f) {
        std::int64_t const due = all.step[f] / 10 * 10;
        EXPECT_LE(all.step[f] - due, 1);
        EXPECT_EQ(due, static_cast<std::int64_t>(f - first) * 10);
      }
    }
  }
}

// Bins of energy as they are defined, on the host.
TEST(RareReactivePaths, ReachBinsWhereTheyBranch) {
  Outcome const run(well + size + six + "every = 2\n");
  Level const& level = run.request.splitting.passage.level;
  Passage const& passage = run.request.splitting.passage;
  auto const energy = [](PathPoint const& x, PathPoint const& v) {
    double const a = x[0] * x[0] - 1;
    return a * a + 0.5 * v[0] * v[0];
  };
  ReactivePaths const& all = run.result.paths;
  auto const bin = [&](std::size_t f) {
    double const below = std::max(0.0, level.top_energy - energy(all.x[f], all.v[f]));
    double const value = level.top_energy + (all.x[f][0] < level.top ? -below : below);
    double const place = (value - level.first) / (level.last - level.first) * level.bins;
    return static_cast<int>(std::clamp(std::floor(place), -1.0, level.bins - 1.0));
  };
  auto const in = [&](Region const& region, std::size_t f) {
    return all.x[f][0] >= region.lower && all.x[f][0] <= region.upper && energy(all.x[f], all.v[f]) <= region.energy;
  };
  int branches_seen = 0;
  for (std::size_t i = 0; i < 6; ++i) {
    auto const first = static_cast<std::size_t>(all.offset[i]), end = static_cast<std::size_t>(all.offset[i + 1]);
    EXPECT_TRUE(in(passage.b, end - 1));
    for (std::size_t f = first; f + 1 < end; ++f) EXPECT_FALSE(in(passage.a, f) || in(passage.b, f));
    for (auto leg = static_cast<std::size_t>(all.leg_offset[i]); leg < static_cast<std::size_t>(all.leg_offset[i + 1]);
         ++leg) {
      bool const is_first = static_cast<std::int64_t>(leg) == all.leg_offset[i];
      EXPECT_EQ(all.parent[leg], is_first ? -1 : all.replica[leg - 1]);
      EXPECT_LT(all.parent[leg], all.replica[leg]);
      if (is_first) continue;
      EXPECT_GT(all.leg_bin[leg], all.leg_bin[leg - 1]);
      EXPECT_GE(all.leg_step[leg], all.leg_step[leg - 1]);
      for (std::size_t f = first; f < end && all.step[f] <= all.leg_step[leg]; ++f) {
        if (all.step[f] < all.leg_step[leg]) {
          EXPECT_LT(bin(f), all.leg_bin[leg]);
        } else {
          EXPECT_GE(bin(f), all.leg_bin[leg]);
          ++branches_seen;
        }
      }
    }
  }
  EXPECT_GT(branches_seen, 10);
}

TEST(RareReactivePaths, DoNotDependOnWhatIsWritten) {
  Outcome const run(well + size + six);
  SplittingParams const& params = run.request.splitting;
  auto const paths = run.paths();
  PathLine const& line = run.result.repeats[1].lines[0];
  ReactivePaths fine;
  replay(*paths, params, 1, line, 2, fine);
  std::map<std::int64_t, std::vector<std::uint64_t>> states;
  for (std::size_t f = 0; f < fine.step.size(); ++f) states[fine.step[f]] = bits(fine.x[f], fine.v[f]);
  EXPECT_EQ(states.size(), fine.step.size());
  for (std::int64_t const every : {6, 64, 1 << 20}) {
    ReactivePaths coarse;
    replay(*paths, params, 1, line, every, coarse);
    EXPECT_EQ(coarse.leg_step, fine.leg_step);
    EXPECT_EQ(coarse.step.size() <= 2, every == 1 << 20);
    int common = 0;
    for (std::size_t f = 0; f < coarse.step.size(); ++f) {
      if (!states.contains(coarse.step[f])) continue;
      ++common;
      EXPECT_EQ(bits(coarse.x[f], coarse.v[f]), states.at(coarse.step[f]));
    }
    EXPECT_GE(common, 2);
  }
}

TEST(RareReactivePaths, WeighAsTheirRepeats) {
  Outcome const run(well + size + six);
  std::vector<SplittingRepeat> const& repeats = run.result.repeats;
  double const sum = repeats[0].rate() + repeats[1].rate() + repeats[2].rate() + repeats[3].rate();
  std::vector<double> const& weight = run.result.paths.weight;
  EXPECT_NEAR(weight[0], repeats[0].rate() / sum, 1e-14);
  EXPECT_NEAR(weight[1], 0.5 * repeats[1].rate() / sum, 1e-14);
  EXPECT_NEAR(weight[5], 0.5 * repeats[3].rate() / sum, 1e-14);
}

TEST(RareReactivePaths, AreNoneWhereNoneAreWanted) {
  Outcome const none(well + size), some(well + size + six);
  EXPECT_EQ(none.result.paths.count(), 0);
  for (SplittingRepeat const& repeat : none.result.repeats) EXPECT_TRUE(repeat.lines.empty());
  EXPECT_EQ(none.result.hash, some.result.hash);
}

// A signal that comes after the last repeat: what is kept is enough to go on.
TEST(RareReactivePaths, AreLeftAndFollowedLater) {
  Outcome const whole(well + size + six);
  RareKeeping keeping;
  std::vector<NumberedRepeat> kept;
  keeping.keep = [&](std::vector<NumberedRepeat> const& repeats) { kept = repeats; };
  keeping.stop = [&] { return !kept.empty(); };
  RareResult const left = compute_rare(whole.request, Communicator::self(), keeping);
  EXPECT_TRUE(left.lacks_paths);
  EXPECT_EQ(left.repeats_done, 4);
  EXPECT_EQ(left.paths.count(), 0);
  keeping = {};
  keeping.done = kept;
  RareResult const later = compute_rare(whole.request, Communicator::self(), keeping);
  EXPECT_FALSE(later.lacks_paths);
  EXPECT_EQ(later.paths.step, whole.result.paths.step);
  EXPECT_EQ(later.paths.x, whole.result.paths.x);
  EXPECT_EQ(later.paths.v, whole.result.paths.v);
  EXPECT_EQ(later.paths.replica, whole.result.paths.replica);
  EXPECT_EQ(later.paths.weight, whole.result.paths.weight);
}

TEST(RareReactivePaths, ThatEndInAnotherWayAreRefused) {
  Outcome const run(well + size + six);
  auto const paths = run.paths();
  PathLine const& line = run.result.repeats[2].lines[0];
  ASSERT_GT(line.legs.size(), 3U);
  auto const refused = [&](PathLine const& changed) {
    ReactivePaths all;
    EXPECT_THROW(replay(*paths, run.request.splitting, 2, changed, 10, all), Error);
  };
  PathLine changed = line;
  changed.legs.back().replica += 1;
  refused(changed);
  changed = line;
  changed.legs.erase(changed.legs.begin() + 2);
  refused(changed);
  changed = line;
  changed.v[0] = std::nextafter(changed.v[0], 9.0);
  refused(changed);
  changed = line;
  changed.duration += 1;
  refused(changed);
  ReactivePaths all;
  EXPECT_THROW(replay(*paths, run.request.splitting, 2, line, 3, all), DomainError);
}

TEST(RareGenealogy, KnowsParentsThatAreReplaced) {
  Genealogy family(3);
  family.replace({0, 1, 2, 3});  // 3 in place 0, from 1
  family.replace({1, 0, 4, 4});  // 4 in place 1, from 3
  family.replace({0, 2, 5, 5});  // 5 in place 0, from 2
  auto const legs = [&](std::int32_t place) {
    std::vector<std::pair<std::int64_t, int>> all;
    for (PathLeg const& leg : family.legs(place)) all.emplace_back(leg.replica, leg.bin);
    return all;
  };
  using Legs = std::vector<std::pair<std::int64_t, int>>;
  EXPECT_EQ(legs(1), (Legs{{1, 0}, {3, 2}, {4, 4}}));
  EXPECT_EQ(legs(0), (Legs{{2, 0}, {5, 5}}));
  EXPECT_EQ(legs(2), (Legs{{2, 0}}));
  EXPECT_THROW(family.replace({0, 1, 6, 9}), DomainError);
}

TEST(RareReactivePaths, AreThinnedWhereTheyAreLong) {
  EXPECT_EQ(path_interval(500, 10), 10);
  EXPECT_EQ(path_interval(10 * (most_path_frames - 2), 10), 10);
  EXPECT_EQ(path_interval(10 * most_path_frames, 10), 20);
  EXPECT_LE(longest_age / path_interval(longest_age, 2) + 2, most_path_frames);
}

}  // namespace kramers::rare_reactive_test
