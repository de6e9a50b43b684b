// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "input_guide.hpp"

#include <kramers/grids/studies/channel_study.hpp>

#include "solver_run.hpp"

namespace kramers::channel {
namespace {

void read(AppRun const& run) {
  grids::read_channel(run.config, run.options, 1);
  AppFiles files(run);
  solvers::add_outputs(files, run);
}

}  // namespace

InputGuide input_guide() {
  InputGuide guide{grids::channel_keys(), {}, read};
  std::string const flow = "[grid]\nrows = 41\ncolumns = 41\n[flow]\n";
  guide.examples = {
      {"cfd", "Step 12 of CFD Python with its stop rule.", flow + "dt = 0.01\nsteps = 2000\ntolerance = 1e-3\n"},
      {"perturbed", "A v that depends on x exercises the pressure.",
       flow + "start = \"perturbed\"\ndt = 0.002\nsteps = 100\n"},
      {"legate", "The benchmark of Legate, whose dt follows from the grid.", flow + "sigma = 0.0009\nsteps = 51\n"},
  };
  return guide;
}

}  // namespace kramers::channel
