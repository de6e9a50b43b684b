// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <random>
#include <string>
#include <vector>

#include "scratch.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

/// Runs a fuzz target without a fuzzer, for every compiler.
namespace kramers::test {

inline void run_target(std::string const& input) {
  EXPECT_EQ(LLVMFuzzerTestOneInput(reinterpret_cast<std::uint8_t const*>(input.data()), input.size()), 0);
}

/// The seeds of a target: the files in tests/fuzz/corpus/<name>, in the order of their names.
inline std::vector<std::string> corpus(std::string const& name) {
  std::vector<std::filesystem::path> paths;
  for (auto const& entry : std::filesystem::directory_iterator(KRAMERS_SOURCE_DIR "/tests/fuzz/corpus/" + name)) {
    paths.push_back(entry.path());
  }
  std::ranges::sort(paths);
  std::vector<std::string> seeds;
  for (auto const& path : paths) seeds.push_back(content(path));
  return seeds;
}

/// The target on so many mutations of the seeds, with characters of the alphabet put in.
inline void run_mutations(std::vector<std::string> const& seeds, std::string const& alphabet, int rounds = 20000) {
  std::mt19937 random(20260131);
  auto const below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  for (int round = 0; round < rounds; ++round) {
    std::string text = seeds[below(seeds.size())];
    for (std::size_t i = below(6) + 1; i > 0; --i) {
      std::size_t const at = below(text.size() + 1);
      switch (below(4)) {
        case 0:
          text.insert(at, 1, alphabet[below(alphabet.size())]);
          break;
        case 1:
          if (!text.empty()) text.erase(at, below(4) + 1);
          break;
        case 2:
          if (at < text.size()) text[at] = static_cast<char>(random() & 0xffU);
          break;
        default: {
          auto const& other = seeds[below(seeds.size())];
          std::size_t const from = below(other.size() + 1);
          text.insert(at, other.substr(from, below(12)));
        }
      }
    }
    SCOPED_TRACE(testing::PrintToString(text));
    run_target(text);
  }
}

}  // namespace kramers::test
