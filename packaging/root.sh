# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# shellcheck shell=bash
# Makes the private roots (folders that `dev` enters by chroot): sourced by ../dev.
#   root  Debian 13 with everything that builds and tests kramers
#   hip   Debian unstable with HIP's compiler, for the device check alone
#   peers Debian 13 with the programs that benchmarks compare with, and a browser
# A root stands in $cache under a name with the hash of its definition, and takes that name only when it is complete.

packaging=$(dirname "${BASH_SOURCE[0]}")
cache=${XDG_CACHE_HOME:-${HOME:?is not set: set it, or XDG_CACHE_HOME, for the place of the private root}/.cache}/kramers

say() { echo "dev: $*" >&2; }
die() { say "$*"; exit 1; }

packages() {  # packages GROUP: the names in that group of packages.txt
  sed 's/ *#.*//' "$packaging/packages.txt" | awk -v group="[$1]" '/^\[/ { on = ($1 == group); next } on && NF'
}

# The definition of a root: mmdebstrap's options, one per line. They make the hash, with the script that they call.
root_options() {  # root_options root|hip|peers
  printf -- '--dpkgopt=path-exclude=/usr/share/%s/*\n' doc man locale
  if [[ $1 != root ]]; then
    echo "--include=$(packages "$1" | paste -sd,)"
    return
  fi
  cat << END
--include=$(packages root | paste -sd,)
--aptopt=APT::Default-Release "trixie"
--setup-hook=printf 'Package: *\nPin: release n=sid\nPin-Priority: 100\n' > "\$1/etc/apt/preferences.d/sid"
--customize-hook=mkdir -p "\$1/debs" "\$1/usr/local/cuda"
--customize-hook=cd "\$1/debs" && APT_CONFIG=\$MMDEBSTRAP_APT_CONFIG apt-get -qq download $(packages serial | sed 's,$,/sid,' | paste -sd' ')
--customize-hook=copy-in packaging/finish_root.sh /debs
--customize-hook=chroot "\$1" sh /debs/finish_root.sh /debs && rm -r "\$1/debs"
END
}

root_path() {  # root_path root|hip|peers
  local hash
  hash=$({ root_options "$1"; [[ $1 != root ]] || cat "$packaging/finish_root.sh"; } | sha256sum)
  echo "$cache/$1-${hash:0:12}"
}

# shellcheck disable=SC2016  # the variables are apt's
debian_mirror() {  # the mirror that this machine already uses
  local filter=('Created-By: Packages') uri=${KRAMERS_MIRROR:-}
  [[ $uri ]] || uri=$(apt-get indextargets --format '$(REPO_URI)' "${filter[@]}" 'Origin: Debian' 'Label: Debian' |
    awk 'NR == 1')
  [[ $uri ]] || uri=$(apt-get indextargets --no-release-info --format '$(REPO_URI)' "${filter[@]}" |
    awk '/\/debian\/*$/ && !n++')
  [[ $uri ]] || die "no Debian mirror in this machine's apt sources: name one, KRAMERS_MIRROR=http://... ./dev setup"
  echo "$uri"
}

need_mmdebstrap() {
  command -v mmdebstrap > /dev/null && return
  command -v apt-get > /dev/null ||
    die "CMake finds no Kokkos >= 4.5 here and this is not Debian: load a Kokkos module, or use the Containerfile"
  ((EUID == 0)) || die "mmdebstrap is missing: ask an administrator for 'apt-get install mmdebstrap uidmap'"
  say "installing mmdebstrap"
  { apt-get -qq update && apt-get -qq install -y --no-install-recommends mmdebstrap debian-archive-keyring > /dev/null; } ||
    die "apt-get could not install mmdebstrap (see above): check the network and /etc/apt, then run this again"
}

make_root() {  # make_root root|hip|peers: does nothing where the root is there; fails with a message
  local path lock status=0
  path=$(root_path "$1")
  [[ ! -d $path ]] || return 0
  need_mmdebstrap
  mkdir -p "$cache" || die "cannot write to $cache: set XDG_CACHE_HOME to a folder for 5 GB of private roots"
  exec {lock}> "$cache/lock"
  flock -n "$lock" || { say "waiting for another dev that is making a root"; flock "$lock"; }
  [[ -d $path ]] || build_root "$1" "$path" || status=1
  exec {lock}>&-
  return $status
}

build_root() {  # build_root root|hip|peers PATH
  local part=$cache/making-$1 mirror free line options suite sources start=$SECONDS
  mirror=$(debian_mirror) || return
  rm -rf --one-file-system "$part"
  free=$(df --output=avail -m "$cache" | tail -n1)
  ((free > 4000)) ||
    die "$cache has$free MB free and a root needs 4000: make room, or set XDG_CACHE_HOME to a larger place"

  mapfile -t options < <(root_options "$1")
  while read -r line; do  # proxies, certificates and so on, as this machine has them
    options+=(--aptopt="${line%;}")
  done < <(apt-config dump | grep -E '^Acquire::(https?::|Check-Date)')
  options+=(--variant=minbase --dpkgopt=force-unsafe-io
    --aptopt='Acquire::Check-Valid-Until "false"' --aptopt='Acquire::Retries "3"')
  suite=trixie sources=("deb $mirror trixie main")
  case $1 in
    root) sources=("deb $mirror sid main" "${sources[@]}") ;;
    hip) suite=sid sources=("deb $mirror sid main") ;;
  esac

  say "making the private root $path (once; a few minutes, up to 3 GB)"
  set -m  # the job gets a process group, which can be ended as a whole
  run_mmdebstrap &
  set +m
  # shellcheck disable=SC2064  # expanded now on purpose
  trap "discard_root $! '$part'" EXIT
  trap 'die "interrupted: removing the unfinished root"' INT TERM HUP
  if wait "$!" && mv "$part" "$path"; then
    say "made $path in $((SECONDS - start)) s"
    trap - EXIT INT TERM HUP
    return
  fi
  discard_root "$!" "$part"
  trap - EXIT INT TERM HUP
  say "making the root failed (the messages of mmdebstrap are above); what there was of it was removed." \
    "Check the network and the mirror $mirror, then run this again."
  return 1
}

discard_root() {  # discard_root PROCESS_GROUP PATH
  kill -KILL -- "-$1" 2> /dev/null || true
  wait 2> /dev/null || true
  rm -rf --one-file-system "$2"
}

run_mmdebstrap() {  # with the variables of build_root
  cd "$packaging/.." || exit
  if ((EUID == 0)); then
    # In mount and process namespaces of its own: whatever ends it leaves neither a mount nor a process.
    exec unshare --mount --pid --fork --kill-child --mount-proc \
      mmdebstrap --mode=root --format=directory "${options[@]}" "$suite" "$part" "${sources[@]}"
  fi
  # Files of the root belong to the user, who can then remove them like any other.
  mkdir "$part"
  mmdebstrap --mode=unshare --format=tar "${options[@]}" "$suite" - "${sources[@]}" |
    tar -C "$part" --no-same-owner --exclude='./dev/*' -x
}
