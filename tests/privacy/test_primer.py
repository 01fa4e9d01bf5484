"""PRIMER: the first grid point, or the left end, of the interval that the closed forms describe."""

from __future__ import annotations

import math
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcsopt import tolerances
from mcsopt.errors import InputError
from mcsopt.privacy import Cause, expected_distortion, inference_error, primer
from mcsopt.privacy.primer import grid_points
from tests.privacy.brute_force import exact_flip

SEEDS = st.integers(0, 2**32 - 1)
NEVER = -1
STEP = Fraction(1, 20)


def phi_of(rng: np.random.Generator, tasks: int) -> np.ndarray:
    """Priors with ties, certain ones among them."""
    return np.where(rng.random(tasks) < 0.3, rng.choice([0.0, 1.0, 0.5, 0.2]), rng.random(tasks))


def grid(lowest: Fraction, highest: Fraction, step: Fraction) -> list[float]:
    """Return the grid in exact arithmetic, each point rounded once."""
    return [float(lowest + n * step) for n in range(int((highest - lowest) / step) + 1)]


def exact_distortion(epsilon: float, cost: float) -> Decimal:
    return Decimal(cost) * exact_flip(epsilon)


def exact_error(epsilon: float, phi: np.ndarray, omega: np.ndarray) -> Decimal:
    flip = exact_flip(epsilon)
    return sum(
        (
            Decimal(float(w)) * min(Decimal(float(p)), 1 - Decimal(float(p)), flip)
            for p, w in zip(phi, omega, strict=True)
        ),
        Decimal(0),
    )


def first_inside(points: list[float], phi: np.ndarray, omega: np.ndarray, cost: float, cap: float, floor: float) -> int:
    """Return the first grid point that meets both constraints within their slack, in 60 digits; -1 if none does."""
    with localcontext() as context:
        context.prec = 60
        cap_slack = Decimal(tolerances.RISK) * Decimal(cost)
        floor_slack = Decimal(tolerances.RISK) * Decimal(float(omega.sum()))
        for n, point in enumerate(points):
            useful = exact_distortion(point, cost) <= Decimal(cap) + cap_slack
            if useful and exact_error(point, phi, omega) >= Decimal(floor) - floor_slack:
                return n
    return NEVER


@settings(max_examples=300, derandomize=True)
@given(SEEDS)
def test_the_scan_returns_the_first_grid_point_of_the_interval(seed: int) -> None:
    rng = np.random.default_rng(seed)
    phi = phi_of(rng, int(rng.integers(1, 6)))
    omega, cost = rng.random(len(phi)) + 0.01, float(rng.choice([1.0, 0.3, 20.0]))
    cap, floor = cost * rng.uniform(0, 0.6), rng.uniform(0, 0.7) * float(np.minimum(phi, 1 - phi) @ omega)
    lowest, highest = Fraction(int(rng.integers(1, 20)), 10), Fraction(int(rng.integers(20, 50)), 10)
    points = grid(lowest, highest, STEP)
    found = primer(
        phi, distortion_cap=cap, error_floor=floor, flip_weight=cost / len(phi), weight=omega,
        lowest=float(lowest), highest=float(highest), step=float(STEP),
    )  # fmt: skip
    expected = first_inside(points, phi, omega, cost, cap, floor)
    if expected == NEVER:
        assert np.isnan(found.epsilon[0])
        assert [o.worker for o in found.obstacles] == [0]
    else:
        assert found.epsilon[0] == pytest.approx(points[expected], rel=1e-14)
        assert found.obstacles == ()


@settings(max_examples=300, derandomize=True)
@given(SEEDS)
def test_interval_ends_that_are_grid_points_are_inside(seed: int) -> None:
    rng = np.random.default_rng(seed)
    points = np.array(grid(Fraction(1, 10), Fraction(5), STEP))
    left, right = (int(k) for k in rng.integers(0, len(points), 2))
    tasks = int(rng.integers(1, 6))
    # Some intent stays undecided over the whole range, so that the inference error falls strictly.
    phi = np.append(rng.random(tasks), 0.5)
    omega = rng.random(tasks + 1) + 0.05
    cap = float(expected_distortion(points[left], tasks + 1))
    floor = float(inference_error(phi, points[right], omega))
    found = primer(phi, distortion_cap=cap, error_floor=floor, weight=omega)
    if left <= right:
        assert found.epsilon[0] == pytest.approx(points[left], rel=1e-14)
    else:
        assert np.isnan(found.epsilon[0])
    exact = primer(phi, distortion_cap=cap, error_floor=floor, weight=omega, method="exact")
    assert exact.feasible[0] == (left <= right)
    assert exact.low[0] == pytest.approx(points[left], abs=1e-10)
    assert exact.high[0] == pytest.approx(points[right], abs=1e-9)


