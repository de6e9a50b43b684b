#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# clang-format over every C++ file, codespell over documents and sources, clang-tidy (.clang-tidy: names and bugs) over all
# public headers at once and the sources of core/base. What is not installed is said and left out.
# usage: tidy_test.sh CHECKOUT BUILD
set -euo pipefail
cd "$1"
build=$2
broken=0 missing=()
mapfile -t sources < <(git ls-files '*.hpp' '*.cpp')
mapfile -t texts < <(git ls-files '*.md' '*.hpp' '*.cpp' '*.py' '*.sh' '*.cmake' '*.toml' dev)

if command -v clang-format > /dev/null; then
  clang-format --dry-run -Werror "${sources[@]}" || { echo "run ./dev format"; broken=1; }
else
  missing+=(clang-format)
fi
if command -v codespell > /dev/null; then
  codespell --ignore-words packaging/spelling.txt "${texts[@]}" || broken=1
else
  missing+=(codespell)
fi

# The oldest Kokkos has headers that clang understands without an OpenMP of its own.
kokkos=$(find /opt/kokkos-serial/usr/include -name Kokkos_Core.hpp -printf '%h\n' 2> /dev/null | head -n1)
if command -v clang-tidy > /dev/null && [[ $kokkos ]]; then
  flags=(-std=c++20 -isystem "$kokkos" -I "$build/core/runtime/include")
  for folder in core core/base core/runtime algorithms/*/ ml topology; do
    flags+=(-I "${folder%/}/include")
  done
  all=$(mktemp --suffix=.cpp)
  trap 'rm -f "$all"' EXIT
  printf '#include <kramers/%s.hpp>\n' base core runtime dynamics ml topology > "$all"
  clang-tidy --quiet --config-file=.clang-tidy "$all" core/base/src/*.cpp -- "${flags[@]}" 2> /dev/null || broken=1
else
  missing+=(clang-tidy)
fi
((${#missing[@]} < 3)) || { echo "skipped: none of ${missing[*]} is installed"; exit 77; }
((${#missing[@]} == 0)) || echo "left out: ${missing[*]}"
exit $broken
