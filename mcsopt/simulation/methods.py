"""Who plays: the two-stage mechanism, its ablations and baselines (section 6.2), and the optimum of each stage."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from mcsopt.errors import InputError


class Stage(StrEnum):
    """How a stage decides."""

    GAME = "game"
    """ASPIRE-Off offline, ASPIRE-On online."""
    GREEDY = "greedy"
    OPTIMAL = "optimal"
    """The stage's own problem, solved exactly."""
    NONE = "none"


@dataclass(frozen=True)
class Method:
    """A way through both stages.

    Attributes
    ----------
    name : str
        As in the paper, where it has it.
    offline, online : Stage
    private : bool
        Whether intents are reported by randomized response; else true intents are known and privacy costs nothing.
    memoized : bool
        Whether the online stage sees the reports of the offline stage (MIRROR), or reports with fresh noise.
    redundancy : bool
        Whether decisions know of redundancy; else they are made with zeta = 0. All are judged with it (15).
    summary : str
        One line.
    """

    name: str
    offline: Stage
    online: Stage
    summary: str
    private: bool = True
    memoized: bool = True
    redundancy: bool = True


METHODS: tuple[Method, ...] = (
    Method("iParts", Stage.GAME, Stage.GAME, "private reports, ASPIRE-Off, ASPIRE-On"),
    Method("iParts(NoP)", Stage.GAME, Stage.GAME, "true intents are known", private=False),
    Method("iParts(NoR)", Stage.GAME, Stage.GAME, "decides as if qualities added up", redundancy=False),
    Method("iParts(NoMem)", Stage.GAME, Stage.GAME, "reports afresh online", memoized=False),
    Method("ConOff", Stage.GAME, Stage.NONE, "offline contracts only"),
    Method("ConOn", Stage.NONE, Stage.GAME, "online recruitment only, with the whole budgets"),
    Method("Greedy", Stage.GREEDY, Stage.GREEDY, "tasks by index take workers by value while the budget lasts"),
    Method("Optimal", Stage.OPTIMAL, Stage.OPTIMAL, "each stage's own problem solved exactly: not the joint optimum"),
)  # fmt: skip


def method(name: str) -> Method:
    """Return a method by its name, in any case; `InputError` if there is none."""
    for one in METHODS:
        if one.name.lower() == name.lower():
            return one
    raise InputError("method", f"is {name!r}", f"use one of {', '.join(one.name for one in METHODS)}")
