"""Coalitions that form by themselves: players enter and leave, one at a time."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from hashlib import blake2b

import numpy as np

from mcsopt import tolerances
from mcsopt.errors import InputError
from mcsopt.problems import Coalition, StableCoalition
from mcsopt.result import Result, Termination, TraceStep, conclude
from mcsopt.seeds import generator


def entry_exit_dynamics(
    problem: StableCoalition,
    *,
    seed: int = 0,
    start: Iterable[int] | str = "all",
    max_rounds: int = 100_000,
    progress: Callable[[str], None] | None = None,
) -> Result:
    """Let the player with most to gain enter or leave, until nobody wants to.

    A member gains ``burden - sigma^2`` by leaving. An outsider gains ``sigma^2 - burden`` by entering: against the
    others' present levels (``stability="nash"``), or with all levels chosen anew and only if then nobody wants to leave
    (``"robust"``). After a move the members choose their levels again. Where the run stops without a cycle, nobody
    wants to leave or enter: a coalition of two or more is then stable by definition.

    Parameters
    ----------
    problem : StableCoalition
    seed : int
        Used by ``start="random"`` only.
    start : iterable of int or {"all", "cheapest", "random"}
        First coalition: given members, everybody, the two cheapest players, or a random half.
    max_rounds : int
        Limit on moves, >= 0; hitting it, or a cycle, is reported as termination ``rounds``.
    progress : callable, optional
        Called now and then with a line of text.

    Returns
    -------
    Result
        The last coalition. UNKNOWN, with the violations, if it is unstable (a cycle) or nobody is left: from the empty
        coalition nobody can start one alone.

    Notes
    -----
    Ties: members stay, outsiders enter; among equal gains the lower index moves. One round costs ``O(n)``. When one of
    two members leaves, the coalition dissolves.
    """
    if isinstance(max_rounds, bool) or not isinstance(max_rounds, int) or max_rounds < 0:
        raise InputError("max_rounds", f"is {max_rounds!r}", "give an integer >= 0")
    began = time.perf_counter()
    table = _Burdens(problem)
    inside = _first(problem, start, seed)
    seen = {_mark(inside): 0}
    trace: list[TraceStep] = []
    termination, message = Termination.ROUNDS, f"stopped at the limit of {max_rounds} rounds"
    try:
        for round_ in range(max_rounds):
            mover = table.mover(inside)
            if mover is None:
                termination, message = Termination.FINISHED, ""
                break
            inside[mover] = not inside[mover]
            if inside.sum() == 1:
                inside[:] = False
            trace.append(TraceStep(round_, mover, table.social_cost(inside)))
            earlier = seen.setdefault(_mark(inside), round_ + 1)
            if earlier <= round_:
                message = f"cycle of {round_ + 1 - earlier} moves"
                break
            if progress is not None and round_ % 1000 == 999:
                progress(f"entry-exit: round {round_ + 1}, {int(inside.sum())} members")
    except KeyboardInterrupt:
        termination, message = Termination.INTERRUPTED, ""
    return conclude(
        problem, "entry-exit", Coalition(np.flatnonzero(inside)), termination=termination, message=message, seed=seed,
        trace=tuple(trace), seconds={"heuristic": time.perf_counter() - began},
    )  # fmt: skip


def _mark(inside: np.ndarray) -> bytes:
    """Return 16 bytes that tell coalitions apart: whole ones of many players would fill the memory."""
    return blake2b(np.packbits(inside).tobytes(), digest_size=16).digest()


def greedy_coalition(problem: StableCoalition, *, seed: int = 0) -> Result:
    """Take the cheapest players, one more as long as the next one wants to enter.

    Starts with the two cheapest. Reaches downward-closed coalitions only, so it misses every other. ``O(n log n)``.

    Parameters
    ----------
    problem : StableCoalition
    seed : int
        Not used: the algorithm is deterministic.

    Returns
    -------
    Result
        UNKNOWN, with the violations, if the coalition it stops at is unstable.
    """
    began = time.perf_counter()
    table = _Burdens(problem)
    order = np.argsort(table.a, kind="stable")
    return conclude(
        problem, "greedy-coalition", Coalition(order[: table.first_to_stay_out(order)].tolist()), seed=seed,
        seconds={"heuristic": time.perf_counter() - began},
    )  # fmt: skip


def _first(problem: StableCoalition, start: Iterable[int] | str, seed: int) -> np.ndarray:
    n = problem.instance.num_players
    inside = np.zeros(n, dtype=bool)
    if not isinstance(start, str):
        inside[list(problem.solution_from_json({"members": list(start)}).members)] = True
    elif start == "all":
        inside[:] = True
    elif start == "cheapest":
        inside[np.argsort(problem.instance.cost, kind="stable")[:2]] = True
    elif start == "random":
        inside[generator(seed).permutation(n)[: max(2, n // 2)]] = True
    else:
        raise InputError("start", f"is {start!r}", "give members, or one of 'all', 'cheapest', 'random'")
    return inside


class _Burdens:
    """Burdens in closed form: with ``a_j = (c_j^2/2)^(1/3)`` each is ``sigma^2/k`` plus a combination of the a_j.

    Who wants to move is decided at ``sigma^2 (1 + 1e-12)``, where ties fall as `StableCoalition` says.
    """

    def __init__(self, problem: StableCoalition) -> None:
        data = problem.instance
        self.robust = problem.stability == "robust"
        self.variance, self.alpha = data.variance, data.alpha
        self.limit = data.variance * (1 + tolerances.STABILITY)
        self.a = np.cbrt(data.cost) ** 2 / 2 ** (1 / 3)

    def _members(self, total: float | np.ndarray, own: np.ndarray, k: float | np.ndarray) -> np.ndarray:
        """Return burdens less ``sigma^2/k`` of members with these a in coalitions of size k whose a add to `total`."""
        return np.asarray(k ** ((2 * self.alpha + 1) / 3) * (total + 2 * own) / k)

    def _entrants(self, total: float | np.ndarray, own: np.ndarray, k: float | np.ndarray) -> np.ndarray:
        """Return burdens less ``sigma^2/(k + 1)`` of those who enter alone; the members keep their levels for k."""
        power = (2 * self.alpha + 4) / 3
        return np.asarray((3 * own * (k + 1) ** power + total * k**power) / (k + 1) ** 2)

    def social_cost(self, inside: np.ndarray) -> float:
        """Return the sum of all burdens."""
        k, outside = float(inside.sum()), float(self.variance * (~inside).sum())
        if not k:
            return outside
        return outside + self.variance + float(self._members(self.a[inside].sum(), self.a[inside], k).sum())

    def leaving(self, inside: np.ndarray) -> np.ndarray:
        """Return what each player gains by leaving; -inf for outsiders and on ties."""
        gain = np.full(len(self.a), -np.inf)
        k = float(inside.sum())
        if k:
            gain[inside] = self._members(self.a[inside].sum(), self.a[inside], k) - self.limit * (1 - 1 / k)
        gain[gain <= 0] = -np.inf
        return gain

    def entering(self, inside: np.ndarray) -> np.ndarray:
        """Return what each player gains by entering; -inf for members and for those who do not want or may not."""
        gain = np.full(len(self.a), -np.inf)
        k, out = float(inside.sum()), ~inside
        if not k or not out.any():
            return gain
        total, own, room = float(self.a[inside].sum()), self.a[out], self.limit * (1 - 1 / (k + 1))
        if self.robust:
            burden = self._members(total + own, own, k + 1)
            burden[self._members(total + own, np.maximum(own, self.a[inside].max()), k + 1) > room] = np.inf
        else:
            burden = self._entrants(total, own, k)
        gain[out] = np.where(burden <= room, room - burden, -np.inf)
        return gain

    def first_to_stay_out(self, order: np.ndarray) -> int:
        """Return the least k >= 2 such that the next one of `order` does not join the k before it; n if all do."""
        a = self.a[order]
        k, total, own = np.arange(2.0, len(a)), np.cumsum(a)[1:-1], a[2:]
        # Robust: the entrant is the most expensive of them all.
        burden = self._members(total + own, own, k + 1) if self.robust else self._entrants(total, own, k)
        out = np.flatnonzero(burden > self.limit * (1 - 1 / (k + 1)))
        return 2 + int(out[0]) if len(out) else len(a)

    def mover(self, inside: np.ndarray) -> int | None:
        """Return the player with most to gain by moving, or None if nobody wants to."""
        gain = np.maximum(self.leaving(inside), self.entering(inside))
        best = int(np.argmax(gain))
        return best if gain[best] > -np.inf else None
