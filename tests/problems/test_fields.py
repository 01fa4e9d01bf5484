"""Instance data: validated once, frozen, the same digest however it was written."""

from __future__ import annotations

import json
import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mcsopt.data import read_instance, write_instance
from mcsopt.errors import InputError, TooLarge, one_line, shown
from mcsopt.problems import KnapsackInstance, OfflineWelfare, SensingMarket, instance_types
from mcsopt.problems.fields import LARGEST, Field, Instance
from mcsopt.seeds import generator
from mcsopt.verification.check import canonical_digest

amounts = st.floats(0, 1e100)
shares = st.floats(0, 1)


@st.composite
def markets(draw: st.DrawFn) -> SensingMarket:
    tasks, workers = draw(st.integers(1, 4)), draw(st.integers(1, 5))
    everyone = [(task, worker) for task in range(tasks) for worker in range(workers)]
    pairs = draw(st.lists(st.sampled_from(everyone), unique=True))

    def column(size: int, numbers: st.SearchStrategy[float]) -> list[float]:
        return draw(st.lists(numbers, min_size=size, max_size=size))

    def optional(size: int, numbers: st.SearchStrategy[float]) -> list[float] | None:
        return column(size, numbers) if draw(st.booleans()) else None

    everywhere = st.floats(-1e100, 1e100)
    return SensingMarket(
        budget=column(tasks, amounts), demand=column(tasks, amounts),
        redundancy=column(tasks, st.floats(0, 1, exclude_max=True)), arrival=column(workers, shares),
        pair_task=[task for task, _ in pairs], pair_worker=[worker for _, worker in pairs],
        payment=column(len(pairs), amounts), cost=column(len(pairs), amounts), quality=column(len(pairs), amounts),
        quality_weight=draw(st.floats(0, 1e100, exclude_min=True)),
        quality_risk=draw(st.floats(0, 1, exclude_min=True)),
        mismatch_risk=draw(st.floats(0, 1, exclude_min=True)), service=draw(st.sampled_from(["optional", "required"])),
        intent_prior=optional(len(pairs), shares),
        privacy_budget=optional(workers, st.floats(0, 1e100, exclude_min=True)), task_x=optional(tasks, everywhere),
        task_y=optional(tasks, everywhere), worker_x=optional(workers, everywhere),
        worker_y=optional(workers, everywhere),
    )  # fmt: skip


knapsacks = st.integers(0, 6).flatmap(
    lambda n: st.builds(
        KnapsackInstance, st.lists(amounts, min_size=n, max_size=n), st.lists(amounts, min_size=n, max_size=n), amounts
    )
)
instances = markets() | knapsacks


def columns(instance: Instance) -> dict[str, np.ndarray]:
    found = {field.name: getattr(instance, field.name) for field in instance.FIELDS}
    return {name: value for name, value in found.items() if isinstance(value, np.ndarray)}


# Round trips ---------------------------------------------------------------------------------------------------------


@given(instances)
def test_json_there_and_back(instance):
    document = instance.to_json()
    text = json.dumps(document, allow_nan=False)
    again = type(instance).from_json(json.loads(text))
    assert again.to_json() == document
    assert again.digest() == instance.digest()
    for name, column in columns(instance).items():
        np.testing.assert_array_equal(getattr(again, name), column)


@given(instance=instances)
def test_files_there_and_back(tmp_path_factory, instance):
    folder = tmp_path_factory.getbasetemp()
    for name in ("instance.json", "instance.parquet"):
        write_instance(instance, folder / name)
        again = read_instance(folder / name)
        assert again.to_json() == instance.to_json()
        assert again.digest() == instance.digest()


@given(instances)
def test_the_checker_finds_the_same_digest(instance):
    assert canonical_digest(json.loads(json.dumps(instance.to_json()))) == instance.digest()


def test_every_kind_says_its_fields_once() -> None:
    for kind, instance_type in instance_types().items():
        assert instance_type.kind == kind
        for attribute in ("name", "path"):
            values = [getattr(field, attribute) for field in instance_type.FIELDS]
            assert len(set(values)) == len(values)


# The digest ----------------------------------------------------------------------------------------------------------


@given(market=markets(), seed=st.integers(0, 2**32))
def test_the_order_of_pairs_does_not_matter(market, seed):
    document = market.to_json()
    order = generator(seed).permutation(market.num_pairs)
    document["pairs"] = {key: [column[k] for k in order] for key, column in document["pairs"].items()}
    again = SensingMarket.from_json(document)
    assert again.digest() == market.digest()
    assert again.to_json() == market.to_json()


@given(instances)
def test_the_order_of_keys_does_not_matter(instance):
    document = dict(reversed(instance.to_json().items()))
    document = {k: dict(reversed(v.items())) if isinstance(v, dict) else v for k, v in document.items()}
    assert type(instance).from_json(document).digest() == instance.digest()


