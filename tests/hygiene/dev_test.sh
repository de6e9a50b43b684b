#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# Tests ./dev: how it makes a private root, with a stand-in for mmdebstrap, and how it runs commands.
# usage: dev_test.sh CHECKOUT
# shellcheck disable=SC2016  # text in single quotes is run by other shells
set -euo pipefail
checkout=$1
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/bin" "$scratch/cache"
export PATH=$scratch/bin:$PATH XDG_CACHE_HOME=$scratch/cache KRAMERS_MIRROR=http://mirror.invalid/debian
cache=$scratch/cache/kramers

check() {  # check WHAT COMMAND...
  local what=$1
  shift
  "$@" || { echo "FAILED: $what ($*)"; cat "$scratch/log" || true; exit 1; }
}
not() { ! "$@"; }
stand_in() { printf '#!/bin/sh\n%s\n' "$1" > "$scratch/bin/mmdebstrap"; chmod +x "$scratch/bin/mmdebstrap"; }
make_root() { bash -c 'set -euo pipefail; source "$0/packaging/root.sh"; make_root root' "$checkout" &> "$scratch/log"; }
left() { find "$cache" -mindepth 1 -maxdepth 1 -name "$1" | grep -c .; }

# mmdebstrap is called in namespaces of its own where dev runs as root.
if ((EUID != 0)) || ! unshare --mount --pid --fork true; then
  echo "skipped: this needs root in a namespace"
  exit 77
fi
target='for word; do case $word in */making-root) target=$word ;; esac; done'

stand_in "$target; mkdir \$target; exit 1"
check "a root that cannot be made is an error" not make_root
check "it says so, and what to do" grep -q "making the root failed.*mirror.invalid" "$scratch/log"
check "it leaves nothing" test "$(left '*root*')" = 0

stand_in "$target; mkdir \$target; echo \$\$ > $scratch/started; exec sleep 87654"
make_root & pid=$!
while [[ ! -e $scratch/started ]]; do sleep 0.1; done
dev=$(pgrep -P "$pid" bash | head -n1)
kill -TERM "$dev"
check "an ended dev is an error" not wait "$pid"
check "it says what it did" grep -q "interrupted" "$scratch/log"
check "it leaves nothing" test "$(left '*root*')" = 0
check "it leaves no process" not pgrep -f "^sleep 87654$"

stand_in "$target; echo made >> $scratch/count; sleep 1; mkdir \$target"
make_root & pid=$!
check "two at once: the second" bash -c 'set -euo pipefail; source "$0/packaging/root.sh"; make_root root 2> /dev/null' "$checkout"
check "two at once: the first" wait "$pid"
check "a third" make_root
check "the root is made once" test "$(wc -l < "$scratch/count")" = 1
check "under a name with its hash" test "$(left 'root-????????????')" = 1

export KRAMERS_INSIDE=1
check "run passes standard input" test "$(echo text | "$checkout/dev" run cat)" = text
status=0; "$checkout/dev" run sh -c 'exit 7' || status=$?
check "run passes the exit status" test $status = 7
check "an unknown command is an error" not "$checkout/dev" bogus 2> "$scratch/log"
check "that shows the usage" grep -q "usage: ./dev" "$scratch/log"
echo "all passed"
