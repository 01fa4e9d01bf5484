"""Errors say the same in another process."""

from __future__ import annotations

import pickle

import pytest

from mcsopt.errors import BackendFault, InputError, NoSolution, TooLarge


@pytest.mark.parametrize(
    "error",
    [
        InputError("tasks.budget[3]", "is -1", "give a number >= 0"),
        InputError("tasks.budget[3]", "is -1", "give a number >= 0", "market.json"),
        BackendFault("highs", "says 3, it is 4"),
        TooLarge("too large"),
        NoSolution("none"),
    ],
)
def test_errors_pass_from_one_process_to_another(error):
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)
