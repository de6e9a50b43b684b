// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/hash.hpp>
#include <kramers/core/lanes.hpp>
#include <kramers/core/philox.hpp>
#include <kramers/core/philox_lanes.hpp>

#include <Kokkos_Core.hpp>

#include <gtest/gtest.h>
#include <spaces.hpp>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstdint>
#include <set>
#include <vector>

namespace kramers::test {

using Words = std::array<std::uint32_t, 4>;

Words words(PhiloxBlock const& b) {
  return {b.w0, b.w1, b.w2, b.w3};
}

/// One input of philox_block.
struct Draw {
  std::uint64_t seed, id, step;
  Stream stream;
};

Words words(Draw const& d) {
  return words(philox_block(d.seed, d.id, d.step, d.stream));
}

/// Blocks of lanes id ... id + W - 1, computed in a vectorised loop.
template <int W>
KOKKOS_INLINE_FUNCTION void blocks_of_lanes(Draw const& d, PhiloxBlock (&out)[W]) {
  for_lanes<W>(
      [&](int lane) { out[lane] = philox_block(d.seed, d.id + static_cast<std::uint64_t>(lane), d.step, d.stream); });
}

template <int W>
void expect_lanes_equal_scalar() {
  Draw const d{0x0123456789abcdefULL, 0xfffffff0ULL, 0x1234ffffffffULL, Stream::spread_offset};  // the ids cross 2^32
  PhiloxBlock lanes[W];
  blocks_of_lanes<W>(d, lanes);
  for (int l = 0; l < W; ++l) {
    EXPECT_EQ(words(lanes[l]), words(Draw{d.seed, d.id + static_cast<std::uint64_t>(l), d.step, d.stream}))
        << "lane " << l << " of " << W;
  }
}

/// Both forms of philox_pairs: vectors of the CPU, where it has them, and the compiler's.
template <int W>
void expect_pairs_equal_blocks() {
  for (std::uint64_t const first : {0xfffffff0ULL, 0xffffffffffffffd0ULL}) {  // the ids cross 2^32 and 2^64
    Draw const d{0xfedcba9876543210ULL, first, 0x1234ffffffffULL, Stream::dynamics};
    std::uint64_t id[W], w01[W], w23[W], plain_w01[W], plain_w23[W];
    for (int l = 0; l < W; ++l) id[l] = d.id + static_cast<std::uint64_t>(l);
    detail::philox_pairs(d.seed, id, d.step, d.stream, w01, w23);
    detail::philox_pairs_plain(d.seed, id, d.step, d.stream, plain_w01, plain_w23);
    for (int l = 0; l < W; ++l) {
      PhiloxBlock const b = philox_block(d.seed, id[l], d.step, d.stream);
      EXPECT_EQ(w01[l], std::uint64_t{b.w0} << 32 | b.w1) << "lane " << l << " of " << W;
      EXPECT_EQ(w23[l], std::uint64_t{b.w2} << 32 | b.w3) << "lane " << l << " of " << W;
      EXPECT_EQ(plain_w01[l], w01[l]);
      EXPECT_EQ(plain_w23[l], w23[l]);
    }
  }
}

/// Correlation of all word pairs of two sequences of n blocks, the second one `lag` steps ahead, in standard errors;
/// the largest of the 16. A word as a uniform number has variance 1/12.
double largest_correlation(Draw a, Draw b, int lag, int n) {
  double sums[4][4] = {};
  for (int k = 0; k < n; ++k) {
    Draw da = a, db = b;
    da.step += static_cast<std::uint64_t>(k);
    db.step += static_cast<std::uint64_t>(k + lag);
    Words const wa = words(da), wb = words(db);
    for (std::size_t i = 0; i < 4; ++i) {
      for (std::size_t j = 0; j < 4; ++j) sums[i][j] += (wa[i] * 0x1p-32 - 0.5) * (wb[j] * 0x1p-32 - 0.5);
    }
  }
  double largest = 0;
  for (auto const& row : sums) {
    for (double const s : row) largest = std::max(largest, std::abs(s) * 12 / std::sqrt(n));
  }
  return largest;
}

/// Some block of a set with large and small numbers in every argument.
KOKKOS_INLINE_FUNCTION PhiloxBlock block_of_set(int i) {
  auto const u = mix64(static_cast<std::uint64_t>(i));
  return philox_block(mix64(u), u, mix64(u + 1), static_cast<Stream>(i & 3));
}

template <class View>
struct PhiloxKernel {
  View out;
  KOKKOS_FUNCTION void operator()(int i) const { out(i) = block_of_set(i); }
};

}  // namespace kramers::test

