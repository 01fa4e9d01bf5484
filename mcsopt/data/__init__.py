"""Where instances come from: generators, taxi trips, files, classical formats, frames, the library."""

from mcsopt.data import library
from mcsopt.data.coalitions import data_coalition
from mcsopt.data.files import read_instance, read_solution, write_instance, write_solution
from mcsopt.data.frames import (
    assignment_frame,
    instance_frames,
    instance_from_frames,
    instance_scalars,
    trace_frame,
)
from mcsopt.data.generators import GENERATORS, generate
from mcsopt.data.knapsack_files import RecordedKnapsack, pisinger_knapsacks, plain_knapsack
from mcsopt.data.knapsacks import knapsack
from mcsopt.data.load import default_instance, load_instance
from mcsopt.data.markets import sensing_market
from mcsopt.data.online_markets import drawn_online_market, idle_workers, online_market
from mcsopt.data.or_library import GeneralisedAssignment, JobAssignment, generalised_assignments
from mcsopt.data.path_files import PlacedPath, optw_path, solomon_path
from mcsopt.data.taxi_market import chicago, chicago_with_report
from mcsopt.data.worker_paths import worker_path, worker_path_positions

__all__ = [
    "GENERATORS",
    "GeneralisedAssignment",
    "JobAssignment",
    "PlacedPath",
    "RecordedKnapsack",
    "assignment_frame",
    "chicago",
    "chicago_with_report",
    "data_coalition",
    "default_instance",
    "drawn_online_market",
    "generalised_assignments",
    "generate",
    "idle_workers",
    "instance_frames",
    "instance_from_frames",
    "instance_scalars",
    "knapsack",
    "library",
    "load_instance",
    "online_market",
    "optw_path",
    "pisinger_knapsacks",
    "plain_knapsack",
    "read_instance",
    "read_solution",
    "sensing_market",
    "solomon_path",
    "trace_frame",
    "worker_path",
    "worker_path_positions",
    "write_instance",
    "write_solution",
]
