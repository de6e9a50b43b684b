#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Runs a command inside a private root. Called by ../dev in a mount namespace of its own, so that no mount outlives it.
# Nothing is forked on the way: the command has the process id of `./dev run` and gets its signals.
# usage: enter.sh CHECKOUT ROOT HIP_ROOT PEERS_ROOT COMMAND...   (inside, the last two are /hip and /peers where they exist)
set -euo pipefail
checkout=$1 root=$2 hip=$3 peers=$4
shift 4

bind() {  # bind SOURCE TARGET
  mkdir -p "$2"
  mount --rbind "$1" "$2"
}

# Make a / in folder NEW: the system folders of ROOT, everything else of this machine where it is.
assemble() {  # assemble ROOT NEW
  local path
  for path in "$1"/{etc,opt,usr,var}; do
    bind "$path" "$2/${path##*/}"
  done
  cp -a "$1"/{bin,sbin,lib*} "$2/"
  for path in /*/; do
    path=${path%/}
    case $path in
      /bin | /boot | /etc | /hip | /lib* | /lost+found | /opt | /peers | /sbin | /usr | /var) ;;
      *) [[ -L $path ]] || bind "$path" "$2$path" ;;
    esac
  done
  [[ -d $2$checkout ]] || bind "$checkout" "$2$checkout"
}

new=$root/mnt
mount -t tmpfs -o mode=755 kramers "$new"
assemble "$root" "$new"
[[ ! -d $hip ]] || assemble "$hip" "$new/hip"
[[ ! -d $peers ]] || assemble "$peers" "$new/peers"
path=/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin
if [[ -d /usr/local/cuda ]]; then
  mount --rbind "$(readlink -f /usr/local/cuda)" "$new/usr/local/cuda"
  path=$path:/usr/local/cuda/bin
fi

# ccache: checkouts share objects, but not those that were compiled for another CPU (-march=native); precompiled headers
# are of system headers, whose macros no source of ours asks for.
cpu=$({ grep -m1 -E '^(flags|Features)' /proc/cpuinfo || true; } | cksum)
# Open MPI: allowed as root (who else is there), ranks may outnumber cores, no network; UCX, which is not used then, would
# patch the memory functions of every program that starts (40 ms). git: whoever owns the checkout.
exec chroot "$new" env -C "$PWD" -u LD_LIBRARY_PATH -u LD_PRELOAD -u CMAKE_PREFIX_PATH -u PYTHONPATH -u CC -u CXX \
  PATH="$path" LC_ALL=C.UTF-8 KRAMERS_INSIDE=1 \
  OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1 OMPI_MCA_btl=self,sm UCX_MEM_MMAP_HOOK_MODE=none \
  PRTE_MCA_rmaps_default_mapping_policy=:oversubscribe \
  GIT_CONFIG_COUNT=1 GIT_CONFIG_KEY_0=safe.directory GIT_CONFIG_VALUE_0='*' \
  CCACHE_DIR="${CCACHE_DIR:-${root%/*}/ccache}" CCACHE_NAMESPACE="${cpu%% *}" \
  CCACHE_BASEDIR="$checkout" CCACHE_NOHASHDIR=1 CCACHE_SLOPPINESS=pch_defines,time_macros \
  CMAKE_C_COMPILER_LAUNCHER=ccache CMAKE_CXX_COMPILER_LAUNCHER=ccache "$@"
