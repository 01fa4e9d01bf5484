"""The ledger: losses add up, memory costs nothing, vectors cost I times as much."""

from __future__ import annotations

import math

import numpy as np
import pytest

from mcsopt.errors import InputError
from mcsopt.privacy import Charge, Ledger, composed_loss, log_channel, privacy_loss

LEDGER = Ledger((Charge(2, 0, 0.5, 10), Charge(2, 1, 0.25, 10), Charge(0, 0, 3.0, 4)))


def test_losses_add_up() -> None:
    assert LEDGER.workers == (0, 2)
    assert (LEDGER.per_entry(2), LEDGER.per_vector(2)) == (0.75, 7.5)
    assert (LEDGER.per_entry(0), LEDGER.per_vector(0)) == (3.0, 12.0)
    assert (LEDGER.per_entry(1), LEDGER.per_vector(1)) == (0.0, 0.0)
    assert Ledger(()).workers == ()
    assert str(Ledger(())) == ""


def test_what_is_printed_names_both_losses() -> None:
    assert str(LEDGER).splitlines() == [
        "worker 0: 1 drawn, loss 3 per entry, 12 for the whole vector",
        "worker 2: 2 drawn, loss 0.75 per entry, 7.5 for the whole vector",
    ]


@pytest.mark.parametrize("memoized", [True, False])
def test_composition_is_what_enumeration_finds(memoized: bool) -> None:
    # Two epochs of two rounds on two tasks: every sequence of four reports, memoized ones in equal pairs.
    epsilon, tasks = 0.4, 2
    once = log_channel(epsilon, tasks)
    draws = once
    for _ in range(1 if memoized else 3):
        draws = (draws[:, :, None] + once[:, None, :]).reshape(len(once), -1)
    per_entry, per_vector = composed_loss(epsilon, tasks, epochs=2, rounds_per_epoch=2, memoized=memoized)
    assert privacy_loss(draws) == pytest.approx(float(per_entry), rel=1e-12)
    assert privacy_loss(draws, "vector") == pytest.approx(float(per_vector), rel=1e-12)


def test_memory_costs_nothing_new() -> None:
    for rounds in (1, 10, 1000):
        assert [float(x) for x in composed_loss(0.5, 20, epochs=3, rounds_per_epoch=rounds)] == [1.5, 30.0]


def test_workers_side_by_side() -> None:
    per_entry, per_vector = composed_loss([0.5, math.inf], 3, rounds_per_epoch=4, memoized=False)
    assert per_entry.tolist() == [2.0, np.inf]
    assert per_vector.tolist() == [6.0, np.inf]


@pytest.mark.parametrize(
    "changed", [{"epochs": 0}, {"rounds_per_epoch": 0}, {"num_tasks": 0}, {"epsilon": 0.0}, {"epsilon": math.nan}]
)
def test_bad_input(changed: dict) -> None:
    with pytest.raises(InputError, match=next(iter(changed))):
        composed_loss(**({"epsilon": 1.0, "num_tasks": 2} | changed))
