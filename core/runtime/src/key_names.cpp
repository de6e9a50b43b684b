// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "key_names.hpp"

#include <kramers/runtime/config.hpp>

#include <algorithm>
#include <iterator>
#include <limits>
#include <map>

namespace kramers::detail {

namespace {

/// What other programs and papers call a key -> the last part of the key here.
std::map<std::string_view, std::string_view> const& synonyms() {
  static std::map<std::string_view, std::string_view> const words = {
      {"gamma", "friction"},
      {"damping", "friction"},
      {"collision_rate", "friction"},
      {"kT", "temperature"},
      {"kt", "temperature"},
      {"beta", "temperature"},
      {"temp", "temperature"},
      {"T", "temperature"},
      {"timestep", "dt"},
      {"time_step", "dt"},
      {"step_size", "dt"},
      {"delta_t", "dt"},
      {"h", "dt"},
      {"n_walkers", "walkers"},
      {"nwalkers", "walkers"},
      {"particles", "walkers"},
      {"n_particles", "walkers"},
      {"replicas", "walkers"},
      {"n_steps", "steps"},
      {"nsteps", "steps"},
      {"random_seed", "seed"},
      {"rng_seed", "seed"},
      {"frequency", "period"},
      {"omega", "period"},
      {"integrator", "scheme"},
      {"method", "scheme"},
      {"burn_in", "equilibrate"},
      {"burnin", "equilibrate"},
      {"type", "kind"},
      {"height", "barrier"},
      {"force", "external_force"},
      {"k", "stiffness"},
      {"center", "centre"},
      {"x0", "position"},
      {"v0", "velocity"},
      {"lr", "learning_rate"},
      {"batch_size", "batch"},
      {"n_epochs", "epochs"},
      {"layers", "hidden"},
  };
  return words;
}

/// Optimal string alignment distance: insertions, deletions, replacements and swaps of neighbours.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

std::string_view last_part(std::string_view key) {
  return key.substr(key.rfind('.') + 1);
}

NearestKey nearest(std::string_view word, std::vector<std::string> const& candidates) {
  NearestKey best;
  auto least = std::numeric_limits<std::size_t>::max();
  for (auto const& candidate : candidates) {
    auto steps = distance(word, candidate);
    bool is_near = steps <= std::max<std::size_t>(2, last_part(word).size() / 3);
    if (!is_near && last_part(word) == last_part(candidate)) {  // right name, wrong table
      steps = 3;
      is_near = true;
    }
    if (steps < least) {
      least = steps;
      best = {candidate, is_near};
    }
  }
  return best;
}

/// Also where one letter of a longer word is mistyped.
bool is_synonym(std::string_view word, std::string_view name) {
  return std::ranges::any_of(synonyms(), [&](auto const& known) {
    auto const& [other, ours] = known;
    return ours == name && (word == other || (other.size() >= 4 && distance(word, other) <= 1));
  });
}

}  // namespace

NearestKey nearest_key(std::string_view word, std::vector<std::string> const& candidates) {
  NearestKey const best = nearest(word, candidates);
  // A slip of one letter rather than another word; "kT" is two letters from "dt" and means neither of them.
  if (best.is_near && distance(word, best.name) <= 1) return best;
  std::vector<std::string> same;
  std::ranges::copy_if(candidates, std::back_inserter(same), [&](std::string const& candidate) {
    return is_synonym(last_part(word), last_part(candidate)) || is_synonym(last_part(candidate), last_part(word));
  });
  return same.empty() ? best : NearestKey{nearest(word, same).name, true};
}

std::optional<std::string> nearest_name(std::string_view word, std::vector<std::string> const& candidates) {
  NearestKey const best = nearest(word, candidates);
  if (!best.is_near) return std::nullopt;
  return best.name;
}

}  // namespace kramers::detail
