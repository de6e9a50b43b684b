# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The commands of kramers-bench."""

import argparse
import math
import pathlib
import shlex
import sys

from . import (BenchError, INVALID_CODE, OK, SLOWER_CODE, UNCALIBRATED, compare, history, page, peers, portability,
               results, runner, simulate, store, texts, verdict)

EXIT_CODES = """exit codes: 0 nothing is slower, 1 something is slower (confirmed), 2 these data cannot tell, 3 the machine is
another one or not calibrated, 4 a row is invalid or a result was wrong, 64 usage or an unusable file"""
QUICK_REPETITIONS = 3


def say(text):
    print(text, file=sys.stderr, flush=True)


def at_least(least):
    def number(text):
        value = int(text)
        if value < least:
            raise argparse.ArgumentTypeError(f"got {value}; expected at least {least}")
        return value
    return number


def command_run(options):
    repetitions = options.repetitions or (QUICK_REPETITIONS if options.quick else None)
    suite = runner.Suite(options.folder, options.filter, None, repetitions, shlex.split(options.launcher))
    if options.list:
        print("\n".join(suite.names))
        return OK
    document = runner.run(suite, options.processes, say)
    runner.write(document, options.output)
    result = results.load(options.output)
    print(texts.rows_text(result))
    print(f"\nwrote {options.output}: machine {result.machine_key}, {result.space}, {result.git}")
    invalid = [name for name, rows in result.rows.items() if results.problem_of(rows)]
    return INVALID_CODE if invalid else OK


def command_compare(options):
    known = lambda key: store.load_noise(options.store, key)  # noqa: E731
    baseline, contender = pathlib.Path(options.baseline), pathlib.Path(options.contender)
    if baseline.is_dir() != contender.is_dir():
        raise BenchError(f"invalid --baseline and --contender: got {baseline} and {contender}; expected two build folders or "
                         "two result files")
    if baseline.is_dir():
        verdicts, sides = compare.gate((baseline, contender), options, known, say)
    else:
        sides = [results.load(baseline), results.load(contender)]
        noise = known(sides[1].machine_key) if sides[1].machine_key else None
        verdicts = compare.stored(*sides, noise, options.clock)
    calibrated = known(sides[1].machine_key) is not None
    print(texts.verdicts_text(verdicts, calibrated))
    if options.markdown:
        options.markdown.write_text(texts.verdicts_markdown(verdicts, sides))
    if options.junit:
        options.junit.write_text(texts.verdicts_junit(verdicts))
    if options.html:
        options.html.write_text(page.html_of([sides[1]], verdicts=verdicts))
    return verdict.exit_code(verdicts, options.allow_unsure)


def command_calibrate(options):
    if options.result:
        result = results.load(options.result)
        if result.machine_key is None:
            raise BenchError(f"{result.path} does not say what machine it is of: make it with kramers-bench run")
    else:
        suite = runner.Suite(options.folder, options.filter, None, options.repetitions)
        result = results.Result("these processes", runner.run(suite, options.processes, say))
    noise = store.calibration(result)
    path = store.save(options.store, result.machine_key, "noise.json", noise)
    print(texts.noise_text(noise))
    costs = {}
    for name, rows in result.code().items():
        metric = results.metric_of([rows], options.clock, lasting=False)
        costs[name] = [row.cost(*metric) for row in rows]
    print("\nComparisons of this code with itself, played with these processes:")
    print(simulate.table_text(simulate.rates(costs, options.trials, options.seed)))
    print(f"\nwrote {path}")
    return OK


def command_baseline(options):
    result = results.load(options.result)
    store.check_baseline(result)
    if result.git.endswith("+"):
        say("warning: the sources were modified; nobody can build this baseline again")
    document = {"context": result.context, "benchmarks": [row.entry for rows in result.rows.values() for row in rows],
                "kramers": result.about}
    print(f"wrote {store.save(options.store, result.machine_key, 'baseline.json', document)}")
    return OK


def command_history(options):
    if options.add:
        added = sum(history.append(options.file, results.load(path)) for path in options.add)
        print(f"{added} lines added to {options.file}")
    lines = history.load(options.file)
    if options.export_otava:
        count = history.export_otava(lines, options.export_otava)
        print(f"wrote {count} series and otava.yaml to {options.export_otava}")
    print(texts.history_text(lines))
    return OK


def command_pp(options):
    found = [results.load(path) for path in options.results]
    table, notes = portability.efficiencies(found)
    platforms = [portability.platform_of(result) for result in found]
    if options.platforms:
        platforms = [line.strip() for line in options.platforms.read_text().splitlines()
                     if line.strip() and not line.startswith("#")]
        if not platforms:
            raise BenchError(f"invalid --platforms: {options.platforms} names none")
    lines = portability.summary(table, platforms)
    print(texts.portability_text(lines, platforms, notes))
    if options.csv:
        options.csv.write_text(portability.as_csv(found, table))
    if options.gate:
        old_found = [results.load(path) for path in options.gate]
        old = {(line["row"], line["kind"]): line["pp"]
               for line in portability.summary(portability.efficiencies(old_found)[0], platforms)}
        fell = [line for line in lines
                if line["pp"] < old.get((line["row"], line["kind"]), 0) - options.delta]
        for line in fell:
            print(f"SLOWER {line['row']} ({line['kind']}): PP fell from {old[line['row'], line['kind']]:.3f} to "
                  f"{line['pp']:.3f}")
        return SLOWER_CODE if fell else OK
    return OK


