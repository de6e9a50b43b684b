// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "input_guide.hpp"

#include <kramers/dynamics/studies/spread_study.hpp>
#include <kramers/dynamics/studies/study_keys.hpp>
#include <kramers/ml/classifier_keys.hpp>

#include <algorithm>
#include <iterator>

#include "adaptive.hpp"
#include "run_map.hpp"

namespace kramers::spread {

namespace {

std::vector<KeyNote> loop_keys() {
  return {
      {"adaptive.initial", "", "points with members at first"},
      {"adaptive.per_round", "", "batches of members per round"},
      {"adaptive.rounds", "", "how many"},
      {"adaptive.choices", "", "a round takes the least sure of so many times per_round random points"},
      {"adaptive.models", "", "classifiers in the committee"},
      {"adaptive.repeats", "", "repeats of the whole, with other members"},
      {"adaptive.reference_batches", "", "that give the points held out their classes"},
  };
}

void read(AppRun const& run) {
  if (run.options.own.contains("--adaptive")) {
    read_loop(run);
  } else {
    read_spread(run.config, run.options, builtin_potentials());
  }
  AppFiles files(run);
  add_outputs(files, run);
}

}  // namespace

InputGuide input_guide() {
  InputGuide guide{shared_keys(), {}, read};
  for (auto const& notes : {spread_keys(), loop_keys(), ml::classifier_keys()}) {
    std::ranges::copy(notes, std::back_inserter(guide.keys));
  }
  // Of a surface, which has no spread along one coordinate.
  std::erase_if(guide.keys, [](KeyNote const& note) { return note.key == "potential.scale"; });
  std::string const rest = "[ensemble]\nseed = 1\n[trunk]\nsteps = 2500\n";
  guide.examples = potential_examples(builtin_potentials(), rest);
  std::erase_if(guide.examples, [](InputExample const& example) {
    return example.name == "mueller_brown" || example.name == "expression_2d" || example.name == "tabulated_2d";
  });
  std::string const first = guide.examples.front().toml;
  guide.examples.push_back({"classifier",
                            "Members where a classifier of the spread is least sure.",
                            first + "[adaptive]\nrounds = 20\n",
                            {},
                            {{"--adaptive", "classifier"}}});
  // What no template has.
  guide.examples.push_back({"", "",
                            first + "[initial]\nlower = [-1.0]\nupper = [1.0]\nvelocity = [0.0]\n"
                                    "[spread.adaptive]\ntolerance = 0.01\n"});
  guide.examples.push_back({"", "", first + "[training]\noptimizer = \"sgd\"\n", {}, {{"--adaptive", "classifier"}}});
  return guide;
}

}  // namespace kramers::spread
