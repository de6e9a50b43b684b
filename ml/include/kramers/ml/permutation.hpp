// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <kramers/core/hash.hpp>
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

  /// The elements at W places from `place` on, computed together; places from `last` on repeat the last one.
  template <int W>
  KOKKOS_FORCEINLINE_FUNCTION void elements(int place, int last, std::uint32_t (&element)[W]) const {
    for_lanes<W>(
        [&](int const l) { element[l] = once(static_cast<std::uint32_t>(place + l < last ? place + l : last - 1)); });
    while (any_lane<W>([&](int const l) { return element[l] >= m_n; })) {
      for_lanes<W>([&](int const l) { element[l] = element[l] >= m_n ? once(element[l]) : element[l]; });
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
