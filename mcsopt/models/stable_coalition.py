"""The cheapest stable coalition as a linear program in binary variables, and in CP-SAT."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyomo.environ as pyo
from ortools.sat.python import cp_model
from pyomo.core.expr import LinearExpression

from mcsopt import tolerances
from mcsopt.errors import TooLarge
from mcsopt.models.central_coalition import (
    MAX_PLAYERS,
    Booleans,
    Pairs,
    add_boolean_sizes,
    add_sizes,
    minimize_social_cost,
)
from mcsopt.models.cp_sat_statement import CpSatStatement
from mcsopt.models.readable_model import ReadableModel, at_one
from mcsopt.models.wide_sums import WideSum
from mcsopt.problems import Coalition, StableCoalition

DESCRIPTION = """\
Stable data coalition of least social cost ({stability} stability; Claims {claims})

  choose  join[i] in {{0,1}}             player i is a member
          size[k] in {{0,1}}, k = 2..n     the coalition has k members
          member[i,k] in [0,1]           both: i is one of k members
{counted}
  min     (n + 1) sigma^2 + sum over i, k of ((k + 2) k^(e-1) a[i] - sigma^2) member[i,k]     (in units of sigma^2)
          with a[i] = (c[i]^2 / 2)^(1/3), e = (2 alpha + 1)/3
  s.t.    sum over k of size[k] = 1
          sum over i of member[i,k] = k size[k],   member[i,k] <= size[k]
          join[i] = sum over k of member[i,k]
          join[i] >= join[j] for i before j of the same cost: which of them are members changes nothing
          nobody leaves:  sum over j of a[j] join[j] + 2 a[i] join[i] <= sum over k of U[k] size[k]       for every i
                          with U[k] = sigma^2 (k - 1)/k^e
          nobody enters:  for every i, if it is out of a coalition of k members,
{entry}

Here: {players} players, costs {low:.6g} to {high:.6g}, sigma^2 = {variance:.10g}, alpha = {alpha:.10g}.
"""
ENTRY = {
    "nash": """\
                          sum over j of a[j] join[j] + 3 ((k + 1)/k)^(e+1) a[i] > sigma^2 (k + 1)/k^e""",
    "robust": """\
                          sum over j of a[j] join[j] + a[i] + 2 sum over j of max(a[i], a[j]) counted[j]
                              > sigma^2 k/(k + 1)^e""",
}
COUNTED = """\
          counted[j] in {0,1}            j is the member held against an entrant: one, who joins (the most expensive)
"""

MARGIN = 1e-7
"""By how much, relative, the Pyomo statement loosens every condition: HiGHS keeps rows to 1e-9. So it
admits every stable coalition, and some near-ties that are not; those `near_tie` recognizes, and `exclude_pyomo` cuts
off."""
NEAR = 10 * MARGIN
"""Violations up to this, relative, may be a statement's: its margin, and what a solver's tolerance makes of it."""
TINY = 20
"""Up to so many players CP-SAT decides by clauses alone, in one thread: linear relaxations cost more than they save."""
COARSE = 1e7
ROUNDING = 1e-13
"""Relative error of a condition in doubles."""


@dataclass(frozen=True)
class Conditions:
    """The conditions of Claims 5 and 6 in units of ``sigma^2 (1 + 1e-12)``, at which ties are as they should be.

    Attributes
    ----------
    root : array, shape (n,)
        ``a_i``, by player.
    stay, entry : array, shape (n + 1,)
        Right-hand sides by size: ``U_k`` and that of the entry condition; entries 0 and 1 mean nothing.
    weight : array, shape (n + 1,)
        Factor of the entrant's a in the Nash condition; 1 for robust.
    cost : dict
        ``(k + 2) k^(e-1) a_i`` by (player, size), in the unit of the instance: what a member adds to the social cost
        (6). Pairs with ``3 a_i > U_k`` are left out: i would leave every coalition of that size.
    """

    root: np.ndarray
    stay: np.ndarray
    entry: np.ndarray
    weight: np.ndarray
    cost: dict[tuple[int, int], float]

    @classmethod
    def of(cls, problem: StableCoalition) -> Conditions:
        """Compute them; `TooLarge` for more than 300 players."""
        data = problem.instance
        n, e = data.num_players, (2 * data.alpha + 1) / 3
        if n > MAX_PLAYERS:
            raise TooLarge(f"{n} players; the statement takes up to {MAX_PLAYERS}: use solver 'stable-coalition'")
        k = np.maximum(np.arange(n + 1.0), 1.0)
        root = np.cbrt(data.cost) ** 2 * 0.5 ** (1 / 3)
        unit = data.variance * (1 + tolerances.STABILITY)
        stay = (k - 1) / k**e
        if problem.stability == "nash":
            entry, weight = (k + 1) / k**e, 3 * ((k + 1) / k) ** (e + 1)
        else:
            entry, weight = k / (k + 1) ** e, np.ones(n + 1)
        cost = {
            (i, size): float((size + 2) * k[size] ** (e - 1) * root[i])
            for size in range(2, n + 1)
            for i in np.flatnonzero(3 * root / unit <= stay[size] * (1 + MARGIN)).tolist()
        }
        # Whoever is too expensive for every size might be infinitely so: nobody stays, nobody need fear them.
        return cls(np.minimum(root / unit, 2 * stay[2:].max()), stay, entry, weight, cost)


def describe(problem: StableCoalition) -> str:
    """Return the statement in words and mathematics, with these players' numbers."""
    data = problem.instance
    return DESCRIPTION.format(
        stability=problem.stability, claims=5 if problem.stability == "nash" else 6,
        counted=COUNTED if problem.stability == "robust" else "", entry=ENTRY[problem.stability],
        players=data.num_players, low=data.cost.min(), high=data.cost.max(), variance=data.variance, alpha=data.alpha,
    ).replace("\n\n  min", "\n  min")  # fmt: skip


