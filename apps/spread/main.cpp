// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/algorithms/spread_study.hpp>

int main(int argc, char** argv) {
  return kramers::run_app(
      argc, argv, {"kramers-spread", "Map how fast trajectories that start close together spread, along a trunk."},
      kramers::run_spread);
}