def command_peers(options):
    document = peers.run(options.folder, options.filter, options.threads, say)
    runner.write(document, options.output)
    result = results.load(options.output)
    print(texts.table(texts.PEERS_HEAD, texts.peers_cells(result)))
    print(f"\nwrote {options.output}: machine {result.machine_key}, {result.space}, {result.git}")
    return INVALID_CODE if any(results.problem_of(rows) for rows in result.rows.values()) else OK


def command_report(options):
    found = [results.load(path) for path in options.results]
    lines = history.load(options.history) if options.history else []
    backends = page.load_backends(options.backends) if options.backends else None
    others = results.load(options.peers) if options.peers else None
    verdicts = None
    if options.baseline:
        baseline = results.load(options.baseline)
        same = [result for result in found if result.machine_key == baseline.machine_key and result.space == baseline.space]
        if not same:
            raise BenchError(f"no result is of the machine and space of {options.baseline}: {baseline.machine_key}, "
                             f"{baseline.space}", UNCALIBRATED)
        verdicts = compare.stored(baseline, same[0], store.load_noise(options.store, baseline.machine_key), "auto")
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(page.html_of(found, verdicts=verdicts, lines=lines, backends=backends, peers=others),
                              encoding="utf-8")
    if options.markdown:
        options.markdown.write_text(texts.results_markdown(found, others))
    print(f"wrote {options.output}")
    return OK


def command_selftest(options):
    record = options.record or pathlib.Path(__file__).with_name("recorded.json")
    costs = simulate.load_record(record)
    table = simulate.rates(costs, options.trials, options.seed)
    print(f"{options.trials} comparisons played with {record.name}, seed {options.seed}:")
    print(simulate.table_text(table))
    loud = {name: band for name, band in simulate.bands_of(costs).items() if band > simulate.QUIET_BAND}
    for name, band in sorted(loud.items()):
        print(f"loud: {name}, whose band is {100 * math.expm1(band):.1f} %")
    false_alarms = table[0]["SLOWER"] + table[0]["FASTER"]
    caught = next(line["quiet"] for line in table if line["slowdown"] == 10)
    good = (false_alarms <= simulate.MOST_FALSE and table[0]["any"] <= simulate.MOST_ANY and caught >= simulate.LEAST_CAUGHT)
    print(f"{'ok' if good else 'FAILED'}: false alarms at most {simulate.MOST_FALSE:.0%} of rows and "
          f"{simulate.MOST_ANY:.0%} of comparisons; slowdowns by 10 % seen in at least {simulate.LEAST_CAUGHT:.0%} of "
          f"{len(costs) - len(loud)} quiet rows")
    return OK if good else SLOWER_CODE