def build_pyomo(problem: StableCoalition) -> pyo.ConcreteModel:
    """State the problem for all sizes at once, without big constants: products of binaries are variables.

    A relaxation by 1e-7: it admits every stable coalition, and those whose interval [stay, entry) begins up to 1e-7
    (relative) above sigma^2 or ends up to 1e-7 below. So if it is infeasible there is none, and its bound is a bound;
    an optimum that the ground truth refutes is to be excluded (`exclude_pyomo`) and the model solved again. Of players
    of equal cost the first join first, lest their near-ties be excluded one by one.

    Parameters
    ----------
    problem : StableCoalition

    Returns
    -------
    pyomo.environ.ConcreteModel
        ``join[i]``, ``size[k]`` (and for robust stability ``counted[j]``) are binary, ``member[i,k]`` a product. The
        objective is in units of ``objective_unit``, the variance: solvers' tolerances are absolute. HiGHS is to run
        with ``highs_options``: its presolve (1.14.0) has cut off a coalition that keeps every row with 4e-5 to spare.

    Raises
    ------
    TooLarge
        For more than 300 players.
    """
    data, at = problem.instance, Conditions.of(problem)
    model = ReadableModel("stable_coalition", problem)
    players, sizes, pairs = range(data.num_players), range(2, data.num_players + 1), list(at.cost)
    add_sizes(model, data.num_players, sizes, pairs)
    model.one_size = pyo.Constraint(expr=sum(model.size[k] for k in sizes) == 1)
    model.social_cost = pyo.Objective(
        sense=pyo.minimize,
        expr=LinearExpression(
            constant=data.num_players + 1.0,
            linear_coefs=[at.cost[pair] / data.variance - 1 for pair in pairs],
            linear_vars=[model.member[pair] for pair in pairs],
        ),
    )
    model.objective_unit = data.variance
    model.highs_options = {"presolve": "off"}
    model.excluded = pyo.ConstraintList()
    alike = equal_pairs(data.cost)
    model.first_of_equals = pyo.Constraint(
        range(len(alike)), rule=lambda m, p: m.join[alike[p][0]] >= m.join[alike[p][1]]
    )
    model.total = pyo.Expression(expr=sum(float(at.root[i]) * model.join[i] for i in players))
    room = sum(float(at.stay[k]) * (1 + MARGIN) * model.size[k] for k in sizes)
    model.nobody_leaves = pyo.Constraint(players, rule=lambda m, i: m.total + 2 * float(at.root[i]) * m.join[i] <= room)
    _add_entry(model, at, problem.stability == "robust")
    return model


