"""The online market: base quality, who is unmet, and input that makes no sense."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mcsopt.errors import InputError
from mcsopt.problems import OfflineWelfare, OnlineMarket, OnlineRecruitment, SensingMarket


def fields(**changes: Any) -> dict[str, Any]:
    return {
        "budget": [100.0, 60.0, 80.0], "demand": [20.0, 10.0, 15.0], "redundancy": [0.25, 0.5, 0.0],
        "arrival": [0.9, 0.8, 1.0], "pair_task": [0, 0, 1, 2], "pair_worker": [0, 1, 1, 2],
        "payment": [45.0, 50.0, 55.0, 50.0], "cost": [10.0, 20.0, 5.0, 5.0], "quality": [9.0, 14.0, 9.0, 15.0],
        "base_quality_sum": [12.0, 18.0, 0.0], "base_count": [1, 2, 0],
    } | changes  # fmt: skip


def market(**changes: Any) -> OnlineMarket:
    return OnlineMarket(**fields(**changes))


def test_base_quality_is_that_of_the_arrived_and_none_of_nobody():
    assert market().base_quality.tolist() == [12.0, 18.0 / 1.5, 0.0]


def test_a_task_is_unmet_if_its_base_quality_misses_the_demand():
    assert market().unmet.tolist() == [True, False, True]
    # 0.1 + 0.2 misses 0.3 by nothing that counts; nothing demanded is met by nobody.
    even = market(demand=[12.0, 12.0 + 1e-11, 0.0])
    assert even.unmet.tolist() == [False, True, False]


def test_a_file_says_what_is_special_and_leaves_out_what_is_not_there():
    document = market().to_json()
    assert document["tasks"]["base_count"] == [1, 2, 0]
    assert document["objective"] == "increment"
    assert not {"quality_risk", "mismatch_risk", "service"} & set(document)
    assert OnlineMarket.from_json(document).digest() == market().digest()
    kept = market(quality_risk=0.1, mismatch_risk=0.3, service="required", objective="recruits")
    again = OnlineMarket.from_json(kept.to_json())
    assert (again.quality_risk, again.mismatch_risk, again.service, again.objective) == (
        0.1,
        0.3,
        "required",
        "recruits",
    )


@pytest.mark.parametrize("missing", ["tasks.base_quality_sum", "tasks.base_count", "objective", "workers.arrival"])
def test_what_a_file_must_say(missing):
    document = market().to_json()
    group, _, key = missing.rpartition(".")
    del (document[group] if group else document)[key]
    with pytest.raises(InputError, match=f"^{missing}: is missing"):
        OnlineMarket.from_json(document)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"base_count": [1.5, 2, 0]}, r"tasks\.base_count\[0\]: is 1\.5, not an integer; give an integer >= 0"),
        ({"base_count": [1, -2, 0]}, r"tasks\.base_count\[1\]: is -2; give an integer >= 0"),
        ({"base_count": [1, 2]}, r"tasks\.base_count: has length 2"),
        ({"base_quality_sum": [12.0, -1.0, 0.0]}, r"tasks\.base_quality_sum\[1\]: is -1\.0; give a number >= 0"),
        (
            {"base_quality_sum": [12.0, 18.0, 3.0]},
            r"tasks\.base_quality_sum\[2\]: is 3\.0, with tasks\.base_count\[2\] 0; give 0, or the number of workers",
        ),
        ({"budget": [100.0, -1e-9, 80.0]}, r"tasks\.budget\[1\]: is -1e-09; give a number >= 0"),
        ({"objective": "quality"}, r"objective: is 'quality'; use one of 'increment', 'recruits'"),
        ({"service": "never"}, r"service: is 'never'; use one of"),
        ({"pair_worker": [0, 3, 1, 2]}, r"pairs\.worker\[1\]: is 3; give a worker index from 0 to 2"),
        ({"pair_task": [0, 0, 0, 2]}, r"pairs\.task\[2\]: repeats the pair \(0, 1\)"),
    ],
)
def test_input_that_makes_no_sense(changes, message):
    with pytest.raises(InputError, match=f"^{message}"):
        market(**changes)


def test_a_field_of_another_kind_is_not_known():
    offline = {name: value for name, value in fields().items() if not name.startswith("base_")}
    with pytest.raises(InputError, match="base_count: is not a known field"):
        SensingMarket.from_json(SensingMarket(**offline).to_json() | {"base_count": [1]})


def test_each_problem_takes_its_own_kind_of_market():
    with pytest.raises(InputError, match="is a OnlineMarket; offline-welfare takes a sensing-market"):
        OfflineWelfare(market())  # type: ignore[arg-type]  # refused
    offline = SensingMarket(**{name: value for name, value in fields().items() if not name.startswith("base_")})
    with pytest.raises(InputError, match="is a SensingMarket; online-recruitment takes a online-market"):
        OnlineRecruitment(offline)  # type: ignore[arg-type]  # refused


def test_pairs_may_come_in_any_order():
    order = [3, 1, 0, 2]
    columns = ("pair_task", "pair_worker", "payment", "cost", "quality")
    shuffled = market(**{name: np.array(fields()[name])[order] for name in columns})
    assert shuffled.digest() == market().digest()
