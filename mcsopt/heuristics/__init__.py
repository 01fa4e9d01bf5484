"""How it scales: one file per published algorithm, under its published name; each returns a FEASIBLE result."""

from mcsopt.heuristics.aspire_off import aspire_off
from mcsopt.heuristics.aspire_on import aspire_on
from mcsopt.heuristics.best_response import best_response
from mcsopt.heuristics.coalition_dynamics import entry_exit_dynamics, greedy_coalition
from mcsopt.heuristics.coalition_formation import (
    coalition_formation,
    coalition_formation_printed,
    form_coalitions,
    greedy_merge,
)
from mcsopt.heuristics.density_greedy import density_greedy
from mcsopt.heuristics.dqn import double_dqn, dqn
from mcsopt.heuristics.eaco import eaco
from mcsopt.heuristics.eaco_local import eaco_local_search
from mcsopt.heuristics.greedy import greedy
from mcsopt.heuristics.myopic import myopic, rollout
from mcsopt.heuristics.registry import heuristics, load_heuristic

__all__ = [
    "aspire_off",
    "aspire_on",
    "best_response",
    "coalition_formation",
    "coalition_formation_printed",
    "density_greedy",
    "double_dqn",
    "dqn",
    "eaco",
    "eaco_local_search",
    "entry_exit_dynamics",
    "form_coalitions",
    "greedy",
    "greedy_coalition",
    "greedy_merge",
    "heuristics",
    "load_heuristic",
    "myopic",
    "rollout",
]
