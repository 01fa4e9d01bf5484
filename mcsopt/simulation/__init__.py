"""The two-stage execution, its baselines, metrics and figures: what happens to a plan when workers do not come."""

from mcsopt.simulation.execution import Execution, Policy, execute
from mcsopt.simulation.methods import METHODS, Method, method
from mcsopt.simulation.metrics import measure
from mcsopt.simulation.scenario import Scenario, draw_scenario

__all__ = ["METHODS", "Execution", "Method", "Policy", "Scenario", "draw_scenario", "execute", "measure", "method"]
