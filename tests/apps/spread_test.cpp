// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/dynamics/studies/spread_study.hpp>
#include <kramers/runtime/collective_errors.hpp>
#include <kramers/runtime/h5.hpp>

#include <gtest/gtest.h>
#include <learning_curves.hpp>
#include <nlohmann/json.hpp>
#include <run_map.hpp>

#include <cmath>
#include <numeric>
#include <string>

#include "scratch.hpp"

namespace kramers::spread_app_test {

using namespace kramers::dynamics;

AppRun shipped_run(std::vector<std::string> const& sets = {}) {
  Communicator const comm = Communicator::world();
  CommandLine options;
  options.words = {"kramers-spread"};
  options.space = space_names().front();
  options.quiet = true;
  Config config = Config::from_file(KRAMERS_SOURCE_DIR "/apps/spread/double_well.toml", comm);
  for (auto const& set : sets) config.set(set);
  return {comm, options, std::move(config)};
}

std::string const adaptive[] = {"spread.adaptive.tolerance=0.008", "spread.adaptive.max_members=200"};

/// The bits of the shipped map, whatever the space, lanes, threads and ranks.
constexpr std::uint64_t shipped_hash = 0x6b297c12afd2013aULL;

TEST(SpreadApp, ShippedInputGivesItsBits) {
  AppRun const run = shipped_run();
  SpreadResult const result = compute_spread(read_spread(run.config, run.options, builtin_potentials()), run.comm);
  EXPECT_EQ(result.state_hash, shipped_hash);
  EXPECT_EQ(result.points.lo.size(), run.comm.is_root() ? 833u : 0u);
  EXPECT_EQ(result.trunk.position.size(), 2501u);
}

TEST(SpreadApp, AdaptiveMapIsTheSameOnAnyNumberOfRanks) {
  AppRun const run = shipped_run({adaptive[0], adaptive[1]});
  SpreadRequest const request = read_spread(run.config, run.options, builtin_potentials());
  SpreadResult const together = compute_spread(request, run.comm);
  SpreadResult const alone = compute_spread(request, Communicator::self());
  EXPECT_EQ(together.state_hash, alone.state_hash);
  EXPECT_NE(together.state_hash, shipped_hash);
  if (run.comm.is_root()) {
    EXPECT_EQ(together.points.members, alone.points.members);
  }
}

TEST(SpreadApp, MorePointsThanRanksAreNotNeeded) {
  AppRun const run = shipped_run({"trunk.steps=4", "spread.every=2"});
  SpreadRequest const request = read_spread(run.config, run.options, builtin_potentials());
  EXPECT_EQ(compute_spread(request, run.comm).state_hash, compute_spread(request, Communicator::self()).state_hash);
}

TEST(SpreadApp, FileAndSummaryHoldTheMap) {
  if (!h5::available()) GTEST_SKIP() << "built without HDF5";
  test::Scratch const scratch(Communicator::world());
  AppRun run = shipped_run({adaptive[0], adaptive[1]});
  run.options.output = scratch / "map.h5";
  run.options.summary = scratch / "map.json";
  ASSERT_EQ(spread::run_map(run), 0);
  EXPECT_EQ(scratch.entries(), 2u);  // nothing is left beside them

  SpreadResult const result =
      compute_spread(read_spread(run.config, run.options, builtin_potentials()), Communicator::self());
  h5::Reader const file(scratch / "map.h5", run.comm);
  auto const column = [&](char const* name) { return file.read<double>(std::string("/spread/") + name); };
  EXPECT_EQ(file.read<double>("/trunk/position"), result.trunk.position);
  EXPECT_EQ(file.read<double>("/trunk/velocity"), result.trunk.velocity);
  EXPECT_EQ(column("lo"), result.points.lo);
  EXPECT_EQ(column("hi"), result.points.hi);
  EXPECT_EQ(column("error"), result.points.error);
  EXPECT_EQ(column("growth"), result.points.growth);
  EXPECT_EQ(file.read<std::int64_t>("/spread/members"), result.points.members);
  auto const time = column("time"), spread = column("spread"), rate = column("rate");
  auto const position = column("position");
  ASSERT_EQ(time.size(), 833u);
  EXPECT_DOUBLE_EQ(time[0], 0.03);  // the third step
  EXPECT_DOUBLE_EQ(time[832], 24.99);
  EXPECT_EQ(position[1], result.trunk.position[6]);
  EXPECT_EQ(spread[5], result.points.hi[5] - result.points.lo[5]);
  EXPECT_DOUBLE_EQ(rate[5], (spread[6] - spread[4]) / 0.06);

  auto summary = nlohmann::json::parse(test::content(scratch / "map.json"));
  for (char const* key : {"app", "version", "space", "precision", "ranks", "threads", "walkers", "steps", "wall_s",
                          "walker_steps_per_s", "state_hash", "observables", "memory", "adaptive", "provenance"}) {
    EXPECT_TRUE(summary.contains(key)) << key;
  }
  std::int64_t members = 0;
  for (auto const n : result.points.members) members += n;
  EXPECT_EQ(summary["walkers"], members + 1);
  EXPECT_EQ(summary["adaptive"]["member_steps"], members * 10);
  EXPECT_NEAR(summary["observables"]["spread"]["value"].get<double>(),
              std::accumulate(spread.begin(), spread.end(), 0.0) / 833, 1e-12);
  EXPECT_GT(summary["observables"]["spread"]["stderr"], 0.0);
  // Where the ranks ran is told by the summary alone: an attribute would be too small for many.
  EXPECT_EQ(summary.erase("placement"), 1U);
  EXPECT_EQ(nlohmann::json::parse(file.text_attribute("/", "summary")), summary);
  EXPECT_TRUE(test::has(file.text_attribute("/", "input"), "max_members"));
  EXPECT_EQ(file.text_attribute("/parameters", "potential"), "double_well");
}

/// One wrong assignment and a part of what must be said about it.
TEST(SpreadApp, WrongInputIsNamed) {
  struct Case {
    std::string set, message;
  };
  for (auto const& [set, message] : std::vector<Case>{
           {"spread.members=1", "'spread.members'"},
           {"spread.members=100000", "'spread.members'"},
           {"spread.every=0", "'spread.every'"},
           {"spread.every=2501", "'spread.every'"},
           {"spread.steps=0", "'spread.steps'"},
           {"spread.sigma_position=-0.01", "'spread.sigma_position'"},
           {"spread.sigma_velocity=nan", "'spread.sigma_velocity'"},
           {"trunk.steps=0", "'trunk.steps'"},
           {"trunk.steps=4294967296", "'trunk.steps'"},
           {"trunk.walker=65536", "'trunk.walker'"},
           {"spread.adaptive.max_members=100", "'spread.adaptive.tolerance'"},
           {"spread.adaptive={tolerance=0.01, max_members=39}", "'spread.adaptive.max_members'"},
           {"integrator.dt=0", "'integrator.dt'"},
           {"integrator.scheme=euler-maruyama", "'spread.sigma_velocity'"},
           {"potential={kind=\"mueller_brown\"}", "'potential.kind'"},
           {"spread.membrs=5", "spread.members"},
       }) {
    std::string const said = test::message<InputError>([&] {
      AppRun const run = shipped_run({set});
      spread::run_map(run);
    });
    EXPECT_TRUE(test::has(said, message)) << set << ": " << said;
  }
}

TEST(SpreadApp, FaultsKeepAnEarlierResult) {
  test::Scratch const scratch(Communicator::world());
  Communicator const comm = Communicator::world();
  if (comm.is_root()) test::put(scratch / "map.h5", "an earlier result");
  comm.barrier();

  AppRun diverging = shipped_run({"integrator.dt=0.9"});
  diverging.options.output = scratch / "map.h5";
  std::string const said = test::message<DivergedError>([&] { spread::run_map(diverging); });
  EXPECT_TRUE(test::has(said, "dt = 0.9")) << said;

  AppRun nowhere = shipped_run();
  nowhere.options.output = scratch / "absent" / "map.h5";
  EXPECT_ANY_THROW(spread::run_map(nowhere));  // IoError on rank 0, PeerError on the others
  EXPECT_EQ(test::content(scratch / "map.h5"), "an earlier result");
  EXPECT_EQ(scratch.entries(), 1u);
}

TEST(LearningCurves, SavingHasTheErrorOfTheJackknife) {
  using namespace kramers::spread;
  std::vector<std::int64_t> const steps{100, 200, 300};
  Repeats const by_chance(3, {0.2, 0.5, 0.8}), by_doubt{{0.2, 0.6, 1.0}, {0.2, 0.7, 1.0}, {0.2, 0.5, 1.0}};
  Comparison const all = compare(mean_of(by_chance, 3), mean_of(by_doubt, 3), steps);
  EXPECT_DOUBLE_EQ(all.target, 0.8);
  EXPECT_DOUBLE_EQ(all.uniform_steps, 300);
  EXPECT_DOUBLE_EQ(all.adaptive_steps, 250);  // half the way from 0.6 to 1
  // Without one repeat each, the second accuracy is 0.6, 0.55 and 0.65, and 0.8 is reached after 250, 200 + 100 * 5/9
  // and 200 + 100 * 3/7 steps.
  double const savings[] = {300 / 250.0, 300 / (200 + 500 / 9.0), 300 / (200 + 300 / 7.0)};
  double const mean = (savings[0] + savings[1] + savings[2]) / 3;
  double squares = 0;
  for (double const s : savings) squares += (s - mean) * (s - mean);
  EXPECT_NEAR(saving_error(by_chance, by_doubt, steps), std::sqrt(squares * 2 / 3), 1e-14);
  // Of three values: their standard deviation over sqrt(3), 0.1 / sqrt(3).
  EXPECT_NEAR(error_of(by_doubt, mean_of(by_doubt, 3))[1], 0.1 / std::sqrt(3.0), 1e-15);
}

}  // namespace kramers::spread_app_test