@settings(max_examples=300, derandomize=True)
@given(SEEDS)
def test_exact_is_at_most_a_step_before_the_scan(seed: int) -> None:
    rng = np.random.default_rng(seed)
    phi, step = rng.random((6, 4)), float(rng.choice([0.05, 0.3, 1.0]))
    asked = {"distortion_cap": rng.uniform(0, 0.5, 6), "error_floor": rng.uniform(0, 0.4, 6)}
    scan, exact = primer(phi, step=step, **asked), primer(phi, method="exact", **asked)
    assert (exact.feasible | ~scan.feasible).all()
    both = scan.feasible & exact.feasible
    assert (exact.epsilon[both] <= scan.epsilon[both] + 1e-9).all()
    assert (scan.epsilon[both] <= exact.epsilon[both] + step).all()
    for j in np.flatnonzero(exact.feasible & ~scan.feasible):
        # The scan may miss intervals narrower than its step, and nothing else.
        assert exact.high[j] - exact.low[j] < step
        assert next(o for o in scan.obstacles if o.worker == j).cause is Cause.GRID


@settings(max_examples=200, derandomize=True)
@given(SEEDS, st.sampled_from(["scan", "exact"]))
def test_proposition_3_what_is_returned_meets_both_constraints(seed: int, method: str) -> None:
    rng = np.random.default_rng(seed)
    phi, omega, gamma = rng.random((5, 3)), rng.random(3) + 0.01, rng.uniform(0, 2, 5)
    cap, floor = gamma * 3 * rng.uniform(0, 0.5, 5), rng.uniform(0, 0.4, 5) * omega.sum()
    found = primer(phi, distortion_cap=cap, error_floor=floor, flip_weight=gamma, weight=omega, method=method)
    for j in np.flatnonzero(found.feasible):
        epsilon = float(found.epsilon[j])
        assert 0.1 <= epsilon <= 5.0
        assert float(exact_distortion(epsilon, 3 * gamma[j])) <= cap[j] + 1.001e-12 * 3 * gamma[j]
        assert float(exact_error(epsilon, phi[j], omega)) >= floor[j] - 1.001e-12 * omega.sum()
        assert found.distortion[j] == pytest.approx(float(expected_distortion(epsilon, 3, gamma[j])), rel=1e-12)
        assert found.inference_error[j] == pytest.approx(float(inference_error(phi[j], epsilon, omega)), rel=1e-12)
    assert len(found.obstacles) == int((~found.feasible).sum())
    assert np.isnan(found.distortion[~found.feasible]).all()


@settings(max_examples=100, derandomize=True)
@given(SEEDS, st.sampled_from(["scan", "exact"]))
def test_workers_side_by_side_are_workers_one_by_one(seed: int, method: str) -> None:
    rng = np.random.default_rng(seed)
    phi, cap, floor = rng.random((8, 4)), rng.uniform(0.1, 0.5, 8), rng.uniform(0.1, 0.3, 8)
    lowest, highest = rng.uniform(0.1, 1.0, 8), rng.uniform(1.0, 5.0, 8)
    together = primer(
        phi, distortion_cap=cap, error_floor=floor, lowest=lowest, highest=highest, method=method
    )  # fmt: skip
    for j in range(8):
        alone = primer(
            phi[j], distortion_cap=cap[j], error_floor=floor[j], lowest=lowest[j], highest=highest[j], method=method
        )
        assert together.epsilon[j] == pytest.approx(alone.epsilon[0], rel=1e-14, nan_ok=True)
        assert (together.low[j], together.high[j]) == pytest.approx((alone.low[0], alone.high[0]), rel=1e-12)


