"""The stochastic worker of stagewise trading: delays, channels, completion, cost, utility, risks, quality, paths.

After "Accelerating Stable Matching between Workers and Time-Dependent Tasks for Dynamic MCS: A Stagewise Service
Trading Approach". The text at hand kept the equations' numbers and lost the equations: "(n)" means after eq. (n), never
its letter. Plain numpy over columns (`Legs`), so that pairs, starts and predecessors take the same functions.
"""

from mcsopt.problems.worker_model.channel import (
    mean_transmission,
    mean_transmission_within,
    transmission_slots,
    transmitted_within,
)
from mcsopt.problems.worker_model.delay import delay_laws, mean_delay, slot_delay_law
from mcsopt.problems.worker_model.legs import Legs, legs_to, slots_up
from mcsopt.problems.worker_model.markov import markov_accepts
from mcsopt.problems.worker_model.participants import Channel, Deadline, MarketConstants, Task, Worker
from mcsopt.problems.worker_model.paths import (
    Missed,
    PathJudgement,
    judge_path,
    next_departure_law,
    planned_departure,
)
from mcsopt.problems.worker_model.price_floors import cents_up, price_floor, rational_floor, risk_floor
from mcsopt.problems.worker_model.quality import (
    InverseAge,
    QualityOfAge,
    expected_quality,
    quality_reached,
    quality_risk_bounds,
    sensing_age,
)
from mcsopt.problems.worker_model.surrogate import PathSurrogate, admissible, all_legs, path_surrogate
from mcsopt.problems.worker_model.utility import (
    completion_chance,
    expected_cost,
    expected_realized_utility,
    expected_utility,
    failure_risk,
    utility_risk,
)

__all__ = [
    "Channel",
    "Deadline",
    "InverseAge",
    "Legs",
    "MarketConstants",
    "Missed",
    "PathJudgement",
    "PathSurrogate",
    "QualityOfAge",
    "Task",
    "Worker",
    "admissible",
    "all_legs",
    "cents_up",
    "completion_chance",
    "delay_laws",
    "expected_cost",
    "expected_quality",
    "expected_realized_utility",
    "expected_utility",
    "failure_risk",
    "judge_path",
    "legs_to",
    "markov_accepts",
    "mean_delay",
    "mean_transmission",
    "mean_transmission_within",
    "next_departure_law",
    "path_surrogate",
    "planned_departure",
    "price_floor",
    "quality_reached",
    "quality_risk_bounds",
    "rational_floor",
    "risk_floor",
    "sensing_age",
    "slot_delay_law",
    "slots_up",
    "transmission_slots",
    "transmitted_within",
    "utility_risk",
]
