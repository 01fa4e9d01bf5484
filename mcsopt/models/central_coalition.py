"""The centrally chosen coalition: a linear program in who joins, and the nonlinear one in who and how much."""

from __future__ import annotations

import numpy as np
import pyomo.environ as pyo
from ortools.sat.python import cp_model
from pyomo.core.expr import LinearExpression

from mcsopt.errors import TooLarge
from mcsopt.models.cp_sat_statement import CpSatStatement, integer_objective
from mcsopt.models.readable_model import ReadableModel, at_one
from mcsopt.problems import CentralCoalition, PrivateCoalition
from mcsopt.result import Sense

DESCRIPTION = """\
Data coalition, centrally chosen (program (4), Lemma 1)

  choose  join[i] in {{0,1}}             player i shares its data
          eps[i] > 0                   with Laplace(1/eps[i]) noise
  min     sum of all burdens: sigma^2 for whoever stays out, for a member i of a coalition of size k
          sigma^2/k + (2/k^2) sum over members of 1/eps^2 + c[i] k^alpha eps[i]
  s.t.    sum over i of join[i] = 0 or >= 2

For a fixed size k the best levels are eps[i] = (4 / (k^(1+alpha) c[i]))^(1/3), and the cost is linear in who joins:

  choose  size[k] in {{0,1}}, k = 2..n     the coalition has k members (none: it is empty)
          member[i,k] in [0,1]           i joins a coalition of size k
  min     n sigma^2 + sum over k of sigma^2 size[k] + sum over i, k of (g[k] a[i] - sigma^2) member[i,k]
          (in units of sigma^2)
          with a[i] = (c[i]^2 / 2)^(1/3), g[k] = 3 k^((2 alpha - 1)/3)
  s.t.    sum over k of size[k] <= 1
          sum over i of member[i,k] = k size[k],   member[i,k] <= size[k]
          join[i] = sum over k of member[i,k]

Whoever alone would cost more than everybody could gain is left out: g[k] a[i] > k sigma^2.

Here: {players} players, costs {low:.6g} to {high:.6g}, sigma^2 = {variance:.10g}, alpha = {alpha:.10g}.
"""

MAX_PLAYERS = 300
"""Beyond, the pairs of player and size are too many to be solved by a general solver."""


def describe(problem: CentralCoalition) -> str:
    """Return the statement in words and mathematics, with these players' numbers."""
    data = problem.instance
    return DESCRIPTION.format(
        players=data.num_players, low=data.cost.min(), high=data.cost.max(), variance=data.variance, alpha=data.alpha
    )


def privacy_costs(problem: CentralCoalition) -> dict[tuple[int, int], float]:
    """Return ``3 k^((2 alpha - 1)/3) a_i`` by (player, size): what i adds to the social cost of a coalition of size k.

    With the levels of Lemma 1, ``(2/k) / eps_i^2 + c_i k^alpha eps_i`` comes to this. Pairs above ``k sigma^2`` are
    left out: a coalition with one costs more than ``(n + 1) sigma^2``, the empty one ``n sigma^2``.

    Raises
    ------
    TooLarge
        For more than 300 players.
    """
    data = problem.instance
    if data.num_players > MAX_PLAYERS:
        raise TooLarge(f"{data.num_players} players; the statement takes up to {MAX_PLAYERS}: use solver 'central'")
    root = np.cbrt(data.cost) ** 2 * 0.5 ** (1 / 3)
    found = {}
    for k in range(2, data.num_players + 1):
        costs = 3 * float(k) ** ((2 * data.alpha - 1) / 3) * root
        found.update({(i, k): float(cost) for i, cost in enumerate(costs) if cost <= k * data.variance})
    return found


def build_pyomo(problem: CentralCoalition) -> pyo.ConcreteModel:
    """State the problem, levels eliminated, for all sizes at once.

    Parameters
    ----------
    problem : CentralCoalition

    Returns
    -------
    pyomo.environ.ConcreteModel
        ``join[i]`` and ``size[k]`` are binary, ``member[i,k]`` their product; ``social_cost`` is the objective,
        in units of ``objective_unit``, the variance: solvers' tolerances are absolute.

    Raises
    ------
    TooLarge
        For more than 300 players.
    """
    data, costs = problem.instance, privacy_costs(problem)
    model = ReadableModel("central_coalition", problem)
    sizes = range(2, data.num_players + 1)
    add_sizes(model, data.num_players, sizes, list(costs))
    model.at_most_one_size = pyo.Constraint(expr=sum(model.size[k] for k in sizes) <= 1)
    pairs = list(costs)
    model.objective_unit = data.variance
    model.social_cost = pyo.Objective(
        sense=pyo.minimize,
        expr=LinearExpression(
            constant=float(data.num_players),
            linear_coefs=[1.0] * len(sizes) + [costs[pair] / data.variance - 1 for pair in pairs],
            linear_vars=[model.size[k] for k in sizes] + [model.member[pair] for pair in pairs],
        ),
    )
    return model


def add_sizes(model: pyo.ConcreteModel, players: int, sizes: range, pairs: list[tuple[int, int]]) -> None:
    """Add ``join[i]``, ``size[k]`` and their product ``member[i,k]`` for the (player, size) pairs that may be."""
    of_size: dict[int, list[int]] = {k: [] for k in sizes}
    of_player: list[list[int]] = [[] for _ in range(players)]
    for i, k in pairs:
        of_size[k].append(i)
        of_player[i].append(k)
    model.join = pyo.Var(range(players), domain=pyo.Binary)
    model.size = pyo.Var(sizes, domain=pyo.Binary)
    # Given join and size the product follows, so it need not be declared integer.
    model.member = pyo.Var(pairs, bounds=(0, 1))
    model.members_of_size = pyo.Constraint(
        sizes, rule=lambda m, k: sum(m.member[i, k] for i in of_size[k]) - k * m.size[k] == 0
    )
    model.only_of_its_size = pyo.Constraint(pairs, rule=lambda m, i, k: m.member[i, k] <= m.size[k])
    model.joining = pyo.Constraint(
        range(players), rule=lambda m, i: sum(m.member[i, k] for k in of_player[i]) - m.join[i] == 0
    )