def test_the_interval_by_hand() -> None:
    # t <= 0.35 from eps = ln(13/7) on; doubts .5 and .1: (t + .1) / 2 >= .2 while t >= .3, up to ln(7/3).
    found = primer([0.5, 0.9], distortion_cap=0.35, error_floor=0.2, method="exact")
    assert found.epsilon[0] == found.low[0] == pytest.approx(math.log(13 / 7), abs=1e-14)
    assert found.high[0] == pytest.approx(math.log(7 / 3), abs=1e-12)
    assert primer([0.5, 0.9], distortion_cap=0.35, error_floor=0.2).epsilon[0] == 0.1 + 11 * 0.05


def test_a_loose_cap_costs_the_lowest_budget() -> None:
    for method in ("scan", "exact"):
        found = primer([0.5], distortion_cap=0.5, error_floor=0.0, method=method)
        assert found.epsilon[0] == found.low[0] == 0.1
        assert found.high[0] == 5.0


def test_a_cap_of_zero_is_met_within_the_slack_only() -> None:
    # Below eps = 27.6 the distortion passes 1e-12; no finite budget is the left end, so the nearest one is taken.
    for highest, epsilon in ((5.0, math.nan), (27.0, math.nan), (40.0, 40.0)):
        found = primer([0.5], distortion_cap=0.0, error_floor=0.0, highest=highest, method="exact")
        assert found.epsilon[0] == pytest.approx(epsilon, nan_ok=True)


def test_flips_that_cost_nothing() -> None:
    assert primer([0.5], distortion_cap=0.0, error_floor=0.1, flip_weight=0.0).epsilon[0] == 0.1


def test_grid_points_are_not_accumulated() -> None:
    # 0.1 + 0.05 + ... gives 4.9499999999999895 for the 98th point.
    cap = float(expected_distortion(4.95, 1))
    assert primer([0.5], distortion_cap=cap, error_floor=0.0).epsilon[0] == 0.1 + 97 * 0.05


@pytest.mark.parametrize("step", [1e-9, 5e-324])
def test_a_step_that_makes_too_many_grid_points(step: float) -> None:
    with pytest.raises(InputError, match="grid points, more than 100000; take a larger step"):
        primer([0.5], distortion_cap=0.1, error_floor=0.0, step=step)


@pytest.mark.parametrize(
    ("lowest", "highest", "step", "points"), [(0.3, 1.0, 0.1, 8), (0.1, 5.0, 0.05, 99), (1, 1, 9, 1)]
)
def test_the_number_of_grid_points(lowest: float, highest: float, step: float, points: int) -> None:
    assert grid_points(np.array([lowest]), np.array([highest]), step).tolist() == [points]
    # The last of them is tried, and is the end of the range to the last digit.
    cap = float(expected_distortion(highest, 1))
    found = primer([0.5], distortion_cap=cap, error_floor=0.0, lowest=lowest, highest=highest, step=step)
    assert found.epsilon[0] == highest


def test_proposition_2_fails_for_accumulated_steps_below_half_a_unit_in_the_last_place() -> None:
    # The smallest counterexample: Algorithm 1 as printed, with eps <- eps + step, may scan 3 budgets, and never ends.
    lowest, step = 1.0, 2.0**-53
    highest = lowest + 2 * step
    allowed = 1 + math.ceil((highest - lowest) / step)
    epsilon = lowest
    for _ in range(allowed + 1):
        assert epsilon <= highest
        epsilon += step
    assert epsilon == lowest
    # Here the budgets are counted.
    found = primer([0.5], distortion_cap=0.1, error_floor=0.0, lowest=lowest, highest=highest, step=step)
    assert np.isnan(found.epsilon[0])


def test_accumulated_steps_lose_the_last_grid_point() -> None:
    # 0.1 + 0.1 + 0.1 passes 0.3 in doubles: the worker who needs 0.3 would be INFEASIBLE.
    assert 0.1 + 0.1 + 0.1 > 0.3
    cap = float(expected_distortion(0.3, 1))
    assert primer([0.5], distortion_cap=cap, error_floor=0.0, highest=0.3, step=0.1).epsilon[0] == 0.3


ASKED = {"distortion_cap": 0.3, "error_floor": 0.2}


