// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "input_guide.hpp"
#include "placement.hpp"
#include "run_jacobi.hpp"
#include "solver_run.hpp"

int main(int argc, char** argv) {
  kramers::AppInfo info{"kramers-jacobi",
                        "Relax Laplace's equation by Jacobi sweeps, as array frameworks are compared by."};
  info.has_resume = true;
  info.options = {{"--verify", "compare with published numbers, and fail where they differ"},
                  kramers::solvers::gpu_aware_option()};
  info.guide = kramers::jacobi::input_guide();
  return kramers::run_app(argc, argv, kramers::with_placement(info), kramers::jacobi::run_jacobi);
}
