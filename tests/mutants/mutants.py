#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Plants listed faults one at a time in a copy of the sources, and tells which of them the tests notice.

The lists are mutants.toml, which holds the sets too, second.toml and third.toml. The copy is build/mutants; the checkout
itself is only read. Builds of what a fault touches are short, since one build folder serves all faults. Exit status: 0 if
every fault was killed, 1 if some survived, 77 without tomllib (Python 3.11).
"""
import argparse
import filecmp
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
COPY = ROOT / "build" / "mutants"
PATIENCE = 300  # seconds; tests that take longer than this hang for the fault
FIELDS = {"id", "file", "set", "before", "after", "harm"}


def read_list():
    try:
        import tomllib
    except ImportError:
        print("mutants.py needs tomllib, of Python 3.11 or later")
        sys.exit(77)
    sets, faults = {}, []
    for path in sorted(pathlib.Path(__file__).parent.glob("*.toml")):
        with open(path, "rb") as file:
            content = tomllib.load(file)
        sets.update(content.get("sets", {}))
        faults += content["fault"]
    return sets, faults


def problems(sets, faults):
    """What is wrong with the list; a text that moved or changed is what happens in time."""
    known = set()
    for fault in faults:
        name = fault.get("id", "without an id")
        if set(fault) != FIELDS:
            yield f"{name}: has {sorted(fault)}, wants {sorted(FIELDS)}"
            continue
        if name in known:
            yield f"{name}: stands there twice"
        known.add(name)
        if fault["set"] not in sets:
            yield f"{name}: no set is called {fault['set']}"
        if fault["before"] == fault["after"]:
            yield f"{name}: changes nothing"
        path = ROOT / fault["file"]
        found = path.read_text().count(fault["before"]) if path.is_file() else 0
        if found != 1:
            yield f"{name}: its text occurs {found} times in {fault['file']}; expected once"


def copy_sources():
    """Bring the copy up to date. Files that are alike keep their dates, so that little is built."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT,
                            stdout=subprocess.PIPE, check=True).stdout.decode().split("\0")
    names = {name for name in listed if name and (ROOT / name).is_file()}
    for name in names:
        target = COPY / name
        if target.is_file() and filecmp.cmp(ROOT / name, target, shallow=False):
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
    for folder, folders, files in os.walk(COPY):
        here = pathlib.Path(folder).relative_to(COPY)
        if here == pathlib.Path("."):
            folders[:] = [name for name in folders if name != "build"]
        for name in files:
            if str(here / name) not in names:
                (COPY / here / name).unlink()


def run(words):
    """Exit status and output in the copy; the status is None where it took too long."""
    with subprocess.Popen(words, cwd=COPY, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          errors="replace", start_new_session=True) as process:
        try:
            output = process.communicate(timeout=None if words[0] == "cmake" else PATIENCE)[0]
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            return None, ""
    return process.returncode, output


def build(preset, jobs, targets):
    return run(["cmake", "--build", "--preset", preset, f"-j{jobs}", "--target", *targets])


def test(preset, jobs, regex, *more):
    return run(["ctest", "--preset", preset, f"-j{jobs}", "--no-tests=error", "-R", regex, *more])


def failed_tests(output):
    """Names out of ctest's closing list: '\t 12 - topology/check.Check.X (Failed)'."""
    listed = output.partition("The following tests FAILED:")[2].splitlines()
    return [line.split(" - ", 1)[1].split(" (")[0] for line in listed if " - " in line]


def expect_sound(preset, jobs, sets):
    """Without a fault all must build and pass, else no verdict means anything."""
    code, output = build(preset, jobs, sorted({target for one in sets for target in one["targets"]}))
    if code != 0:
        sys.exit(f"the sources do not build:\n{output[-3000:]}")
    for regex in sorted({one["tests"] for one in sets}):
        code, output = test(preset, jobs, regex, "--output-on-failure")
        if code != 0:
            sys.exit(f"{output[-6000:]}\nwithout a fault these tests fail ({regex}): {failed_tests(output)}")


def judge(fault, tests, preset, jobs):
    """The verdict on one fault, and the first test that fails."""
    path = COPY / fault["file"]
    text = path.read_text()
    path.write_text(text.replace(fault["before"], fault["after"]))
    try:
        if build(preset, jobs, tests["targets"])[0] != 0:
            return "does not compile", ""
        code, output = test(preset, jobs, tests["tests"], "--stop-on-failure")
        if code is None:
            return "killed", f"no end within {PATIENCE} s"
        return ("survived", "") if code == 0 else ("killed", (failed_tests(output) or ["ctest itself"])[0])
    finally:
        path.write_text(text)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", metavar="ID", help="these faults alone")
    parser.add_argument("--list", action="store_true", help="print the faults and what each would do to a user")
    parser.add_argument("--check", action="store_true", help="only verify that every text still occurs once")
    parser.add_argument("--preset", default="openmp", help="default: openmp")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="default: one per core")
    options = parser.parse_args()

    sets, faults = read_list()
    wrong = list(problems(sets, faults))
    if wrong:
        sys.exit("\n".join(wrong))
    if options.check:
        print(f"{len(faults)} faults, each of which can be planted")
        return 0
    if options.only:
        unknown = sorted(set(options.only) - {fault["id"] for fault in faults})
        if unknown:
            sys.exit(f"no such fault: {', '.join(unknown)} (--list names all)")
        faults = [fault for fault in faults if fault["id"] in options.only]
    if options.list:
        for fault in faults:
            print(f"{fault['id']}  ({fault['file']})\n    {fault['harm']}")
        return 0

    copy_sources()
    if not (COPY / "build" / options.preset / "CMakeCache.txt").is_file():
        subprocess.run(["cmake", "--preset", options.preset, "--log-level=WARNING"], cwd=COPY, check=True)
    used = {fault["set"] for fault in faults}
    expect_sound(options.preset, options.jobs, [sets[name] for name in used])

    counts = {"killed": 0, "survived": 0, "does not compile": 0}
    survivors = []
    for fault in faults:
        begin = time.monotonic()
        verdict, by = judge(fault, sets[fault["set"]], options.preset, options.jobs)
        counts[verdict] += 1
        if verdict == "survived":
            survivors.append(fault)
        print(f"{fault['id']:<28} {verdict:<16} {time.monotonic() - begin:6.1f} s  {by}", flush=True)
    judged = counts["killed"] + counts["survived"]
    print(f"\n{counts['killed']} of {judged} killed, {counts['survived']} survived, "
          f"{counts['does not compile']} did not compile")
    for fault in survivors:
        print(f"  {fault['id']}: {fault['harm']}")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main())
