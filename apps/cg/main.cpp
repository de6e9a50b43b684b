// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "input_guide.hpp"
#include "placement.hpp"
#include "run_cg.hpp"
#include "solver_run.hpp"

int main(int argc, char** argv) {
  kramers::AppInfo info{"kramers-cg", "Solve symmetric linear systems by conjugate gradients."};
  info.precision = "";
  info.has_strict = true;
  info.has_resume = true;
  info.options = {{"--verify", "compare with what is published for this input, before any rate is told"},
                  kramers::solvers::gpu_aware_option()};
  info.guide = kramers::cg::input_guide();
  return kramers::run_app(argc, argv, kramers::with_placement(info), kramers::cg::run_cg);
}
