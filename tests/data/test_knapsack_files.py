"""Knapsack files: what they hold is read as it stands, and whatever is wrong is named by its line."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcsopt.data import knapsack, pisinger_knapsacks, plain_knapsack
from mcsopt.errors import InputError
from mcsopt.problems import Knapsack, Packing
from mcsopt.solvers import solve

BLOCKS = """\
tiny_1
n 3
c 7
z 9
time 0.00
1,4,3,1
2,5,4,1
3,6,5,0
-----

tiny_2
n 0
c 0
z 0
time 1e-3
-----
"""
PLAIN = "3 7.5\n4 3\n5 4\n6.5 5\n"


@pytest.fixture
def file(tmp_path):
    def written(text):
        (tmp_path / "k.txt").write_text(text)
        return tmp_path / "k.txt"

    return written


def test_blocks_of_pisinger(file):
    first, second = pisinger_knapsacks(file(BLOCKS))
    assert first.name == "tiny_1"
    assert first.instance.weight.tolist() == [3, 4, 5]
    assert first.instance.value.tolist() == [4, 5, 6]
    assert first.instance.capacity == 7
    assert (first.optimum, first.packing) == (9, Packing([0, 1]))
    assert solve(Knapsack(first.instance)).objective == first.optimum
    assert (second.name, second.instance.num_items, second.optimum) == ("tiny_2", 0, 0)


def test_a_recorded_optimum_is_never_trusted(file):
    read = pisinger_knapsacks(file(BLOCKS.replace("z 9", "z 1000")))[0]
    assert read.optimum == 1000
    assert solve(Knapsack(read.instance)).objective == 9


def test_a_bare_knapsack(file):
    read = plain_knapsack(file(PLAIN))
    assert read.instance.weight.tolist() == [3, 4, 5]
    assert read.instance.value.tolist() == [4, 5, 6.5]
    assert read.instance.capacity == 7.5
    assert read.name == ""
    assert read.optimum is read.packing is None
    assert plain_knapsack(file(PLAIN + "1 1 0\n")).packing == Packing([0, 1])
    assert plain_knapsack(file("0 5\n")).instance.num_items == 0


@given(st.integers(0, 20), st.integers(0, 1000), st.booleans())
def test_what_is_written_is_read(tmp_path_factory, items, seed, integer):
    drawn = knapsack(items=items, seed=seed, integer=integer)
    path = tmp_path_factory.getbasetemp() / "drawn.txt"
    pairs = list(zip(drawn.value.tolist(), drawn.weight.tolist(), strict=True))
    path.write_text(f"{items} {drawn.capacity!r}\n" + "".join(f"{v!r} {w!r}\n" for v, w in pairs))
    assert plain_knapsack(path).instance.digest() == drawn.digest()
    chosen = np.arange(items) % 2
    rows = "".join(f"{j + 1},{v!r},{w!r},{chosen[j]}\n" for j, (v, w) in enumerate(pairs))
    path.write_text(f"one\nn {items}\nc {drawn.capacity!r}\nz 1\ntime 0\n{rows}-----\n")
    (read,) = pisinger_knapsacks(path)
    assert read.instance.digest() == drawn.digest()
    assert read.packing == Packing(np.flatnonzero(chosen))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (" \n", "is empty; give a bare knapsack"),
        ("3\n", "line 1: says that the number of items is 3: at least 6 numbers, and 0 follow; correct the number, or"),
        (
            "2000000000 5\n1 1\n",
            "line 1: says that the number of items is 2,000,000,000: at least 4,000,000,000 numbers",
        ),
        ("-3 7\n", "line 1: has '-3' for the number of items; the number of items is an integer from 0 to 2^53"),
        ("3.0 7\n", "line 1: has '3.0' for the number of items, not an integer"),
        (
            PLAIN.replace("7.5", "-7.5"),
            "line 1: has '-7.5' for the capacity; the capacity is a number from 0 to 1e+100",
        ),
        (
            PLAIN.replace("6.5 5", "6.5 inf"),
            "line 4: has 'inf' for the weight of item 2, not a number; the weight of i",
        ),
        (PLAIN.replace("6.5 5", "nan 5"), "line 4: has 'nan' for the value of item 2, not a number"),
        (
            PLAIN.replace("6.5 5", "1e101 5"),
            "line 4: has '1e101' for the value of item 2; the value of item 2 is a num",
        ),
        (
            PLAIN.replace("6.5 5", "1e999 5"),
            "line 4: has '1e999' for the value of item 2; the value of item 2 is a num",
        ),
        (
            PLAIN.replace("6.5 5", f"{2**53 + 1} 5"),
            "line 4: has '9007199254740993' for the value of item 2, which is n",
        ),
        (PLAIN.replace("6.5 5", "0x5 5"), "line 4: has '0x5' for the value of item 2, not a number"),
        (PLAIN.replace("6.5 5", "6.5"), "line 4: is the last, and the weight of item 2 is missing; complete the file"),
        (
            PLAIN + "7 5\n",
            "line 5: goes on with '7' where the file should end; after 3 lines 'value weight' nothing may follow",
        ),
        (
            PLAIN + "1 1 2\n",
            "line 5: has '2' for the recorded choice of item 2; the recorded choice of item 2 is an int",
        ),
        ("0 5\nend\n", "line 2: goes on with 'end' where the file should end; remove them"),
    ],
)
def test_a_file_that_is_no_bare_knapsack(file, text, message):
    with pytest.raises(InputError) as caught:
        plain_knapsack(path := file(text))
    assert str(caught.value).startswith(f"{path}: {message}")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("n 3", "m 3", "line 2: has 'm' in place of the word 'n'; give a file of Pisinger's knapsacks"),
        ("n 3", "n three", "line 2: has 'three' for the number of items of 'tiny_1', not an integer"),
        ("n 3", "n 300", "line 2: says that the number of items of 'tiny_1' is 300: at least 1,200 numbers, and"),
        ("n 3", "n 4", "line 9: has '-----' for the number of item 4, not a number"),
        (
            "n 3",
            "n 2",
            "line 8: has '3' in place of the line of dashes that ends the 2 items of 'tiny_1'; give as many",
        ),
        ("c 7", "c -7", "line 3: has '-7' for the capacity c; the capacity c is a number from 0 to 1e+100"),
        ("z 9", "z ?", "line 4: has '?' for the recorded optimum z, not a number"),
        ("1,4,3,1", "1,4,-3,1", "line 6: has '-3' for the weight of item 1; the weight of item 1 is a number from 0"),
        ("2,5,4,1", "7,5,4,1", "line 7: begins with '7', not item 2; number the items from 1, in order"),
        ("2,5,4,1", "2,5,4,0.5", "line 7: ends with 0.5, no choice; end it with 1 (chosen) or 0"),
        ("2,5,4,1", "2,5,4", "line 7: ends with 3, no choice"),
        (
            "1e-3\n-----\n",
            "1e-3\n",
            "line 15: is the last, and the line of dashes that ends the 0 items of 'tiny_2' is",
        ),
        ("1e-3\n-----\n", "1e-3\n-----\nend", "line 17: is the last, and the word 'n' is missing; complete the file"),
    ],
)
def test_a_file_that_is_none_of_pisinger_s(file, old, new, message):
    with pytest.raises(InputError) as caught:
        pisinger_knapsacks(path := file(BLOCKS.replace(old, new)))
    assert str(caught.value).startswith(f"{path}: {message}"), str(caught.value)
