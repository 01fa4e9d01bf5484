"""What is asked: one file per problem, with its frozen data, its solution and its ground truth."""

from __future__ import annotations

from mcsopt.problems.assignment import Assignment, AssignmentProblem
from mcsopt.problems.base import Problem, Violation, require_problem
from mcsopt.problems.central_coalition import CentralCoalition, PrivateCoalition
from mcsopt.problems.coalition_game import CoalitionGame, coalition_values
from mcsopt.problems.coalition_structure import CoalitionStructure, Partition
from mcsopt.problems.data_coalition import DataCoalition
from mcsopt.problems.decision_process import DecisionProcess
from mcsopt.problems.finite_mdp import FiniteMdp, Policy
from mcsopt.problems.knapsack import Knapsack, KnapsackInstance, Packing
from mcsopt.problems.offline_welfare import OfflineWelfare
from mcsopt.problems.online_market import OnlineMarket
from mcsopt.problems.online_recruitment import OnlineRecruitment
from mcsopt.problems.registry import instance_types, problem_type, problem_types
from mcsopt.problems.sensing_market import SensingMarket
from mcsopt.problems.stable_coalition import Coalition, StableCoalition
from mcsopt.problems.worker_path import Route, WorkerPath, WorkerPathInstance

__all__ = [
    "Assignment",
    "AssignmentProblem",
    "CentralCoalition",
    "Coalition",
    "CoalitionGame",
    "CoalitionStructure",
    "DataCoalition",
    "DecisionProcess",
    "FiniteMdp",
    "Knapsack",
    "KnapsackInstance",
    "OfflineWelfare",
    "OnlineMarket",
    "OnlineRecruitment",
    "Packing",
    "Partition",
    "Policy",
    "PrivateCoalition",
    "Problem",
    "Route",
    "SensingMarket",
    "StableCoalition",
    "Violation",
    "WorkerPath",
    "WorkerPathInstance",
    "coalition_values",
    "instance_types",
    "problem_type",
    "problem_types",
    "require_problem",
]
