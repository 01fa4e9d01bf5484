"""The command line. Parsing only: each command's work, and every heavy import, is in `mcsopt.commands`."""

from __future__ import annotations

import argparse
import importlib
import io
import keyword
import math
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import NoReturn

from mcsopt.errors import BackendFault, McsoptError, one_line

_INSTANCE_ENDINGS = (".json", ".csv", ".csv.gz", ".parquet")
_SIZES = ("tiny", "small", "medium", "large")

EXIT_STATUS = """\
exit status: 0 done, or the claim holds; 1 the claim does not hold (verify refutes, --max-gap exceeded, or
regress finds a change for the worse); 2 bad input or usage; 3 no feasible solution: none exists, or none found within
the limits"""


class _Parser(argparse.ArgumentParser):
    """One clear line on a usage error instead of the whole usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(2, one_line(f"mcsopt: {message}; see {self.prog} --help") + "\n")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    parser = _Parser(
        prog="mcsopt",
        description="How far is a heuristic's plan from the best there is, and why should anyone believe that number?",
        epilog=EXIT_STATUS,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="store_true", help="print the version and exit")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", parser_class=_Parser)

    certify = commands.add_parser("certify", help="bound a plan's gap and write a certificate of it")
    _add_instance(certify)
    plan = certify.add_mutually_exclusive_group(required=True)
    plan.add_argument(
        "--heuristic",
        metavar="H",
        nargs="+",
        action="extend",
        help="a heuristic of 'mcsopt list' or module:function of your own; may be repeated",
    )
    plan.add_argument("--plan", metavar="SOLUTION.json", help="your own plan, as a solution file")
    certify.add_argument("--solver", metavar="S", help="where the bound comes from (default: the strongest that fits)")
    _add_time_limit(certify, 60.0, "limit of each solver that is asked, or of the equilibrium check (default: 60)")
    certify.add_argument(
        "--equilibrium",
        action="store_true",
        help="certify what one task could still gain alone (0: an equilibrium) in place of the gap",
    )
    certify.add_argument(
        "--max-gap", metavar="G", type=_gap, help="exit 1 if a relative gap exceeds G (0: unless proved)"
    )
    certify.add_argument("--certificate", metavar="OUT.json", help="write the certificate, or the list of them")
    certify.add_argument("--report", metavar="OUT.html", help="write a page with tables and pictures (extra plots)")
    _add_json(certify)

    verify = commands.add_parser("verify", help="check a certificate, trusting nothing")
    verify.add_argument("certificate", metavar="CERTIFICATE", help="a certificate file")
    verify.add_argument("--instance", metavar="FILE", help="refuse unless the certificate is about this instance")
    _add_time_limit(verify, None, "refuse if the check takes longer")
    _add_json(verify)

    solve = commands.add_parser("solve", help="solve a problem, or bound it where it is too large")
    _add_instance(solve)
    solve.add_argument("--solver", metavar="S", help="one of 'mcsopt list' (default: the preferred one that fits)")
    _add_time_limit(solve, None, "wall-clock limit; 0 still gives a bound")
    solve.add_argument("--start", metavar="SOLUTION.json", help="a solution to start from")
    solve.add_argument("--output", "-o", metavar="SOLUTION.json", help="write the solution")
    _add_json(solve)

    inspect = commands.add_parser("inspect", help="print the declarative model, to read or to export")
    _add_instance(inspect)
    inspect.add_argument(
        "--format",
        choices=("text", "lp", "mps", "cp-sat"),
        help="words and mathematics, an LP or MPS file, or the CP-SAT model (default: by the ending of -o, else text)",
    )
    inspect.add_argument("-o", "--output", metavar="FILE", help="write it in place of printing it")

    generate = commands.add_parser(
        "generate", help="draw an instance", epilog="further options of the kind, as --NAME VALUE: see 'mcsopt list'"
    )
    generate.add_argument("--kind", metavar="K", required=True, help="kind of instance")
    generate.add_argument("--seed", metavar="N", required=True, help="seed, an integer >= 0")
    generate.add_argument("-o", "--output", metavar="FILE", required=True, help="FILE.json or FILE.parquet")

    import_ = commands.add_parser("import", help="read a file of a classical library, and write it as an instance")
    import_.add_argument("file", metavar="FILE", help="the file to read")
    import_.add_argument(
        "--format",
        required=True,
        choices=("or-gap", "pisinger", "knapsack"),
        help="generalised assignment problems of the OR-Library, Pisinger's knapsacks, or a bare knapsack: "
        "'n capacity', then 'value weight' lines",
    )
    import_.add_argument("--index", metavar="K", type=_integer(0), help="which problem of the file, from 0")
    import_.add_argument(
        "--sense", choices=("max", "min"), help="whether an assignment has profits or costs (default: max)"
    )
    import_.add_argument("-o", "--output", metavar="FILE", required=True, help="INSTANCE.json or INSTANCE.parquet")
    _add_json(import_)

    sweep = commands.add_parser(
        "sweep",
        help="the price of stability of data coalitions over variances, regimes, sizes and cost profiles",
        epilog="values: numbers, or FROM:TO:COUNT evenly spaced, or FROM:TO:COUNT:log; several are crossed",
    )
    sweep.add_argument("instance", metavar="INSTANCE", nargs="?",
                       help="a data-coalition file or library:NAME (default: embedded, or players drawn)")  # fmt: skip
    sweep.add_argument("--variance", metavar="V", nargs="+", help="variances (default: the instance's, or 0.25)")
    sweep.add_argument("--alpha", metavar="A", nargs="+", help="regimes in [-1, 1] (default: the instance's, or 0.5)")
    sweep.add_argument("--players", metavar="N", nargs="+", help="draw so many players (default: 10)")
    sweep.add_argument("--costs", metavar="PROFILE", nargs="+", help="draw their costs so (default: uniform)")
    sweep.add_argument("--seeds", metavar="K", type=_integer(1), help="draws of the costs of each size (default: 1)")
    sweep.add_argument("--seed", metavar="N", type=_integer(0), default=0, help="the first of the seeds (default: 0)")
    sweep.add_argument("--stability", metavar="S", nargs="+", choices=("nash", "robust"), default=["nash", "robust"],
                       help="nash, robust (default: both)")  # fmt: skip
    _add_time_limit(sweep, 10.0, "limit of each stable coalition (default: 10)")
    sweep.add_argument("-o", "--output", metavar="FILE", required=True, help="the table: FILE.csv or FILE.parquet")
    sweep.add_argument("--plot", metavar="FILE.png", help="draw a picture, too (extra plots)")
    sweep.add_argument(
        "--picture",
        choices=("sizes", "map", "growth"),
        help="the largest equilibrium over sigma, which coalitions are stable at which variance, or growth with the "
        "number of players (default: growth with three sizes or more, else sizes)",
    )
    _add_json(sweep)

    _add_regress(commands.add_parser("regress", help="have the certified gaps of heuristics grown since the baseline?"))
    _add_library(commands.add_parser("library", help="instances with certified optima that come with the package"))

    commands.add_parser("list", help="problems, kinds of instance, models, solvers, heuristics")
    commands.add_parser("doctor", help="what is installed, what conflicts, what to do")
    return parser


def _add_regress(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    names = "heuristics of 'mcsopt list', or module:function of your own"
    add("--heuristic", metavar="H", nargs="+", action="extend", required=True, help=names)
    add("--problem", metavar="P", help="only library entries of this problem")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--entry", metavar="NAME", nargs="+", action="extend", help="entries of 'mcsopt library list'")
    sizes = "sizes of entries (default: the baseline's entries, or else tiny small)"
    which.add_argument("--size", nargs="+", action="extend", choices=_SIZES[:-1], help=sizes)
    runs = "runs of each entry, each with a seed of its own (default: as the baseline, or else 5)"
    add("--seeds", metavar="K", type=_integer(2), help=runs)
    file = "mcsopt-baseline.json"
    add("--baseline", metavar="FILE", default=file, help=f"what to compare with (default: {file})")
    add("--update", action="store_true", help="write the baseline instead of comparing with it")
    level = "level of the test of randomized heuristics (default: 0.01)"
    add("--alpha", metavar="A", type=_number_in(1e-4, 0.5), default=0.01, help=level)
    slack = "growth of the mean gap that is let pass (default: 1e-6)"
    add("--tolerance", metavar="T", type=_number_in(0, 1), default=1e-6, help=slack)
    add("-o", "--output", metavar="TABLE", help="every run, as TABLE.csv or TABLE.parquet")
    add("--plot", metavar="FILE.png", help="draw the differences by entry (extra plots)")
    _add_json(parser)


def _add_instance(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "instance",
        metavar="INSTANCE",
        nargs="?",
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


def _add_library(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True, parser_class=_Parser)
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
        "-o", "--output", metavar="DIR", required=True, help="a folder; entries in it that are not named stay"
    )
    for name in ("verify", "build"):
        parts[name].add_argument("names", metavar="NAME", nargs="*", help="entries (default: all)")
    for name in ("list", "verify", "build"):
        parts[name].add_argument("--problem", metavar="P", help="only entries of this problem")
        parts[name].add_argument("--size", metavar="S", nargs="+", choices=_SIZES, help=f"only {', '.join(_SIZES)}")
        _add_json(parts[name])
    _add_time_limit(build, 60.0, "limit of the solver for each entry (default: 60)")


def _add_time_limit(parser: argparse.ArgumentParser, default: float | None, text: str) -> None:
    parser.add_argument("--time-limit", metavar="SEC", type=_seconds, default=default, help=text)


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="one JSON object on stdout and nothing else there")


def _integer(low: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        with suppress(ValueError):
            if int(text) >= low:
                return int(text)
        raise argparse.ArgumentTypeError(f"is {text!r}; give an integer >= {low}")

    return read


def _seconds(text: str) -> float | None:
    with suppress(ValueError):
        if float(text) >= 0:
            return float(text) if math.isfinite(float(text)) else None
    raise argparse.ArgumentTypeError(f"is {text!r}; give seconds >= 0, inf for no limit")


def _number_in(low: float, high: float) -> Callable[[str], float]:
    def read(text: str) -> float:
        with suppress(ValueError):
            if low <= float(text) <= high:
                return float(text)
        raise argparse.ArgumentTypeError(f"is {text!r}; give a number from {low:g} to {high:g}")

    return read


def _gap(text: str) -> float:
    with suppress(ValueError):
        if float(text) >= 0:
            return float(text)
    raise argparse.ArgumentTypeError(f"is {text!r}; give a relative gap >= 0, for example 0.05")


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Parse a command line; usage errors exit with status 2 and one line."""
    parser = build_parser()
    if list(argv[:1]) == ["sweep"]:
        # argparse takes -1:1:5 and -1e-3 for options; what holds a blank is none.
        argv = [f" {word}" if word[:1] == "-" and word[1:2].isdigit() else word for word in argv]
    args, rest = parser.parse_known_args(argv)
    if args.command is None and not args.version:
        parser.error("a command is missing")
    if args.command == "generate":
        args.options = _named_values(rest)
        return args
    # argparse takes INSTANCE only before the options, and "--heuristic A B" swallows it: find it in either place.
    if args.command in ("certify", "solve", "inspect", "sweep") and args.instance is None:
        swallowed = [name for name in getattr(args, "heuristic", None) or [] if _names_instance(name)]
        if len(swallowed) == 1 and not rest:
            args.heuristic.remove(swallowed[0])
            args.instance = swallowed[0]
        elif len(rest) == 1 and not rest[0].startswith("-"):
            args.instance = rest.pop()
    if getattr(args, "equilibrium", False) and (args.solver is not None or args.max_gap is not None):
        _Parser(prog="mcsopt certify").error(
            "argument --equilibrium: there is no bound, hence no --solver and no --max-gap"
        )
    if rest:
        _Parser(prog=f"mcsopt {args.command}").error(f"unknown argument {rest[0]!r}")
    if getattr(args, "heuristic", None) == []:
        _Parser(prog="mcsopt certify").error("argument --heuristic: names none")
    return args


