// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "input_guide.hpp"

#include <kramers/dynamics/studies/study_keys.hpp>

#include <algorithm>
#include <iterator>

#include "report.hpp"

namespace kramers::langevin {

InputGuide input_guide(PotentialList const& potentials) {
  InputGuide guide{shared_and_surface_keys(), {}, {}};
  std::ranges::copy(ensemble_keys(), std::back_inserter(guide.keys));
  auto const names = potentials.names();
  auto const is_there = [&](std::string const& name) { return std::ranges::find(names, name) != names.end(); };
  if (!std::ranges::all_of(builtin_potentials().names(), is_there)) {
    // A program of one's own that leaves some out: their keys are not asked for.
    std::erase_if(guide.keys, [](KeyNote const& note) {
      return note.key.starts_with("potential.") && note.key != "potential.kind";
    });
  }
  std::string const rest = "[ensemble]\nwalkers = 1024\nseed = 1\n[run]\nsteps = 10000\n[observables]\nevery = 10\n";
  guide.examples = potential_examples(potentials, rest);
  // What no template has.
  std::string const box =
      "[initial]\nlower = [-1.0]\nupper = [1.0]\nvelocity = [0.0]\n"
      "[observables.histogram]\nbins = [10]\nlower = [-1.0]\nupper = [1.0]\n";
  std::string const drive = "[drive]\namplitude = 0.1\nperiod = 1.0\n";
  if (!guide.examples.empty()) {
    std::string const usual = guide.examples.front().toml;
    for (std::string const& more : {box, drive}) guide.examples.push_back({"", "", usual + more});
  }
  guide.read = [&potentials](AppRun const& run) {
    StudyParams params = read_study(run.config, run.options, potentials);
    read_outputs(run, params);
  };
  return guide;
}

}  // namespace kramers::langevin
