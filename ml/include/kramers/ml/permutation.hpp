// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/base/hash.hpp>
#include <kramers/core/lanes.hpp>
#include <kramers/core/philox.hpp>

#include <Kokkos_Core.hpp>

#include <cstdint>

namespace kramers::ml {

/// A random order of n elements, each place computed on its own: the order in which an epoch visits the samples.
///
/// A bijection of [0, 4^bits) by six Feistel rounds with keys from one Philox block per two rounds, walked from element to
/// element until it lands below n (at most 4 steps on average). A pure function of (seed, epoch, n, place); no memory.
///
/// @see  Source  Luby, Rackoff, SIAM J. Comput. 17, 373 (1988); cycle walking: Black, Rogaway, CT-RSA 2002;
///               Checked by tests/ml/permutation_test.cpp
class Permutation {
 public:
  /// Of the one element 0.
  KOKKOS_FUNCTION Permutation() : m_n(1) {}
  /// @param[in] n  > 0 elements, < 2^31
  KOKKOS_FUNCTION Permutation(std::uint64_t seed, std::uint64_t epoch, std::uint32_t n) : m_n(n) {
    while ((std::uint64_t{1} << (2 * m_half)) < n) ++m_half;
    for (unsigned pair = 0; pair < rounds / 2; ++pair) {
      PhiloxBlock const block = philox_block(seed, pair, epoch, Stream::data_order);
      m_key[2 * pair] = std::uint64_t{block.w0} << 32 | block.w1;
      m_key[2 * pair + 1] = std::uint64_t{block.w2} << 32 | block.w3;
    }
  }

  /// The element that stands at `place` < n.
  KOKKOS_FUNCTION std::uint32_t operator()(std::uint32_t place) const {
    do {
      place = once(place);
    } while (place >= m_n);
    return place;
  }

  /// The elements at the places first ... first + count - 1, computed together: those that walk on do so in lanes that they
  /// fill anew in each round.
  ///
  /// @param[in]  count    at most Most, a multiple of 32
  /// @param[out] element  places that there are none of repeat the last one
  template <int Most>
  KOKKOS_FUNCTION void elements(int first, int count, std::uint32_t (&element)[Most]) const {
    constexpr int W = 32;
    static_assert(Most % W == 0, "Permutation: whole packs of places");
    std::uint32_t const last = m_n - 1;
    for (int place = 0; place < count; place += W) {
      for_lanes<W>([&](int const l) {
        auto const here = static_cast<std::uint32_t>(first + place + l);
        element[place + l] = once(here < last ? here : last);
      });
    }
    int walking[Most];
    int number = 0;
    for (int i = 0; i < count; ++i) {
      walking[number] = i;
      number += element[i] >= m_n ? 1 : 0;
    }
    constexpr int V = 16;
    while (number > 4) {
      int left = 0;
      for (int begin = 0; begin < number; begin += V) {
        int const size = number - begin < V ? number - begin : V;
        std::uint32_t pack[V] = {};
        for (int i = 0; i < size; ++i) pack[i] = element[walking[begin + i]];
        for_lanes<V>([&](int const l) { pack[l] = once(pack[l]); });
        for (int i = 0; i < size; ++i) {
          int const place = walking[begin + i];
          element[place] = pack[i];
          walking[left] = place;  // left <= begin + i
          left += pack[i] >= m_n ? 1 : 0;
        }
      }
      number = left;
    }
    for (int i = 0; i < number; ++i) {
      do {
        element[walking[i]] = once(element[walking[i]]);
      } while (element[walking[i]] >= m_n);
    }
  }

 private:
  static constexpr unsigned rounds = 6;

  KOKKOS_FUNCTION std::uint32_t once(std::uint32_t x) const {
    std::uint32_t const mask = (std::uint32_t{1} << m_half) - 1;
    std::uint32_t left = x >> m_half;
    std::uint32_t right = x & mask;
    for (std::uint64_t const key : m_key) {
      std::uint32_t const next = left ^ (static_cast<std::uint32_t>(mix64(key ^ right)) & mask);
      left = right;
      right = next;
    }
    return (left << m_half) | right;
  }

  std::uint64_t m_key[rounds]{};
  std::uint32_t m_n;
  unsigned m_half = 1;
};

}  // namespace kramers::ml
