#!/bin/bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Run by conda-build in the sources, with PREFIX, CPU_COUNT and CMAKE_ARGS.
set -euo pipefail
# One package for all processors, with programs for AVX2 and AVX-512 in it; KRAMERS_CPU_FLAGS makes one for a kind of them.
dispatch=OFF
if [[ -z ${KRAMERS_CPU_FLAGS:-} && $(uname -sm) == "Linux x86_64" ]]; then dispatch=ON; fi
# shellcheck disable=SC2086  # CMAKE_ARGS are words
cmake -S . -B build/conda -G Ninja ${CMAKE_ARGS:-} -DCMAKE_BUILD_TYPE=Release -DCMAKE_INSTALL_PREFIX="$PREFIX" \
  -DCMAKE_INSTALL_LIBDIR=lib -DKRAMERS_CPU_FLAGS="${KRAMERS_CPU_FLAGS:-}" -DKRAMERS_CPU_DISPATCH=$dispatch -DKRAMERS_BUILD_TESTS=OFF \
  -DKRAMERS_BUILD_BENCH=OFF -DKRAMERS_ENABLE_MPI=ON -DKRAMERS_ENABLE_HDF5=ON -DKRAMERS_ENABLE_HWLOC=ON
cmake --build build/conda --parallel "${CPU_COUNT:-1}"
cmake --install build/conda