def _add_entry(model: pyo.ConcreteModel, at: Conditions, robust: bool) -> None:
    """Add, for each player, that it does not enter if it is out."""
    players, sizes = range(len(at.root)), range(2, len(at.root) + 1)
    if robust:
        model.counted = pyo.Var(players, domain=pyo.Binary)
        model.one_counted = pyo.Constraint(expr=sum(model.counted[j] for j in players) == 1)
        model.counted_joins = pyo.Constraint(players, rule=lambda m, j: m.counted[j] <= m.join[j])

    def deterred(m: pyo.ConcreteModel, i: int) -> pyo.Expression:
        root = float(at.root[i])
        left = m.total
        if robust:
            left = left + 2 * sum(max(root, float(at.root[j])) * m.counted[j] for j in players)
        # size[k] - member[i,k] is 1 iff i is out of a coalition of k; for a member the condition is void.
        missing = {k: float(at.entry[k]) * (1 - MARGIN) - float(at.weight[k]) * root for k in sizes}
        out = {k: m.size[k] - (m.member[i, k] if (i, k) in at.cost else 0) for k in sizes}
        return left >= sum(missing[k] * out[k] for k in sizes)

    model.nobody_enters = pyo.Constraint(players, rule=deterred)


def equal_pairs(cost: np.ndarray) -> list[tuple[int, int]]:
    """Return the pairs of players of equal cost that follow each other."""
    order = np.argsort(cost, kind="stable")
    same = np.flatnonzero(cost[order[1:]] == cost[order[:-1]])
    return [(int(order[place]), int(order[place + 1])) for place in same]


def near_tie(problem: StableCoalition, coalition: Coalition) -> bool:
    """Whether a coalition misses stability by so little that the statements may admit it."""
    broken = problem.violations(coalition)
    return len(coalition.members) >= 2 and bool(broken) and all(one.amount <= NEAR for one in broken)


def exclude_pyomo(model: pyo.ConcreteModel, coalition: Coalition) -> None:
    """Cut one coalition off."""
    k = len(coalition.members)
    model.excluded.add(sum(model.member[i, k] for i in coalition.members) <= k - 1)


def exclude_cp_sat(statement: CpSatStatement, coalition: Coalition) -> None:
    """Cut one coalition off."""
    inside = set(coalition.members)
    statement.model.add_bool_or(~x if i in inside else x for i, x in statement.variables.items())


def read_pyomo(problem: StableCoalition, model: pyo.ConcreteModel) -> Coalition:
    """Return the coalition in a solved model."""
    return Coalition(at_one(model.join))


def build_cp_sat(problem: StableCoalition) -> CpSatStatement:
    """State the problem in CP-SAT for all sizes at once, with the most expensive member and the cheapest outsider.

    Each condition is written in integers of about 14 digits, in two limbs (`WideSum`), and rounded outward: every
    stable coalition is admitted, so infeasibility of the model is infeasibility of the problem. What is admitted beyond
    that is within about (k / 2 + 5) 1e-14 of a threshold, k the size, relative to it: up to 150 players exact ties are
    told apart; a coalition that the ground truth refutes is to be excluded (`exclude_cp_sat`) and the model solved
    again. Of players of equal cost the first join first. The objective is rounded down.

    Parameters
    ----------
    problem : StableCoalition

    Returns
    -------
    CpSatStatement
        Variables by player.

    Raises
    ------
    TooLarge
        For more than 300 players.
    """
    at, n = Conditions.of(problem), problem.instance.num_players
    model = cp_model.CpModel()
    join, size, member = add_boolean_sizes(model, n, list(at.cost))
    model.add_exactly_one(size.values())
    for first, second in equal_pairs(problem.instance.cost):
        model.add_implication(join[second], join[first])
    order = np.argsort(at.root, kind="stable").tolist()
    top, lowest = _add_extremes(model, [join[i] for i in order], size[n])
    top, lowest = ([found[order.index(i)] for i in range(n)] for found in (top, lowest))
    counted = _add_larger(model, top, lowest) if problem.stability == "robust" else None
    _add_coarse_rows(model, at, join, size, member, counted)
    for k in size:
        members = [i for i in range(n) if (i, k) in member]
        if members:
            _add_conditions(model, at, k, size[k], members, member, (top, lowest, counted))
    scale, error = minimize_social_cost(model, problem.instance.variance, n, size, member, at.cost)
    suited = {"num_workers": 1, "linearization_level": 0} if n <= TINY else {}
    return CpSatStatement(model, dict(enumerate(join)), scale, error, suited, problem=problem)