@pytest.mark.parametrize(
    ("phi", "changed", "cause", "words"),
    [
        (0.5, {"distortion_cap": 0.001}, Cause.DISTORTION, "even at the highest budget 5 the distortion is 0.00569 ab"),
        (0.1, {}, Cause.INFERENCE_ERROR, "even at the lowest budget 0.1 the inference error is 0.1 below its floor"),
        (0.1, {"distortion_cap": 0.0}, Cause.BOTH, "0.00669 above its cap 0, at the lowest, 0.1, the inference error"),
        (
            0.5, {"error_floor": 0.4}, Cause.CONFLICT,
            "at 0.847298, the smallest budget that keeps the cap, the inference error is 0.1 below its floor 0.4;"
            " at 0.405465, the largest that keeps the floor, the distortion is 0.1 above its cap 0.3",
        ),
        (0.5, {"error_floor": 0.2999}, Cause.GRID, "budgets from 0.847298 to 0.847774 keep cap and floor, but no grid"),
    ],
)  # fmt: skip
def test_the_reason_names_the_constraint_and_the_amount(phi: float, changed: dict, cause: Cause, words: str) -> None:
    found = primer([[0.5], [phi]], **(ASKED | {key: [0.3 if "cap" in key else 0.2, v] for key, v in changed.items()}))
    (obstacle,) = found.obstacles
    assert (obstacle.worker, obstacle.cause) == (1, cause)
    assert words in obstacle.reason
    assert str(obstacle) == f"worker 1: {obstacle.reason}"
    assert found.require_someone() is found


def test_the_amounts_make_the_worker_feasible() -> None:
    # The cap raised by the excess, or the floor lowered by the shortfall, and the conflict is gone.
    asked = {"distortion_cap": 0.3, "error_floor": 0.4}
    (obstacle,) = primer([0.5, 0.45], method="exact", **asked).obstacles
    assert obstacle.cause is Cause.CONFLICT
    for changed in ({"distortion_cap": 0.3 + obstacle.excess}, {"error_floor": 0.4 - obstacle.shortfall}):
        assert primer([0.5, 0.45], method="exact", **(asked | changed)).feasible[0]


def test_nobody_can_meet_the_cap() -> None:
    found = primer(np.full((6, 2), 0.5), distortion_cap=0.001, error_floor=0.0)
    assert not found.feasible.any()
    with pytest.raises(InputError) as caught:
        found.require_someone()
    message = str(caught.value)
    assert message.startswith(
        "workers: none of the 6 can keep both the distortion cap and the inference-error floor: worker 0"
    )
    assert "worker 2: even at the highest budget 5 the distortion is 0.00569 above its cap 0.001; and 3 more" in message
    assert "\n" not in message


def test_no_workers() -> None:
    found = primer(np.zeros((0, 3)), **ASKED)
    assert found.epsilon.shape == (0,)


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"step": 0.0}, "step: is 0.0; give a number > 0"),
        ({"step": -0.1}, "step: is -0.1"),
        ({"step": math.nan}, "step: is nan"),
        ({"step": [0.1, 0.2]}, "step: has shape"),
        ({"step": 1e-9}, "makes 4.9e\\+09 grid points, more than 100000; take a larger step, or method='exact'"),
        ({"lowest": 0.0}, "lowest: is 0.0"),
        ({"lowest": math.nan}, "lowest: is nan"),
        ({"highest": math.inf}, "highest: is inf"),
        ({"lowest": 6.0}, "highest: is 5.0, below lowest, 6.0; swap the two"),
        ({"highest": [5.0, 0.05]}, r"highest\[1\]: is 0.05, below lowest, 0.1"),
        ({"distortion_cap": -0.1}, "distortion_cap: is -0.1"),
        ({"distortion_cap": [0.1, 0.2, 0.3]}, "distortion_cap: has shape"),
        ({"error_floor": math.nan}, "error_floor: is nan"),
        ({"flip_weight": [0.1, -0.1]}, r"flip_weight\[1\]: is -0.1"),
        ({"weight": [1.0, -1.0]}, r"weight\[1\]: is -1.0"),
        ({"method": "newton"}, "method: is 'newton'; use one of 'scan', 'exact'"),
    ],
)
def test_bad_input(changed: dict, words: str) -> None:
    with pytest.raises(InputError, match=words):
        primer([[0.5, 0.5], [0.5, 0.5]], **(ASKED | changed))


@pytest.mark.parametrize("prior", [[[0.5, -0.1]], [[1.5]], [[math.nan]]])
def test_priors_out_of_range(prior: object) -> None:
    with pytest.raises(InputError, match="prior"):
        primer(prior, **ASKED)
