// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "same_start.hpp"

#include <kramers/base/hash.hpp>
#include <kramers/runtime/collective_errors.hpp>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <string_view>

namespace kramers::detail {

namespace {

std::string joined(std::vector<std::string> const& words) {
  return std::accumulate(words.begin(), words.end(), std::string(),
                         [](std::string const& text, std::string const& word) { return text + word + '\n'; });
}

std::uint64_t hash_of(std::string_view text) {
  std::uint64_t hash = text.size();
  for (std::size_t i = 0; i < text.size(); ++i) hash += hash_element(i, static_cast<unsigned char>(text[i]));
  return hash;
}

/// The first line of `text` that does not stand at its place in `other`.
std::string first_difference(std::string_view text, std::string_view other) {
  auto const same = std::ranges::mismatch(text, other).in1 - text.begin();
  auto const begin = text.substr(0, static_cast<std::size_t>(same)).rfind('\n') + 1;  // npos + 1 is 0
  auto const line = text.substr(begin, text.find('\n', begin) - begin);
  return line.empty() ? "nothing more" : std::string(line);
}

}  // namespace

void expect_same_start(Communicator const& comm, std::vector<std::string> const& words) {
  std::string const mine = joined(words);
  std::uint64_t const hash = hash_of(mine);
  if (comm.max(hash) == ~comm.max(~hash)) return;  // the largest is the smallest
  std::string first = mine;
  comm.broadcast(first);
  agree(comm, [&] {
    if (mine == first) return;
    throw UsageError("rank " + std::to_string(comm.rank()) + " was started with " + first_difference(mine, first) +
                     ", rank 0 with " + first_difference(first, mine) + "; start all ranks alike");
  });
}

}  // namespace kramers::detail
