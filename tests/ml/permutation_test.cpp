// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/ml/permutation.hpp>

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace kramers::test {
namespace {

using ml::Permutation;

TEST(Permutation, IsABijection) {
  for (std::uint32_t const n : {1U, 2U, 3U, 4U, 5U, 16U, 17U, 64U, 65U, 833U, 1000U, 4096U, 4097U, 100000U}) {
    Permutation const order(5, 7, n);
    std::vector<int> seen(n, 0);
    for (std::uint32_t place = 0; place < n; ++place) {
      std::uint32_t const element = order(place);
      ASSERT_LT(element, n);
      ++seen[element];
    }
    EXPECT_EQ(seen, std::vector<int>(n, 1)) << "n = " << n;
  }
}

TEST(Permutation, ManyPlacesAtOnceAreThePlacesOneByOne) {
  // Domains of which nearly all, or little more than a quarter, is taken.
  for (int const n : {833, 257, 1024, 3}) {
    Permutation const order(3, 11, static_cast<std::uint32_t>(n));
    for (int first = 0; first < n; first += 96) {
      std::uint32_t element[96];
      order.elements(first, 96, element);
      for (int i = 0; i < 96; ++i) {
        EXPECT_EQ(element[i], order(static_cast<std::uint32_t>(std::min(first + i, n - 1)))) << first << " + " << i;
      }
    }
  }
}

TEST(Permutation, SeedsAndEpochsDiffer) {
  Permutation const order(1, 0, 833), other_epoch(1, 1, 833), other_seed(2, 0, 833);
  int same_epoch = 0, same_seed = 0;
  for (std::uint32_t place = 0; place < 833; ++place) {
    same_epoch += order(place) == other_epoch(place) ? 1 : 0;
    same_seed += order(place) == other_seed(place) ? 1 : 0;
  }
  // Poisson with mean 1: more than 12 has a probability of 6e-11.
  EXPECT_LE(same_epoch, 12);
  EXPECT_LE(same_seed, 12);
}

/// That a chi-square of so many degrees of freedom is exceeded with a probability of 1e-6 (Wilson, Hilferty, PNAS 17, 684,
/// 1931; within 1 % of the quantile from 20 degrees on).
double chi_square_limit(double freedom) {
  double const z = 4.753424;  // of the normal distribution
  double const root = 1 - 2 / (9 * freedom) + z * std::sqrt(2 / (9 * freedom));
  return freedom * root * root * root;
}
double chi_square(std::vector<int> const& counts, double expected) {
  double sum = 0;
  for (int const count : counts) sum += (count - expected) * (count - expected) / expected;
  return sum;
}

// False alarms: 1e-6 for each of the 6 figures, were the seeds chosen at random.
TEST(Permutation, IsUniform) {
  for (int const n : {13, 29}) {
    auto const size = static_cast<std::size_t>(n);
    int const epochs = 40000;
    std::vector<int> at_place(size * size, 0), first_two(size * size, 0);
    int far_apart = 0;
    for (int epoch = 0; epoch < epochs; ++epoch) {
      Permutation const order(17, static_cast<std::uint64_t>(epoch), static_cast<std::uint32_t>(n));
      for (std::size_t place = 0; place < size; ++place)
        ++at_place[place * size + order(static_cast<std::uint32_t>(place))];
      ++first_two[order(0) * size + order(1)];
      far_apart += order(static_cast<std::uint32_t>(n) - 1) > order(0) ? 1 : 0;
    }
    EXPECT_LT(chi_square(at_place, epochs / static_cast<double>(n)), chi_square_limit((n - 1) * (n - 1)))
        << "n = " << n;
    std::vector<int> pairs;
    for (std::size_t i = 0; i < size * size; ++i) {
      if (i / size != i % size) pairs.push_back(first_two[i]);
    }
    EXPECT_LT(chi_square(pairs, epochs / (n * (n - 1.0))), chi_square_limit(n * (n - 1) - 1)) << "n = " << n;
    EXPECT_LT(std::abs(far_apart - epochs / 2.0), 4.9 * std::sqrt(epochs / 4.0)) << "n = " << n;
  }
}

}  // namespace
}  // namespace kramers::test
