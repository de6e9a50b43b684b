#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Stands before every compilation of a device check, as Kokkos' launcher does before those of a real build: what depends on
# Kokkos goes to the device's compiler, all else to the compiler that CMake named.
# usage: compile.sh DEVICE_COMPILER COMPILER ARGUMENTS...
# nvcc also says what each kernel needs (registers, stack): that goes to OBJECT.resources.
# Batches of generated sources instantiate templates that other sources compile whole: of those nvcc compiles the device's
# part alone. Of tests it makes PTX, unoptimised: their kernels are those of the libraries.
set -euo pipefail
device_compiler=$1
shift
[[ " $* " == *" -DKOKKOS_DEPENDENCE "* ]] || exec "$@"
shift
cached=()
! command -v ccache > /dev/null || cached=(ccache)

if [[ $device_compiler == /hip/* ]]; then
  exec chroot /hip env -C "$PWD" "${cached[@]}" "${device_compiler#/hip}" "$@"
elif [[ $device_compiler != *nvcc ]]; then
  exec "${cached[@]}" "$device_compiler" "$@"
fi

generated=()
[[ " $* " != *" -c "*/Unity/* ]] || generated=(-cubin)
# nvcc takes its own options as they are; those of the host's compiler it passes on.
mine=(-x cu --compress-mode=none "${generated[@]}") theirs=() object= optimisation=-O3 arch=
while (($#)); do
  case $1 in
    -o) object=$2 mine+=("$1" "$2") && shift ;;
    -MF | -MT | -isystem | -Werror=*) mine+=("$1" "$2") && shift ;;
    -O*) optimisation=$1 ;;
    -arch=*) arch=$1 ;;
    -c | -D* | -I* | -M* | -std=* | --fmad=* | --ex* | -Xptxas=* | *.c[px][px]) mine+=("${1/#-std=gnu/-std=c}") ;;
    -Wpedantic) ;;  # what nvcc writes between its passes is GNU's
    *) theirs+=("-Xcompiler=$1") ;;
  esac
  shift
done
if [[ $object == tests/* && ! ${generated[*]} ]]; then
  arch=${arch/sm/compute} && mine+=(-Xcicc=-O0)
fi
status=0
"${cached[@]}" "$device_compiler" "$optimisation" "$arch" "${mine[@]}" "${theirs[@]}" -Xptxas=-v 2> "$object.resources" || status=$?
# Messages that are not about resources go where the compiler would have put them.
grep -vE '^ptxas info|^ +[0-9]+ bytes (stack frame|gmem)|^ptxas \. |^$|bytes stack frame' "$object.resources" >&2 || true
exit "$status"
