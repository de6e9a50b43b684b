// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/base/guarded.hpp>

#include "options.hpp"

int main(int argc, char** argv) {
  return kramers::guarded("kramers-topo", [&] { return kramers::topology::cli::run_command_line(argc, argv); });
}
