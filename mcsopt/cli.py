"""The command line: parse the words, run the command, turn what went wrong into one line and an exit status.

The options are in `mcsopt.commands.arguments`; each command's work, and every heavy import, is in a module of its name.
"""

from __future__ import annotations

import argparse
import importlib
import io
import keyword
import os
import sys
import threading
from collections.abc import Sequence
from contextlib import suppress

from mcsopt.commands.arguments import Parser, build_parser
from mcsopt.errors import BackendFault, McsoptError, one_line

_INSTANCE_ENDINGS = (".json", ".csv", ".csv.gz", ".parquet")


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Parse a command line; usage errors exit with status 2 and one line."""
    parser = build_parser()
    if list(argv[:1]) == ["sweep"]:
        # argparse takes -1:1:5 and -1e-3 for options; what holds a blank is none.
        argv = [f" {word}" if word[:1] == "-" and word[1:2].isdigit() else word for word in argv]
    args, rest = parser.parse_known_args(argv)
    if args.command is None and not args.version:
        parser.error("a command is missing")
    own = Parser(prog=f"mcsopt {args.command}")
    if args.command == "generate":
        args.options = _named_values(own, rest)
        return args
    if args.command in ("certify", "solve", "inspect", "sweep") and args.instance is None:
        _find_instance(args, rest)
    if getattr(args, "equilibrium", False) and (args.solver is not None or args.max_gap is not None):
        own.error("argument --equilibrium: there is no bound, hence no --solver and no --max-gap")
    if rest:
        own.error(f"unknown argument {rest[0]!r}")
    if getattr(args, "heuristic", None) == []:
        own.error("argument --heuristic: names none")
    return args


def _find_instance(args: argparse.Namespace, rest: list[str]) -> None:
    """Find INSTANCE after the options, where argparse leaves it over or ``--heuristic A B`` has swallowed it."""
    swallowed = [name for name in getattr(args, "heuristic", None) or [] if _names_instance(name)]
    if len(swallowed) == 1 and not rest:
        args.heuristic.remove(swallowed[0])
        args.instance = swallowed[0]
    elif len(rest) == 1 and rest[0] and not rest[0].startswith("-"):
        args.instance = rest.pop()


def _names_instance(word: str) -> bool:
    """Whether a word is an instance and no heuristic; a module of the user's own may be called library."""
    return word.lower().endswith(_INSTANCE_ENDINGS) or (word.startswith("library:") and "/" in word)


def _named_values(parser: Parser, rest: list[str]) -> dict[str, str]:
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
        if sys.stdout is not None:  # None where the shell has closed it: >&-
            sys.stdout.flush()
        if argv is None and any(thread.daemon for thread in threading.enumerate()):
            # A backend was left behind; as Python ends it would abort the process, and the status be lost.
            if sys.stderr is not None:
                sys.stderr.flush()
            os._exit(status)
        return status
    except BrokenPipeError:
        # The reader of our output left (head, less): nothing is wrong.
        _abandon_output()
        return 0
    except OSError as error:
        # Above all a full disk under standard output. Status 1 would say that a claim has been refuted.
        _abandon_output()
        print(one_line(f"mcsopt: the system refuses ({error}); make room, or allow it"), file=sys.stderr)
        return 2


def _abandon_output() -> None:
    """Keep Python from flushing, at its exit, into an output that takes nothing any more."""
    with suppress(OSError, AttributeError):  # it is None where the shell has closed it
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
    except RuntimeError as error:
        if "cannot cache function" not in str(error):
            raise
        # Numba, where neither the package's folder nor the home may be written: as in many containers.
        remedy = "set NUMBA_CACHE_DIR to a folder that may be written"
        print(f"mcsopt: there is no place to keep compiled code; {remedy}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("mcsopt: interrupted before there was anything to keep", file=sys.stderr)
        return 3


if __name__ == "__main__":
    sys.exit(main())
