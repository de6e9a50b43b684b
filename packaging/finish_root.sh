#!/bin/sh
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Finishes a Debian 13 system that holds the packages of packages.txt: run inside it, as root.
# usage: finish_root.sh DEBS   (DEBS: folder with the downloaded packages of the group [serial])
set -eu

# Debian's Kokkos 5.2 names two archives in its CMake files that it does not ship; both libraries are header-only.
lib=/usr/lib/$(gcc -dumpmachine)
for name in libkokkosalgorithms.a libkokkossimd.a; do
  [ -e "$lib/$name" ] || ar rcs "$lib/$name"
done

# Kokkos 4.5 has the same paths as Kokkos 5.2, so it is unpacked beside it and never installed.
for deb in "$1"/*.deb; do
  dpkg -x "$deb" /opt/kokkos-serial
done

# Open MPI loads the library of Omni-Path, which measures the clock for 0.1 s before the main of every program. In here
# ranks share a machine: a library with the same names, whose functions only fail, is found before it.
psm2=$lib/libpsm2.so.2
if [ -e "$psm2" ]; then
  nm -D --defined-only "$psm2" | awk '$2 != "A" { sub("@.*", "", $3); print "int " $3 "(void) { return 1; }" }' > "$1/psm2.c"
  echo 'PSM2_1.0 { *; };' > "$1/psm2.map"
  gcc -w -shared -Wl,-soname,libpsm2.so.2 -Wl,--version-script="$1/psm2.map" -o /usr/local/lib/libpsm2.so.2 "$1/psm2.c"
  ldconfig
fi
