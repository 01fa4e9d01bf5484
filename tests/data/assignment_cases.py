"""Generalised assignment problems drawn by us, their files, and an independent solution of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from mcsopt.data import GeneralisedAssignment


def drawn(agents: int, jobs: int, sense: str, seed: int, *, tightness: float = 0.8) -> GeneralisedAssignment:
    """Draw a problem as the literature does its type C: resources 5 to 25, profits 15 to 25."""
    rng = np.random.default_rng(seed)
    resource = rng.integers(5, 26, (agents, jobs))
    capacity = np.floor(tightness * resource.sum(axis=1) / agents).astype(int)
    return GeneralisedAssignment(rng.integers(15, 26, (agents, jobs)), resource, capacity, sense)


def written(path: Path, *problems: GeneralisedAssignment) -> Path:
    """Write problems as an OR-Library file."""
    lines = [str(len(problems))]
    for jobs in problems:
        lines.append(f" {jobs.num_agents} {jobs.num_jobs} ")
        lines += [" ".join(map(str, row)) for table in (jobs.objective, jobs.resource) for row in table.tolist()]
        lines.append(" ".join(map(str, jobs.capacity.tolist())))
    path.write_text("\n".join(lines) + "\n")
    return path


def optimum(jobs: GeneralisedAssignment) -> int | None:
    """Solve the problem as its own 0-1 program, each job exactly once; None if there is no assignment."""
    m, n = jobs.objective.shape
    each_job = np.tile(np.eye(n), m)
    spent = np.zeros((m, m * n))
    for i in range(m):
        spent[i, i * n : (i + 1) * n] = jobs.resource[i]
    sign = -1 if jobs.sense == "max" else 1
    answer = milp(
        sign * jobs.objective.ravel().astype(float), integrality=np.ones(m * n), bounds=Bounds(0, 1),
        constraints=[LinearConstraint(each_job, 1, 1), LinearConstraint(spent, -np.inf, jobs.capacity)],
        options={"mip_rel_gap": 0.0},
    )  # fmt: skip
    assert answer.status in (0, 2)
    return sign * round(answer.fun) if answer.status == 0 else None
