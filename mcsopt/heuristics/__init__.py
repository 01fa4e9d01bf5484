"""How it scales: one file per published algorithm, under its published name; each returns a FEASIBLE result."""

from mcsopt.heuristics.aspire_off import aspire_off
from mcsopt.heuristics.aspire_on import aspire_on
from mcsopt.heuristics.best_response import best_response
from mcsopt.heuristics.coalition_dynamics import entry_exit_dynamics, greedy_coalition
from mcsopt.heuristics.density_greedy import density_greedy
from mcsopt.heuristics.dqn import double_dqn, dqn
from mcsopt.heuristics.greedy import greedy
from mcsopt.heuristics.myopic import myopic, rollout
from mcsopt.heuristics.registry import heuristics, load_heuristic

__all__ = [
    "aspire_off",
    "aspire_on",
    "best_response",
    "density_greedy",
    "double_dqn",
    "dqn",
    "entry_exit_dynamics",
    "greedy",
    "greedy_coalition",
    "heuristics",
    "load_heuristic",
    "myopic",
    "rollout",
]
