// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "input_guide.hpp"
#include "placement.hpp"
#include "run_rare.hpp"

int main(int argc, char** argv) {
  kramers::AppInfo info{
      "kramers-rare",
      "Find rates of events that are too rare to wait for: splitting, shooting, weighted ensembles, exact."};
  info.precision = "";
  info.has_resume = info.has_strict = true;
  info.guide = kramers::rare::input_guide();
  return kramers::run_app(argc, argv, kramers::with_placement(info), kramers::rare::run_rare);
}
