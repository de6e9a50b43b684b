#!/bin/bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Builds Kokkos for a GPU and kramers on it, on Ubuntu 24.04 with a CUDA or ROCm in it: run by cuda.def and hip.def.
# usage: build.sh cuda|hip GPU [CPU_FLAGS]      (GPU as Kokkos names it: HOPPER90, AMPERE80, AMD_GFX90A, AMD_GFX942_APU)
set -euo pipefail

backend=$1 gpu=$2 cpu_flags=${3:--march=x86-64-v3}
kokkos_version=4.7.01  # the first for CUDA 13
kramers_sources=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)

# shellcheck disable=SC1091  # looked at by itself
source "$kramers_sources/packaging/root.sh"
export DEBIAN_FRONTEND=noninteractive
apt-get update
mapfile -t names < <(packages ubuntu)
apt-get install -y --no-install-recommends "${names[@]}"

git clone --quiet --depth 1 --branch "$kokkos_version" https://github.com/kokkos/kokkos /tmp/kokkos
case $backend in
  cuda) compiler=/tmp/kokkos/bin/nvcc_wrapper switch=CUDA ;;
  hip) compiler=hipcc switch=HIP ;;
  *) echo "build.sh: invalid backend: got $backend; expected cuda or hip" >&2; exit 64 ;;
esac
cmake -S /tmp/kokkos -B /tmp/kokkos/build -G Ninja -DCMAKE_BUILD_TYPE=Release -DCMAKE_CXX_COMPILER="$compiler" \
  -DCMAKE_CXX_STANDARD=20 "-DKokkos_ENABLE_$switch=ON" "-DKokkos_ARCH_$gpu=ON" -DKokkos_ENABLE_SERIAL=ON \
  -DKokkos_ENABLE_OPENMP=ON -DKokkos_ENABLE_IMPL_CUDA_MALLOC_ASYNC=OFF -DCMAKE_INSTALL_PREFIX=/opt/kokkos
cmake --build /tmp/kokkos/build --target install

# No driver is here: CUDA's stub stands in for it while programs are linked.
link_flags=()
if [[ $backend == cuda ]]; then link_flags=(-DCMAKE_EXE_LINKER_FLAGS=-L/usr/local/cuda/lib64/stubs); fi
cd "$kramers_sources"
cmake --preset "$backend" -DCMAKE_PREFIX_PATH=/opt/kokkos -DKRAMERS_GPU_ARCH="$gpu" -DKRAMERS_CPU_FLAGS="$cpu_flags" \
  -DKRAMERS_BUILD_TESTS=OFF -DKRAMERS_BUILD_BENCH=OFF -DCMAKE_INSTALL_PREFIX=/opt/kramers "${link_flags[@]}"
cmake --build --preset "$backend"
cmake --install "build/$backend"
rm -rf /tmp/kokkos "build/$backend" /var/lib/apt/lists/*
