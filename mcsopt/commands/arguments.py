"""The words of the command line: each command's options, their ranges and their help.

No heavy imports, not even numpy: ``--help`` reads this module. A new command is a function here, a line of `COMMANDS`
and its work in a module of its own name.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from contextlib import suppress
from typing import Any, NoReturn

from mcsopt.errors import one_line

EXIT_STATUS = """\
exit status: 0 done, or the claim holds; 1 the claim does not hold (verify refutes, --max-gap exceeded, or
regress finds a change for the worse); 2 bad input or usage; 3 no feasible solution: none exists, or none found within
the limits"""
LEAST_ALPHA = 1e-4
"""The least level of a test: a tenth of it is the least p-value that `regression.sign_flips` can show by drawing."""
_SIZES = ("tiny", "small", "medium", "large")


class Parser(argparse.ArgumentParser):
    """One clear line on a usage error instead of the whole usage."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong and exit with status 2."""
        self.exit(2, one_line(f"mcsopt: {message}; see {self.prog} --help") + "\n")


def build_parser() -> Parser:
    """Return the parser of the whole command line."""
    parser = Parser(
        prog="mcsopt",
        description="How far is a heuristic's plan from the best there is, and why should anyone believe that number?",
        epilog=EXIT_STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=Parser)
    for name, (text, add_options) in COMMANDS.items():
        add_options(commands.add_parser(name, help=text))
    return parser


