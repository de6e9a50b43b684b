# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The command line: which files, which figures, where to."""
import argparse
import difflib
import importlib
import itertools
import sys
from contextlib import contextmanager, suppress
from pathlib import Path

from kramers_plot.errors import BadData, PlotError, UsageError
from kramers_plot.output import printable, tell
from kramers_plot.version import version

# Figure -> (module that draws it, group that a file must hold, what it shows). In the order in which they are drawn.
FIGURES = {
    "free_energy": ("langevin", "kramers/free_energy", "free energy with its error and the exact curve or contours"),
    "trajectory": ("trajectory", "particles/walkers/position", "some walkers in time, core sets, phase space or paths"),
    "population": ("langevin", "kramers/population", "population decay, fitted and reference rate"),
    "correlation": ("langevin", "kramers/correlation", "autocorrelations and mean square displacement"),
    "response": ("response", "kramers/response", "mean position of driven walkers over a period, first harmonic"),
    "survival": ("core_sets", "kramers/survival", "walkers that have not entered core set B, rate and its limits"),
    "core_set_relaxation": ("core_sets", "kramers/core_sets", "implied relaxation rate over lag time, and its plateau"),
    "rate_sweep": ("rate_sweep", "sweep", "rate over one number that varies with theory, or over two"),
    "splitting": ("rare", "kramers/rare/probability", "probability over the level, and the rate over repeats"),
    "weighted": ("rare", "kramers/rare/weight", "mean weight over the level, and the rate over repeats"),
    "reactive_paths": ("reactive_paths", "kramers/rare/paths/offset", "paths from A to B in time, phase space or plane"),
    "trunk": ("spread", "spread", "trunk with the band between lowest and highest member"),
    "spread_map": ("spread", "spread", "phase space coloured by spread"),
    "spread_time": ("spread", "spread", "spread and its rate over time"),
    "classes": ("classify", "classifier/points/raw_class", "raw and predicted classes, and those of random points"),
    "loss": ("classify", "classifier/loss", "loss of the training and of the samples held out"),
    "evaluation": ("classify", "classifier/evaluation", "confusion matrix and calibration"),
    "sweep": ("classify", "classifier/sweep", "models of a sweep over their learning rates"),
    "solution": ("fields", "kramers/jacobi", "field with contour lines"),
    "norm": ("convergence", "kramers/jacobi/norm", "norm of the change over iterations, and the tolerance"),
    "flow": ("fields", "kramers/channel", "speed with streamlines, pressure with contour lines"),
    "change": ("convergence", "kramers/channel/change", "change of the sum of u over steps, and the tolerance"),
    "residual": ("convergence", "kramers/cg/residual", "residual over iterations, the true one, and the tolerance"),
}

DESCRIPTION = """\
Draw the figures of the result files of kramers-langevin, -rare, -spread, -classify, -jacobi, -channel and -cg.
A figure NAME of FILE.h5 is written to FILE_NAME.png and FILE_NAME.svg. In the style paper figures are 85 mm
(--column 1) or 175 mm (--column 2) wide and have letters on their panels, but no title and no footer."""
EXIT_CODES = """\
Exit codes: 0 all drawn, 1 a file that cannot be read or holds no figure, 64 wrong command line,
65 no such file or damaged contents."""


FORMATS = {"png": ("png",), "svg": ("svg",), "pdf": ("pdf",), "both": ("png", "svg")}


class Parser(argparse.ArgumentParser):
    def error(self, message):
        raise UsageError(f"{message} (see kramers-plot --help)")

    def parse_args(self, args=None, namespace=None):
        options, unknown = self.parse_known_args(args, namespace)
        if unknown:
            name = unknown[0].split("=")[0]
            self.error(f"unknown option {name}{suggestion(name, self._option_string_actions)}")
        return options

    def format_help(self):
        """As the other programs of kramers write theirs."""
        options = [("-h,--help", "print this help and exit")]
        for action in self._actions:
            if action.option_strings and action.dest != "help":
                name = action.metavar or (action.choices and "|".join(map(str, action.choices))) or ""
                options.append((f"{action.option_strings[0]} {name}".rstrip(), action.help))
        figures = [(name, shows) for name, (_, _, shows) in FIGURES.items()]

        def table(rows):
            return "".join(f"  {name:28}{meaning}\n" for name, meaning in rows)

        return (f"{DESCRIPTION}\nUsage: kramers-plot [OPTIONS] FILE...\n\n"
                f"Positionals:\n{table([('FILE...', 'result files (HDF5)')])}\nOptions:\n{table(options)}\n"
                f"Figures:\n{table(figures)}\n{EXIT_CODES}")

    def print_help(self, file=None):
        tell(self.format_help())


class Version(argparse.Action):
    def __call__(self, own, *_):
        tell(f"{own.prog} {version()}")
        own.exit()