namespace kt = kramers::test;
using kramers::philox4x32;
using kramers::philox_block;
using kramers::PhiloxBlock;
using kramers::Stream;

// The three vectors published with the paper (Random123, file kat_vectors, "philox4x32 10").
TEST(philox, gives_the_published_known_answers) {
  EXPECT_EQ(kt::words(philox4x32(0, {0, 0, 0, 0})), (kt::Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(kt::words(philox4x32(~0ULL, {~0U, ~0U, ~0U, ~0U})),
            (kt::Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(kt::words(philox4x32(0x299f31d0a4093822ULL, {0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344})),
            (kt::Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(philox, is_a_constant_expression) {
  static_assert(philox4x32(0, {0, 0, 0, 0}) == PhiloxBlock{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
}

// The layout is part of what makes a run replayable: it must never change.
TEST(philox, counter_is_id_then_step_then_stream_and_the_key_is_the_seed) {
  std::uint64_t const seed = 0x1111222233334444ULL;
  EXPECT_EQ(kt::words(philox_block(seed, 0x5555666677778888ULL, 0x9999aaaabbbbULL, static_cast<Stream>(0xcccc))),
            kt::words(philox4x32(seed, {0x77778888, 0x55556666, 0xaaaabbbb, 0xcccc9999})));
}

TEST(philox, ignores_step_bits_above_48) {
  EXPECT_EQ(kt::words(philox_block(1, 2, 3 | (0xffffULL << 48), Stream::dynamics)),
            kt::words(philox_block(1, 2, 3, Stream::dynamics)));
}

TEST(philox, streams_keep_their_numbers) {
  EXPECT_EQ(static_cast<int>(Stream::dynamics), 0);
  EXPECT_EQ(static_cast<int>(Stream::initial_position), 1);
  EXPECT_EQ(static_cast<int>(Stream::initial_velocity), 2);
  EXPECT_EQ(static_cast<int>(Stream::spread_offset), 3);
  EXPECT_EQ(static_cast<int>(Stream::spread_dynamics), 5);
}

TEST(philox, lanes_give_the_bits_of_the_scalar_path) {
  kt::expect_lanes_equal_scalar<1>();
  kt::expect_lanes_equal_scalar<8>();
  kt::expect_lanes_equal_scalar<32>();
  kt::expect_lanes_equal_scalar<64>();
}

TEST(philox, packs_of_lanes_give_the_words_of_the_blocks) {
  kt::expect_pairs_equal_blocks<1>();
  kt::expect_pairs_equal_blocks<16>();
  kt::expect_pairs_equal_blocks<32>();
  kt::expect_pairs_equal_blocks<64>();
}

// Distinct 64-bit halves over a grid of neighbours in every argument: 2 x 8192 random 64-bit numbers collide with
// probability 7e-12.
TEST(philox, neighbouring_arguments_never_repeat_a_block) {
  std::set<std::uint64_t> seen;
  std::size_t drawn = 0;
  for (std::uint64_t seed = 40; seed < 44; ++seed) {
    for (std::uint64_t id = 0; id < 16; ++id) {
      for (std::uint64_t step = 0; step < 32; ++step) {
        for (int stream = 0; stream < 4; ++stream) {
          auto const b = philox_block(seed, id, step, static_cast<Stream>(stream));
          seen.insert((std::uint64_t{b.w0} << 32) | b.w1);
          seen.insert((std::uint64_t{b.w2} << 32) | b.w3);
          drawn += 2;
        }
      }
    }
  }
  EXPECT_EQ(seen.size(), drawn);
}

// 7 neighbours x 7 lags x 16 word pairs at 5.5 standard errors: a false alarm once in 34,000 seeds. The lags catch a seed
// that enters the counter: such generators give the same noise shifted by a step.
TEST(philox, neighbouring_seeds_ids_and_streams_are_uncorrelated_at_all_lags) {
  kt::Draw const base{42, 7, 100, Stream::dynamics};
  kt::Draw const neighbours[] = {base,
                                 {43, 7, 100, Stream::dynamics},
                                 {42 + (1ULL << 32), 7, 100, Stream::dynamics},
                                 {42, 8, 100, Stream::dynamics},
                                 {42, 7 + (1ULL << 32), 100, Stream::dynamics},
                                 {42, 7, 100, Stream::initial_position},
                                 {42, 7, 100 + (1ULL << 32), Stream::dynamics}};
  for (auto const& n : neighbours) {
    for (int lag = -3; lag <= 3; ++lag) {
      if (&n == &neighbours[0] && lag == 0) continue;
      EXPECT_LT(kt::largest_correlation(base, n, lag, 1 << 13), 5.5)
          << "seed " << n.seed << " id " << n.id << " step " << n.step << " lag " << lag;
    }
  }
}

// Each of the 128 bits over n blocks is binomial with standard deviation sqrt(n) / 2. Three walks of 128 bits at 5.5
// standard deviations: a false alarm once in 70,000 seeds.
TEST(philox, every_bit_is_balanced) {
  constexpr int n = 1 << 15;
  for (int walk = 0; walk < 3; ++walk) {
    std::array<int, 128> ones{};
    for (int k = 0; k < n; ++k) {
      auto const u = static_cast<std::uint64_t>(k);
      auto const w = kt::words(walk == 0   ? kt::Draw{1, 0, u, Stream::dynamics}
                               : walk == 1 ? kt::Draw{1, u, 0, Stream::dynamics}
                                           : kt::Draw{u, 0, 0, Stream::dynamics});
      for (std::size_t bit = 0; bit < 128; ++bit) ones[bit] += static_cast<int>((w[bit / 32] >> (bit % 32)) & 1U);
    }
    for (std::size_t bit = 0; bit < 128; ++bit) {
      EXPECT_NEAR(ones[bit], n / 2, 5.5 * std::sqrt(n) / 2) << "bit " << bit << " of walk " << walk;
    }
  }
}

// Flipping any one bit of the key or the counter flips each output bit with probability 1/2. Per input bit the mean of
// 128 x 256 such bits has standard error 1/362; 192 input bits at 5.5 of it: a false alarm once in 130,000 seeds.
TEST(philox, every_input_bit_changes_half_of_the_output) {
  constexpr int trials = 256;
  for (int bit = 0; bit < 192; ++bit) {
    int flipped = 0;
    for (int t = 0; t < trials; ++t) {
      auto r = [&](int i) { return kramers::mix64(static_cast<std::uint64_t>(4 * t + i + 1)); };
      kt::Draw const a{r(0), r(1), r(2) & 0xffffffffffffULL, static_cast<Stream>(r(3) & 0xffff)};
      kt::Draw b = a;
      if (bit < 64) {
        b.seed ^= 1ULL << bit;
      } else if (bit < 128) {
        b.id ^= 1ULL << (bit - 64);
      } else if (bit < 176) {
        b.step ^= 1ULL << (bit - 128);
      } else {
        b.stream = static_cast<Stream>(static_cast<unsigned>(b.stream) ^ (1U << (bit - 176)));
      }
      auto const wa = kt::words(a), wb = kt::words(b);
      for (std::size_t i = 0; i < 4; ++i) flipped += std::popcount(wa[i] ^ wb[i]);
    }
    EXPECT_NEAR(flipped / (128.0 * trials), 0.5, 5.5 / 362) << "input bit " << bit;
  }
}

template <class Config>
struct philox_on : ::testing::Test {};
TYPED_TEST_SUITE(philox_on, kt::AllConfigs, kt::ConfigName);

TYPED_TEST(philox_on, every_space_gives_the_host_bits) {
  using Space = typename TypeParam::Space;
  constexpr int n = 1000;
  Space const exec;
  Kokkos::View<PhiloxBlock*, Space> const device(Kokkos::view_alloc(exec, "kramers::test::blocks"), n);
  Kokkos::parallel_for("kramers::test::philox", Kokkos::RangePolicy<Space>(exec, 0, n),
                       kt::PhiloxKernel<decltype(device)>{device});
  auto const host = Kokkos::create_mirror_view(device);
  Kokkos::deep_copy(exec, host, device);
  exec.fence();
  for (int i = 0; i < n; ++i) ASSERT_EQ(kt::words(host(i)), kt::words(kt::block_of_set(i))) << "block " << i;
}
