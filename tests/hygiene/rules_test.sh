#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Rules of the source that a search can check; shell scripts go through shellcheck where it is installed.
# usage: rules_test.sh CHECKOUT
set -euo pipefail
cd "$1"
broken=0

forbid() {  # forbid WHAT COMMAND...: the names or lines that the command prints break a rule
  local what=$1 found
  shift
  found=$("$@" || true)
  [[ -z $found ]] || { printf '%s:\n%s\n' "$what" "$found"; broken=1; }
}
mapfile -t sources < <(find . \( -path ./build -o -path './.*' \) -prune -o -type f -name '*.[hc]pp' -print)
mapfile -t headers < <(printf '%s\n' "${sources[@]}" | grep 'hpp$')
mapfile -t libraries < <(printf '%s\n' "${sources[@]}" | grep -E '^\./(core|algorithms|ml|topology)/')
mapfile -t library_headers < <(printf '%s\n' "${libraries[@]}" | grep 'hpp$')
mapfile -t kernel_sources < <(grep -lE '<Kokkos_|<kramers/core/' "${sources[@]}" | grep -v '^\./tests/')
mapfile -t scripts < <(grep -lrE '^#!.*(bash|/sh)$|^# shellcheck shell=bash$' dev .ci cmake/presets packaging tests)
mapfile -t others < <(find . -path ./build -prune -o \( -name CMakeLists.txt -o -name '*.cmake' -o -name '*.py' \) -print)

forbid "no SPDX line" \
  grep -L 'SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception' "${sources[@]}" "${scripts[@]}" "${others[@]}"
forbid "no #pragma once" grep -L '^#pragma once' "${headers[@]}"
forbid "an include that leaves its folder" grep -nE '#include "\.\./' "${sources[@]}"
forbid "a cast of an integer of the input, which may not fit: config.bounded checks it" \
  grep -nE 'static_cast<[^v>][^>]*>\((run\.)?config\.' "${sources[@]}"
forbid "a library waits for every space: fence the instance" grep -nE 'Kokkos::fence\(' "${libraries[@]}"
forbid "a library copies without an instance, which waits for every space" \
  grep -nE 'deep_copy\(([^,()]|\([^()]*\))*,([^,()]|\([^()]*\))*\);' "${libraries[@]}"
forbid "a library header prints" grep -nE '<iostream>|std::(cout|cerr)|\bprintf\(' "${library_headers[@]}"
# core/spaces.hpp lists them, and core/wide_words.hpp has vectors of hosts, which not all of their compilers know.
mapfile -t one_source < <(printf '%s\n' "${library_headers[@]}" | grep -vE '/core/(spaces|wide_words)\.hpp$')
forbid "a library header tells backends apart" \
  grep -nE '#.*if.*(KOKKOS_ENABLE_(SERIAL|OPENMP|THREADS|CUDA|HIP|SYCL)|__CUDA|__HIP|__SYCL)' "${one_source[@]}"
forbid "a kernel whose label does not begin with kramers::" \
  grep -nE 'Kokkos::parallel_(for|reduce|scan)\(("[^k]|"k[^r]|(Kokkos::)?(MDRange|Range|Team)Policy)' "${libraries[@]}"

# shellcheck disable=SC2317  # called by forbid
includes_upward() {  # the parts of dynamics, from above: each may include those after it
  local parts=(studies rare estimators engine schemes potentials) above='' part
  for part in "${parts[@]}"; do
    [[ -z $above ]] || grep -rnE "#include <kramers/dynamics/(${above%|})/" "algorithms/dynamics/include/kramers/dynamics/$part" \
      "algorithms/dynamics/src/$part" 2> /dev/null
    above+="$part|"
  done
}
forbid "a part of dynamics that includes one above it" includes_upward
forbid "host headers beside Kokkos: sources with kernels go through device compilers, which do not survive them" \
  grep -lE '<(toml\+\+|CLI/|hdf5|H5|mpi)' "${kernel_sources[@]}"

# shellcheck disable=SC2317  # called by forbid
shown_elsewhere() {  # shown_elsewhere README FOLDER: the C++ blocks of a README that stand in no source of a folder
  local block='' line inside='' compiled
  compiled=$(cat "$2"/*.[hc]pp)
  while IFS= read -r line; do
    case $inside$line in
      '```cpp') inside=yes block='' ;;
      'yes```') inside='' ; [[ $compiled == *"$block"* ]] || printf '%s\n' "$block" ;;
      yes*) block+=${block:+$'\n'}$line ;;
    esac
  done < "$1"
}
forbid "code of README.md that examples does not compile" shown_elsewhere README.md examples
forbid "code of algorithms/dynamics/README.md that tests/algorithms/dynamics does not compile" \
  shown_elsewhere algorithms/dynamics/README.md tests/algorithms/dynamics
forbid "code of ml/README.md that tests/ml does not compile" shown_elsewhere ml/README.md tests/ml
forbid "trailing space" grep -nE '[[:space:]]$' "${sources[@]}" "${scripts[@]}" "${others[@]}"
if command -v shellcheck > /dev/null; then
  forbid "shellcheck" shellcheck -x "${scripts[@]}"
fi
exit $broken
