// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Selection without dynamics worth the name: the gambler's ruin. A gambler with 1 coin wins one with probability 0.4 and
// loses one else, until he has 10 or none. All levels are tied: what makes splitting biased shows here at once.
#include <kramers/base/error.hpp>
#include <kramers/base/hash.hpp>
#include <kramers/dynamics/rare/population.hpp>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <vector>

namespace kramers::rare_population_test {

using namespace kramers::dynamics;

constexpr int goal = 10, bins = goal - 1;  // bin b is b + 1 coins
constexpr double win = 0.4;
constexpr int repeats = 20'000;

double exact() {
  double const ratio = (1 - win) / win;
  return (ratio - 1) / (std::pow(ratio, goal) - 1);
}

/// Uniform numbers of one path, from a key.
struct Coins {
  std::uint64_t key, drawn = 0;
  double next() { return static_cast<double>(hash_element(drawn++, key) >> 11) * 0x1p-53; }
};

/// Play on with so many coins; the highest bin.
std::int32_t play(int coins, Coins random) {
  int most = coins;
  while (coins > 0 && coins < goal) {
    coins += random.next() < win ? 1 : -1;
    most = std::max(most, coins);
  }
  return most - 1;
}

struct Sample {
  double mean, error, spread;
};
Sample sample(std::function<double(int)> const& estimate, int count = repeats) {
  double sum = 0, squares = 0;
  for (int r = 0; r < count; ++r) {
    double const p = estimate(r) / exact();
    sum += p;
    squares += p * p;
  }
  double const mean = sum / count, variance = squares / count - mean * mean;
  return {mean, std::sqrt(variance / count), std::sqrt(variance)};
}

Population run(SelectionParams const& params, int repeat, std::uint64_t seed = 20261122) {
  Population population(params, seed, repeat);
  std::uint64_t const key = mix64(seed + static_cast<std::uint64_t>(repeat));
  std::vector<std::int32_t> top;
  for (std::int64_t i = 0; i < params.replicas; ++i)
    top.push_back(play(1, {mix64(key ^ static_cast<std::uint64_t>(i))}));
  for (auto replaced = population.select(top); !replaced.empty(); replaced = population.select(top)) {
    for (Replacement const& one : replaced) {
      EXPECT_GE(top[static_cast<std::size_t>(one.parent)], one.bin);
      EXPECT_LT(top[static_cast<std::size_t>(one.replica)], one.bin);
      top[static_cast<std::size_t>(one.replica)] =
          play(one.bin + 1, {mix64(key ^ static_cast<std::uint64_t>(one.child))});
    }
  }
  return population;
}

// Each fails for one seed in 16,000 by chance.
TEST(RarePopulation, IsUnbiasedWithTies) {
  for (int const replicas : {5, 20}) {
    for (double const kill : {0.1, 0.25, 0.6}) {
      SelectionParams const params{replicas, kill, bins, false};
      Sample const found = sample([&](int r) { return run(params, r).probability(); });
      EXPECT_LT(std::abs(found.mean - 1), 4 * found.error) << replicas << " replicas, kill " << kill;
      EXPECT_LT(found.error, 0.02);
    }
  }
}

TEST(RarePopulation, IsUnbiasedWithGivenLevels) {
  SelectionParams const params{20, 0.25, bins, true};
  Sample const found = sample([&](int r) { return run(params, r).probability(); });
  EXPECT_LT(std::abs(found.mean - 1), 4 * found.error);
  EXPECT_LT(found.error, 0.02);
}

// What splitting must not do, written down plainly; `right` is what Population does.
enum class Convention { right, exactly_k_die_and_branch_at_z, branch_at_z, factor_of_k };

double plain_estimate(Convention convention, int replicas, int repeat) {
  Coins random{mix64(static_cast<std::uint64_t>(repeat) + 77)};
  auto const path = [&](int coins) { return play(coins, {mix64(random.drawn++ ^ random.key)}); };
  int const k = (replicas + 3) / 4;
  std::vector<int> top(static_cast<std::size_t>(replicas));
  for (int& t : top) t = path(1);
  double p = 1;
  for (;;) {
    std::vector<int> sorted = top;
    std::sort(sorted.begin(), sorted.end());
    int const z = sorted[static_cast<std::size_t>(k - 1)];
    if (z >= bins) break;
    bool const ties_live = convention == Convention::exactly_k_die_and_branch_at_z;
    std::vector<std::size_t> dead, alive;
    for (std::size_t i = 0; i < top.size(); ++i) {
      bool const low = top[i] <= z && (!ties_live || static_cast<int>(dead.size()) < k);
      (low ? dead : alive).push_back(i);
    }
    if (alive.empty()) return 0;
    p *= 1 - static_cast<double>(convention == Convention::factor_of_k ? k : static_cast<int>(dead.size())) / replicas;
    bool const at_z = convention == Convention::branch_at_z || ties_live;
    for (std::size_t const i : dead) {
      // A parent is only asked that it has been where the child begins.
      (void)alive[static_cast<std::size_t>(random.next() * static_cast<double>(alive.size()))];
      top[i] = path(at_z ? z + 1 : z + 2);
    }
  }
  return p * static_cast<double>(std::count(top.begin(), top.end(), bins)) / replicas;
}

TEST(RarePopulation, OtherConventionsAreBiased) {
  auto const found = [](Convention convention, int replicas) {
    return sample([&](int r) { return plain_estimate(convention, replicas, r); }, 4000);
  };
  for (int const replicas : {5, 20}) {
    Sample const right = found(Convention::right, replicas);
    EXPECT_LT(std::abs(right.mean - 1), 4 * right.error);
    for (auto const wrong :
         {Convention::exactly_k_die_and_branch_at_z, Convention::branch_at_z, Convention::factor_of_k}) {
      Sample const biased = found(wrong, replicas);
      EXPECT_GT(std::abs(biased.mean - 1), 10 * biased.error) << replicas << ' ' << static_cast<int>(wrong);
    }
  }
}

TEST(RarePopulation, GenealogyTellsTheVariance) {
  SelectionParams const params{200, 0.25, bins, false};
  double predicted = 0;
  constexpr int count = 1000;
  Sample const found = sample(
      [&](int r) {
        Population const one = run(params, r);
        double const p = one.probability() / exact();
        if (p > 0) predicted += p * p * one.relative_variance() / count;
        return one.probability();
      },
      count);
  // The prediction is that of the absolute variance. The scatter is known to some per cent.
  EXPECT_NEAR(std::sqrt(predicted) / found.spread, 1, 0.15);
}

TEST(RarePopulation, SaysWhereRepeatsEnd) {
  Population population({2, 0.5, 3, false}, 1, 0);
  EXPECT_TRUE(population.select(std::vector<std::int32_t>{1, 1}).empty());
  EXPECT_TRUE(population.extinct());
  EXPECT_EQ(population.probability(), 0);
  EXPECT_EQ(population.roots(), 0);

  Population all({4, 0.25, 3, false}, 1, 0);
  auto const replaced = all.select(std::vector<std::int32_t>{3, 0, 1, 3});
  ASSERT_EQ(replaced.size(), 1U);
  EXPECT_EQ(replaced[0].replica, 1);
  EXPECT_EQ(replaced[0].bin, 1);
  EXPECT_EQ(replaced[0].child, 4);
  EXPECT_EQ(all.select(std::vector<std::int32_t>{3, 3, 1, 3}).size(), 1U);
  EXPECT_TRUE(all.select(std::vector<std::int32_t>{3, 3, 3, 3}).empty());
  EXPECT_EQ(all.probability(), 0.75 * 0.75);
  EXPECT_EQ(all.stages(), 2);
  EXPECT_EQ(all.reached(), (std::vector<double>{1, 0.75, 0.75 * 0.75, 0.75 * 0.75}));
}

TEST(RarePopulation, RefusesWhatIsNoPopulation) {
  EXPECT_THROW(Population({1, 0.25, 3, false}, 1, 0), DomainError);
  EXPECT_THROW(Population({2, 1.0, 3, false}, 1, 0), DomainError);
  EXPECT_THROW(Population({2, 0.0, 3, false}, 1, 0), DomainError);
  EXPECT_THROW(Population({2, 0.5, 0, false}, 1, 0), DomainError);
  Population two({2, 0.5, 3, false}, 1, 0);
  EXPECT_THROW(two.select(std::vector<std::int32_t>{1}), ShapeError);
}

}  // namespace kramers::rare_population_test
