// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "adaptive.hpp"
#include "input_guide.hpp"
#include "placement.hpp"
#include "run_map.hpp"

int main(int argc, char** argv) {
  kramers::AppInfo info{"kramers-spread", "Map how fast trajectories that start close together spread, along a trunk."};
  info.options = {{"--adaptive", "put new members where a classifier is least sure", "classifier", {"classifier"}}};
  info.guide = kramers::spread::input_guide();
  return kramers::run_app(argc, argv, kramers::with_placement(info), [](kramers::AppRun const& run) {
    return run.options.own.contains("--adaptive") ? kramers::spread::run_adaptively(run)
                                                  : kramers::spread::run_map(run);
  });
}
