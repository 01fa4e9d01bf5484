"""Rows of the acceptance table: coalition structures are the best, in time, and no false certificate passes."""

from __future__ import annotations

import json
import math
import resource
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.criteria import Effort, Row
from mcsopt.data.coalition_games import VALUES, coalition_game
from mcsopt.problems import CoalitionGame, CoalitionStructure, Partition
from mcsopt.result import Status
from mcsopt.solvers import solve
from mcsopt.solvers.registry import Settings
from mcsopt.solvers.subset_program import SubsetProgram
from mcsopt.verification import certify, verify
from tests.conformance import mutation

AGREE = 1e-8
GAMES, MUTANTS, INSTANCES = 300, 100_000, 30
SECONDS = {15: 1.0, 20: 60.0}
GIBIBYTES = 1.0


def draw(k: int) -> CoalitionStructure:
    """Return game k: 2 to 9 players, each family in turn; a third with rounded values, half with unlike players."""
    rng = np.random.default_rng([11, k])
    family, players = list(VALUES)[k % len(VALUES)], int(rng.integers(2, 10))
    game = coalition_game(players, family, seed=k, threshold=0.35 if rng.random() < 0.5 else None)
    value = np.round(game.value) if k % 3 == 0 else game.value
    return CoalitionStructure(CoalitionGame(players, value, game.feasible))


def program_alone(problem: CoalitionStructure) -> Partition:
    """Return what the dynamic program finds without prices."""
    table = SubsetProgram(problem)
    table.solve(np.inf, Settings())
    partition, _ = table.partition()
    assert partition is not None
    return partition


def measure(players: int) -> dict[str, Any]:
    """Return seconds of the table alone and of the whole solver, the status, and the peak of the process's memory."""
    problem = CoalitionStructure(coalition_game(players, "normal", seed=0))
    program_alone(CoalitionStructure(coalition_game(2)))  # loads the compiled code
    began = time.perf_counter()
    program_alone(problem)
    alone = time.perf_counter() - began
    result = solve(problem)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (2**30 if sys.platform == "darwin" else 2**20)
    return {"alone": alone, "whole": math.fsum(result.seconds.values()), "status": result.status, "peak": peak}


def _large(players: int, limit: float) -> Row:
    # A process of its own: the peak of this one would be that of all checks before.
    command = [sys.executable, "-m", "benchmarks.structure_acceptance", str(players)]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    return Row(
        f"coalition structures: {players} players (normal): table alone, whole solver, memory of the process",
        f"<= {limit:g} s, PROVED, <= {GIBIBYTES:g} GiB",
        f"{told['alone']:.2f} s, {told['whole']:.2f} s, {told['status']}, {told['peak']:.2f} GiB",
        max(told["alone"], told["whole"]) <= limit and told["status"] == Status.PROVED and told["peak"] <= GIBIBYTES,
    )


def structure(effort: Effort) -> Iterator[Row]:
    """Solvers agree; certificates verify; times and memory of the dynamic program; forgeries."""
    count, differ, unproved, refused = effort.size(GAMES), 0.0, 0, []
    for k in range(count):
        if k % 20 == 0:
            effort.report(f"game {k} of {count}")
        problem = draw(k)
        result = solve(problem)
        assert result.objective is not None
        scale = max(1.0, abs(result.objective))
        others = [solve(problem, solver=name).objective for name in ("highs", "enumeration")]
        others.append(problem.evaluate(program_alone(problem)))
        for other in others:
            assert other is not None
            differ = max(differ, abs(other - result.objective) / scale)
        unproved += result.status is not Status.PROVED
        certificate = certify(problem, result)
        verdict = verify(certificate)
        if not verdict.accepted or certificate.status is not Status.PROVED:
            refused.append((k, verdict.reason))
    yield Row(
        f"coalition structures: subset program, set partitioning, brute force; {count} games of up to 9 players",
        f"objectives within {AGREE:g}, all PROVED",
        f"{differ:.2g}, {unproved} not",
        differ <= AGREE and not unproved,
    )
    yield Row(
        "coalition structures: their certificates verify", "all", f"{count - len(refused)} of {count}", not refused
    )
    for players, limit in SECONDS.items():
        effort.report(f"{players} players")
        yield _large(players, limit)
    effort.report("forging certificates")
    tally = mutation.run(mutation.certificates("coalition-structure", INSTANCES), effort.size(MUTANTS), seed=1)
    met = not tally.false_accepted and not tally.crashes
    yield Row("coalition structures: false mutants accepted", f"0 of {tally.total:,}", str(tally), met)


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]))))
