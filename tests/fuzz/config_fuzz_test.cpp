// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs the fuzz target without a fuzzer: over good inputs, and over thousands of mutations of them.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

namespace {

std::vector<std::string> const seeds = {
    "",
    "a = 1",
    "integrator.dt=0.01",
    "axis[0].kind=harmonic",
    "[ensemble]\nwalkers = 1_000_000\nseed = 0xdeadbeef\n",
    "[integrator]\ndt = 1e-2 # comment\nscheme = \"BAOAB\"\n[lists]\nreal = [1, 2.5, nan, -inf]\n",
    "[[axis]]\nkind = 'harmonic'\n[[axis]]\nkind = '''flat\n'''\nwhen = 1979-05-27T07:32:00Z\n",
    "a = { b = [ { c = true }, { d = \"\\u00e9\\n\" } ], \"e.f\" = 0b101 }\n",
};

void run(std::string const& text) {
  EXPECT_EQ(LLVMFuzzerTestOneInput(reinterpret_cast<std::uint8_t const*>(text.data()), text.size()), 0);
}

TEST(ConfigFuzz, SurvivesGoodInputs) {
  for (auto const& seed : seeds) run(seed);
}

TEST(ConfigFuzz, SurvivesDeepNesting) {
  run("a = " + std::string(100000, '['));
  run("a = " + std::string(1000, '[') + std::string(1000, ']'));
  std::string dotted = "a";
  for (int i = 0; i < 2000; ++i) dotted += ".a";
  run(dotted + " = 1");
}

TEST(ConfigFuzz, SurvivesMutations) {
  std::mt19937 random(20260131);
  auto const below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  std::string const alphabet = "=.[]{}\"'\\\n#,-+_ 019aefinx\t\xc3\xff";
  for (int round = 0; round < 20000; ++round) {
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
    run(text);
  }
}

}  // namespace
