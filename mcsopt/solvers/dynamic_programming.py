"""Optimal policies by dynamic programming: backward induction, or value iteration finished by policy iteration."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field

import numpy as np

from mcsopt.kernels import bellman
from mcsopt.problems import FiniteMdp
from mcsopt.problems.policy_value import fixed_point
from mcsopt.result import Assurance, Result, Termination, conclude
from mcsopt.solvers.registry import Settings
from mcsopt.solvers.start import best_feasible

METHOD = "dynamic-programming"
CLOSE = 1e-11
"""Relative gap at which the search ends: well inside what counts as proved."""
STEADY = 5
"""Sweeps of value iteration without a change of the greedy policy, after which that policy is evaluated."""
MOST_SWEEPS = 100
"""Sweeps of value iteration between two evaluations."""
ROUNDS = 1000
"""Most policies evaluated; a dozen are usual."""
REPORT_SECONDS = 0.5


@dataclass
class Search:
    """Values found so far, by step (one step: infinite horizon), with the choices that go with them.

    Any values give a bound: see `bound`.
    """

    problem: FiniteMdp
    values: list[np.ndarray] = field(default_factory=list)
    choice: list[np.ndarray] = field(default_factory=list)

    def __post_init__(self) -> None:
        process = self.problem.instance
        first = np.where(process.terminal, -1, process.choices.first_choice[:-1])
        steps = process.horizon or 1
        self.values = [np.zeros(process.num_states)] * steps
        self.choice = [first] * steps

    def sweep(self, after: np.ndarray, kept: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the worth of every state and its best choice, given the worth of what comes after."""
        process, choices = self.problem.instance, self.problem.instance.choices
        values, choice = np.empty(process.num_states), kept.copy()
        bellman.sweep(
            choices.first_choice, choices.first_outcome, choices.next_state, choices.probability,
            choices.expected_reward, process.discount, after, values, choice,
        )  # fmt: skip
        return values, choice

    def bound(self) -> float:
        """Return the bound that the values prove, as the checker derives it but for the rounding.

        ``v + e`` is above its own sweep, and so above the optimum, if e makes up for the largest excess of the sweep
        over v, and for what this adds in turn: ``e >= excess + contraction e``.
        """
        process = self.problem.instance
        if process.terminal[process.start]:
            return 0.0
        if process.horizon is None:
            excess = self._excess(self.values[0], self.values[0])
            return float(self.values[0][process.start]) + excess / (1 - process.contraction)
        shift, after = 0.0, np.zeros(process.num_states)
        for values in reversed(self.values):
            shift = self._excess(after, values) + process.contraction * shift
            after = values
        return float(after[process.start]) + shift

    def _excess(self, after: np.ndarray, values: np.ndarray) -> float:
        swept, _ = self.sweep(after, self.choice[0])
        return max(0.0, float((swept - values).max()))

    def evidence(self) -> dict[str, object]:
        """Return the values as a certificate has them."""
        steps = [values.tolist() for values in self.values]
        return {"kind": "value-function", "value": steps[0] if self.problem.instance.horizon is None else steps}


