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
