"""Distortion and inference error: closed forms, enumeration and the definitions agree."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mcsopt.errors import InputError, TooLarge
from mcsopt.privacy import (
    enumerate_reports,
    expected_distortion,
    expected_one_snapshot_success,
    independent_joint,
    inference_error,
)
from tests.privacy.brute_force import enumerate_all, joint_of, random_case

AGREE = 1e-12
CASES = 300


@pytest.mark.parametrize("block", range(6))
def test_closed_forms_agree_with_the_definitions(block: int) -> None:
    rng = np.random.default_rng([1, block])
    for _ in range(CASES // 6):
        case = random_case(rng)
        truth = enumerate_all(joint_of(case.phi), case.epsilon, case.omega, case.gamma)
        closed = inference_error(case.phi, case.epsilon, case.omega)
        assert closed == pytest.approx(truth.inference_error, abs=AGREE)
        assert expected_distortion(case.epsilon, len(case.phi), case.gamma) == pytest.approx(
            truth.distortion, abs=AGREE
        )
        assert expected_one_snapshot_success(case.phi, case.epsilon) == pytest.approx(truth.success, abs=AGREE)
        found = enumerate_reports(independent_joint(case.phi), case.epsilon, case.omega, case.gamma)
        assert found.inference_error == pytest.approx(truth.inference_error, abs=AGREE)
        assert found.distortion == pytest.approx(truth.distortion, abs=AGREE)


def test_joint_priors_agree_with_the_definitions() -> None:
    rng = np.random.default_rng(2)
    for _ in range(60):
        num_tasks = int(rng.integers(1, 6))
        joint = rng.dirichlet(np.full(2**num_tasks, rng.choice([0.05, 1.0])))
        omega, epsilon = rng.random(num_tasks), float(rng.choice([0.01, 0.5, 2.0, 30.0]))
        truth = enumerate_all(joint, epsilon, omega, 0.3)
        found = enumerate_reports(joint, epsilon, omega, 0.3)
        assert found.inference_error == pytest.approx(truth.inference_error, abs=AGREE)
        assert found.distortion == pytest.approx(truth.distortion, abs=AGREE)
        assert found.error_of_report.sum() == pytest.approx(found.inference_error, abs=AGREE)


def test_the_estimate_is_the_best_of_all_vectors() -> None:
    joint = np.array([0.1, 0.2, 0.3, 0.4])
    found = enumerate_reports(joint, math.log(4))
    # After report 0 (no, no): weights .1*.64, .2*.16, .3*.16, .4*.04 of the intents 0..3.
    assert found.estimate[0].tolist() == [0, 0]
    assert found.estimate[3].tolist() == [1, 1]
    assert found.error_of_report[0] == pytest.approx((min(0.112, 0.048) + min(0.096, 0.064)) / 2, abs=AGREE)


def test_dependent_intents_are_easier_to_guess() -> None:
    together = np.zeros(8)
    together[[0, 7]] = 0.5
    dependent = enumerate_reports(together, math.log(4)).inference_error
    assert dependent == pytest.approx(0.2**3 + 3 * 0.2**2 * 0.8, abs=AGREE)
    assert dependent < float(inference_error([0.5, 0.5, 0.5], math.log(4)))


def test_twelve_tasks_are_taken() -> None:
    phi = np.linspace(0.05, 0.95, 12)
    found = enumerate_reports(independent_joint(phi), 1.5)
    assert found.inference_error == pytest.approx(float(inference_error(phi, 1.5)), abs=AGREE)


def test_constraints_8_and_9_are_7() -> None:
    # The largest h that (8) admits is what each report contributes; (9) with it is (7).
    found = enumerate_reports(independent_joint([0.3, 0.6]), 1.0)
    assert (found.error_of_report >= 0).all()
    assert found.error_of_report.sum() == pytest.approx(float(inference_error([0.3, 0.6], 1.0)), abs=AGREE)


def test_workers_side_by_side_are_workers_one_by_one() -> None:
    rng = np.random.default_rng(3)
    phi, epsilon, omega = rng.random((7, 5)), rng.uniform(0.1, 5, 7), rng.random(5)
    alone = [float(inference_error(phi[j], epsilon[j], omega)) for j in range(7)]
    assert inference_error(phi, epsilon, omega) == pytest.approx(alone, rel=1e-14)
    assert inference_error(phi, 1.0).shape == (7,)


def test_both_fall_with_the_budget() -> None:
    budgets = np.linspace(0.01, 10, 50)
    phi = np.tile([0.3, 0.5, 0.45], (50, 1))
    assert (np.diff(inference_error(phi, budgets)) <= 0).all()
    assert (np.diff(expected_distortion(budgets, 3)) < 0).all()
    assert inference_error([0.4, 0.5], math.inf) == 0.0
    assert expected_distortion(math.inf, 4) == 0.0


def test_weights_need_not_sum_to_one_and_are_the_unit() -> None:
    assert inference_error([0.5, 0.5], 1.0, [3, 1]) == pytest.approx(4 * float(inference_error([0.5, 0.5], 1.0)))


@pytest.mark.parametrize("prior", [[0.5, 1.1], [-0.1], [math.nan], 0.5, [[]], [math.inf], ["a"]])
def test_priors_out_of_range(prior: object) -> None:
    with pytest.raises(InputError, match="prior"):
        inference_error(prior, 1.0)


def test_the_entry_is_named() -> None:
    with pytest.raises(InputError, match=r"prior\[1, 0\]: is 1.5; give a number in \[0, 1\]"):
        inference_error([[0.5, 0.5], [1.5, 0.5]], 1.0)


@pytest.mark.parametrize("weight", [[-0.1, 1.1], [0.0, 0.0], [1.0], [[1.0, 1.0]], [math.nan, 1.0], [1e101, 1.0]])
def test_weights_out_of_range(weight: object) -> None:
    with pytest.raises(InputError, match="weight"):
        inference_error([0.5, 0.5], 1.0, weight)


def test_other_bad_input() -> None:
    with pytest.raises(InputError, match="epsilon: has shape"):
        inference_error([[0.5], [0.5]], [1.0, 1.0, 1.0])
    with pytest.raises(InputError, match="flip_weight: is -1"):
        expected_distortion(1.0, 2, -1)
    with pytest.raises(InputError, match="num_tasks"):
        expected_distortion(1.0, 0)
    with pytest.raises(
        InputError, match=r"flip_weight: has shape \(3,\); give one number, or one for each of 2 workers"
    ):
        expected_distortion([1.0, 2.0], 5, [1.0, 1.0, 1.0])
    with pytest.raises(InputError, match=r"flip_weight: has shape \(2,\); give that of one worker"):
        enumerate_reports([0.5, 0.5], 1.0, flip_weight=[1.0, 1.0])  # type: ignore[arg-type]  # those of two
    with pytest.raises(InputError, match="prior: has shape"):
        independent_joint([[0.5]])
    with pytest.raises(TooLarge, match="use the closed forms"):
        independent_joint(np.full(13, 0.5))
    with pytest.raises(TooLarge):
        enumerate_reports(np.full(2**13, 2.0**-13), 1.0)


@pytest.mark.parametrize(
    ("joint", "words"),
    [
        ([0.5, 0.5, 0.0], "give one probability for each"),
        ([1.0], "give one probability for each"),
        ([[0.5, 0.5]], "give one probability for each"),
        ([0.5, 0.4], "sums to 0.9"),
        ([1.5, -0.5], r"joint\[0\]: is 1.5"),
    ],
)
def test_joint_priors_out_of_range(joint: object, words: str) -> None:
    with pytest.raises(InputError, match=words):
        enumerate_reports(joint, 1.0)
