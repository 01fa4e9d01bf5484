"""Rows of the acceptance table: the closed forms of privacy hold, planted errors are caught."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from unittest import mock

import numpy as np

from benchmarks.criteria import Effort, Row
from mcsopt.privacy import (
    enumerate_reports,
    expected_distortion,
    expected_one_snapshot_success,
    independent_joint,
    inference_error,
    keep_probability,
    log_channel,
    primer,
    privacy_loss,
    randomized_response,
)
from tests.privacy import measured
from tests.privacy.brute_force import enumerate_all, joint_of, random_case
from tests.privacy.test_primer import NEVER, STEP, first_inside, grid, phi_of

AGREE = 1e-12


def privacy(effort: Effort) -> Iterator[Row]:
    """Brute force, privacy loss, PRIMER and both adversaries; planted errors."""
    cases = effort.size(300)
    effort.report(f"{cases} workers, every intent vector and report")
    worst = max(_differences(np.random.default_rng([7, k])) for k in range(cases))
    target = f"<= {AGREE:g}, {cases} workers, I <= 8"
    yield Row("distortion, inference error, OSR: closed forms and brute force", target, f"{worst:.2g}", worst <= AGREE)

    losses = [(eps, tasks) for eps in (1e-6, 0.1, 1.0, 5.0, 40.0) for tasks in range(1, 9)]
    off = max(
        abs(privacy_loss(log_channel(eps, tasks), notion) - times * eps) / max(1.0, times * eps)
        for eps, tasks in losses
        for notion, times in (("entry", 1), ("vector", tasks))
    )
    name = "privacy loss: eps an entry, I * eps a vector, over all outputs"
    yield Row(name, f"<= {AGREE:g}, absolute up to 1 nat, relative above; I <= 8", f"{off:.2g}", off <= AGREE)

    searches = effort.size(2000)
    effort.report(f"{searches} budgets by PRIMER")
    wrong = sum(not _first_grid_point(np.random.default_rng([8, k])) for k in range(searches))
    name = "PRIMER returns the first grid point that 60 digits allow, or INFEASIBLE"
    yield Row(name, f"all of {searches}", f"{searches - wrong} of {searches}", not wrong)

    effort.report("adversaries on 10,000 entries each")
    found = list(_adversaries())
    far = [c for c in found if abs(c.deviation) > 3]
    most = max(abs(c.deviation) for c in found)
    measured_text = f"{len(far)} beyond 3 standard errors, largest {most:.2f}"
    target = f"{len(found)} comparisons: <= {measured.FEW} beyond 3, none beyond {measured.FAMILY}"
    yield Row("OSR, MSR, MFL measured and expected", target, measured_text, measured.within(found))

    effort.report("planted errors")
    missed = [name for name, planted in _planted() if measured.within(planted)]
    text = "all caught" if not missed else f"missed: {', '.join(missed)}"
    yield Row("planted: 1-p for p, budget 10 % off, fresh noise in an epoch", "caught", text, not missed)


def _differences(rng: np.random.Generator) -> float:
    """Return the largest difference between closed forms, enumeration and the definitions on one worker."""
    case = random_case(rng)
    truth = enumerate_all(joint_of(case.phi), case.epsilon, case.omega, case.gamma)
    summed = enumerate_reports(independent_joint(case.phi), case.epsilon, case.omega, case.gamma)
    pairs = (
        (inference_error(case.phi, case.epsilon, case.omega), truth.inference_error),
        (summed.inference_error, truth.inference_error),
        (expected_distortion(case.epsilon, len(case.phi), case.gamma), truth.distortion),
        (summed.distortion, truth.distortion),
        (expected_one_snapshot_success(case.phi, case.epsilon), truth.success),
    )
    return max(abs(float(ours) - wanted) for ours, wanted in pairs)


def _first_grid_point(rng: np.random.Generator) -> bool:
    """Whether PRIMER's scan agrees with 60 digits; in half of the cases cap and floor are those of grid points."""
    phi = np.append(phi_of(rng, int(rng.integers(1, 6))), 0.5)
    omega, points = rng.random(len(phi)) + 0.01, grid(Fraction(1, 10), Fraction(5), STEP)
    left, right = rng.choice(points, 2) if rng.random() < 0.5 else rng.uniform(0.1, 5.0, 2)
    cap, floor = float(expected_distortion(left, len(phi))), float(inference_error(phi, right, omega))
    found = primer(phi, distortion_cap=cap, error_floor=floor, weight=omega).epsilon[0]
    expected = first_inside(points, phi, omega, 1.0, cap, floor)
    return bool(np.isnan(found)) if expected == NEVER else abs(found - points[expected]) <= AGREE


def _adversaries() -> Iterator[measured.Comparison]:
    yield from measured.one_snapshot(0)
    for memoized in (True, False):
        yield from measured.many_snapshots(0, memoized=memoized)
    yield from measured.leakage(0)


def _planted() -> Iterator[tuple[str, list[measured.Comparison]]]:
    with mock.patch.object(randomized_response, "drawn_flip_probability", keep_probability):
        yield "1-p for p", list(measured.one_snapshot(0))
    yield "budget 10 % off", list(measured.many_snapshots(0, memoized=False, see=measured.careless))
    yield "fresh noise in an epoch", list(measured.many_snapshots(0, memoized=True, see=measured.forgetful))
