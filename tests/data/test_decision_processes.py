from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from mcsopt.data import decision_process, read_instance, write_instance
from mcsopt.errors import InputError


def test_shape_of_a_drawn_process():
    data = decision_process(states=30, actions=3, successors=4, horizon=5, discount=1.0, seed=2, terminal=0.5)
    acting = np.unique(data.state)
    assert 0 in acting
    assert 5 < len(acting) < 28
    assert len(data.reward) == len(acting) * 3 * 4
    assert np.diff(data.choices.first_outcome).tolist() == [4] * len(acting) * 3
    for choice in range(len(acting) * 3):
        places = data.choices.outcomes(choice)
        assert len(set(data.choices.next_state[places.start : places.stop].tolist())) == 4
    assert (data.reward >= 0).all()
    assert (data.reward <= 1).all()
    assert (data.horizon, data.discount, data.start) == (5, 1.0, 0)


def test_no_more_successors_than_states():
    assert len(decision_process(states=2, actions=1, successors=9, terminal=0.0).reward) == 4


@pytest.mark.parametrize(
    ("options", "line"),
    [
        ({"states": 0}, "states: is 0"),
        ({"actions": 0}, "actions: is 0"),
        ({"successors": 0}, "successors: is 0"),
        ({"terminal": 1.5}, "terminal: is 1.5"),
        ({"discount": 1.0}, "discount: is 1.0 and the horizon infinite"),
        ({"horizon": 0}, "horizon: is 0"),
    ],
)
def test_bad_options(options, line):
    with pytest.raises(InputError, match=line):
        decision_process(**options)


@pytest.mark.parametrize("name", ["m.json", "m.parquet"])
@pytest.mark.parametrize("horizon", [None, 3])
def test_files_keep_every_number(tmp_path: Path, name: str, horizon: int | None) -> None:
    data = decision_process(horizon=horizon)
    write_instance(data, tmp_path / name)
    assert read_instance(tmp_path / name).digest() == data.digest()
