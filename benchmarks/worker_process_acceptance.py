"""Rows of the acceptance table: the worker's process is exact, fast and small, and what learners are compared on."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from benchmarks.criteria import Effort, Row
from benchmarks.worker_process import rate
from mcsopt.data.sensing_workers import sensing_worker
from mcsopt.data.worker_processes import FROZEN, frozen_process, process_of, worker_process
from mcsopt.problems import FiniteMdp
from mcsopt.problems.worker_model import judge_path
from mcsopt.problems.worker_process import Episodes, tabular
from mcsopt.solvers import solve
from mcsopt.solvers.worker_process import BASELINES, never_abandon, optimal, value_of
from mcsopt.verification import certify, verify
from tests.problems.worker_process.transcription import realized_utility

AGREE = 1e-9
PATHS, TABLES, JUDGED = 10_000, 50, 200


def worker_process_rows(effort: Effort) -> Iterator[Row]:
    """Path by path, state by state, and by the law of departures; rate, memory, baselines, environment."""
    yield _paths(effort)
    yield _judged(effort)
    yield from _tables(effort)
    yield from _frozen()
    yield from _speed(effort)
    yield _environment()


def _paths(effort: Effort) -> Row:
    count, differ, processes = effort.size(PATHS), 0.0, 50
    each = max(count // processes, 1)
    for seed in range(processes):
        effort.report(f"process {seed} of {processes}")
        process, rng = worker_process(4, seed=seed, speed=900.0), np.random.default_rng(seed)
        episodes, abandons = Episodes(process, each, seed=seed), rng.choice([0.0, 0.02, 0.2])
        traces: list[list[tuple[bool, int, float]]] = [[] for _ in range(each)]
        while not episodes.done.all():
            running, decided = ~episodes.done, rng.random(each) < abandons
            step = episodes.step(decided)
            for k in np.flatnonzero(running):
                traces[k].append((bool(decided[k]), int(step.delay[k]), float(step.transmission[k])))
        earned = np.array([realized_utility(process, trace) for trace in traces])
        differ = max(differ, float(np.abs(earned - episodes.returns).max()))
    name = f"worker process: return equals realized utility (9), {each * processes:,} paths"
    return Row(name, f"within {AGREE:g}", f"{differ:.2g}", differ <= AGREE)


def _judged(effort: Effort) -> Row:
    count, differ = effort.size(JUDGED), 0.0
    for seed in range(count):
        market, path = sensing_worker(5, seed=seed), [0, 3, 1]
        process, payments = process_of(market, path), market.payments[path]
        judged = judge_path(market.path_legs(path), payments, 0.2 * payments, missed="given-up").exact
        differ = max(differ, abs(value_of(process, never_abandon(process)).value - judged))
    name = f"worker process: never abandoning is worth what judge_path says, {count} paths"
    return Row(name, f"within {AGREE:g}", f"{differ:.2g}", differ <= AGREE)


def _tables(effort: Effort) -> Iterator[Row]:
    count, differ, refused = effort.size(TABLES), 0.0, 0
    for seed in range(count):
        effort.report(f"table {seed} of {count}")
        process = worker_process(3, seed=seed, speed=2500.0)
        process = replace(process, worker=replace(process.worker, longest_delay=4))
        problem, best = FiniteMdp(tabular(process)), optimal(process)
        solved = solve(problem)
        assert solved.objective is not None
        differ = max(differ, abs(solved.objective - best.value))
        certificate = certify(problem, best.actions)
        refused += not (verify(certificate).accepted and certificate.status.value == "PROVED")
    name = f"worker process: on the fly as in the table, {count} processes"
    yield Row(name, f"within {AGREE:g}", f"{differ:.2g}", differ <= AGREE)
    name = "worker process: its policies are certified optimal from the table"
    yield Row(name, "all", f"{count - refused} of {count}", not refused)


def _frozen() -> Iterator[Row]:
    for name in FROZEN:
        process = frozen_process(name)
        best = optimal(process).value
        lost = {rule: (best - value_of(process, make(process)).value) / best for rule, make in BASELINES.items()}
        told = ", ".join(f"{rule} {100 * share:.0f} %" for rule, share in lost.items())
        what = f"worker process {name}, {process.num_states:,} states: each rule of thumb loses"
        yield Row(what, ">= 15 %", told, min(lost.values()) >= 0.15)


def _speed(effort: Effort) -> Iterator[Row]:
    for name in FROZEN:
        effort.report(f"rate on {name}")
        measured = rate(frozen_process(name)) / 1e6
        what = f"worker process {name}: backward induction, M states per CPU second"
        yield Row(what, ">= 30", f"{measured:.0f}", measured >= 30)
    effort.report("1.5e8 states")
    # A process of its own, for its own peak of memory.
    script = "import json; from benchmarks.worker_process import large; print(json.dumps(large()))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    states, layout, induction, memory = json.loads(run.stdout)
    measured = f"{states:,} states, {layout:.1f} + {induction:.1f} CPU s, {memory:.2f} GiB"
    met = states >= 1e8 and layout + induction <= 60 and memory <= 4
    yield Row("worker process: 1e8 states", "<= 60 s, <= 4 GB", measured, met)


def _environment() -> Row:
    from gymnasium.utils.env_checker import check_env

    from mcsopt.simulation.worker_environment import WorkerEnvironment

    check_env(WorkerEnvironment(frozen_process("15k")), skip_render_check=True)  # raises
    return Row("worker process: Gymnasium's check_env", "passes", "passes", True)
