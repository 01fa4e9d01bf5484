"""What a policy is worth, for the checker: in rationals where that is short, else in doubles with the error bounded."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from mcsopt.verification.check.decision_table import MOST_ACTION, Table
from mcsopt.verification.check.rounding import nearest
from mcsopt.verification.check.strict import Refused

NAMED = MOST_ACTION
FEW_STATES, FEW_STEPS, FEW_OUTCOMES = 8, 30, 3000
"""Up to which size rationals are used: states visited without a horizon; steps, and outcomes times steps, with one."""
DENSE = 500
"""Up to how many states the equations are solved as a full matrix."""
UNDECIDED = 5e-10
"""Largest error of an objective, relative to max(1, magnitude): half of what a recorded one may be off by."""
ITERATIONS = 500
ROUNDS = 200
CORRECTIONS = 2
"""Corrections by residuals in rationals, where doubles do not show enough: each gains some digits."""


Solve = Callable[[np.ndarray], np.ndarray]


def expected_return(table: Table, chosen: list[np.ndarray]) -> float:
    """Return the expected return from the start if these choices are made: at every step, or at each in turn."""
    if table.horizon is None:
        return _without_end(table, chosen[0])
    steps = [chosen[min(t, len(chosen) - 1)] for t in range(table.horizon)]
    if table.horizon <= FEW_STEPS and len(table.next_state) * table.horizon <= FEW_OUTCOMES:
        worth = [Fraction(0)] * table.states
        for choice in reversed(steps):
            worth = [_worth(table, c, worth) for c in choice.tolist()]
        return nearest(worth[table.start])
    values = np.zeros(table.states)
    for choice in reversed(steps):
        values = _swept(table, choice, values)
    return float(values[table.start])


def _worth(table: Table, choice: int, after: list[Fraction]) -> Fraction:
    total = Fraction(0)
    for place in table.outcomes(choice) if choice >= 0 else ():
        total += table.weight(place) * (table.gain(place) + table.discount * after[table.next_state[place]])
    return total


def _swept(table: Table, choice: np.ndarray, after: np.ndarray) -> np.ndarray:
    """Return what each state is worth, in doubles, by its choice and what comes after."""
    if not table.choices:
        return np.zeros(table.states)
    worth = table.probability * (table.reward + float(table.discount) * after[table.next_state])
    return np.where(choice >= 0, np.add.reduceat(worth, table.first_outcome[:-1])[choice], 0.0)


def _without_end(table: Table, choice: np.ndarray) -> float:
    visited = _visited(table, choice)
    if len(visited) <= FEW_STATES:
        return nearest(_eliminated(table, choice, visited))
    states = np.array(visited)
    rows = [table.outcomes(int(choice[s])) for s in visited]
    outcome = np.concatenate([np.arange(row.start, row.stop) for row in rows])
    owner = np.repeat(np.arange(len(visited)), [len(row) for row in rows])
    place = np.full(table.states, len(visited))  # a terminal state stands last, and is worth 0
    place[states] = np.arange(len(visited))
    column, p = place[table.next_state[outcome]], float(table.discount) * table.probability[outcome]
    size = len(visited)
    reward = np.bincount(owner, table.probability[outcome] * table.reward[outcome], size)

    def step(values: np.ndarray) -> np.ndarray:
        total: np.ndarray = np.bincount(owner, p * np.append(values, 0.0)[column], size)
        return total

    def dense(residual: np.ndarray) -> np.ndarray:
        matrix = np.eye(size, size + 1)
        np.subtract.at(matrix, (owner, column), p)
        return np.linalg.solve(matrix[:, :size], residual)

    solve = dense if size <= DENSE else (lambda residual: _bicgstab(lambda x: x - step(x), residual))
    values = _corrected(lambda v: reward + step(v) - v, solve, np.zeros(size))
    # |v - v*| <= |r + d P v - v| / (1 - q); the residual itself errs by some units of the terms' magnitudes.
    magnitude = np.bincount(owner, table.probability[outcome] * np.abs(table.reward[outcome]), size) + step(
        np.abs(values)
    )
    most = int(np.bincount(owner, minlength=size).max())
    rounding = (most + 8) * 2.0**-52 * float((magnitude + np.abs(values)).max())
    error = (float(np.abs(reward + step(values) - values).max()) + rounding) / float(1 - table.contraction)
    value = float(values[place[table.start]])
    if not error <= UNDECIDED * max(1.0, abs(value)):
        value, error = _refined(table, choice, visited, values, solve)
    if not error <= UNDECIDED * max(1.0, abs(value)):
        raise Refused(f"the policy is worth about {value!r}, but only to {error:.2g}: the discount is too near to 1")
    return value


def _refined(
    table: Table, choice: np.ndarray, visited: list[int], values: np.ndarray, solve: Solve
) -> tuple[float, float]:
    """Return the value of the first state and a bound of its error, from residuals found in rationals."""
    worth = {state: Fraction(v) for state, v in zip(visited, values.tolist(), strict=True)}
    for correction in range(CORRECTIONS + 1):
        residual = []
        for state in visited:
            total = -worth[state]
            for place in table.outcomes(int(choice[state])):
                after = worth.get(int(table.next_state[place]), Fraction(0))
                total += table.weight(place) * (table.gain(place) + table.discount * after)
            residual.append(total)
        if correction < CORRECTIONS:
            found = solve(np.array([float(r) for r in residual]))
            worth = {state: worth[state] + Fraction(e) for state, e in zip(visited, found.tolist(), strict=True)}
    return nearest(worth[visited[0]]), float(max(map(abs, residual)) / (1 - table.contraction))


def _visited(table: Table, choice: np.ndarray) -> list[int]:
    """Return the states that the policy visits and acts in, the start first."""
    if choice[table.start] < 0:
        return []
    seen, found = {table.start}, [table.start]
    for state in found:
        for place in table.outcomes(int(choice[state])):
            after = int(table.next_state[place])
            if after not in seen and table.probability[place] > 0 and choice[after] >= 0:
                seen.add(after)
                found.append(after)
    return found


def _eliminated(table: Table, choice: np.ndarray, visited: list[int]) -> Fraction:
    """Return the value of the first state, the others eliminated from the last on, in rationals."""
    equation: dict[int, dict[int, Fraction]] = {}
    constant: dict[int, Fraction] = {}
    for state in visited:
        row = dict.fromkeys(visited, Fraction(0))
        constant[state] = Fraction(0)
        for place in table.outcomes(int(choice[state])):
            constant[state] += table.weight(place) * table.gain(place)
            after = int(table.next_state[place])
            if after in row:
                row[after] += table.discount * table.weight(place)
        equation[state] = row
    for state in reversed(visited):
        # v(state) = constant + sum of others, its own part divided out; then put into the equations before it.
        own = 1 - equation[state].pop(state)
        constant[state] /= own
        equation[state] = {other: part / own for other, part in equation[state].items()}
        for before in visited[: visited.index(state)]:
            share = equation[before].pop(state)
            constant[before] += share * constant[state]
            for other, part in equation[state].items():
                equation[before][other] += share * part
    return constant[visited[0]] if visited else Fraction(0)


def _corrected(residual_of: Solve, solve: Solve, values: np.ndarray) -> np.ndarray:
    """Return values whose residual no correction makes smaller by half."""
    residual = residual_of(values)
    for _ in range(ROUNDS):
        size = float(np.abs(residual).max())
        if size == 0:
            break
        better = values + solve(residual)
        remaining = residual_of(better)
        if not float(np.abs(remaining).max()) <= size / 2:
            break
        values, residual = better, remaining
    return values


def _bicgstab(apply: Solve, b: np.ndarray) -> np.ndarray:
    """Return an approximate solution of ``apply(x) = b`` (van der Vorst 1992)."""
    x, r = np.zeros(len(b)), b.copy()
    shadow, direction = r.copy(), r.copy()
    rho, target = shadow @ r, 1e-10 * float(np.linalg.norm(b))
    with np.errstate(all="ignore"):  # a breakdown ends in NaN, and the answer so far stands; numpy's numbers throughout
        for _ in range(ITERATIONS):
            image = apply(direction)
            alpha = rho / (shadow @ image)
            half = r - alpha * image
            turned = apply(half)
            omega = (turned @ half) / (turned @ turned) if turned.any() else np.float64(0.0)
            after = x + alpha * direction + omega * half
            if not np.isfinite(after).all():
                break
            x, r = after, half - omega * turned
            if float(np.linalg.norm(r)) <= target:
                break
            fresh = shadow @ r
            direction = r + fresh / rho * (alpha / omega) * (direction - omega * image)
            rho = fresh
    return x