def _add_extremes(
    model: cp_model.CpModel, join: list[cp_model.IntVar], grand: cp_model.IntVar
) -> tuple[list[cp_model.IntVar], list[cp_model.IntVar]]:
    """Add who is the most expensive member, and the cheapest outsider unless all join; `join` in order of cost."""
    n = len(join)
    top = [model.new_bool_var(f"top[{rank}]") for rank in range(n)]
    lowest = [model.new_bool_var(f"lowest[{rank}]") for rank in range(n)]
    model.add_exactly_one(top)
    model.add_exactly_one(*lowest, grand)
    for rank in range(n):
        model.add_implication(top[rank], join[rank])
        model.add_implication(lowest[rank], ~join[rank])
        model.add_bool_or(~join[rank], *top[rank:])
        model.add_bool_or(join[rank], *lowest[: rank + 1])
    return top, lowest


def _add_larger(
    model: cp_model.CpModel, top: list[cp_model.IntVar], lowest: list[cp_model.IntVar]
) -> list[cp_model.IntVar]:
    """Add who counts as the most expensive after an entry: one of two, and the larger serves best."""
    counted = [model.new_bool_var(f"counted[{i}]") for i in range(len(top))]
    model.add_exactly_one(counted)
    for one, *either in zip(counted, top, lowest, strict=True):
        model.add_bool_or(~one, *either)
    return counted


def _add_coarse_rows(
    model: cp_model.CpModel,
    at: Conditions,
    join: list[cp_model.IntVar],
    size: Booleans,
    member: Pairs,
    counted: list[cp_model.IntVar] | None,
) -> None:
    """Add the rows of the Pyomo statement in integers of 7 digits, rounded outward: implied, but strong for bounds."""
    weighted = cp_model.LinearExpr.weighted_sum
    sizes, n = list(size), len(join)
    bounds = [at.stay[2:], at.entry[2:], 3 * at.root, at.weight[2:] * at.root.max()]
    scale = COARSE / max(float(bound.max()) for bound in bounds)

    def floor(values: np.ndarray) -> list[int]:
        return np.floor((values - ROUNDING * np.abs(values)) * scale).astype(int).tolist()

    def ceil(values: np.ndarray) -> list[int]:
        return np.ceil((values + ROUNDING * np.abs(values)) * scale).astype(int).tolist()

    room = weighted(list(size.values()), ceil(at.stay[2:]))
    least, most = weighted(join, floor(at.root)), weighted(join, ceil(at.root))
    for i in range(n):
        model.add(least + floor(2 * at.root[i : i + 1])[0] * join[i] <= room)
        left = most
        if counted is not None:
            left += weighted(counted, ceil(2 * np.maximum(at.root, at.root[i])))
        # size[k] - member[i,k] is 1 iff i is out of a coalition of k; for a member the condition is void.
        missing = floor(at.entry[2:] * (1 - ROUNDING) - at.weight[2:] * at.root[i] * (1 + ROUNDING))
        inside = [(k, units) for k, units in zip(sizes, missing, strict=True) if (i, k) in member]
        right = weighted(list(size.values()), missing)
        right -= weighted([member[i, k] for k, _ in inside], [units for _, units in inside])
        model.add(left >= right)


def _add_conditions(
    model: cp_model.CpModel,
    at: Conditions,
    k: int,
    size: cp_model.IntVar,
    members: list[int],
    member: Pairs,
    extremes: tuple[list[cp_model.IntVar], list[cp_model.IntVar], list[cp_model.IntVar] | None],
) -> None:
    """Add that nobody leaves and nobody enters a coalition of size k."""
    top, lowest, counted = extremes
    joining, root = [member[i, k] for i in members], at.root[members]
    stay = WideSum(model, [*joining, *(top[i] for i in members)], np.concatenate([root, 2 * root]), k + 1)
    stay.at_most(float(at.stay[k]), size)
    if k == len(at.root):
        return
    # A term as large as the limit meets it alone: no need of more.
    limit = float(at.entry[k])
    entrant = np.minimum(at.weight[k] * at.root, limit)
    if counted is None:
        entry = WideSum(model, [*joining, *lowest], np.concatenate([root, entrant]), k + 1)
    else:
        terms = np.concatenate([root, entrant, np.minimum(2 * at.root, limit)])
        entry = WideSum(model, [*joining, *lowest, *counted], terms, k + 2)
    entry.at_least(limit, size)


def read_cp_sat(problem: StableCoalition, statement: CpSatStatement, solver: cp_model.CpSolver) -> Coalition:
    """Return the coalition in a solved CP-SAT model."""
    return Coalition(statement.at_one(solver))
