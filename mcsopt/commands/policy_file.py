"""``--policy FILE``: the policy of an agent, as a table of actions or in a form that a reader recognises."""

from __future__ import annotations

import pkgutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mcsopt.data.files import parse_json, read_text
from mcsopt.errors import InputError, naming, shown
from mcsopt.problems import FiniteMdp, Policy, Problem

FORMS = "a table: a solution file, a JSON list, or one action per line, state by state"


@dataclass(frozen=True)
class Reader:
    """A binary form of policies, such as a network's weights.

    Attributes
    ----------
    magic : bytes
        How such a file begins.
    function : str
        ``module:function``, called with problem and path when one is met; it returns a `Policy`.
    """

    magic: bytes
    function: str


READERS: tuple[Reader, ...] = (Reader(b"mcsopt-network/1\n", "mcsopt.heuristics.dqn:network_policy"),)
"""The forms known: a network of `dqn` that tells states by their numbers."""


def read_policy(problem: Problem[Any], path: str) -> Policy:
    """Return the policy of a file, for a finite decision process.

    Parameters
    ----------
    problem : Problem
        A `FiniteMdp`: another is refused.
    path : str
        A solution file; a JSON list with one action per state, or one such list per step; a text with one action per
        line; or what one of `READERS` recognises by how it begins.

    Raises
    ------
    InputError
        Naming file, place, value and remedy.
    """
    if not isinstance(problem, FiniteMdp):
        raise InputError("--policy", f"is for problem {FiniteMdp.name!r}", "give --plan SOLUTION.json")
    head = _head(path)
    for reader in READERS:
        if head.startswith(reader.magic):
            found: Policy = pkgutil.resolve_name(reader.function)(problem, path)
            return found
    text = read_text(path, "a policy", FORMS)
    first = text.lstrip()[0]
    if first not in "[{":
        document: Any = _lines(text, path)
    else:
        document = parse_json(text, path, "a policy")
    with naming(path):
        if isinstance(document, list):
            return problem.solution_from_json({"policy": document})
        return problem.parse_solution(document)


def _head(path: str) -> bytes:
    longest = max((len(reader.magic) for reader in READERS), default=0)
    try:
        with Path(path).open("rb") as file:
            return file.read(longest)
    except OSError:
        return b""  # what is wrong with it is told by who reads it as text


def _lines(text: str, path: str) -> list[int]:
    actions = []
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip():
            continue
        try:
            actions.append(int(line))
        except ValueError:
            what = f"is {shown(line.strip())}, not an action"
            raise InputError(f"line {number}", what, f"give {FORMS}", path) from None
    return actions