@given(st.lists(st.integers(0, 2**53), min_size=1, max_size=5), st.data())
def test_integers_and_floats_are_the_same_numbers(weights, data):
    floats = [float(w) for w in weights]
    mixed = [data.draw(st.sampled_from(pair)) for pair in zip(weights, floats, strict=True)]
    digests = {
        KnapsackInstance(column, column, capacity).digest()
        for column in (weights, floats, mixed, np.array(weights), np.array(floats), tuple(floats))
        for capacity in (7, 7.0, np.int64(7), np.float64(7))
    }
    assert len(digests) == 1


def test_minus_zero_is_zero():
    zero, minus = (KnapsackInstance([z, 1.0], [1.0, z], z) for z in (0.0, -0.0))
    assert zero.digest() == minus.digest()
    assert math.copysign(1, minus.weight[0]) == 1
    assert math.copysign(1, minus.capacity) == 1


@given(instance=instances, data=st.data())
def test_any_other_number_is_another_digest(instance, data):
    document = instance.to_json()
    places = [
        (group, key, index)
        for group in document
        if isinstance(document[group], dict)
        for key, column in document[group].items()
        for index in range(len(column))
        if key not in ("task", "worker")
    ] + [("", key, i) for key, column in document.items() if isinstance(column, list) for i in range(len(column))]
    if not places:
        return
    group, key, index = data.draw(st.sampled_from(places))
    column = (document[group] if group else document)[key]
    column[index] = math.nextafter(column[index], 0.25 if column[index] == 0.5 else 0.5)
    assert type(instance).from_json(document).digest() != instance.digest()


def test_the_digest_is_a_known_one():
    # Written out by hand: sorted keys, no spaces, every number as a double.
    import hashlib

    text = '{"capacity":7.5,"format":"mcsopt-instance/1","kind":"knapsack","value":[4.0,5.0],"weight":[3.0,1e-07]}'
    digest = KnapsackInstance([3, 1e-7], [4, 5], 7.5).digest()
    assert digest == "sha256:" + hashlib.sha256(text.encode()).hexdigest()


# Frozen --------------------------------------------------------------------------------------------------------------


@given(instances)
def test_instances_cannot_be_changed(instance):
    for name, column in columns(instance).items():
        with pytest.raises(AttributeError):
            setattr(instance, name, column)
        with pytest.raises(ValueError, match="read-only"):
            column[:] = 0


def test_the_caller_s_arrays_are_copied():
    weight = np.array([1.0, 2.0])
    instance = KnapsackInstance(weight, weight, 3.0)
    weight[0] = 99
    assert instance.weight[0] == 1.0
    assert weight.flags.writeable


@given(markets())
def test_pairs_are_sorted_and_found_by_task(market):
    order = list(zip(market.pair_task, market.pair_worker, strict=True))
    assert order == sorted(order)
    for task in range(market.num_tasks):
        assert set(market.pair_task[market.pairs_of(task)]) <= {task}
    assert sum(len(range(*market.pairs_of(i).indices(market.num_pairs))) for i in range(market.num_tasks)) == len(order)


# One field -----------------------------------------------------------------------------------------------------------

AMOUNT = Field("cost", "pairs.cost", low=0)
SHARE = Field("phi", "pairs.phi", low=0, high=1, open_high=True)
INDEX = Field("task", "pairs.task", low=0, integer=True)
SCALAR = Field("rho", "rho", low=0, high=1, open_low=True, scalar=True)


def problem_of(field: Field, value: Any) -> str:
    with pytest.raises(InputError) as caught:
        field.check(value)
    return str(caught.value)


@given(arrays.arrays(st.sampled_from([np.float64, np.float32, np.float16]), st.integers(0, 5)))
def test_a_number_is_taken_exactly_if_it_is_in_range(column):
    good = np.all(np.isfinite(column) & (column >= 0) & (column < 1))
    if good:
        np.testing.assert_array_equal(SHARE.check(column), column.astype(float))
        np.testing.assert_array_equal(SHARE.check(column.tolist()), column.astype(float))
    else:
        index = int(np.flatnonzero(~(np.isfinite(column) & (column >= 0) & (column < 1)))[0])
        message = f"pairs.phi[{index}]: is {float(column[index])!r}; give a number in [0, 1)"
        assert problem_of(SHARE, column.astype(float)) == message
        assert problem_of(SHARE, column.tolist()) == message


