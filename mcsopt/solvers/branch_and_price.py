"""Worker sets for tasks, proved optimal by branch and price, with evidence a stranger can check."""

from __future__ import annotations

import heapq
import itertools
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from mcsopt.errors import TooLarge
from mcsopt.heuristics.greedy import greedy
from mcsopt.problems import Assignment, OfflineWelfare
from mcsopt.problems.assignment import AssignmentProblem
from mcsopt.result import Assurance, Result, Termination, conclude
from mcsopt.solvers.column_generation import COLUMNS, ColumnGeneration, NodeAnswer
from mcsopt.solvers.diving import dive, rounded
from mcsopt.solvers.infeasibility import explain
from mcsopt.solvers.price_descent import descend
from mcsopt.solvers.registry import Settings
from mcsopt.solvers.restricted_master import best_of_pool

_PRUNE = 2e-8  # relative; well inside PROVED_GAP, well outside the linear program's 1e-9
_EARLY = 0.5  # of the gap asked for: how close the root's program is to its bound when the first dives begin
_INTEGRAL = 1e-6
_REPORT_EVERY = 1.0  # seconds between two lines of progress
_DIVE_EVERY = 20  # nodes between two dives
_SHARES = (0.4, 0.1, 0.02)  # of the tasks in doubt, fixed at a time by the dives from the root: fast ones first
_POOL_SECONDS = 2.0  # least limit of the integer program over the pool
_FEW_ROUNDS = 2  # of pricing, after which it is clear whether the linear program is worth going on with as it is
_FLOOD = 0.9  # of the sets that tasks may give in those rounds
_FIRST_POOL = 8  # nodes before the integer program over the pool, whose intervals double
_FIRST_POOL_CLOSE = 64  # where a gap will do: mostly fewer nodes close it in less time than that program takes


@dataclass
class _Node:
    """A part of the solution space: the pairs still allowed and the tasks that must be served."""

    usable: np.ndarray
    served: np.ndarray
    answer: NodeAnswer
    branch: tuple[dict[str, Any], list[_Node]] | None = None
    """The split and both children; set at once, so that an interruption never leaves half of a tree."""

    @property
    def children(self) -> list[_Node]:
        return [] if self.branch is None else self.branch[1]

    def leaves(self) -> Iterator[_Node]:
        return (node for node in self._preorder() if node.branch is None)

    def tree(self) -> list[dict[str, Any]]:
        """Return the nodes of a ``price-tree``."""
        return [node.answer.leaf() if node.branch is None else node.branch[0] for node in self._preorder()]

    def _preorder(self) -> Iterator[_Node]:
        stack = [self]
        while stack:
            node = stack.pop()
            yield node
            stack.extend(reversed(node.children))


def solve(problem: AssignmentProblem, settings: Settings) -> Result:
    """Solve an assignment problem by branch and price on the set-packing model over all feasible worker sets.

    ``max sum_c v_c lambda_c`` with at most one set a task (exactly one where it must be served) and each worker in
    at most one chosen set. Sets are found by exact pricing as the linear program asks for them; every node's bound is
    recomputed from its worker prices, ``sum_j u_j + sum_i max_A (v_i(A) - u(A))``, so it is valid whatever the linear
    program did. Where the first rounds flood the root's program with sets, subgradient steps come before the next, see
    `mcsopt.solvers.price_descent`. Branching, which only ever takes pairs away, so that pricing stays what it is: "task
    i served", then "worker j serves i, or nobody else". Before it, subset-row cuts, see `mcsopt.solvers.subset_row`.
    Plans: rounding, diving with re-pricing, and the integer program over the columns at hand.

    Parameters
    ----------
    problem : AssignmentProblem
        Offline welfare or online recruitment: what can price the sets of its tasks, `mcsopt.kernels.set_search`.
    settings : Settings
        Best bound first; on a limit or Ctrl-C the open nodes count with their bounds. With a gap nodes within it are
        closed, and the root is left as soon as a dive comes close enough.

    Returns
    -------
    Result
        With evidence ``price-tree``; INFEASIBLE (where tasks must be served) says which tasks or
        workers are in conflict.

    Raises
    ------
    TooLarge
        If a budget pays for more than 16 contracts, or the first pricing of a task takes more than some half a minute.

    References
    ----------
    Barnhart et al., Branch-and-price: column generation for solving huge integer programs, 1998.
    """
    began = time.perf_counter()
    settings.report("preparing the search (compiles on its first run)")
    search = _Search(problem, settings)
    deadline = np.inf if settings.time_limit is None else began + settings.time_limit
    try:
        termination = search.run(deadline)
    except KeyboardInterrupt:
        termination = Termination.INTERRUPTED
    seconds = {"search": time.perf_counter() - began}
    evidence = {"kind": "price-tree", "tree": search.root.tree()}
    bound = search.bound()
    if bound == -np.inf:
        return conclude(
            problem, "branch-and-price", search.best_plan, infeasible=True, assurance=Assurance.FLOAT,
            seconds=seconds, evidence=evidence, message=explain(problem, search.generation.pricer, search.root.answer),
        )  # fmt: skip
    message = f"{len(search.generation.pool):,} worker sets priced in, {search.nodes:,} nodes"
    return conclude(
        problem, "branch-and-price", search.best_plan, dual_bound=bound, assurance=Assurance.FLOAT,
        termination=termination, seconds=seconds, evidence=evidence, message=message,
    )  # fmt: skip


