"""Files of tours with time windows: what they hold is read as it stands, and what is wrong is named by its line."""

from __future__ import annotations

import math
from decimal import Decimal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcsopt.data import optw_path, solomon_path, worker_path, worker_path_positions
from mcsopt.data.path_files import truncated_distances
from mcsopt.errors import InputError
from mcsopt.problems import Route, WorkerPath
from mcsopt.solvers import solve

SOLOMON = """\
tiny

VEHICLE
NUMBER     CAPACITY
  25         200

CUSTOMER
CUST NO.  XCOORD.   YCOORD.    DEMAND   READY TIME  DUE DATE   SERVICE TIME

    0      40         50          0          0       100          0
    1      43         54         10          8        20          2.5
    2      40.5       51.2       30          0        99          1
"""
OPTW = """\
4 10 2 1
0 200
  0 40.00 50.00 0.00 0.00 0 0 0 100
  1 43.00 54.00 2.50 10.00 1 1 1 8 20
  2 40.50 51.20 1.00 30.00 1 4 1 2 4 8 0 99
"""
COORDINATES = st.integers(-9999, 9999)


@pytest.fixture
def file(tmp_path):
    def written(text):
        (tmp_path / "p.txt").write_text(text)
        return tmp_path / "p.txt"

    return written


def test_both_formats_hold_the_same(file):
    first = solomon_path(file(SOLOMON))
    second = optw_path(file(OPTW))
    assert (first.name, second.name) == ("tiny", "")
    assert first.instance.digest() == second.instance.digest()
    assert first.positions.tolist() == second.positions.tolist() == [[40, 50], [43, 54], [40.5, 51.2]]


def test_columns_and_readings(file):
    place = solomon_path(file(SOLOMON)).instance
    assert place.profit.tolist() == [0, 10, 30]
    assert place.open.tolist() == [0, 8, 0]
    assert place.close.tolist() == [100, 20, 99]
    assert place.service.tolist() == [0, 2.5, 1]
    assert (place.horizon, place.return_to_start) == (100, True)
    # 3, 4, 5; 0.5, 1.2, 1.3; and the root of 2.5^2 + 2.8^2 is 3.753...
    assert place.travel.tolist() == [[0, 5, 1.3], [5, 0, 3.7], [1.3, 3.7, 0]]
    assert solomon_path(file(SOLOMON), decimals=2).instance.travel[1, 2] == 3.75
    assert solomon_path(file(SOLOMON), decimals=0).instance.travel[1, 2] == 3
    assert solomon_path(file(SOLOMON), decimals=None).instance.travel[1, 2] == pytest.approx(math.hypot(2.5, 2.8))
    assert not optw_path(file(OPTW), return_to_start=False).instance.return_to_start
    best = solve(WorkerPath(place), solver="enumeration")
    assert (best.objective, best.solution) == (40, Route([1, 2]))


def test_d_may_be_missing(file):
    without = optw_path(file(OPTW.replace("0 200", "200")))
    assert without.instance.digest() == optw_path(file(OPTW)).instance.digest()


def test_a_heading_may_take_several_lines(file):
    spread = SOLOMON.replace("SERVICE TIME", "SERVICE\nTIME")
    assert solomon_path(file(spread)).instance.digest() == solomon_path(file(SOLOMON)).instance.digest()


def test_nothing_but_the_start(file):
    assert optw_path(file("1 1 0 1\n1\n0 -1 -2 0 0 0 0 5 9\n")).instance.travel.tolist() == [[0]]


@given(st.lists(st.tuples(COORDINATES, COORDINATES), min_size=2, max_size=5), st.integers(0, 4), st.integers(0, 3))
def test_truncation_is_that_of_the_exact_distance(points, digits, decimals):
    # Coordinates are decimals, so the square of a distance in units of the last digit is rational.
    unit = Decimal(1).scaleb(-digits)
    positions = np.array([[float(x * unit), float(y * unit)] for x, y in points])
    found = truncated_distances(positions, decimals)
    for i, j in np.ndindex(found.shape):
        across, along = (points[i][k] - points[j][k] for k in (0, 1))
        square = (across**2 + along**2) * 10 ** (2 * decimals) // 10 ** (2 * digits)
        assert found[i, j] == math.isqrt(square) / 10**decimals


def test_positions_are_those_of_the_generator():
    x, y = worker_path_positions(tasks=12, seed=3).T
    drawn = worker_path(tasks=12, window=0.7, seed=3)
    assert np.hypot(x[:, None] - x, y[:, None] - y) == pytest.approx(drawn.travel)


@pytest.mark.parametrize(
    ("read", "text", "old", "new", "message"),
    [
        (solomon_path, SOLOMON, "VEHICLE", "VEHICLES", "line 3: has 'VEHICLES' in place of the word 'VEHICLE'; give a"),
        (solomon_path, SOLOMON, "25         200", "x 200", "line 5: has 'x' for the number of vehicles, not a number"),
        (solomon_path, SOLOMON, "\n    1 ", "\n    2 ", "line 11: begins with '2', not customer 1; number each"),
        (solomon_path, SOLOMON, "2.5\n", "\n", "line 11: has 6 numbers for customer 1; give 7"),
        (solomon_path, SOLOMON, "2.5\n", "2.5 7\n", "line 11: has 8 numbers for customer 1; give 7"),
        (solomon_path, SOLOMON, "8        20", "-8 20", "line 11: has '-8' for the ready time of customer 1; the"),
        (solomon_path, SOLOMON, "8        20", "8 7", "line 11: has a window that closes at 7, before it opens at 8"),
        (solomon_path, SOLOMON, "43  ", "nan ", "line 11: has 'nan' for the x of customer 1, not a number"),
        (solomon_path, SOLOMON, "50          0   ", "50 5 ", "line 10: has the profit 5 for the start; give 0"),
        (solomon_path, SOLOMON, "100          0\n", "100 101\n", "line 10: lets the worker leave at 101, after"),
        (optw_path, OPTW, "4 10 2 1", "4 10 3 1", "line 5: is the last, and vertex 3 is missing; complete the file"),
        (optw_path, OPTW, "4 10 2 1", "4 10 200 1", "line 1: says that the number N of vertices besides the start is"),
        (optw_path, OPTW, "4 10 2 1", "4 10 1 1", "line 5: goes on with '2' where the file should end; give N + 1"),
        (
            optw_path,
            OPTW,
            "1 1 1 8 20",
            "1 2 1 8 20",
            "line 4: has 10 numbers for vertex 1, whose a is 2; give 11: i x",
        ),
        (optw_path, OPTW, "1 1 1 8 20", "1 1 20", "line 4: has 8 numbers for vertex 1; give 9 at least"),
        (optw_path, OPTW, "1 1 1 8 20", "1 1.5 1 8 20", "line 4: has '1.5' for the number a of vertex 1, not an int"),
        (optw_path, OPTW, "  1 43", "  7 43", "line 4: begins with '7', not vertex 1; number each vertex from 0"),
    ],
)
def test_what_is_wrong_is_named_by_its_line(file, read, text, old, new, message):
    assert old in text
    with pytest.raises(InputError) as caught:
        read(file(text.replace(old, new, 1)))
    assert str(caught.value).startswith(f"{file(text)}: {message}")


def test_digits_out_of_range(file):
    with pytest.raises(InputError, match="decimals: is 7; give an integer from 0 to 6"):
        optw_path(file(OPTW), decimals=7)
