"""Where instances come from: generators, Chicago taxi trips, instance and solution files."""

from mcsopt.data import library
from mcsopt.data.coalitions import data_coalition
from mcsopt.data.files import read_instance, read_solution, write_instance, write_solution
from mcsopt.data.generators import GENERATORS, generate
from mcsopt.data.knapsacks import knapsack
from mcsopt.data.load import default_instance, load_instance
from mcsopt.data.markets import sensing_market
from mcsopt.data.taxi_market import chicago, chicago_with_report

__all__ = [
    "GENERATORS",
    "chicago",
    "chicago_with_report",
    "data_coalition",
    "default_instance",
    "generate",
    "knapsack",
    "library",
    "load_instance",
    "read_instance",
    "read_solution",
    "sensing_market",
    "write_instance",
    "write_solution",
]
