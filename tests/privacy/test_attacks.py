"""The adversaries: their rules, and how often they are right, against closed forms and enumeration."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from mcsopt.errors import InputError
from mcsopt.privacy import (
    enumerate_reports,
    expected_frequency_leakage,
    expected_frequency_success,
    expected_one_snapshot_success,
    flip_probability,
    frequency_estimate,
    frequency_leakage,
    independent_joint,
    keep_probability,
    one_snapshot_estimate,
    randomized_response,
    report,
    snapshots,
    success_rate,
)
from mcsopt.privacy.channel import vectors
from tests.privacy import measured
from tests.privacy.brute_force import majority_success, random_case

SEED = 0
"""Fixed; the rule of `measured.FAMILY` and `measured.FEW` does not depend on it but for the chance they name."""


def test_the_bayes_adversary_is_right_as_often_as_the_closed_form_says() -> None:
    found = list(measured.one_snapshot(SEED))
    assert len(found) == 40
    assert measured.within(found), found


@pytest.mark.parametrize("memoized", [True, False])
def test_the_frequency_adversary_is_right_as_often_as_the_closed_form_says(memoized: bool) -> None:
    found = list(measured.many_snapshots(SEED, memoized=memoized))
    assert len(found) == 100
    assert measured.within(found), found


def test_leakage_and_several_epochs() -> None:
    found = list(measured.leakage(SEED))
    assert len(found) == 40
    assert measured.within(found), found


def test_planted_flips_for_keeps_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(randomized_response, "drawn_flip_probability", keep_probability)
    assert not measured.within(list(measured.one_snapshot(SEED)))
    assert not measured.within(list(measured.many_snapshots(SEED, memoized=True)))


def test_planted_budgets_that_are_off_are_caught() -> None:
    assert not measured.within(list(measured.many_snapshots(SEED, memoized=False, see=measured.careless)))


def test_planted_fresh_noise_in_an_epoch_is_caught() -> None:
    assert not measured.within(list(measured.many_snapshots(SEED, memoized=True, see=measured.forgetful)))


def test_planted_memory_across_epochs_is_caught() -> None:
    def stubborn(bits: Any, epsilon: float, count: int, *, rounds_per_epoch: int, simulated: Any) -> np.ndarray:
        return snapshots(bits, epsilon, count, rounds_per_epoch=count, simulated=simulated)

    assert not measured.within(list(measured.many_snapshots(SEED, memoized=False, see=stubborn)))


@pytest.mark.parametrize("epsilon", [0.01, 1.0, 6.0])
@pytest.mark.parametrize("phi", [0.0, 0.35, 0.5, 1.0])
def test_majorities_agree_with_enumeration(phi: float, epsilon: float) -> None:
    for rounds in range(1, 8):
        for length in range(1, rounds + 2):
            closed = float(expected_frequency_success([phi], epsilon, rounds, rounds_per_epoch=length))
            assert closed == pytest.approx(majority_success(phi, epsilon, rounds, length), abs=1e-12)


def test_within_an_epoch_nothing_is_gained() -> None:
    phi = np.random.default_rng(0).random((4, 3))
    for rounds in (1, 2, 7, 100, 1000):
        closed = expected_frequency_success(phi, [0.1, 1.0, 3.0, 9.0], rounds, rounds_per_epoch=rounds)
        assert closed == pytest.approx(keep_probability([0.1, 1.0, 3.0, 9.0]), abs=1e-14)


@pytest.mark.parametrize("epochs", [1, 2, 3, 10])
@pytest.mark.parametrize("length", [2, 5])
def test_whole_epochs_are_as_good_as_fresh_snapshots(epochs: int, length: int) -> None:
    phi = [0.2, 0.6]
    memoized = expected_frequency_success(phi, 0.9, epochs * length, rounds_per_epoch=length)
    assert memoized == pytest.approx(float(expected_frequency_success(phi, 0.9, epochs)), abs=1e-14)


def test_odd_numbers_of_fresh_snapshots_wear_protection_down() -> None:
    rates = [float(expected_frequency_success([0.3], 0.5, rounds)) for rounds in range(1, 400, 2)]
    assert (np.diff(rates) > 0).all()
    assert rates[0] == pytest.approx(float(keep_probability(0.5)))
    assert rates[-1] > 0.99


def test_a_second_snapshot_can_make_the_adversary_worse() -> None:
    # The smallest counterexample to "accuracy improves with T": ties count as 1, here always wrong.
    once, twice = (float(expected_frequency_success([0.0], 1.0, rounds)) for rounds in (1, 2))
    assert twice == pytest.approx(once**2)
    assert twice < once
    # At phi = 1/2 what ties take from zeros they give to ones.
    assert expected_frequency_success([0.5], 1.0, 2) == pytest.approx(once)


def test_leakage_is_blind_to_memoization() -> None:
    assert float(expected_frequency_leakage(math.log(4))) == pytest.approx(0.2)
    assert frequency_leakage([[1, 0], [1, 1]], [1, 0]).tolist() == 0.25
    assert frequency_leakage(np.zeros((3, 2, 2)), [[0, 1], [0, 0]]).tolist() == [0.5, 0.0]


def test_the_estimate_is_that_of_enumeration() -> None:
    rng = np.random.default_rng(1)
    for _ in range(200):
        case = random_case(rng, most_tasks=5)
        found = enumerate_reports(independent_joint(case.phi), case.epsilon)
        told = vectors(len(case.phi))
        guessed = one_snapshot_estimate(told, np.tile(case.phi, (len(told), 1)), case.epsilon)
        # Where both guesses are as good they may differ, so what they get wrong is compared.
        assert _error(guessed, case.phi, case.epsilon) == pytest.approx(found.inference_error, abs=1e-12)


def _error(estimates: np.ndarray, phi: np.ndarray, epsilon: float) -> float:
    """Return the expected share of wrong entries if report r (a bit mask) is answered by row r."""
    error = 0.0
    for told, guessed in zip(vectors(len(phi)), estimates, strict=True):
        keep, flip = float(keep_probability(epsilon)), float(flip_probability(epsilon))
        wanted, unwanted = phi * np.where(told, keep, flip), (1 - phi) * np.where(told, flip, keep)
        either = wanted + unwanted
        if either.all():
            error += either.prod() * (np.where(guessed, unwanted, wanted) / either).mean()
    return error


def test_a_certain_prior_is_believed() -> None:
    assert one_snapshot_estimate([[0, 1], [0, 1]], [[1.0, 0.0], [1.0, 0.0]], [0.1, 50.0]).tolist() == [[1, 0], [1, 0]]


def test_without_noise_nothing_is_missed() -> None:
    bits = np.random.default_rng(2).integers(0, 2, (3, 9))
    told = report(bits, math.inf)
    assert (one_snapshot_estimate(told, np.full(bits.shape, 0.5), math.inf) == bits).all()
    assert success_rate(told, bits).tolist() == [1.0] * 3
    assert expected_one_snapshot_success(np.full((3, 9), 0.5), math.inf).tolist() == [1.0] * 3
    assert expected_frequency_success([0.5], math.inf, 7) == 1.0


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: one_snapshot_estimate([0, 1], [0.5], 1.0), "prior: has shape"),
        (lambda: one_snapshot_estimate([0, 2], [0.5, 0.5], 1.0), r"reports\[1\]: is 2"),
        (lambda: one_snapshot_estimate([0, 1], [0.5, 0.5], math.nan), "epsilon: is nan"),
        (lambda: frequency_estimate([0, 1]), "reports: has shape"),
        (lambda: frequency_estimate(np.zeros((0, 2))), "reports: has shape"),
        (lambda: frequency_leakage([[0, 1]], [0, 1, 1]), "bits: has shape"),
        (lambda: success_rate([0, 1], [0]), "bits: has shape"),
        (lambda: success_rate([0, 0.5], [0, 1]), r"estimates\[1\]: is 0.5"),
        (lambda: success_rate(1, 1), r"estimates: has shape \(\)"),
        (lambda: success_rate([], []), r"estimates: has shape \(0,\)"),
        (lambda: expected_frequency_success([0.5], 1.0, 0), "snapshots: is 0"),
        (lambda: expected_frequency_success([0.5], 1.0, 1, rounds_per_epoch=0), "rounds_per_epoch: is 0"),
        (lambda: expected_frequency_success([1.5], 1.0, 1), r"prior\[0\]: is 1.5"),
        (lambda: expected_frequency_leakage(-1.0), "epsilon: is -1.0"),
    ],
)
def test_bad_input(call: Any, words: str) -> None:
    with pytest.raises(InputError, match=words):
        call()
