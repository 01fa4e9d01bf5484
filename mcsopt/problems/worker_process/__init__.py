"""The decision process of a worker on its path (spot stage of stagewise trading): states, episodes, features, table."""

from mcsopt.problems.worker_process.contracts import ABANDON, CONTINUE, WorkerProcess
from mcsopt.problems.worker_process.episodes import Episodes, Step
from mcsopt.problems.worker_process.features import feature_names, features
from mcsopt.problems.worker_process.rows import Rows
from mcsopt.problems.worker_process.services import Services
from mcsopt.problems.worker_process.tabular import tabular

__all__ = [
    "ABANDON",
    "CONTINUE",
    "Episodes",
    "Rows",
    "Services",
    "Step",
    "WorkerProcess",
    "feature_names",
    "features",
    "tabular",
]
