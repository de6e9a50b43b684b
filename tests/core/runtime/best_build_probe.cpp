// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <kramers/runtime/best_build.hpp>

#include <cstdio>

int main(int, char** argv) {
  auto const problem = kramers::become_best_build(argv, "../libexec/kramers");
  std::printf("%s\n", problem ? problem->c_str() : "baseline");
  return problem ? 1 : 0;
}
