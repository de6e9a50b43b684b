// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "input_guide.hpp"
#include "placement.hpp"
#include "run_channel.hpp"
#include "solver_run.hpp"

int main(int argc, char** argv) {
  kramers::AppInfo info{"kramers-channel", "Flow between two plates as in step 12 of CFD Python, to the last bit."};
  info.has_strict = true;
  info.has_resume = true;
  info.options = {{"--verify", "compare with published numbers, and fail where they differ"},
                  kramers::solvers::gpu_aware_option()};
  info.guide = kramers::channel::input_guide();
  return kramers::run_app(argc, argv, kramers::with_placement(info), kramers::channel::run_channel);
}