@given(st.lists(st.integers(0, 2**62)))
def test_indices_are_integers(values):
    checked = INDEX.check(values)
    assert checked.dtype == np.int64
    assert checked.tolist() == values


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        (AMOUNT, None, "pairs.cost: is missing or null; add it"),
        (AMOUNT, 3, "pairs.cost: is 3; give a list of numbers"),
        (AMOUNT, b"12", "pairs.cost: is b'12'; give a list of numbers"),
        (AMOUNT, {1.0}, "pairs.cost: is {1.0}; give a list of numbers"),
        (AMOUNT, iter([1.0]), "give a list of numbers"),
        (AMOUNT, np.array([[1.0]]), "pairs.cost[0]: is array([1.]), not a number; give a number >= 0, at most 1e+100"),
        (AMOUNT, np.array([True]), "pairs.cost[0]: is true, not a number"),
        (AMOUNT, np.array(["1"]), "pairs.cost[0]: is '1', not a number"),
        (AMOUNT, np.array([1j]), "pairs.cost[0]: is 1j, not a number"),
        (AMOUNT, [1.0, 2 * LARGEST], "pairs.cost[1]: is 2e+100; give a number >= 0, at most 1e+100"),
        (AMOUNT, [np.nan], "pairs.cost[0]: is nan; give"),
        (AMOUNT, np.array([1.0, np.inf]), "pairs.cost[1]: is inf; give"),
        (AMOUNT, [np.float32(-1)], "pairs.cost[0]: is -1.0; give a number >= 0"),
        (INDEX, [0, 1.5], "pairs.task[1]: is 1.5, not an integer; give an integer >= 0"),
        (INDEX, [0, -1], "pairs.task[1]: is -1; give an integer >= 0, at most 2^62"),
        (INDEX, [0, 2**63], "pairs.task[1]: is 9223372036854775808; give an integer >= 0, at most 2^62"),
        (INDEX, np.array([2**63], dtype=np.uint64), "pairs.task[0]: is 9223372036854775808; give an integer"),
        (INDEX, np.array([-(2**63)]), "pairs.task[0]: is -9223372036854775808; give an integer"),
        (INDEX, [1e300], "pairs.task[0]: is 1e+300; give an integer"),
        (INDEX, [math.inf], "pairs.task[0]: is inf; give an integer"),
        (INDEX, [math.nan], "pairs.task[0]: is nan; give an integer"),
        (INDEX, [10**5000], "pairs.task[0]: is an integer of more than 60 digits; give an integer"),
        (SCALAR, [0.5], "rho: is [0.5], not a number; give a number in (0, 1]"),
        (SCALAR, 0, "rho: is 0.0; give a number in (0, 1]"),
        (SCALAR, "0.5", "rho: is '0.5', not a number"),
        (SCALAR, True, "rho: is true, not a number"),
        (SCALAR, -(10**400), "rho: is an integer of more than 60 digits; give a number in (0, 1]"),
        (Field("x", "x"), [1e101], "x[0]: is 1e+101; give a number from -1e+100 to 1e+100"),
        (Field("x", "x", low=1, open_low=True), [1], "x[0]: is 1.0; give a number > 1, at most 1e+100"),
        (Field("s", "s", choices=("a", "b"), scalar=True), "c", "s: is 'c'; use one of 'a', 'b'"),
        (Field("s", "s", choices=("a", "b"), scalar=True), ["a"], "s: is ['a']; use one of 'a', 'b'"),
    ],
)
def test_a_bad_value_is_named_with_its_place_and_remedy(field, value, message):
    assert message in problem_of(field, value)


def test_good_values():
    assert Field("x", "x", optional=True).check(None) is None
    assert Field("n", "n", low=0, integer=True, scalar=True).check(3.0) == 3
    assert isinstance(Field("n", "n", integer=True, scalar=True).check(np.int8(3)), int)
    assert isinstance(SCALAR.check(np.float32(0.5)), float)
    assert AMOUNT.check([]).dtype == np.float64
    assert AMOUNT.check(()).shape == (0,)
    assert INDEX.check([]).dtype == np.int64
    assert AMOUNT.check(range(3)).tolist() == [0, 1, 2]
    assert AMOUNT.check([10**99]).tolist() == [1e99]


def test_an_instance_must_fit_its_problem():
    with pytest.raises(InputError, match="instance: is a KnapsackInstance; offline-welfare takes a sensing-market"):
        OfflineWelfare(KnapsackInstance([], [], 0))


# Messages ------------------------------------------------------------------------------------------------------------


@given(st.text() | st.binary() | st.floats() | st.integers() | st.none() | st.booleans() | st.lists(st.text()))
def test_a_shown_value_is_short_and_printable(value):
    text = shown(value)
    assert text.isprintable()
    assert len(text) <= 10 * 60  # an escape takes ten letters at most


@given(st.text(st.characters(exclude_categories=())))
def test_an_error_is_one_printable_line(text):
    for error in (InputError(text, text, text, text), TooLarge(text)):
        assert str(error).isprintable()
    assert one_line(text).encode("utf-8").decode("utf-8").isprintable()


def test_an_error_says_file_field_problem_and_remedy():
    error = InputError("tasks.budget[3]", "is -1", "give a number >= 0")
    assert str(error) == "tasks.budget[3]: is -1; give a number >= 0"
    located = error.in_file("market.json")
    assert str(located) == "market.json: tasks.budget[3]: is -1; give a number >= 0"
    assert (located.field, located.problem, located.remedy, located.file) == (
        "tasks.budget[3]", "is -1", "give a number >= 0", "market.json",
    )  # fmt: skip
    assert re.match("market.json: is empty; ", str(InputError("", "is empty", "fill it", "market.json")))