def solve(problem: FiniteMdp, settings: Settings) -> Result:
    """Find a policy of greatest expected return, and a value function that proves it.

    Finite horizon: ``v_t(s) = max_a r(s, a) + d sum p v_(t+1)``, from the last step to the first. Infinite horizon:
    the same sweep again and again, with MacQueen's two-sided bounds, until the greedy policy stays the same; then that
    policy is evaluated (`mcsopt.problems.policy_value`), improved, and so on, until its values prove it.

    Parameters
    ----------
    problem : FiniteMdp
        Any size that memory holds; a sweep takes some 10 ns for each outcome.
    settings : Settings
        After `time_limit` the policy and the bound are those of the sweeps so far. `start`: a policy, if feasible.

    Returns
    -------
    Result
        A policy and a bound, always; PROVED when finished unless ``1 - discount`` is so small that rounding divided by
        it exceeds 1e-7, or the value is what is left of far greater ones that cancel. The evidence is the value
        function.

    References
    ----------
    M. L. Puterman, *Markov Decision Processes*, Wiley 1994, sections 4.5, 6.4 and 6.6 (MacQueen's bounds: 6.6.3).

    Examples
    --------
    >>> from mcsopt.problems import DecisionProcess
    >>> process = DecisionProcess(2, 0, [0, 0, 0], [0, 1, 1], [0, 0, 1], [1.0, 0.5, 0.5], [0.0, 1.0, 1.0], 0.5)
    >>> result = solve(FiniteMdp(process), Settings())
    >>> result.solution.action, round(result.objective, 9), result.status.value
    ((1, -1), 1.333333333, 'PROVED')
    """
    began = time.perf_counter()
    deadline = math.inf if settings.time_limit is None else began + settings.time_limit
    search = Search(problem)
    try:
        run = _iterate if problem.instance.horizon is None else _induct
        termination = run(search, deadline, settings)
    except KeyboardInterrupt:
        termination = Termination.INTERRUPTED
    policy, value = best_feasible(problem, (problem.policy(search.choice), settings.start))
    assert value is not None  # a choice of every state that has one
    # Where all the return cancels, rounding may put the value above what the rounded sweep shows.
    bound = max(search.bound(), value)
    return conclude(
        problem, METHOD, policy, dual_bound=bound, assurance=Assurance.FLOAT, termination=termination,
        seconds={"solve": time.perf_counter() - began}, evidence=search.evidence(),
    )  # fmt: skip


def _induct(search: Search, deadline: float, settings: Settings) -> Termination:
    """Backward induction; steps that a limit leaves undone take values and choices of the first one done."""
    step = horizon = len(search.values)
    after, reported = np.zeros(search.problem.instance.num_states), time.perf_counter()
    try:
        while step:
            now = time.perf_counter()
            if now >= deadline:
                return Termination.TIME
            if now >= reported + REPORT_SECONDS:
                settings.report(f"{METHOD}: {horizon - step:,} of {horizon:,} steps")
                reported = now
            after, choice = search.sweep(after, search.choice[step - 1])
            step -= 1
            search.values[step], search.choice[step] = after, choice
    finally:
        if 0 < step < horizon:
            search.values[:step], search.choice[:step] = [search.values[step]] * step, [search.choice[step]] * step
    return Termination.FINISHED


def _iterate(search: Search, deadline: float, settings: Settings) -> Termination:
    """Value iteration and policy iteration, until the bound is met or no longer gets better."""
    process, best = search.problem.instance, math.inf
    for round_ in range(ROUNDS):
        if not _sweeps(search, deadline):
            return Termination.TIME
        values = fixed_point(process, search.choice[0], guess=search.values[0])
        search.values = [values]
        gap = search.bound() - float(values[process.start])
        settings.report(f"{METHOD}: policy {round_}, {float(values[process.start]):.10g} + {gap:.3g} at most")
        if gap <= CLOSE * abs(float(values[process.start])):
            return Termination.FINISHED
        _, better = search.sweep(values, search.choice[0])
        if np.array_equal(better, search.choice[0]) or (gap >= best and gap <= 1e-6 * float(np.abs(values).max())):
            return Termination.FINISHED  # what is left is rounding
        best = min(best, gap)
        search.choice = [better]
    return Termination.ROUNDS


def _sweeps(search: Search, deadline: float) -> bool:
    """Iterate values until the greedy policy is steady or MacQueen's bounds meet; False: out of time."""
    process, steady = search.problem.instance, 0
    contraction, state = process.contraction, process.start
    for _ in range(MOST_SWEEPS):
        if time.perf_counter() >= deadline:
            return False
        values, choice = search.sweep(search.values[0], search.choice[0])
        change = values - search.values[0]
        steady = steady + 1 if np.array_equal(choice, search.choice[0]) else 0
        search.values, search.choice = [values], [choice]
        # The optimum lies between values + factor * least and greatest change; a terminal state changes by 0.
        width = contraction / (1 - contraction) * float(change.max() - change.min())
        if steady >= STEADY or width <= CLOSE * abs(float(values[state])):
            break
    return True