def read_pyomo(problem: CentralCoalition, model: pyo.ConcreteModel) -> PrivateCoalition:
    """Return the coalition in a solved model, with the levels of Lemma 1."""
    members = at_one(model.join)
    return PrivateCoalition(members, problem.instance.assigned_privacy(members))


def build_pyomo_nonlinear(problem: CentralCoalition) -> pyo.ConcreteModel:
    """State who joins and with which level as one mixed-integer nonlinear program, straight from Definitions 5 and 6.

    To read, and to evaluate: no solver of the house takes it.

    Parameters
    ----------
    problem : CentralCoalition

    Returns
    -------
    pyomo.environ.ConcreteModel
        ``join[i]`` binary, ``eps[i] > 0``, ``formed`` (whether there is a coalition), ``k`` its size.
    """
    data = problem.instance
    n, players = data.num_players, range(data.num_players)
    cost = data.cost.tolist()
    model = ReadableModel("central_coalition_nonlinear", problem)
    model.join = pyo.Var(players, domain=pyo.Binary)
    model.eps = pyo.Var(players, domain=pyo.PositiveReals, initialize=1.0)
    model.formed = pyo.Var(domain=pyo.Binary)
    model.k = pyo.Expression(expr=sum(model.join[i] for i in players))
    model.two_members = pyo.Constraint(expr=model.k >= 2 * model.formed)
    model.no_members = pyo.Constraint(expr=model.k <= n * model.formed)
    # Without a coalition k = 0 would divide: its size then counts as one, and nobody bears its burdens.
    size = model.k + 1 - model.formed
    model.pooled_variance = pyo.Expression(
        expr=data.variance / size + 2 / size**2 * sum(model.join[i] / model.eps[i] ** 2 for i in players)
    )
    model.burden = pyo.Expression(players, rule=lambda m, i: m.pooled_variance + cost[i] * size**data.alpha * m.eps[i])
    model.social_cost = pyo.Objective(
        sense=pyo.minimize,
        expr=(n - model.k) * data.variance + sum(model.join[i] * model.burden[i] for i in players),
    )
    return model


def build_cp_sat(problem: CentralCoalition) -> CpSatStatement:
    """State the problem in CP-SAT; the objective is rounded down to integers, see `integer_objective`.

    Parameters
    ----------
    problem : CentralCoalition

    Returns
    -------
    CpSatStatement
        Variables by player.

    Raises
    ------
    TooLarge
        For more than 300 players.
    """
    costs, n = privacy_costs(problem), problem.instance.num_players
    model = cp_model.CpModel()
    join, size, member = add_boolean_sizes(model, n, list(costs))
    model.add_at_most_one(size.values())
    scale, error = minimize_social_cost(model, problem.instance.variance, n, size, member, costs)
    return CpSatStatement(model, dict(enumerate(join)), scale, error, problem=problem)


Booleans = dict[int, cp_model.IntVar]
Pairs = dict[tuple[int, int], cp_model.IntVar]


def add_boolean_sizes(
    model: cp_model.CpModel, players: int, pairs: list[tuple[int, int]]
) -> tuple[list[cp_model.IntVar], Booleans, Pairs]:
    """Add join, size and member as `add_sizes` does."""
    join = [model.new_bool_var(f"join[{i}]") for i in range(players)]
    size = {k: model.new_bool_var(f"size[{k}]") for k in range(2, players + 1)}
    member = {(i, k): model.new_bool_var(f"member[{i},{k}]") for i, k in pairs}
    of_size: dict[int, list[cp_model.IntVar]] = {k: [] for k in size}
    of_player: list[list[cp_model.IntVar]] = [[] for _ in join]
    for (i, k), variable in member.items():
        model.add_implication(variable, size[k])
        of_size[k].append(variable)
        of_player[i].append(variable)
    for k, variables in of_size.items():
        model.add(sum(variables) == k * size[k])
    for i, variables in enumerate(of_player):
        model.add(sum(variables) == join[i])
    return join, size, member


def minimize_social_cost(
    model: cp_model.CpModel,
    variance: float,
    players: int,
    size: Booleans,
    member: Pairs,
    costs: dict[tuple[int, int], float],
) -> tuple[float, float]:
    """Set the objective ``n sigma^2 + sum sigma^2 size + sum (cost - sigma^2) member``; return its scale and error."""
    values = np.array([variance, *(costs[pair] - variance for pair in member)])
    coefficients, scale, _ = integer_objective(values, 1, Sense.MIN)
    # One unit each for the members, for the size and for the constant.
    error = (players + 2) / scale
    constant = int(np.floor(players * variance * scale))
    model.minimize(
        constant
        + coefficients[0] * sum(size.values())
        + cp_model.LinearExpr.weighted_sum(list(member.values()), coefficients[1:])
    )
    return scale, error


def read_cp_sat(problem: CentralCoalition, statement: CpSatStatement, solver: cp_model.CpSolver) -> PrivateCoalition:
    """Return the coalition in a solved CP-SAT model, with the levels of Lemma 1."""
    members = statement.at_one(solver)
    return PrivateCoalition(members, problem.instance.assigned_privacy(members))
