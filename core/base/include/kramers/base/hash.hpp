// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <cstdint>

namespace kramers {

/// Finaliser of SplitMix64 (Steele, Lea, Flood 2014): a bijection of 64 bits in which every input bit changes about
/// half of the output bits.
constexpr std::uint64_t mix64(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
  return z ^ (z >> 31);
}

/// Hash of one element of a table: its place is mixed in before its content, so that the wrapping sum over all
/// elements identifies the whole ordered table, whoever adds up which part.
constexpr std::uint64_t hash_element(std::uint64_t place, std::uint64_t content) {
  return mix64(mix64(place + 0x9e3779b97f4a7c15ULL) ^ content);
}

}  // namespace kramers
