"""The best priced set of one task: ``max v(A) - sum_{j in A} u_j`` over allowed nonempty sets, from above.

A task with few affordable sets has them listed once, with their values; then each question is a few vector
operations. For the others a depth-first search with a completion bound answers each question anew; in large
certificates `compiled_search` takes its place.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from mcsopt.verification.check.fines import NO_FINES, Fines
from mcsopt.verification.check.rounding import UNIT
from mcsopt.verification.check.sets import MAX_SIZE, TINY, Block, Task
from mcsopt.verification.check.strict import Run

LISTED_SETS = 200_000
"""Most affordable sets of one task that are listed."""
LISTED_IN_ALL = 4_000_000
"""Most sets listed over all tasks: some 60 bytes each."""
CELLS = 2**17
"""Extensions (set, candidate) looked at in one step."""
LEVELS = 16
"""Grid on which the search tabulates its completion bound."""


@dataclass(frozen=True)
class Listing:
    """All feasible sets of one size: members by column, values rounded up, largest magnitude."""

    columns: list[np.ndarray]
    value: np.ndarray
    largest: float


def expected_sets(task: Task) -> float:
    """Return about how many nonempty sets are affordable, counted with payments rounded to 1/256 of the budget."""
    steps = 256
    units = np.minimum(np.rint(task.payment / task.limit * steps), steps + 1).astype(np.int64)
    ways = np.zeros(steps + 1)
    ways[0] = 1.0
    with np.errstate(over="ignore"):
        for unit in units[units <= steps].tolist():
            ways[unit:] += ways[: steps + 1 - unit].copy()
        return float(ways.sum()) - 1


def list_sets(task: Task, room: int, run: Run) -> list[Listing] | None:
    """Return every feasible nonempty set by size, or None if more than `room` sets are affordable."""
    found: list[Listing] = []
    level, seen = task.root(), 0
    while len(level.members) and task.size:
        parts: list[Block] = []
        step = max(1, CELLS // task.size)
        for start in range(0, len(level.members), step):
            run.tick()
            part = level.rows(slice(start, start + step))
            rows, new = task.children(part, np.ones((1, task.size), dtype=bool), run)
            seen += len(rows)
            if seen > room:
                return None
            parts.append(task.extend(part, rows, new))
        level = _joined(parts)
        if len(level.members):
            run.count("sets examined", len(level.members))
            keeps = task.keeps_risk(level.members, run)
            kept = level.rows(keeps)
            value, error = task.value(kept)
            if len(value):
                value = value + error
                columns = [np.ascontiguousarray(kept.members[:, k]) for k in range(kept.members.shape[1])]
                found.append(Listing(columns, value, float(np.abs(value).max())))
    return found


def _joined(parts: list[Block]) -> Block:
    columns = ([p.members, p.count, p.mass, p.spend, p.cost] for p in parts)
    return parts[0] if len(parts) == 1 else Block(*(np.concatenate(c) for c in zip(*columns, strict=True)))


def best_listed(
    listing: list[Listing], price: np.ndarray, banned: np.ndarray, valued: bool, fines: Fines = NO_FINES
) -> float:
    """Return an upper bound, tight to rounding, on the best listed set without banned members; -inf if none.

    The sum of k prices and c fines and its subtraction from the value take k + c roundings, each at most u times
    ``|value| + sum of prices and fines``; k + c + 2 units cover them. The margin is added set by set, to those sets
    only that come within the largest margin of the best.
    """
    # A price of infinity takes the banned out.
    price = np.where(banned, math.inf, price)
    dearest = float(price[~banned].max(initial=0.0))
    best = -math.inf
    for sets in listing:
        size = len(sets.columns)
        paid = price[sets.columns[0]]
        for column in sets.columns[1:]:
            paid = paid + price[column]
        if fines:
            paid = paid + fines.due(sets.columns)
        net = sets.value - paid if valued else -paid
        top = float(net.max())
        if top == -math.inf:
            continue
        margin = (size + len(fines.price) + 2) * UNIT
        slack = margin * ((sets.largest if valued else 0.0) + size * dearest + float(fines.price.sum()))
        chosen = np.flatnonzero(net >= top - 4 * slack)
        scale = paid[chosen] + (np.abs(sets.value[chosen]) if valued else 0.0)
        best = max(best, float((net[chosen] + margin * scale).max()))
    return best


def best_searched(
    task: Task, price: np.ndarray, banned: np.ndarray, valued: bool, run: Run, fines: Fines = NO_FINES
) -> float:
    """Return an upper bound, tight to rounding, on the best feasible unbanned set; -inf if none.

    Parameters
    ----------
    task : Task
    price : array of float, shape (m,)
        Prices u >= 0 of the candidates.
    banned : array of bool, shape (m,)
    valued : bool
        Whether v(A) counts; otherwise ``-sum u`` alone is maximised.
    run : Run
        Time and work.
    fines : Fines
        Of cuts: due for the members of a set, left out of the bounds on those to come.

    Notes
    -----
    Completion bound: adding j to a superset A of P raises the expected quality by
    ``pi_j E[(q_j - zeta Q(A)) / (1 + N(A) zeta)] <= pi_j q_j f``, ``f = E[1 / (1 + N(P) zeta)]``, as more
    members bring more arrivals. So at most r further members are worth at most the r largest of
    ``(pi_j (omega3 q_j f - c_j) - u_j)^+`` among the later candidates. Its rounding is far below the slack
    added. A second cut drops sets that miss the risk even if the r best later candidates arrive for certain.
    """
    return Search(task, price, banned, valued, run, fines).best()


class Search:
    """One such search; `best` runs it."""

    def __init__(
        self, task: Task, price: np.ndarray, banned: np.ndarray, valued: bool, run: Run, fines: Fines = NO_FINES
    ) -> None:
        free = np.flatnonzero(~banned)
        gain = task.arrival * task.weight * task.quality if valued else np.zeros(task.size)
        loss = (task.arrival * task.cost if valued else 0.0) + price
        order = free[np.argsort(-(gain - loss)[free], kind="stable")]
        self.task, self.run, self.valued = task.select(order), run, valued
        self.price, self.gain, self.loss = price[order], gain[order], loss[order]
        self.fines = fines.select(order)
        self.slack = 1e-12 * float((self.gain + self.loss).sum() + fines.price.sum()) + TINY
        self._tabulate()

    def _tabulate(self) -> None:
        """Tabulate the r largest gains (per grid value of f) and helps by first candidate and r."""
        task, size = self.task, self.task.size
        cheapest = np.minimum.accumulate(task.payment[::-1])[::-1]
        self.cheapest = np.append(cheapest, math.inf)
        affordable = np.cumsum(np.sort(task.payment)) <= task.limit + 2 * task.money_band
        # Beyond MAX_SIZE + 1 members the table holds the sum over all later candidates.
        self.width = min(int(affordable.sum()), MAX_SIZE + 1)
        whole = int(affordable.sum()) > self.width
        grid = np.arange(LEVELS + 1)[:, None] / LEVELS
        gains = np.maximum(self.gain[None, :] * grid - self.loss[None, :], 0.0)
        helps = np.maximum(task.quality - task.redundancy * task.demand, 0.0)[None, :]
        self.table = np.zeros((size + 1, self.width + 1, LEVELS + 1))
        self.help = np.zeros((size + 1, self.width + 1))
        for first in range(size):
            for into, terms in ((self.table[first], gains), (self.help[first][:, None], helps)):
                sums = np.cumsum(-np.sort(-terms[:, first:], axis=1), axis=1).T
                shown = sums[: self.width]
                into[1 : 1 + len(shown)] = shown
                into[1 + len(shown) :] = sums[-1]
                if whole:
                    into[self.width] = sums[-1]

    def best(self, floor: float = -math.inf) -> float:
        """Run the search, blocks of sets, the most promising first; return the floor if no set is above it."""
        task = self.task
        found = floor
        if not task.size:
            return found
        pending = [(task.root(), np.zeros(1))]
        step = max(1, CELLS // task.size)
        while pending:
            self.run.tick()
            block, net = pending.pop()
            child = self._extensions(block, net, found)
            if not len(child.members):
                continue
            self.run.count("sets examined", len(child.members))
            child_net, margin = self._net(child)
            order = np.argsort(-child_net, kind="stable")
            child, child_net, margin = child.rows(order), child_net[order], margin[order]
            found = max(found, self._best_feasible(child, child_net + margin, found))
            hopeful = self._hopeful(child)
            child, child_net = child.rows(hopeful), child_net[hopeful]
            for start in reversed(range(0, len(child.members), step)):
                where = slice(start, start + step)
                pending.append((child.rows(where), child_net[where]))
        return found

    def _net(self, block: Block) -> tuple[np.ndarray, np.ndarray]:
        """Return ``v - sum u`` (or ``-sum u``) of each set, and a bound on its error."""
        size = block.members.shape[1]
        paid = np.zeros(len(block.members))
        for k in range(size):
            paid = paid + self.price[block.members[:, k]]
        if self.fines:
            paid = paid + self.fines.due(list(block.members.T))
        units = (size + len(self.fines.price) + 2) * UNIT
        if not self.valued:
            return -paid, units * paid
        value, error = self.task.value(block)
        return value - paid, error + units * (np.abs(value) + paid)

    def _further(self, block: Block) -> tuple[np.ndarray, np.ndarray]:
        """Return, per set, the first later candidate and the most members that may still be added."""
        size = block.members.shape[1]
        first = block.members[:, -1] + 1 if size else np.zeros(len(block.members), dtype=np.int64)
        room = self.task.limit + self.task.money_band - block.spend
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            number = np.floor(np.maximum(room, 0.0) / self.cheapest[first] + 1e-6)
        # 0 / 0: no room, but the cheapest costs nothing.
        number = np.where(np.isnan(number), self.task.size, number)
        return first, np.minimum(number, self.task.size).astype(np.int64)

    def _extensions(self, block: Block, net: np.ndarray, found: float) -> Block:
        """Return the affordable one-member extensions whose completion bound exceeds `found`."""
        task = self.task
        size = block.members.shape[1]
        share = np.zeros(len(net))
        for arrived in range(size + 1):
            share = share + block.count[:, arrived] / (1 + arrived * task.redundancy)
        level = np.minimum(np.ceil(share * LEVELS), LEVELS).astype(np.int64)
        _, number = self._further(block)
        after = np.arange(task.size) + 1
        # Gains here are not cut off at 0: the extension itself is forced.
        own = self.gain[None, :] * (level / LEVELS)[:, None] - self.loss[None, :]
        rest = self.table[after[None, :], np.clip(number - 1, 0, self.width)[:, None], level[:, None]]
        bound = net[:, None] + own + rest + self.slack
        allowed = (bound > found) & (number > 0)[:, None]
        rows, new = task.children(block, allowed, self.run)
        return task.extend(block, rows, new)

    def _best_feasible(self, block: Block, net: np.ndarray, found: float) -> float:
        """Return the best of the sets that keep the risk, looking no further than beats `found`."""
        better = np.flatnonzero(net > found)
        better = better[np.argsort(-net[better], kind="stable")]
        for start in range(0, len(better), 64):
            group = better[start : start + 64]
            keeps = self.task.keeps_risk(block.members[group], self.run)
            if keeps.any():
                return float(net[group[np.argmax(keeps)]])
        return -math.inf

    def _hopeful(self, block: Block) -> np.ndarray:
        """Return, per set, whether later candidates might still bring its risk below the cap.

        An arrival pattern meets the demand iff ``sum of arrived (q_j - zeta Q^D) >= (1 - zeta) Q^D - 1e-12``,
        so later members help most if the r with the largest positive terms arrive for certain.
        """
        task, size = self.task, block.members.shape[1]
        first, number = self._further(block)
        if size > 10:
            return number > 0
        helps = task.quality - task.redundancy * task.demand
        total, probability = np.zeros((len(first), 1)), np.ones((len(first), 1))
        for k in range(size):
            t, p = helps[block.members[:, k]][:, None], task.arrival[block.members[:, k]][:, None]
            total = np.hstack([total, total + t])
            probability = np.hstack([probability * (1 - p), probability * p])
        reach = total + self.help[first, np.minimum(number, self.width)][:, None]
        scale = task.demand + 1 + float(np.abs(helps).max()) * (size + MAX_SIZE + task.size)
        missed = reach < task.demand * (1 - task.redundancy) - 1e-9 - 1e-12 * scale
        return (number > 0) & (np.where(missed, probability, 0.0).sum(axis=1) <= task.risk_cap + 1e-9)
