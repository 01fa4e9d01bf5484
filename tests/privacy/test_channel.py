"""Lemmas 1-3 and Proposition 1: the privacy loss of reports, over all pairs of intents and all outputs."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcsopt.errors import InputError, TooLarge
from mcsopt.privacy import log_channel, privacy_loss
from mcsopt.privacy.channel import vectors
from tests.privacy import brute_force

BUDGETS = st.sampled_from([1e-9, 0.1, 0.5, math.log(3), 1.0, 5.0, 40.0, 300.0])
TASKS = st.integers(1, 6)


@pytest.mark.parametrize("epsilon", [1e-9, 0.3, 2.0, 20.0])
@pytest.mark.parametrize("num_tasks", [1, 2, 5, 8])
def test_the_channel_is_the_product_over_entries(epsilon: float, num_tasks: int) -> None:
    table = np.exp(log_channel(epsilon, num_tasks))
    assert table == pytest.approx(brute_force.channel(epsilon, num_tasks), rel=1e-12)
    assert table.sum(axis=1) == pytest.approx(1.0, abs=1e-12)
    assert (vectors(num_tasks) == brute_force.all_vectors(num_tasks)).all()


@given(BUDGETS, TASKS)
@settings(max_examples=60, derandomize=True)
def test_lemmas_1_and_2_the_loss_is_eps_for_one_entry_and_not_less(epsilon: float, num_tasks: int) -> None:
    assert privacy_loss(log_channel(epsilon, num_tasks)) == pytest.approx(epsilon, rel=1e-12)


@given(BUDGETS, TASKS)
@settings(max_examples=60, derandomize=True)
def test_a_whole_vector_loses_as_many_times_eps_as_it_has_entries(epsilon: float, num_tasks: int) -> None:
    assert privacy_loss(log_channel(epsilon, num_tasks), "vector") == pytest.approx(num_tasks * epsilon, rel=1e-12)


@pytest.mark.parametrize("neighbours", ["entry", "vector"])
def test_the_loss_is_the_largest_ratio_of_all(neighbours: str) -> None:
    rng = np.random.default_rng(0)
    for _ in range(20):
        num_tasks = int(rng.integers(1, 5))
        table = rng.random((2**num_tasks, int(rng.integers(1, 6)))) * (rng.random() < 0.5 or 1e-9)
        pairs = [(a, b) for a in range(len(table)) for b in range(len(table)) if a != b]
        if neighbours == "entry":
            pairs = [(a, b) for a, b in pairs if (a ^ b).bit_count() == 1]
        largest = max(math.log(table[a, o] / table[b, o]) for a, b in pairs for o in range(table.shape[1]))
        assert privacy_loss(np.log(table), neighbours) == pytest.approx(largest, rel=1e-12)


@given(st.integers(0, 2**32 - 1), BUDGETS, st.integers(1, 4))
@settings(max_examples=100, derandomize=True)
def test_lemma_3_nothing_made_of_reports_loses_more(seed: int, epsilon: float, num_tasks: int) -> None:
    rng = np.random.default_rng(seed)
    outputs = int(rng.integers(1, 6))
    made = rng.dirichlet(np.full(outputs, 0.3), size=2**num_tasks) * (rng.random((2**num_tasks, outputs)) < 0.7)
    with np.errstate(divide="ignore"):
        composed = np.log(np.exp(log_channel(epsilon, num_tasks)) @ made)
    composed = composed[:, (composed > -np.inf).any(axis=0)]
    if composed.size:
        assert privacy_loss(composed) <= epsilon * (1 + 1e-12) + 1e-12


@pytest.mark.parametrize("rounds", [1, 2, 3])
def test_proposition_1_repeats_cost_nothing_and_fresh_draws_add_up(rounds: int) -> None:
    epsilon, num_tasks = 0.7, 2
    once = log_channel(epsilon, num_tasks)
    # Repeated: the sequence of reports is (r, ..., r), as likely as r. Fresh: any sequence, probabilities multiply.
    fresh = once
    for _ in range(rounds - 1):
        fresh = (fresh[:, :, None] + once[:, None, :]).reshape(len(once), -1)
    repeated = np.full((len(once), fresh.shape[1]), -np.inf)
    repeated[:, [sum(r * len(once) ** k for k in range(rounds)) for r in range(len(once))]] = once
    assert privacy_loss(repeated) == pytest.approx(epsilon, rel=1e-12)
    assert privacy_loss(fresh) == pytest.approx(rounds * epsilon, rel=1e-12)
    assert privacy_loss(fresh, "vector") == pytest.approx(rounds * num_tasks * epsilon, rel=1e-12)


def test_planted_mechanisms_that_break_the_bound_are_caught() -> None:
    keep, flip = brute_force.probabilities(1.0)
    kept_too_often = [[keep + 0.01, flip - 0.01], [flip - 0.01, keep + 0.01]]
    assert privacy_loss(np.log(kept_too_often)) > 1.0
    # Only those who want the task are protected: a report of 1 then gives them away.
    with np.errstate(divide="ignore"):
        assert privacy_loss(np.log([[1.0, 0.0], [flip, keep]])) == math.inf


def test_an_infinite_budget_gives_all_away() -> None:
    assert privacy_loss(log_channel(math.inf, 2)) == math.inf
    assert (np.exp(log_channel(math.inf, 2)) == np.eye(4)).all()


def test_outputs_that_never_happen_say_nothing() -> None:
    assert privacy_loss(np.array([[0.0, -math.inf], [0.0, -math.inf]])) == 0.0


def test_too_large() -> None:
    with pytest.raises(TooLarge, match=r"2\^13 intent vectors and as many reports is limited to 12 tasks"):
        log_channel(1.0, 13)


def test_bad_input() -> None:
    with pytest.raises(InputError, match="neighbours: is 'task'; use one of 'entry', 'vector'"):
        privacy_loss(log_channel(1.0, 1), "task")
    for shape in ((1, 1), (3, 3), (4,)):
        with pytest.raises(InputError, match="give one row for each of"):
            privacy_loss(np.zeros(shape))
    for entry, words in (
        (math.nan, "is nan"),
        (math.inf, "is inf"),
        (-math.inf, "has a row without a possible output"),
    ):
        with pytest.raises(InputError, match=words):
            privacy_loss(np.full((2, 2), entry))
    with pytest.raises(InputError, match="give an array of numbers"):
        privacy_loss([["a"], ["b"]])  # type: ignore[arg-type]  # no numbers
    with pytest.raises(InputError, match="epsilon: has shape"):
        log_channel([1.0, 2.0], 2)  # type: ignore[arg-type]  # the budgets of two
    with pytest.raises(InputError, match="num_tasks: is 0"):
        log_channel(1.0, 0)