def _certify(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    _add_instance(parser)
    plan = parser.add_mutually_exclusive_group(required=True)
    names = "a heuristic of 'mcsopt list' or module:function of your own; may be repeated"
    plan.add_argument("--heuristic", metavar="H", nargs="+", action="extend", help=names)
    plan.add_argument("--plan", metavar="SOLUTION.json", type=_PATH, help="your own plan, as a solution file")
    tables = "your agent's policy of a finite-mdp: a solution file, a JSON list, or one action per line"
    plan.add_argument("--policy", metavar="FILE", type=_PATH, help=tables)
    add("--solver", metavar="S", help="where the bound comes from (default: the strongest that fits)")
    _add_time_limit(parser, 60.0, "limit of each solver that is asked, or of the equilibrium check (default: 60)")
    alone = "certify what one task could still gain alone (0: an equilibrium) in place of the gap"
    add("--equilibrium", action="store_true", help=alone)
    add("--max-gap", metavar="G", type=_GAP, help="exit 1 if a relative gap exceeds G (0: unless proved)")
    add("--certificate", metavar="OUT.json", help="write the certificate, or the list of them")
    add("--report", metavar="OUT.html", help="write a page with tables and pictures (extra plots)")
    _add_json(parser)


def _verify(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("certificate", metavar="CERTIFICATE", type=_PATH, help="a certificate file")
    pinned = "refuse unless the certificate is about this instance"
    parser.add_argument("--instance", metavar="FILE", type=_PATH, help=pinned)
    _add_time_limit(parser, None, "refuse if the check takes longer")
    _add_json(parser)


def _solve(parser: argparse.ArgumentParser) -> None:
    _add_instance(parser)
    parser.add_argument("--solver", metavar="S", help="one of 'mcsopt list' (default: the preferred one that fits)")
    _add_time_limit(parser, None, "wall-clock limit; 0 still gives a bound")
    _add_gap(parser, "relative gap that is close enough to stop at, where the solver can (default: 0, prove)")
    parser.add_argument("--start", metavar="SOLUTION.json", type=_PATH, help="a solution to start from")
    parser.add_argument("--output", "-o", metavar="SOLUTION.json", help="write the solution")
    _add_json(parser)


def _inspect(parser: argparse.ArgumentParser) -> None:
    _add_instance(parser)
    forms = "words and mathematics, an LP or MPS file, or the CP-SAT model (default: by the ending of -o, else text)"
    parser.add_argument("--format", choices=("text", "lp", "mps", "cp-sat"), help=forms)
    parser.add_argument("-o", "--output", metavar="FILE", help="write it in place of printing it")


def _generate(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "further options of the kind, as --NAME VALUE: see 'mcsopt list'"
    parser.add_argument("--kind", metavar="K", required=True, help="kind of instance")
    parser.add_argument("--seed", metavar="N", required=True, help="seed, an integer >= 0")
    parser.add_argument("-o", "--output", metavar="FILE", required=True, help="FILE.json or FILE.parquet")


def _import(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("file", metavar="FILE", type=_PATH, help="the file to read")
    formats = (
        "generalised assignment problems of the OR-Library; Pisinger's knapsacks; a bare knapsack: "
        "'n capacity', then 'value weight' lines; Solomon's routing problems; orienteering with time windows"
    )
    add("--format", required=True, choices=("or-gap", "pisinger", "knapsack", "solomon", "optw"), help=formats)
    add("--index", metavar="K", type=_integer(0), help="which problem of the file, from 0")
    add("--sense", choices=("max", "min"), help="whether an assignment has profits or costs (default: max)")
    digits = "solomon, optw: digits after the point to which distances are truncated, 0 to 6, or 'all' (default: 1)"
    add("--decimals", metavar="D", type=_decimals, help=digits)
    add("--one-way", action="store_true", help="solomon, optw: the worker need not return to the start")
    add("-o", "--output", metavar="FILE", required=True, help="INSTANCE.json or INSTANCE.parquet")
    _add_json(parser)


def _sweep(parser: argparse.ArgumentParser) -> None:
    parser.epilog = "values: numbers, or FROM:TO:COUNT evenly spaced, or FROM:TO:COUNT:log; several are crossed"
    add = parser.add_argument
    source = "a data-coalition file or library:NAME (default: embedded, or players drawn)"
    add("instance", metavar="INSTANCE", nargs="?", type=_PATH, help=source)
    add("--variance", metavar="V", nargs="+", help="variances (default: the instance's, or 0.25)")
    add("--alpha", metavar="A", nargs="+", help="regimes in [-1, 1] (default: the instance's, or 0.5)")
    add("--players", metavar="N", nargs="+", help="draw so many players (default: 10)")
    add("--costs", metavar="PROFILE", nargs="+", help="draw their costs so (default: uniform)")
    add("--seeds", metavar="K", type=_integer(1), help="draws of the costs of each size (default: 1)")
    add("--seed", metavar="N", type=_integer(0), default=0, help="the first of the seeds (default: 0)")
    kinds = ["nash", "robust"]
    add("--stability", metavar="S", nargs="+", choices=kinds, default=kinds, help="nash, robust (default: both)")
    _add_time_limit(parser, 10.0, "limit of each stable coalition (default: 10)")
    add("-o", "--output", metavar="FILE", required=True, help="the table: FILE.csv or FILE.parquet")
    add("--plot", metavar="FILE.png", help="draw a picture, too (extra plots)")
    pictures = (
        "the largest equilibrium over sigma, which coalitions are stable at which variance, or growth with the "
        "number of players (default: growth with three sizes or more, else sizes)"
    )
    add("--picture", choices=("sizes", "map", "growth"), help=pictures)
    _add_json(parser)


def _simulate(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add("mechanism", metavar="iparts", choices=("iparts",), help="iparts: two-stage crowdsensing with private intent")
    add("--figure", metavar="N", nargs="+", type=int, choices=(3, 4, 5, 6), help="figures (default: 3 4 5 6)")
    add("--runs", metavar="R", type=_integer(1), default=100, help="seeds a point (default: 100)")
    add("--seed", metavar="N", type=_integer(0), default=0, help="the first of the seeds (default: 0)")
    add("--resume", action="store_true", help="go on with the runs that are in the folder")
    add("--jobs", metavar="K", type=_integer(1), help="seeds side by side (default: one for each core)")
    add("--trips", metavar="FILE", help="draw markets from taxi trips (default: generated markets)")
    add("--area", metavar="A", type=_integer(1), help="community area of the trips (default: that of most trips)")
    _add_time_limit(parser, 60.0, "limit of each exact solve (default: 60)")
    close = "relative gap at which each exact solve may stop (default: 0, prove; 0.001 is quick on trips)"
    _add_gap(parser, close)
    readings = parser.add_argument_group("readings of the paper")
    for name, choices, text in (
        ("--objective", ("increment", "recruits"), "what counts online: the rise of quality, or recruits alone"),
        ("--restore", ("optional", "max", "required"), "whether an unmet task may decline recruits"),
        ("--mismatch", ("serve", "refuse"), "what a worker does whose true intent is 0"),
        ("--mismatch-risk", ("ratio", "pair"), "what planning caps: a pair's risk over all tasks, or its posterior"),
        ("--service", ("optional", "required"), "whether contracts must serve every task"),
        ("--open-cost", ("none", "same"), "what privacy costs where true intents are known"),
        ("--samples", ("exact", "common", "fresh"), "how ASPIRE-Off evaluates sets"),
        ("--primer", ("scan", "exact"), "how budgets are found: on a grid, as published, or exactly"),
    ):
        readings.add_argument(name, choices=choices, default=choices[0], help=f"{text} (default: {choices[0]})")
    add("-o", "--output", metavar="DIR", required=True, help="a folder for runs, tables and pictures")
    _add_json(parser)


def _regress(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    names = "heuristics of 'mcsopt list', or module:function of your own"
    add("--heuristic", metavar="H", nargs="+", action="extend", required=True, help=names)
    add("--problem", metavar="P", help="only library entries of this problem")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--entry", metavar="NAME", nargs="+", action="extend", help="entries of 'mcsopt library list'")
    sizes = "sizes of entries (default: the baseline's entries, or else tiny small)"
    which.add_argument("--size", nargs="+", action="extend", choices=_SIZES[:-1], help=sizes)
    runs = "runs of each entry, each with a seed of its own (default: as the baseline, or else 7)"
    add("--seeds", metavar="K", type=_integer(2), help=runs)
    file = "mcsopt-baseline.json"
    add("--baseline", metavar="FILE", default=file, help=f"what to compare with (default: {file})")
    add("--update", action="store_true", help="write the baseline instead of comparing with it")
    level = "level of the test of randomized heuristics (default: 0.01)"
    add("--alpha", metavar="A", type=_number(LEAST_ALPHA, 0.5), default=0.01, help=level)
    slack = "growth of the mean gap that is let pass (default: 1e-6)"
    add("--tolerance", metavar="T", type=_number(0, 1), default=1e-6, help=slack)
    add("-o", "--output", metavar="TABLE", help="every run, as TABLE.csv or TABLE.parquet")
    add("--plot", metavar="FILE.png", help="draw the differences by entry (extra plots)")
    _add_json(parser)


def _library(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=Parser)
    parts = {
        "list": actions.add_parser("list", help="name, size, status, optimum or bound, digest"),
        "export": actions.add_parser("export", help="write the instance of an entry, its solution, its certificate"),
        "verify": actions.add_parser("verify", help="check entries, trusting nothing; exit 1 if one fails"),
        "build": actions.add_parser("build", help="draw, solve and certify entries anew; exit 1 on a contradiction"),
    }
    export, build = parts["export"], parts["build"]
    export.add_argument("name", metavar="NAME", help="an entry of 'mcsopt library list'")
    export.add_argument("-o", "--output", metavar="FILE", required=True, help="FILE.json or FILE.parquet")
    export.add_argument("--solution", metavar="FILE", help="write the best known solution, too")
    export.add_argument("--certificate", metavar="FILE", help="write the certificate, too")
    build.add_argument(
        "-o",
        "--output",
        metavar="DIR",
        type=_PATH,
        required=True,
        help="a folder; entries in it that are not named stay",
    )
    for name in ("verify", "build"):
        parts[name].add_argument("names", metavar="NAME", nargs="*", help="entries (default: all)")
    for name in ("list", "verify", "build"):
        parts[name].add_argument("--problem", metavar="P", help="only entries of this problem")
        parts[name].add_argument("--size", metavar="S", nargs="+", choices=_SIZES, help=f"only {', '.join(_SIZES)}")
        _add_json(parts[name])
    _add_time_limit(build, 60.0, "limit of the solver for each entry (default: 60)")


def _no_options(parser: argparse.ArgumentParser) -> None:
    """Take none: list and doctor."""


def _add_instance(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "instance",
        metavar="INSTANCE",
        nargs="?",
        type=_PATH,
        help="an instance file, library:NAME of 'mcsopt library list', Chicago taxi trips (CSV or Parquet), or none: "
        "the embedded default",
    )
    parser.add_argument("--problem", metavar="P", required=True, help="one of 'mcsopt list'")
    parser.add_argument("--option", metavar="K=V", action="append", default=[], help="an option of the problem")
    trips = parser.add_argument_group("market drawn from taxi trips")
    trips.add_argument("--tasks", metavar="N", type=_integer(1), help="tasks (default: 40)")
    trips.add_argument("--workers", metavar="M", type=_integer(1), help="workers (default: 160)")
    trips.add_argument("--area", metavar="A", type=_integer(1), help="community area (default: that of most trips)")
    parser.add_argument("--seed", metavar="N", type=_integer(0), default=0, help="seed, an integer >= 0 (default: 0)")


def _add_time_limit(parser: argparse.ArgumentParser, default: float | None, text: str) -> None:
    parser.add_argument("--time-limit", metavar="SEC", type=_seconds, default=default, help=text)


def _add_gap(parser: argparse.ArgumentParser, text: str) -> None:
    parser.add_argument("--gap", metavar="G", type=_CLOSE, default=0.0, help=text)


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout and nothing else there")


def _reader(read: Callable[[str], Any], admitted: Callable[[Any], bool], wanted: str) -> Callable[[str], Any]:
    """Return a type of an option: what `read` makes of a text, refused unless `admitted`, saying what is wanted."""

    def type_(text: str) -> Any:
        with suppress(ValueError):
            if admitted(value := read(text)):
                return value
        raise argparse.ArgumentTypeError(f"is {text!r}; give {wanted}")

    return type_


def _integer(low: int) -> Callable[[str], int]:
    return _reader(int, lambda value: value >= low, f"an integer >= {low}")


def _number(low: float, high: float) -> Callable[[str], float]:
    return _reader(float, lambda value: low <= value <= high, f"a number from {low:g} to {high:g}")


def _decimals(text: str) -> int | str:
    digits: int | str = "all" if text == "all" else _reader(int, lambda n: 0 <= n <= 6, "0 to 6, or 'all'")(text)
    return digits


def _seconds(text: str) -> float | None:
    seconds: float = _reader(float, lambda value: value >= 0, "seconds >= 0, inf for no limit")(text)
    return seconds if math.isfinite(seconds) else None


# An empty word is a shell variable that was never set. As "none given" it would, say, pin no instance.
_PATH = _reader(str, bool, "a path")
_CLOSE = _reader(float, lambda value: 0 <= value < math.inf, "a relative gap >= 0, for example 0.001")
_GAP = _reader(float, lambda value: value >= 0, "a relative gap >= 0, for example 0.05")

COMMANDS: dict[str, tuple[str, Callable[[argparse.ArgumentParser], None]]] = {
    "certify": ("bound a plan's gap and write a certificate of it", _certify),
    "verify": ("check a certificate, trusting nothing", _verify),
    "solve": ("solve a problem, or bound it where it is too large", _solve),
    "inspect": ("print the declarative model, to read or to export", _inspect),
    "generate": ("draw an instance", _generate),
    "import": ("read a file of a classical library, and write it as an instance", _import),
    "sweep": ("the price of stability of data coalitions over variances, regimes, sizes and cost profiles", _sweep),
    "simulate": (
        "two-stage mechanisms beside what is proved to be the most, and the paper's figures",
        _simulate,
    ),
    "regress": ("have the certified gaps of heuristics grown since the baseline?", _regress),
    "library": ("instances with certified optima that come with the package", _library),
    "list": ("problems, kinds of instance, models, solvers, heuristics", _no_options),
    "doctor": ("what is installed, what conflicts, what to do", _no_options),
}
"""What each command does, in a line, and what adds its options to its parser."""
