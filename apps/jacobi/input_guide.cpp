// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "input_guide.hpp"

#include <kramers/grids/studies/jacobi_study.hpp>

#include "solver_run.hpp"

namespace kramers::jacobi {
namespace {

void read(AppRun const& run) {
  grids::read_jacobi(run.config, run.options, 1);
  AppFiles files(run);
  solvers::add_outputs(files, run);
}

}  // namespace

InputGuide input_guide() {
  InputGuide guide{grids::jacobi_keys(), {}, read};
  auto const example = [&](char const* name, char const* about, std::string const& size, std::string const& more) {
    guide.examples.push_back(
        {name, about,
         "[grid]\nrows = " + size + "\ncolumns = " + size + "\n[jacobi]\nproblem = \"" + name + "\"\n" + more});
  };
  example("laplace", "The Legate talk: a sine on one side, zero on the others.", "100", "sums = \"numpy\"\n");
  example("neumann", "The lesson it comes from, with a Neumann side.", "100", "tolerance = 1e-4\niterations = 10000\n");
  example("stencil", "The five-point example of cuPyNumeric.", "102", "iterations = 100\n");
  example("nvidia", "The example of NVIDIA's multi-GPU models, on a ring.", "128", "iterations = 1000\n");
  return guide;
}

}  // namespace kramers::jacobi