class _Search:
    """Best-bound-first search; the tree it leaves behind covers every plan."""

    def __init__(self, problem: AssignmentProblem, settings: Settings) -> None:
        market = problem.instance
        self.problem, self.settings = problem, settings
        self.best_plan: Assignment | None = None
        self.best_value = -np.inf
        self.nodes = 0
        self._began = self._reported = time.perf_counter()
        self._at_root = False
        self.generation = ColumnGeneration(problem, self._look)
        everything = np.ones(market.num_pairs, dtype=bool)
        required = problem.obliged
        # Prices of zero are a valid bound before any linear program is solved.
        free = self.generation.priced(np.zeros(market.num_workers), everything, required)
        self.root = _Node(everything, required, free)
        self._open: list[tuple[float, int, _Node]] = []
        self._ticket = itertools.count()
        self._next_pool = _FIRST_POOL if settings.gap == 0 else _FIRST_POOL_CLOSE

    def run(self, deadline: float) -> Termination:
        self._deadline = deadline
        simple = [greedy(self.problem).solution] if isinstance(self.problem, OfflineWelfare) else []
        for plan in (self.settings.start, *simple, self.problem.empty_solution()):
            self._offer(np.inf, plan)
        self._solve_root()
        while self._open:
            if time.perf_counter() >= deadline:
                return Termination.TIME
            node = heapq.heappop(self._open)[2]
            if not self._closed(node):  # the rest of the heap is no better, but each pop is cheap
                self._branch(node)
            if self.nodes >= self._next_pool and self._open:
                self._next_pool *= 2
                self._polish()
            self._report(len(self.generation.pool))
        return Termination.GAP if self._better < self.bound() <= self._cutoff else Termination.FINISHED

    def _solve_root(self) -> None:
        """Solve the root; look for a plan before its end where a gap will do, or half of the time has not sufficed."""
        root, limit = self.root, self._deadline
        now = time.perf_counter()
        self._improve_root(min(limit, 0.5 * (now + limit)), rounds=_FEW_ROUNDS)
        if self._flooded():
            self._descend()
        half = min(limit, 0.5 * (now + limit))
        if self.settings.gap:
            self._improve_root(half, slack=_EARLY * self.settings.gap)
            self._dive(root, _SHARES)
        if not self._closed(root):
            self._improve_root(half)
            self._dive(root, _SHARES)
        if not root.answer.settled and not self._closed(root) and time.perf_counter() < limit:
            self._improve_root(limit)
            self._dive(root, _SHARES[:1])
        self._root = root.answer
        self._push(root)

    def _flooded(self) -> bool:
        """Whether most tasks gave all the sets they may, round by round: then prices are poor, and programs slow."""
        pool, market = self.generation.pool, self.problem.instance
        return len(pool) >= _FLOOD * COLUMNS * (1 + _FEW_ROUNDS) * market.num_tasks

    def _descend(self) -> None:
        """Find better prices for the root, and sets that are good at them."""
        root, pool = self.root, self.generation.pool
        with suppress(TooLarge):  # at prices that the linear program may never ask about
            for answer in descend(self.generation, root.answer, root.usable, root.served):
                if answer.bound < root.answer.bound:
                    root.answer = replace(answer, weights=root.answer.weights)
                self._report(len(pool))
                if time.perf_counter() >= self._deadline:
                    return

    def _improve_root(self, deadline: float, rounds: int | None = None, slack: float = 0.0) -> None:
        """Solve the root, keeping what each round proves: an interruption loses none of it."""
        limit, self._deadline, self._at_root = self._deadline, deadline, True
        weights = self.root.answer.weights
        try:
            answer = self._solved(self.root.usable, self.root.served, self.root.answer, rounds, slack)
            if answer.weights is None and time.perf_counter() >= deadline:
                answer = replace(answer, weights=weights)  # those at hand are better than none to dive from
            self.root.answer = answer
        finally:
            self._deadline, self._at_root = limit, False

    def _dive(self, node: _Node, shares: tuple[float, ...]) -> None:
        for share in shares:
            if node.answer.weights is None or self._closed(node) or self._choose(node) is None:
                return
            with suppress(TooLarge):  # no plan from there
                found = dive(
                    self.generation, node.usable, node.served, node.answer, share=share, cutoff=self._better,
                    deadline=self._deadline,
                )  # fmt: skip
                if found is not None:
                    self._offer(*found)

    def bound(self) -> float:
        """Return the largest bound of the tree's leaves; -inf if each is proved empty."""
        return float(max(leaf.answer.bound for leaf in self.root.leaves()))

    def _polish(self) -> None:
        """Look for a better plan among the columns at hand, for a fifth of the time spent so far.

        On small markets never for so little that the clock, and not the search, would end it: the same seed is to give
        the same tree.
        """
        now = time.perf_counter()
        seconds = min(max(_POOL_SECONDS, 0.2 * (now - self._began)), self._deadline - now)
        if seconds > 0:
            limits = {"cutoff": self._better, "seconds": seconds}
            with suppress(TooLarge):
                found = best_of_pool(self.generation, self._root, self.root.served, **limits)
                if found is not None:
                    self._offer(*found)

    def _look(self, columns: int, answer: NodeAnswer) -> None:
        if self._at_root and answer.bound < self.root.answer.bound:
            self.root.answer = replace(answer, weights=None)
        self._report(columns)

    def _report(self, columns: int) -> None:
        if time.perf_counter() >= self._reported + _REPORT_EVERY:
            self._reported = time.perf_counter()
            plan = "no plan yet" if self.best_plan is None else f"best {self.best_value:.6f}"
            self.settings.report(f"{columns:,} worker sets, {self.nodes:,} nodes, {plan}, bound {self.bound():.6f}")

    def _solved(
        self, usable: np.ndarray, served: np.ndarray, known: NodeAnswer, rounds: int | None = None, slack: float = 0.0
    ) -> NodeAnswer:
        """Solve a node; where its pricing takes too long, what was known of its parent holds for it as well."""
        try:
            return self.generation.solve(
                usable, served, known, cutoff=self._cutoff, deadline=self._deadline, rounds=rounds, slack=slack
            )
        except TooLarge:
            return replace(self.root.answer if self._at_root else known, weights=None, settled=False)

    @property
    def _cutoff(self) -> float:
        """Bound up to which a node is not worth a look."""
        return self._beyond(max(_PRUNE, self.settings.gap))

    @property
    def _better(self) -> float:
        """Bound up to which no plan is better: one that is better by less than the gap may still close it."""
        return self._beyond(_PRUNE)

    def _beyond(self, share: float) -> float:
        return self.best_value + share * abs(self.best_value) if self.best_plan is not None else -np.inf

    def _closed(self, node: _Node) -> bool:
        return node.answer.bound <= self._cutoff

    def _push(self, node: _Node) -> None:
        self.nodes += 1
        if node.answer.weights is not None:
            self._offer(*rounded(self.generation, node.answer.weights, node.usable, node.served))
            if self.nodes % _DIVE_EVERY == 0:
                self._dive(node, _SHARES[1:2])
        if self._closed(node):
            node.answer = replace(node.answer, weights=None)  # nobody needs them any more
        else:
            heapq.heappush(self._open, (-node.answer.bound, next(self._ticket), node))

    def _offer(self, claimed: float, plan: Assignment | None) -> None:
        """Take a plan if it is better; `claimed` is at least its value, but for rounding."""
        worthwhile = claimed > self.best_value - 1e-9 * abs(self.best_value) if self.best_plan is not None else True
        if plan is not None and worthwhile and not self.problem.violations(plan):
            value = self.problem.evaluate(plan)
            if value > self.best_value:
                self.best_plan, self.best_value = plan, value

    def _branch(self, node: _Node) -> None:
        split = self._choose(node)
        if split is None:
            return  # integral up to rounding, or nothing to branch on: it stays a leaf, with its honest bound
        market, task = self.problem.instance, split["task"]
        of_task = market.pair_task == task
        if split["split"] == "served":
            served = node.served.copy()
            served[task] = True
            parts = [(node.usable & ~of_task, node.served), (node.usable, served)]
        else:
            of_worker = market.pair_worker == split["worker"]
            parts = [(node.usable & ~(of_task & of_worker), node.served),
                     (node.usable & (of_task | ~of_worker), node.served)]  # fmt: skip
        known = node.answer
        children = [_Node(usable, served, self._solved(usable, served, known)) for usable, served in parts]
        node.branch = (split, children)
        node.answer = replace(node.answer, weights=None)  # nobody needs them any more
        for child in children:
            self._push(child)

    def _choose(self, node: _Node) -> dict[str, Any] | None:
        """Return the most fractional "task served", else the most fractional "worker in task", else None."""
        weights, pool, market = node.answer.weights, self.generation.pool, self.problem.instance
        if weights is None:
            return None
        share = np.bincount(pool.task[: len(weights)], weights, minlength=market.num_tasks)
        distance = np.where(node.served, np.inf, np.abs(share - 0.5))
        task = int(np.argmin(distance))
        if distance[task] < 0.5 - _INTEGRAL:
            return {"split": "served", "task": task}
        # A worker with one pair left has nobody else to serve: that split would give the node back, again and again.
        # Where only such workers are split between sets, the tasks share none of them, and rounding finds the optimum.
        pairs_left = np.bincount(market.pair_worker[node.usable], minlength=market.num_workers)
        distance = np.where(pairs_left[market.pair_worker] > 1, np.abs(pool.shares(weights) - 0.5), np.inf)
        pair = int(np.argmin(distance)) if len(distance) else 0
        if not len(distance) or distance[pair] >= 0.5 - _INTEGRAL:
            return None
        return {"split": "pair", "task": int(market.pair_task[pair]), "worker": int(market.pair_worker[pair])}
