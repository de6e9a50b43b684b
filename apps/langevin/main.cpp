// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/langevin/program.hpp>

int main(int argc, char** argv) {
  return kramers::langevin::run(argc, argv, kramers::dynamics::builtin_potentials());
}