def parser_of():
    parser = argparse.ArgumentParser(prog="kramers-bench", description="Runs, compares and reports benchmarks.",
                                     epilog=EXIT_CODES, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)

    def command(name, body, help_text):
        sub = commands.add_parser(name, help=help_text, description=help_text, epilog=EXIT_CODES,
                                  formatter_class=argparse.RawDescriptionHelpFormatter)
        sub.set_defaults(body=body)
        return sub

    def suite(sub):
        sub.add_argument("--filter", default="", metavar="REGEX", help="rows to run, e.g. 'langevin/f64|limits'")
        sub.add_argument("--repetitions", type=at_least(1), help="per row and process (15; KRAMERS_BENCH_REPETITIONS)")

    def kept(sub):
        sub.add_argument("--store", type=pathlib.Path, default=store.DEFAULT, metavar="FOLDER",
                         help="where baselines and noise are kept (bench/baselines)")

    def clock(sub):
        sub.add_argument("--clock", choices=["auto", *results.METRICS], default="auto",
                         help="auto: processor time for code on one core of a host, else the wall's")

    def played(sub):
        sub.add_argument("--trials", type=at_least(1), default=40, help="comparisons to play (40)")
        sub.add_argument("--seed", type=int, default=2026)

    sub = command("run", command_run, "Run the benchmarks of a build and write their rows.")
    sub.add_argument("folder", help="a build folder, or its bin")
    sub.add_argument("--output", type=pathlib.Path, default=pathlib.Path("bench.json"), metavar="FILE")
    sub.add_argument("--processes", type=at_least(1), default=1, help="how often to start each program (1)")
    sub.add_argument("--quick", action="store_true", help=f"{QUICK_REPETITIONS} repetitions: a look, no baseline")
    sub.add_argument("--list", action="store_true", help="only name the rows")
    sub.add_argument("--launcher", default="", metavar="COMMAND",
                     help="e.g. 'mpirun -n 4': also the rows about several ranks, which need it")
    suite(sub)

    sub = command("compare", command_compare, "Has the contender become slower? Two build folders: run in pairs, the gate. "
                  "Two result files of one machine: against a stored baseline.")
    sub.add_argument("--baseline", required=True, metavar="FOLDER|FILE")
    sub.add_argument("--contender", required=True, metavar="FOLDER|FILE")
    sub.add_argument("--pairs", type=at_least(6), default=verdict.SCREEN_PAIRS, help="pairs of the first stage (8)")
    sub.add_argument("--confirm", type=at_least(6), default=verdict.CONFIRM_PAIRS, help="fresh pairs of the second (16)")
    sub.add_argument("--seed", type=int, default=2026, help="of which side goes first")
    sub.add_argument("--allow-unsure", action="store_true", help="exit with 0 where data cannot tell")
    for name, text in (("markdown", "for a pull request"), ("junit", "for CI"), ("html", "to look at")):
        sub.add_argument(f"--{name}", type=pathlib.Path, metavar="FILE", help=f"also write the verdicts {text}")
    suite(sub)
    clock(sub)
    kept(sub)

    sub = command("calibrate", command_calibrate, "Compare a build with itself: the noise of every row on this machine.")
    sub.add_argument("folder", nargs="?", help="a build folder, or its bin")
    sub.add_argument("--result", type=pathlib.Path, metavar="FILE", help="a result of run with at least 10 processes instead")
    sub.add_argument("--processes", type=at_least(verdict.LEAST_PROCESSES), default=20, help="to run (20)")
    suite(sub)
    clock(sub)
    kept(sub)
    played(sub)

    sub = command("baseline", command_baseline, "Keep a result as the baseline of its machine.")
    sub.add_argument("result", type=pathlib.Path, help=f"of run with at least {verdict.LEAST_PROCESSES} processes")
    kept(sub)

    sub = command("history", command_history,
                  "Where did the level of a row step? An append-only file, one line per row and run.")
    sub.add_argument("file", type=pathlib.Path, help="history.jsonl")
    sub.add_argument("--add", nargs="+", type=pathlib.Path, metavar="RESULT", help="append the rows of results")
    sub.add_argument("--export-otava", type=pathlib.Path, metavar="FOLDER", help="write the series for Apache Otava")

    sub = command("pp", command_pp, "Performance portability over the platforms of several results.")
    sub.add_argument("results", nargs="+", type=pathlib.Path)
    sub.add_argument("--platforms", type=pathlib.Path, metavar="FILE",
                     help="the declared set, one MACHINE:SPACE per line; one without a result makes the metric 0")
    sub.add_argument("--csv", type=pathlib.Path, metavar="FILE", help="write for p3-analysis-library")
    sub.add_argument("--gate", nargs="+", type=pathlib.Path, metavar="RESULT", help="fail where the metric fell since these")
    sub.add_argument("--delta", type=float, default=0.05, help="fall that --gate allows (0.05)")

    sub = command("peers", command_peers, "What other programs take for the same work, where they are installed: NumPy, SciPy, "
                  "numba, PyTorch, OpenMM, LAMMPS, scikit-learn. Their physics is checked before their time counts.")
    sub.add_argument("folder", help="a build folder, or its bin: kramers is timed next to each")
    sub.add_argument("--output", type=pathlib.Path, default=pathlib.Path("peers.json"), metavar="FILE")
    sub.add_argument("--filter", default="", metavar="REGEX", help="peers to run, e.g. 'double_well/lammps'")
    sub.add_argument("--threads", type=at_least(1), default=1, help="of kramers and of every peer that can use them (1)")

    sub = command("report", command_report, "One HTML file of results, that needs no network.")
    sub.add_argument("results", nargs="+", type=pathlib.Path)
    sub.add_argument("--output", type=pathlib.Path, default=pathlib.Path("bench.html"), metavar="FILE")
    sub.add_argument("--baseline", type=pathlib.Path, metavar="FILE", help="changes against this")
    sub.add_argument("--history", type=pathlib.Path, metavar="FILE", help="history.jsonl")
    sub.add_argument("--backends", nargs="+", type=pathlib.Path, metavar="FILE", help="what backends.py --json wrote")
    sub.add_argument("--peers", type=pathlib.Path, metavar="FILE", help="what the command peers wrote")
    sub.add_argument("--markdown", type=pathlib.Path, metavar="FILE")
    kept(sub)

    sub = command("selftest", command_selftest, "False alarms and power of the gate, played with recorded data.")
    sub.add_argument("--record", type=pathlib.Path, metavar="FILE", help="instead of the one beside this program")
    played(sub)
    return parser


def main(words=None):
    parser = parser_of()
    try:
        options = parser.parse_args(words)
        if options.command == "calibrate" and (options.folder is None) == (options.result is None):
            parser.error("calibrate needs a build folder or --result")
        return options.body(options)
    except SystemExit as end:  # argparse: 2 for usage
        return 64 if end.code == 2 else end.code
    except BenchError as error:
        print(f"kramers-bench: {error}", file=sys.stderr)
        return error.code
    except OSError as error:
        print(f"kramers-bench: {error}", file=sys.stderr)
        return 64
    except KeyboardInterrupt:
        return 130