def suggestion(name, known):
    near = difflib.get_close_matches(name, known, 1)
    return f"; did you mean {near[0]}?" if near else ""


def figure_name(text):
    if text not in FIGURES:
        raise argparse.ArgumentTypeError(f"there is no figure {text}{suggestion(text, FIGURES)}")
    return text


def positive(text):
    number = int(text)
    if number <= 0:
        raise ValueError
    return number


def parser():
    result = Parser(prog="kramers-plot", allow_abbrev=False)
    result.add_argument("files", metavar="FILE", nargs="+", type=Path, help="result files (HDF5)")
    result.add_argument("--output-dir", metavar="DIR", type=Path,
                        help="folder for the figures, made if missing (default: beside each file)")
    result.add_argument("--format", choices=FORMATS, default="both", help="both are png and svg (default: both)")
    result.add_argument("--only", metavar="NAME", type=figure_name, action="append",
                        help="draw this figure alone; may be repeated")
    result.add_argument("--style", choices=("default", "paper"), default="default",
                        help="for a screen, or for a column of a paper (default: default)")
    result.add_argument("--column", type=int, choices=(1, 2),
                        help="columns of the paper that a figure fills (default: 1)")
    result.add_argument("--dpi", metavar="N", type=positive, default=200,
                        help="pixels per inch of a PNG (default: 200)")
    result.add_argument("--version", action=Version, nargs=0, help="print the version and exit")
    return result


def check_style(options):
    """A column is one of a paper."""
    if options.column is not None and options.style != "paper":
        raise UsageError(f"invalid --column: got {options.column} with --style {options.style}; expected it with "
                         "--style paper")


def check_names(files, output_dir):
    """Two inputs must not write the same figure."""
    seen = {}
    for path in files:
        target = ((output_dir or path.parent) / path.stem).resolve()
        if target in seen:
            raise UsageError(f"{seen[target]} and {path} would give figures of the same name in {target.parent}; "
                             "draw them into different folders with --output-dir")
        seen[target] = path


def is_same(one, other):
    with suppress(OSError):
        return one.samefile(other)
    return False


@contextmanager
def damage_named(path, what):
    """h5py, NumPy and Matplotlib raise exceptions of many types for data that no run writes: one sentence of them."""
    try:
        yield
    except (PlotError, ModuleNotFoundError, BrokenPipeError):
        raise
    except Exception:
        raise BadData(f"{path}: {what} contradict each other or are damaged; repeat the run") from None


def draw_file(path, options):
    """Draw the figures of one file, or raise PlotError."""
    from kramers_plot import style
    from kramers_plot.result_file import ResultFile

    folder = options.output_dir or path.parent
    with damage_named(path, "its contents"), ResultFile(path) as result:
        held = [name for name, (_, group, _) in FIGURES.items() if result.holds(group)]
        wanted = [name for name in FIGURES if name in (options.only or held)]
        if not held:
            raise PlotError(f"{path}: holds nothing that can be drawn; give a file that a program of kramers with "
                            "figures (see --help) has written with --output")
        for name in wanted:
            if name not in held:
                raise PlotError(f"{path}: holds no data for the figure {name}; it holds those for {', '.join(held)}")
        targets = {name: [folder / f"{path.stem}_{name}.{file_format}" for file_format in FORMATS[options.format]]
                   for name in wanted}
        for target in itertools.chain(*targets.values()):
            for source in options.files:
                if is_same(target, source):
                    raise UsageError(f"the figure {target} would replace {source}, which is read; draw it into another "
                                     "folder with --output-dir")
        if result.partial():
            print(f"kramers-plot: warning: {printable(path)}: {result.partial()}", file=sys.stderr)
        style.apply(column=(options.column or 1) if options.style == "paper" else None)
        for name in wanted:
            module = importlib.import_module(f"kramers_plot.{FIGURES[name][0]}")
            with damage_named(path, f"the data of the figure {name}"):
                figure = getattr(module, name)(result)
                for target in targets[name]:
                    style.save(figure, target, options.dpi)
                    tell(printable(target))


def main(arguments):
    """Run the program; returns its exit code."""
    try:
        options = parser().parse_args(arguments)
        check_style(options)
        check_names(options.files, options.output_dir)
    except PlotError as error:
        return report(error)
    except BrokenPipeError:  # the reader of the help has left
        return 1
    # The first failure decides the exit code, but does not keep the other files from being drawn.
    code = 0
    for path in options.files:
        try:
            draw_file(path, options)
        except PlotError as error:
            failed = report(error)
            code = code or failed
        except ModuleNotFoundError as error:
            return report(PlotError(f"the Python module {error.name} is missing; install python3-{error.name} "
                                    "or run inside the environment with ./dev run"))
        except BrokenPipeError:  # the reader of the names has left
            return 1
    return code


def report(error):
    print(f"kramers-plot: {printable(error)}", file=sys.stderr)
    return error.exit_code
