"""Solutions name workers, items and players by whole numbers; nothing is cut to fit."""

from __future__ import annotations

import numpy as np
import pytest

from mcsopt.errors import InputError
from mcsopt.problems import Assignment, Coalition, Packing, PrivateCoalition


def test_whole_numbers_of_any_type_are_taken():
    assert Assignment([np.array([3, 1]), (np.int8(2),)]).sets == ((1, 3), (2,))
    assert Packing([2, np.int64(0)]).items == (0, 2)
    assert Coalition({4, 1}).members == (1, 4)
    assert PrivateCoalition([2, 0], [0.5, 0.25]).members == (0, 2)


@pytest.mark.parametrize("value", [0.9, 1.0, np.float64(2), "1", None])
def test_others_are_refused(value):
    for make, what in (
        (lambda: Assignment([[value]]), "worker"),
        (lambda: Packing([value]), "item"),
        (lambda: Coalition([value]), "player"),
        (lambda: PrivateCoalition([value], [1.0]), "player"),
    ):
        with pytest.raises(InputError, match=f"{what}: is .*, not an integer; name each {what} by its index"):
            make()