def _names_instance(word: str) -> bool:
    """Whether a word is an instance and no heuristic; a module of the user's own may be called library."""
    return word.lower().endswith(_INSTANCE_ENDINGS) or (word.startswith("library:") and "/" in word)


def _named_values(rest: list[str]) -> dict[str, str]:
    parser = _Parser(prog="mcsopt generate")
    values: dict[str, str] = {}
    words = [part for word in rest for part in (word.split("=", 1) if word.startswith("--") else [word])]
    while words:
        name = words.pop(0)
        if not name.startswith("--") or not words:
            parser.error(f"cannot read {name!r}: options of a kind are --NAME VALUE")
        key = name[2:].replace("-", "_")
        if key in values:
            parser.error(f"argument {name}: is given twice")
        values[key] = words.pop(0)
    return values


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    if argv is None and isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a table must not fail where the terminal knows ASCII only
    try:
        status = _run(sys.argv[1:] if argv is None else argv)
        sys.stdout.flush()
        return status
    except BrokenPipeError:
        # The reader of our output left (head, less): nothing is wrong. Python must not flush into the closed pipe.
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _run(argv: Sequence[str]) -> int:
    try:
        args = parse(argv)
    except SystemExit as exit_:  # argparse has printed help, or what is wrong
        return int(exit_.code or 0)
    if args.version:
        from mcsopt.versions import versions

        print(f"mcsopt {versions()['mcsopt']}")
        return 0
    try:
        # A word of Python's own cannot name a module that one could import: "import" is in import_.py.
        name = f"{args.command}_" if keyword.iskeyword(args.command) else args.command
        status: int = importlib.import_module(f"mcsopt.commands.{name}").run(args)
        return status
    except BackendFault as error:
        print(f"mcsopt: no trustworthy answer: {error}", file=sys.stderr)
        return 3
    except McsoptError as error:
        print(f"mcsopt: {error}", file=sys.stderr)
        return 2
    except MemoryError as error:
        print(one_line(f"mcsopt: not enough memory ({error}); ask for less"), file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("mcsopt: interrupted before there was anything to keep", file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main())
