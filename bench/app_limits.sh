#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
# What an app costs besides its steps. usage: app_limits.sh KRAMERS_LANGEVIN INPUT.toml
# Prints the time to start and end a run of next to nothing, and the memory of 1e7 walkers beside their state; fails
# where that is more than 1.3 times the state and 150 MB.
set -euo pipefail
program=${1:?usage: app_limits.sh KRAMERS_LANGEVIN INPUT.toml} input=${2:?an input file}
summary=$(mktemp)
trap 'rm -f "$summary"' EXIT

run() {  # walkers steps
  "$program" "$input" --set "ensemble.walkers=$1" --set "run.steps=$2" --set "observables.frame_every=$2" \
    --set observables.after=0 --set observables.correlation_frames=0 --set output.trajectory.walkers=0 --quiet \
    --overwrite --summary "$summary"
}

echo "start-up and end, three times:"
for _ in 1 2 3; do
  TIMEFORMAT='  %R s, of which %U s computing and %S s in the kernel'
  time run 64 20
done

run 10000000 20
python3 - "$summary" << 'END'
import json, sys
memory = json.load(open(sys.argv[1]))["memory"]
state, peak = memory["state_bytes"], memory["peak_resident_bytes_per_rank"]
limit = 1.3 * state + 150e6
print(f"1e7 walkers: state {state / 1e6:.0f} MB, resident at most {peak / 1e6:.0f} MB, allowed {limit / 1e6:.0f} MB")
sys.exit(peak > limit)
END
