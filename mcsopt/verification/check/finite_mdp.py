"""Finite Markov decision processes, checked: a policy is evaluated anew, a value function raised until it is a bound.

Notation: a choice c is an action of a state, with expected reward r(c) and probabilities p_c of the next states, d the
discount, ``(L v)(c) = r(c) + d sum p_c v``. Terminal states are worth 0, whatever a value function says of them.

Infinite horizon. Let ``e >= L v - v`` at every choice, e >= 0; let q < 1 be at least d times each sum of probabilities.
Then ``w = v + e/(1 - q)`` satisfies ``L w <= L v + q e/(1 - q) <= w``, so that no policy is worth more than w anywhere.
Finite horizon, steps t = 0 .. H-1: with ``e_t >= L v_(t+1) - v_t`` and ``s_t = e_t + q s_(t+1)``, ``v_t + s_t`` is at
least the best of what follows, by induction from ``v_H = s_H = 0``.

Rounding. Up to `EXACT` outcomes (times steps) all of it is rational. Beyond, a sum of k products ``p (r + d v)`` in
doubles errs by less than ``1.01 (k + 6) u`` times the sum of ``p (|r| + d |v|)``, and less than `TINY` by underflow.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from mcsopt.verification.check import strict
from mcsopt.verification.check.decision_policy import NAMED, expected_return
from mcsopt.verification.check.decision_table import KIND as KIND
from mcsopt.verification.check.decision_table import Table, parse_table
from mcsopt.verification.check.rounding import UNIT, round_up
from mcsopt.verification.check.strict import Range, Refused, Run
from mcsopt.verification.check.verdict import Breach

PROBLEM = "finite-mdp"
SENSE = "max"
EXACT = 20_000
"""Most outcomes, times steps, whose excess is found in rationals."""
TINY = 1e-290
"""More than underflow can lose in one choice: each of its products loses less than 1e-323."""
VALUE = Range(-1e200, 1e200)
"""Range of a value: with rewards up to 1e100 nothing computed from it leaves the doubles."""
ARITHMETIC = f"rationals up to {EXACT:,} outcomes, doubles with error bounds outward above"


@dataclass(frozen=True)
class Plan:
    """Actions by state: of every step, or of each one in turn."""

    steps: list[list[int]]


def parse_options(options: Any) -> None:
    """Refuse any option: there is none."""
    strict.entries(options, "options", ())


def parse_instance(instance: Any, options: None, run: Run) -> Table:
    """Read a ``finite-mdp`` instance, its common keys already checked."""
    return parse_table(instance)


def parse_solution(table: Table, solution: dict[str, Any]) -> Plan:
    """Read the policy; the common keys are already checked."""
    strict.entries(solution, "solution", ("format", "problem", "policy"))
    policy = strict.listed(solution["policy"], "solution.policy")
    if not any(isinstance(entry, list) for entry in policy):
        return Plan([_actions(table, policy, "solution.policy")])
    if table.horizon is None:
        raise Refused("solution.policy is a list of lists, but the horizon is infinite")
    strict.listed(policy, "solution.policy", table.horizon)
    return Plan([_actions(table, step, f"solution.policy[{t}]") for t, step in enumerate(policy)])


def _actions(table: Table, value: Any, path: str) -> list[int]:
    entries = strict.listed(value, path, table.states)
    for state, action in enumerate(entries):
        if isinstance(action, bool) or not isinstance(action, int) or not -1 <= action <= NAMED:
            raise Refused(f"{path}[{state}] is {strict.show(action)}, neither an action nor -1")
    return entries


def objective_of(table: Table, plan: Plan) -> float:
    """Return the expected return of the policy from the start."""
    return expected_return(table, [table.chosen(step) for step in plan.steps])


def violations_of(table: Table, plan: Plan, run: Run) -> tuple[Breach, ...]:
    """Return the states for which an action is named that they do not have."""
    found = []
    for t, step in enumerate(plan.steps):
        when = f", step {t}" if len(plan.steps) > 1 else ""
        for state in np.flatnonzero(table.acting & (table.chosen(step) < 0)).tolist():
            found.append(Breach("an action of the state", f"state {state}{when}", 1.0))
    return tuple(found)


def derive_bound(table: Table, evidence: dict[str, Any], run: Run) -> float | None:
    """Return the value of the start, raised by what the value function lacks; rounded up."""
    strict.one_of(evidence.get("kind"), "evidence.kind", ("value-function",))
    strict.entries(evidence, "evidence", ("kind", "value"))
    steps = _values(table, evidence["value"])
    run.count("choices", table.choices * len(steps))
    if not table.acting[table.start]:
        return 0.0
    excess = _exact_excess if len(table.next_state) * len(steps) <= EXACT else _excess
    if table.horizon is None:
        shift = excess(table, steps[0], steps[0]) / (1 - table.contraction)
    else:
        shift, after = Fraction(0), np.zeros(table.states)
        for values in reversed(steps):
            run.tick()
            shift = _short(excess(table, after, values) + table.contraction * shift)
            after = values
    return round_up(Fraction(float(steps[0][table.start])) + shift)


def _values(table: Table, value: Any) -> list[np.ndarray]:
    if table.horizon is None:
        lists = {"evidence.value": value}
    else:
        steps = strict.listed(value, "evidence.value", table.horizon)
        lists = {f"evidence.value[{t}]": step for t, step in enumerate(steps)}
    found = [np.array(strict.numbers(step, path, VALUE, table.states)) for path, step in lists.items()]
    return [np.where(table.acting, step, 0.0) for step in found]


def _short(shift: Fraction) -> Fraction:
    """Return a number not below `shift` with few digits: over many steps they would grow without end."""
    return shift if shift.denominator < 2**400 else Fraction(round_up(shift))


def _exact_excess(table: Table, after: np.ndarray, values: np.ndarray) -> Fraction:
    """Return the largest ``L after - values``, at least 0, in rationals."""
    worth, most = [Fraction(v) for v in after.tolist()], Fraction(0)
    for choice in range(table.choices):
        total = Fraction(0)
        for place in table.outcomes(choice):
            total += table.weight(place) * (table.gain(place) + table.discount * worth[table.next_state[place]])
        most = max(most, total - Fraction(float(values[table.state[choice]])))
    return most


def _excess(table: Table, after: np.ndarray, values: np.ndarray) -> Fraction:
    """Return at least the largest ``L after - values``, and at least 0, from doubles."""
    first = table.first_outcome[:-1]
    d = float(table.discount)
    then = after[table.next_state]
    total = np.add.reduceat(table.probability * (table.reward + d * then), first)
    magnitude = np.add.reduceat(table.probability * (np.abs(table.reward) + d * np.abs(then)), first)
    counts = np.diff(table.first_outcome)
    silent = np.maximum.reduceat(np.maximum(np.abs(table.reward), np.abs(then)), first) == 0
    error = np.where(silent, 0.0, 1.01 * (counts + 6) * UNIT * magnitude + TINY)
    known = values[table.state]
    high = total + error - known
    # Two more roundings, of numbers no larger than these.
    high = high + 4 * UNIT * (np.abs(total) + error + np.abs(known))
    return max(Fraction(0), Fraction(float(high.max())))
