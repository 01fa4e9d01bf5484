"""A finite Markov decision process as a linear program in visits, and in integers as values under chosen actions."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import NamedTuple

import numpy as np
import pyomo.environ as pyo
from ortools.sat.python import cp_model
from pyomo.core.expr import LinearExpression

from mcsopt.errors import InputError, TooLarge
from mcsopt.models.cp_sat_statement import CpSatStatement
from mcsopt.models.readable_model import ReadableModel
from mcsopt.problems import FiniteMdp, Policy

DESCRIPTION = """\
Finite Markov decision process

  choose  x[t,s,a] >= 0                 discounted expected number of times that action a is taken in state s, at
                                        step t (without t if the horizon is infinite)
  max     sum over t, s, a of r(s,a) x[t,s,a]
  s.t.    sum over a of x[0,s,a] = 1 for the start, 0 for any other state
          sum over a of x[t+1,s',a] = discount * sum over s, a of p(s'|s,a) x[t,s,a]
          (infinite horizon: sum over a of x[s',a] = [s' is the start] + discount * sum p(s'|s,a) x[s,a])

The dual of  min V(start)  s.t.  V(s) >= r(s,a) + discount * sum over s' of p(s'|s,a) V(s')  for all s, a: its values
are a certificate. Terminal states have no action and value 0; only states that can be reached are stated.

This process: {states} states, {choices} actions in all, {outcomes} outcomes, discount {discount:.10g}, {horizon}.
"""

MOST_VARIABLES = 300_000
MAX_DIGITS = 6
TOP = 2**30
"""Largest value variable of the CP-SAT statement: times a probability in units of 1e-6 it stays below 2^51."""


def describe(problem: FiniteMdp) -> str:
    """Return the statement in words and mathematics, with this process's numbers."""
    process = problem.instance
    return DESCRIPTION.format(
        states=process.num_states, choices=len(process.choices.state), outcomes=len(process.reward),
        discount=process.discount,
        horizon="infinite horizon" if process.horizon is None else f"{process.horizon} steps",
    )  # fmt: skip


Node = tuple[int, int]
"""Step and state at which an action is taken; step 0 if the horizon is infinite."""


class Nodes(NamedTuple):
    """Where actions are taken, and what follows.

    Attributes
    ----------
    choices : dict
        The choices (places in ``process.choices``) by node, the start's first; terminal states are left out.
    """

    problem: FiniteMdp
    choices: dict[Node, list[int]]

    def after(self, node: Node, choice: int) -> list[tuple[Node, float]]:
        """Return the nodes that may follow a choice, with their probabilities; what has no actions is left out."""
        table, infinite = self.problem.instance.choices, self.problem.instance.horizon is None
        places = table.outcomes(choice)
        step = 0 if infinite else node[0] + 1
        ends = ((step, int(table.next_state[place])) for place in places)
        pairs = zip(ends, table.probability[places.start : places.stop].tolist(), strict=True)
        return [(end, p) for end, p in pairs if p > 0 and end in self.choices]

    def policy(self, taken: dict[Node, int]) -> Policy:
        """Return the policy of the choices named by node, and of first actions elsewhere."""
        process = self.problem.instance
        first = np.where(process.terminal, -1, process.choices.first_choice[:-1])
        steps = [first.copy() for _ in range(process.horizon or 1)]
        for (step, state), choice in taken.items():
            steps[step][state] = choice
        return self.problem.policy(steps)


def nodes(problem: FiniteMdp) -> Nodes:
    """Return every step and state in which an action is taken.

    Raises
    ------
    TooLarge
        Beyond 300,000 variables, one for each action of each.
    """
    process, table = problem.instance, problem.instance.choices
    found: dict[Node, list[int]] = {}
    count, pending, seen = 0, [(0, process.start)], {(0, process.start)}
    for step, state in pending:
        choices = list(table.of(state))
        if not choices:
            continue
        found[step, state] = choices
        count += len(choices)
        if count > MOST_VARIABLES:
            raise TooLarge(f"more than {MOST_VARIABLES:,} actions to state; use solver 'dynamic-programming'")
        later = 0 if process.horizon is None else step + 1
        if process.horizon is not None and later >= process.horizon:
            continue
        for place in range(int(table.first_outcome[choices[0]]), int(table.first_outcome[choices[-1] + 1])):
            end = (later, int(table.next_state[place]))
            if end not in seen and table.probability[place] > 0:
                seen.add(end)
                pending.append(end)
    return Nodes(problem, found)


def build_pyomo(problem: FiniteMdp) -> pyo.ConcreteModel:
    """State the problem as a linear program in Pyomo.

    Parameters
    ----------
    problem : FiniteMdp

    Returns
    -------
    pyomo.environ.ConcreteModel
        ``visits[t,s,c]`` for each choice c of state s at step t; ``balance[t,s]``, whose dual is the value of
        the state; ``expected_return``, in units of ``objective_unit``, the largest reward, as solvers'
        tolerances are absolute.

    Raises
    ------
    TooLarge
        Beyond 300,000 variables.
    """
    process, stated = problem.instance, nodes(problem)
    model = ReadableModel("finite_mdp", problem)
    keys = [(*node, choice) for node, choices in stated.choices.items() for choice in choices]
    model.visits = pyo.Var(keys, domain=pyo.NonNegativeReals)
    terms: dict[Node, dict[tuple[int, int, int], float]] = {node: {} for node in stated.choices}
    for step, state, choice in keys:
        key = (step, state, choice)
        own = terms[step, state]
        own[key] = own.get(key, 0.0) + 1.0
        for end, p in stated.after((step, state), choice):
            terms[end][key] = terms[end].get(key, 0.0) - process.discount * p
    start = (0, process.start)

    def balance(model: pyo.ConcreteModel, step: int, state: int) -> tuple[LinearExpression, float]:
        row = terms[step, state]
        left = LinearExpression(linear_coefs=list(row.values()), linear_vars=[model.visits[key] for key in row])
        return (left, 1.0 if (step, state) == start else 0.0)

    model.balance = pyo.Constraint(list(stated.choices), rule=balance)
    reward = process.choices.expected_reward
    unit = max((abs(float(reward[choice])) for *_, choice in keys), default=0.0) or 1.0
    model.objective_unit = unit
    model.expected_return = pyo.Objective(
        sense=pyo.maximize,
        expr=LinearExpression(
            linear_coefs=[float(reward[choice]) / unit for *_, choice in keys],
            linear_vars=[model.visits[key] for key in keys],
        ),
    )
    return model


def read_pyomo(problem: FiniteMdp, model: pyo.ConcreteModel) -> Policy:
    """Return the policy in a solved model: in every state visited the action taken most, elsewhere the first one."""
    most: dict[Node, float] = {}
    taken: dict[Node, int] = {}
    for (step, state, choice), variable in model.visits.items():
        visits = variable.value or 0.0
        if visits > most.get((step, state), 0.0):
            most[step, state], taken[step, state] = visits, choice
    return Nodes(problem, {}).policy(taken)


def build_cp_sat(problem: FiniteMdp) -> CpSatStatement:
    """State the problem in CP-SAT: a choice in each state, and a value that the choice bounds.

    The discounted probabilities ``d p`` become integers ``k / 10^D``, or the model refuses. With ``low`` at most, and
    ``high`` at least, what any policy is worth, ``W[s]`` stands for ``scale (V(s) - low(s))``, and

        choice c taken in s:   10^D W[s] <= ceil(10^D scale (r + d sum p low(s') - low(s))) + sum k W[s'] + 10^D,

    which holds for the values of every policy rounded up; so the bound is one of the problem. The last 10^D makes room
    for rounding W up and, one unit of it, for that of ``d p``. The left side is never more than 3 units of W below the
    right one, which is asked for as well: so the values are those of the policy, to 3 units a step, or ``3 / (1 - d)``.

    Parameters
    ----------
    problem : FiniteMdp

    Returns
    -------
    CpSatStatement
        Variables by (step, state, choice).

    Raises
    ------
    TooLarge
        Beyond 300,000 variables.
    InputError
        If discount times probability is no decimal of at most 6 digits after the point.
    """
    process, stated = problem.instance, nodes(problem)
    unit, weight = _integer_probabilities(stated)
    low, high = _ranges(stated)
    span = max((high[node] - low[node] for node in low), default=0.0)
    scale = 2.0 ** math.floor(math.log2(TOP / span)) if span > 0 else 1.0
    model = cp_model.CpModel()
    value = {
        node: model.new_int_var(
            0, math.ceil((Fraction(high[node]) - Fraction(low[node])) * Fraction(scale)), f"value{node}"
        )
        for node in low
    }
    take = {}
    for node, choices in stated.choices.items():
        for choice in choices:
            chosen = take[(*node, choice)] = model.new_bool_var(f"take{(*node, choice)}")
            ends = stated.after(node, choice)
            gain = Fraction(float(process.choices.expected_reward[choice])) - Fraction(low[node])
            gain += sum((Fraction(process.discount) * Fraction(p) * Fraction(low[end]) for end, p in ends), Fraction(0))
            ceiling = math.ceil(unit * Fraction(scale) * gain) + unit
            ceiling += sum(k * value[end] for (end, _), k in zip(ends, weight[(*node, choice)], strict=True))
            model.add(unit * value[node] <= ceiling).only_enforce_if(chosen)
            model.add(unit * value[node] >= ceiling - 3 * unit).only_enforce_if(chosen)
        model.add_exactly_one(take[(*node, choice)] for choice in choices)
    start = (0, process.start)
    steps = process.horizon if process.horizon is not None else 1 / (1 - process.contraction)
    if start in value:
        model.maximize(value[start] + math.ceil(Fraction(low[start]) * Fraction(scale)))
    error = (3 * steps + 1) / scale if span > 0 else 0.0
    return CpSatStatement(model, take, scale, error, problem=problem)


def read_cp_sat(problem: FiniteMdp, statement: CpSatStatement, solver: cp_model.CpSolver) -> Policy:
    """Return the policy in a solved CP-SAT model."""
    taken = {(step, state): choice for step, state, choice in statement.at_one(solver)}
    return Nodes(problem, {}).policy(taken)


def _integer_probabilities(stated: Nodes) -> tuple[int, dict[tuple[int, int, int], list[int]]]:
    """Return a power of ten and, by choice, the discounted probabilities in units of its inverse.

    Their errors, times the largest value that they can meet, are together less than one unit of a value.
    """
    process = stated.problem.instance
    keys = [(*node, choice) for node, choices in stated.choices.items() for choice in choices]
    exact = {key: [Fraction(process.discount) * Fraction(p) for _, p in stated.after(key[:2], key[2])] for key in keys}
    for digits in range(MAX_DIGITS + 1):
        unit = 10**digits
        weight = {key: [round(unit * p) for p in row] for key, row in exact.items()}
        errors = (sum(abs(unit * p - k) for p, k in zip(exact[key], weight[key], strict=True)) for key in keys)
        if max(errors, default=Fraction(0)) * TOP <= 1:
            return unit, weight
    raise InputError(
        "transitions.probability", f"times the discount has more than {MAX_DIGITS} digits after the point",
        "use solver 'dynamic-programming' or 'highs'",
    )  # fmt: skip


def _ranges(stated: Nodes) -> tuple[dict[Node, float], dict[Node, float]]:
    """Return what each node is worth at least and at most, whatever the policy: by its rewards and the steps left."""
    process = stated.problem.instance
    table = process.choices
    rewards = [float(table.expected_reward[c]) for choices in stated.choices.values() for c in choices]
    least, most = min([0.0, *rewards]), max([0.0, *rewards])
    factor = process.contraction
    low, high = {}, {}
    for step, state in stated.choices:
        if process.horizon is None:
            weight = 1 / (1 - factor)
        else:
            weight = math.fsum(factor**t for t in range(process.horizon - step))
        # Rounded outward.
        low[step, state], high[step, state] = least * weight * (1 + 1e-12), most * weight * (1 + 1e-12)
    return low, high
