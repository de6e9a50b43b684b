// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs the fuzz target without a fuzzer: over whole nodes, cut ones, and thousands of mutations of them.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "nodes.hpp"

extern "C" int LLVMFuzzerTestOneInput(std::uint8_t const* data, std::size_t size);

namespace {

void run(std::string const& text) {
  EXPECT_EQ(LLVMFuzzerTestOneInput(reinterpret_cast<std::uint8_t const*>(text.data()), text.size()), 0);
}

std::vector<std::string> seeds() {
  std::vector<std::string> texts;
  for (auto const& file : kramers::test::node_files()) texts.push_back(kramers::test::file_text(file));
  return texts;
}

/// A random byte position, and that of the next occurrence of `what` after it, or the first one.
std::size_t find_from(std::string const& text, std::string const& what, std::size_t from) {
  std::size_t const at = text.find(what, from);
  return at != std::string::npos ? at : text.find(what);
}

TEST(TopologyFuzz, SurvivesWholeNodes) {
  for (auto const& seed : seeds()) run(seed);
}

TEST(TopologyFuzz, SurvivesCutNodes) {
  for (auto const& seed : seeds()) {
    for (std::size_t part = 0; part < 12; ++part) {
      run(seed.substr(0, seed.size() * part / 12));
      run(seed.substr(0, seed.size() * part / 12) + "</topology>");
    }
  }
}

TEST(TopologyFuzz, SurvivesDeepNesting) {
  std::string text = "<topology version=\"2.0\"><object type=\"Machine\">";
  for (int i = 0; i < 5000; ++i) text += "<object type=\"Group\">";
  run(text);
  for (int i = 0; i < 5000; ++i) text += "</object>";
  run(text + "</object></topology>");
}

TEST(TopologyFuzz, SurvivesMutations) {
  std::mt19937 random(20260131);
  auto const below = [&](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  std::vector<std::string> const texts = seeds();
  std::string const alphabet = "<>\"=/ 0123456789abcdefx,-.[]:\n\xc3\xff";
  std::vector<std::string> const attributes = {"type=\"",        "os_index=\"",   "cpuset=\"",  "nodeset=\"",
                                               "gp_index=\"",    "depth=\"",      "kind=\"",    "pci_busid=\"",
                                               "name=\"",        "osdev_type=\"", "value=\"",   "nbobjs=\"",
                                               "bridge_type=\"", "length=\"",     "pci_type=\""};
  std::vector<std::string> const values = {"",        "0",     "1",       "-1",   "4294967295", "99999999999999999999",
                                           "0xf...f", "0x0",   "Machine", "PU",   "Core",       "NUMANode",
                                           "PCIDev",  "OSDev", "Bridge",  "Misc", "Die",        "0x1",
                                           "nan"};
  for (int round = 0; round < 800; ++round) {
    std::string text = texts[below(texts.size())];
    for (std::size_t i = below(4) + 1; i > 0; --i) {
      std::size_t const at = below(text.size() + 1);
      switch (below(6)) {
        case 0:
          text.insert(at, 1, alphabet[below(alphabet.size())]);
          break;
        case 1:
          text.erase(at, below(4) + 1);
          break;
        case 2:
          if (at < text.size()) text[at] = static_cast<char>(random() & 0xffU);
          break;
        case 3: {  // another value of an attribute
          std::string const& attribute = attributes[below(attributes.size())];
          std::size_t const found = find_from(text, attribute, at);
          if (found == std::string::npos) break;
          std::size_t const begin = found + attribute.size();
          text.replace(begin, text.find('"', begin) - begin, values[below(values.size())]);
          break;
        }
        case 4: {  // a line less
          std::size_t const begin = find_from(text, "\n", at);
          if (begin != std::string::npos) text.erase(begin, text.find('\n', begin + 1) - begin);
          break;
        }
        default: {  // lines twice, or elsewhere
          std::size_t const begin = find_from(text, "\n", at);
          std::size_t const target = find_from(text, "\n", below(text.size() + 1));
          if (begin == std::string::npos || target == std::string::npos) break;
          std::size_t end = begin;
          for (std::size_t lines = below(5) + 1; lines > 0 && end != std::string::npos; --lines)
            end = text.find('\n', end + 1);
          text.insert(target, text.substr(begin, end == std::string::npos ? end : end - begin));
        }
      }
    }
    run(text);
    if (HasFailure()) break;
  }
}

}  // namespace
