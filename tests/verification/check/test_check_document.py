from __future__ import annotations

import copy
import json
import math
import random
import re
from typing import Any

import numpy as np
import pytest

from mcsopt.problems import Assignment, Knapsack, KnapsackInstance, OfflineWelfare, Packing, SensingMarket
from mcsopt.verification import check
from mcsopt.verification.check import document as checking
from tests.verification.check.check_oracle import certificate


def knapsack() -> dict[str, Any]:
    """Return an honest certificate: a plan worth 4, a bound of 10.625 and a bit (10.67 without branching)."""
    problem = Knapsack(KnapsackInstance([3.0, 4.0, 5.0], [4.0, 5.0, 10.0], 5.5))
    return certificate(problem, Packing([0]), {"kind": "dantzig-tree", "tree": [2, 0, -1, -1, -1]})


def market(**changes: Any) -> OfflineWelfare:
    data: dict[str, Any] = {
        "budget": [2.0, 2.0], "demand": [1.0, 1.0], "redundancy": [0.5, 0.5], "arrival": [1.0, 1.0, 1.0],
        "pair_task": [0, 0, 0, 1, 1, 1], "pair_worker": [0, 1, 2, 0, 1, 2], "payment": [1.0] * 6, "cost": [1.0] * 6,
        "quality": [4.0, 2.0, 1.0, 4.0, 2.0, 1.0], "quality_weight": 1.0, "privacy_budget": [1.0] * 3,
        "intent_prior": [0.9] * 6, "task_x": [0.0, 1.0], "task_y": [0.0, 1.0],
    }  # fmt: skip
    return OfflineWelfare(SensingMarket(**{**data, **changes}))


def welfare() -> dict[str, Any]:
    leaf = {"worker": [0], "price": [2.0]}
    tree = [{"split": "served", "task": 0}, leaf, {"split": "pair", "task": 0, "worker": 0}, leaf, leaf]
    return certificate(market(), Assignment([(0,), ()]), {"kind": "price-tree", "tree": tree})


def impossible() -> dict[str, Any]:
    problem = market(service="required", quality=[0.1] * 6)
    return certificate(problem, None, {"kind": "price-tree", "tree": [{"worker": [], "farkas": []}]})


def honest() -> dict[str, dict[str, Any]]:
    unknown = certificate(market(), None, {"kind": "budget-prices", "price": [1.0, 1.0]})
    return {
        "knapsack": knapsack(),
        "welfare": welfare(),
        "impossible": impossible(),
        "unknown": unknown,
        "nothing": certificate(market(), None, None),
        "feasible": certificate(market(), Assignment([(0,), (1,)]), None),
    }


STATUS = {
    "knapsack": "BOUNDED", "welfare": "BOUNDED", "impossible": "INFEASIBLE", "unknown": "UNKNOWN", "nothing": "UNKNOWN",
    "feasible": "FEASIBLE",
}  # fmt: skip


@pytest.mark.parametrize("name", STATUS)
def test_honest_certificates_are_accepted(name: str) -> None:
    document = honest()[name]
    verdict = check.check(document, instance_digest=document["digest"])
    assert verdict.accepted, verdict.reason
    assert verdict.status == document["status"] == STATUS[name]
    assert (verdict.objective, verdict.dual_bound) == (document["objective"], document["dual_bound"])
    assert verdict.gap == pytest.approx(document["gap"], abs=1e-15)
    assert verdict.reason.startswith(STATUS[name])
    assert verdict.arithmetic
    assert check.check_text(json.dumps(document)) == (verdict,)


def test_digest_is_that_of_the_instance() -> None:
    rng = np.random.default_rng(3)
    for problem in [OfflineWelfare.random_small(rng), Knapsack.random_small(rng), market()]:
        assert check.canonical_digest(problem.instance.to_json()) == problem.instance.digest()
    assert check.canonical_digest({"a": [1, -0.0]}) == check.canonical_digest({"a": [1.0, 0]})
    with pytest.raises(check.Refused, match="not a finite number"):
        check.canonical_digest({"a": math.nan})


# Planted errors -----------------------------------------------------------------------------------------------

MISSING = object()


def altered(document: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return a copy with the entry at a dotted path replaced, or removed if `value` is MISSING."""
    document = copy.deepcopy(document)
    *way, last = [int(step) if step.lstrip("-").isdigit() else step for step in path.split("/")]
    place: Any = document
    for step in way:
        place = place[step]
    if value is MISSING:
        del place[last]
    else:
        place[last] = value(place[last]) if callable(value) else value
    return document


PLANTED: list[tuple[str, str, Any, str]] = [
    # Every recorded number, and the rest of the common part.
    ("knapsack", "objective", lambda x: x + 1e-7, "objective is recorded as"),
    ("knapsack", "objective", lambda x: x - 1e-7, "objective is recorded as"),
    ("knapsack", "objective", None, "objective is null"),
    ("knapsack", "objective", "4", "objective is '4', not a number"),
    ("knapsack", "objective", True, "objective is true, not a number"),
    ("knapsack", "dual_bound", lambda x: math.nextafter(x, 0), "only proves"),
    ("knapsack", "dual_bound", lambda x: x - 1, "only proves"),
    ("knapsack", "dual_bound", lambda x: x + 1e-6, "that the evidence proves"),
    ("knapsack", "dual_bound", None, "dual_bound is null"),
    ("knapsack", "gap", lambda x: x + 1e-8, "gap is recorded as"),
    ("knapsack", "gap", 0, "gap is recorded as"),
    ("knapsack", "gap", None, "gap is null"),
    ("knapsack", "status", "PROVED", "earns BOUNDED"),
    ("knapsack", "status", "FEASIBLE", "dual_bound is given, which the status FEASIBLE does not allow"),
    ("knapsack", "status", "INFEASIBLE", "solution is given"),
    ("knapsack", "status", "UNKNOWN", "solution is given"),
    ("knapsack", "status", "OPTIMAL", "status is 'OPTIMAL', not 'PROVED' or"),
    ("knapsack", "status", ["PROVED"], "status is a list of 1"),
    ("knapsack", "format", "mcsopt-certificate/2", "this checker reads 'mcsopt-certificate/1'"),
    ("knapsack", "problem", "rucksack", "problem is 'rucksack', which this checker does not know"),
    ("knapsack", "problem", "strict", "which this checker does not know"),
    ("knapsack", "problem", "../knapsack", "which this checker does not know"),
    ("knapsack", "problem", None, "problem is null"),
    ("knapsack", "problem", "offline-welfare", "instance.kind is 'knapsack' instead of 'sensing-market'"),
    ("knapsack", "options", {"mismatch": "pair"}, "options has the unknown key 'mismatch'"),
    ("knapsack", "options", None, "options is null, not an object"),
    ("knapsack", "digest", lambda x: x[:-1] + ("0" if x[-1] != "0" else "1"), "that of the instance is sha256:"),
    ("knapsack", "digest", None, "digest is null"),
    ("knapsack", "arithmetic", None, "arithmetic is null, not text"),
    ("knapsack", "created_by", "me", "created_by is 'me', not an object"),
    ("knapsack", "created_by", MISSING, "lacks the key 'created_by'"),
    ("knapsack", "evidence", MISSING, "lacks the key 'evidence'"),
    ("knapsack", "evidence", None, "evidence is null"),
    ("knapsack", "evidence", [], "evidence is a list of 0"),
    ("knapsack", "evidence/kind", "price-tree", "evidence.kind is 'price-tree'"),
    ("knapsack", "evidence/kind", MISSING, "evidence.kind is null"),
    ("knapsack", "evidence/hint", 1, "evidence has the unknown key 'hint'"),
    ("knapsack", "comment", "trust me", "the certificate has the unknown key 'comment'"),
    # The tree: cut, a leaf removed, a node changed.
    ("knapsack", "evidence/tree", lambda t: t[:-1], "ends early"),
    ("knapsack", "evidence/tree", lambda t: t[:2], "ends early"),
    ("knapsack", "evidence/tree", lambda t: [*t, -1], "stands after the end"),
    ("knapsack", "evidence/tree", [-1], "only proves"),
    ("knapsack", "evidence/tree/1", 2, "branches a second time"),
    # Instance and solution.
    ("knapsack", "instance/capacity", 50.0, "digest is"),
    ("knapsack", "instance/capacity", -1.0, "instance.capacity is -1.0, outside"),
    ("knapsack", "instance/capacity", [5.5], "instance.capacity is a list of 1, not a number"),
    ("knapsack", "instance/capacity", 10**400, "instance.capacity is an integer of more than 30 digits"),
    ("knapsack", "instance/weight/0", False, r"instance.weight\[0\] is false, not a number"),
    ("knapsack", "instance/weight", lambda x: x[:-1], "instance.value has 3 entries instead of 2"),
    ("knapsack", "instance/colour", "red", "instance has the unknown key 'colour'"),
    ("knapsack", "instance/format", "mcsopt-instance/0", "instance.format is 'mcsopt-instance/0'"),
    ("knapsack", "instance", None, "instance is null, not an object"),
    ("knapsack", "solution/items", [1], "objective is recorded as"),
    ("knapsack", "solution/items", [0, 1], "infeasible: capacity broken at knapsack by 1.5"),
    ("knapsack", "solution/items", [0, 0], r"solution.items\[1\] repeats 0"),
    ("knapsack", "solution/items", [3], r"solution.items\[0\] is 3, not an index"),
    ("knapsack", "solution/items", [-1], r"solution.items\[0\] is -1"),
    ("knapsack", "solution/items", MISSING, "solution lacks the key 'items'"),
    ("knapsack", "solution/problem", "offline-welfare", "solution.problem is 'offline-welfare'"),
    ("knapsack", "solution/format", None, "solution.format is null"),
    ("knapsack", "solution", "none", "solution is 'none', not an object"),
    ("knapsack", "solution", None, "solution is null"),
    # Offline welfare.
    ("welfare", "objective", lambda x: x + 1e-7, "objective is recorded as"),
    ("welfare", "dual_bound", lambda x: math.nextafter(x, 0), "only proves"),
    ("welfare", "options", {}, "options lacks the key 'mismatch'"),
    ("welfare", "options/mismatch", "none", "options.mismatch is 'none'"),
    ("welfare", "evidence/tree", lambda t: t[:-1], "ends early"),
    ("welfare", "evidence/tree/1", MISSING, "ends early"),
    ("welfare", "evidence/tree/3/price/0", 9.0, "only proves"),
    ("welfare", "evidence/tree/1", {"worker": [], "farkas": []}, "claimed empty"),
    ("welfare", "evidence", {"kind": "budget-prices", "price": [1.0]}, "evidence.price has 1 entries instead of 2"),
    ("welfare", "evidence", {"kind": "budget-prices", "price": [1.0, -1.0]}, r"evidence.price\[1\] is -1.0, outside"),
    ("welfare", "evidence", {"kind": "budget-prices", "price": [0.0, 0.0], "tree": []}, "unknown key 'tree'"),
    ("welfare", "evidence", {"kind": "budget-prices", "price": [9.0, 9.0]}, "only proves"),
    ("welfare", "solution/assignment/1", [0], "one task per worker broken at worker 0"),
    ("welfare", "solution/assignment/0", [0, 1, 2], "budget broken at task 0 by 1"),
    ("welfare", "solution/assignment/0", [7], r"solution.assignment\[0\]\[0\] is 7, not an index"),
    ("welfare", "solution/assignment/0", ["0"], "is '0', not an integer"),
    ("welfare", "solution/assignment", lambda x: x[:1], "solution.assignment has 1 entries instead of 2"),
    ("welfare", "instance/service", "always", "instance.service is 'always'"),
    ("welfare", "instance/service", MISSING, "instance lacks the key 'service'"),
    ("welfare", "instance/quality_risk", 0, r"instance.quality_risk is 0, outside \(0, 1\]"),
    ("welfare", "instance/tasks/redundancy/0", 1, r"instance.tasks.redundancy\[0\] is 1, outside \[0, 1\)"),
    ("welfare", "instance/tasks/budget/0", None, r"instance.tasks.budget\[0\] is null, not a number"),
    ("welfare", "instance/tasks/x", [1.0], "instance.tasks.x has 1 entries instead of 2"),
    ("welfare", "instance/tasks/depth", [1.0, 1.0], "instance.tasks has the unknown key 'depth'"),
    ("welfare", "instance/workers/arrival/2", 1.5, r"instance.workers.arrival\[2\] is 1.5, outside \[0, 1\]"),
    ("welfare", "instance/workers/privacy_budget/1", 0.0, r"privacy_budget\[1\] is 0.0, outside \(0, 1e\+100\]"),
    ("welfare", "instance/pairs/worker/1", 0, r"instance.pairs.task\[1\] repeats the pair \(0, 0\)"),
    ("welfare", "instance/pairs/worker/1", 3, r"instance.pairs.worker\[1\] is 3, not an index from 0 to 2"),
    ("welfare", "instance/pairs/task/1", 0.0, r"instance.pairs.task\[1\] is 0.0, not an integer"),
    ("welfare", "instance/pairs/intent_prior/0", 2, r"intent_prior\[0\] is 2, outside \[0, 1\]"),
    ("welfare", "instance/pairs/cost/0", 1e101, r"cost\[0\] is 1e\+101, outside"),
    ("welfare", "instance/pairs/payment", lambda x: x[:-1], "entries instead of"),
    ("welfare", "instance/pairs", None, "instance.pairs is null, not an object"),
    # Infeasibility.
    ("impossible", "evidence/tree", [{"worker": [], "price": []}, {"worker": [], "price": []}], "stands after the end"),
    ("impossible", "status", "UNKNOWN", "dual_bound is null"),
    ("impossible", "dual_bound", 3.0, "dual_bound is given"),
    ("impossible", "evidence", {"kind": "budget-prices", "price": [1.0, 1.0]}, "does not prove infeasibility"),
    ("unknown", "status", "INFEASIBLE", "dual_bound is given"),
    ("unknown", "gap", 0.0, "gap is given"),
    ("unknown", "objective", 0.0, "objective is given"),
    ("unknown", "evidence", None, "evidence is null"),
    ("unknown", "dual_bound", None, "dual_bound is null"),
    ("nothing", "dual_bound", 3.0, "evidence is null"),
    ("nothing", "status", "INFEASIBLE", "evidence is null"),
    ("feasible", "status", "BOUNDED", "dual_bound is null"),
    ("feasible", "status", "PROVED", "dual_bound is null"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "path", "value", "reason"), PLANTED)
def test_planted_errors_are_refused_with_their_reason(name: str, path: str, value: Any, reason: str) -> None:
    verdict = check.check(altered(honest()[name], path, value))
    assert not verdict.accepted
    assert "\n" not in verdict.reason
    assert re.search(reason, verdict.reason), verdict.reason


def test_a_recorded_bound_may_be_weaker_by_rounding_only() -> None:
    document = welfare()
    assert check.check(altered(document, "dual_bound", lambda x: x + 5e-10)).accepted
    assert not check.check(altered(document, "dual_bound", lambda x: x * (1 + 1e-8))).accepted


def test_a_proof_of_emptiness_beside_a_plan_is_refused() -> None:
    document = knapsack()
    subject = [document[key] for key in ("problem", "options", "instance", "evidence")]
    known = check.Derivation(None, True, "forged", {}, check.canonical_digest(subject))
    assert "proves that no feasible plan exists" in check.check(document, derivation=known).reason


def test_a_derivation_is_used_only_for_what_it_is_about() -> None:
    document = knapsack()
    subject = [document[key] for key in ("problem", "options", "instance", "evidence")]
    derivation = check.derive(*subject)
    again = check.check(document, derivation=derivation)
    assert again == check.check(document)
    other = altered(document, "evidence/tree", [-1])
    assert "only proves" in check.check(other, derivation=derivation).reason
    lower = check.Derivation(4.0, False, "forged", {}, "sha256:0")
    assert check.check(document, derivation=lower) == again


def test_a_plan_that_beats_the_bound_refutes_it() -> None:
    document = knapsack()
    subject = [document[key] for key in ("problem", "options", "instance", "evidence")]
    false = check.Derivation(3.0, False, "forged", {}, check.canonical_digest(subject))
    verdict = check.check(altered(document, "dual_bound", 3.0), derivation=false)
    assert "beats the bound" in verdict.reason


def test_the_instance_can_be_pinned() -> None:
    document = knapsack()
    other = Knapsack(KnapsackInstance([1.0], [1.0], 1.0)).instance.digest()
    assert "about another instance" in check.check(document, instance_digest=other).reason


def test_time_limit() -> None:
    for document in honest().values():
        verdict = check.check(document, time_limit=0)
        assert not verdict.accepted
        assert verdict.reason.startswith("time limit of 0 s hit")
        assert check.check(document, time_limit=60).accepted


# Text ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda text: text[:-1], "the text is not JSON"),
        (lambda text: text[: len(text) // 2], "the text is not JSON"),
        (lambda text: "", "the text is not JSON"),
        (lambda text: text + text, "the text is not JSON"),
        (lambda text: text.replace('"gap":', '"gap": 0.5, "gap":'), "the key 'gap' appears twice"),
        (
            lambda text: text.replace('"capacity": 5.5', '"capacity": 5.5, "capacity": 5.5'),
            "'capacity' appears twice",
        ),
        (lambda text: text.replace("5.5", "NaN"), "the text holds NaN"),
        (lambda text: text.replace("5.5", "-Infinity"), "the text holds -Infinity"),
        (lambda text: text.replace("5.5", "1e999"), "instance.capacity is inf, not a finite number"),
        (lambda text: text.replace('"hand"', "1e999"), "created_by.by is inf, not a finite number"),
        (lambda text: text.replace('"hand"', "9" * 5000), "the text is not JSON"),
        (lambda text: text.replace('"hand"', "[" * 100_000), "the text is nested too deeply"),
        (lambda text: text.replace('"hand"', "[" * 200 + "]" * 200), "is nested too deeply"),
        (lambda text: text.replace('"knapsack"', '"\\ud800"', 1), "problem is '.+ud800'"),
        (lambda text: "[]", "the list of certificates is empty"),
        (lambda text: "null", "the certificate is null, not an object"),
        (lambda text: "[" + text + ", 3]", "the certificate is 3, not an object"),
        (lambda text: "\ufeff" + text, "the text is not JSON"),
        (lambda text: text.encode(), "not text"),
    ],
)
def test_text_is_read_strictly(change: Any, reason: str) -> None:
    text = json.dumps(knapsack())
    assert check.check_text(text)[0].accepted
    last = check.check_text(change(text))[-1]
    assert not last.accepted
    assert re.search(reason, last.reason), last.reason
    last.reason.encode("ascii")


def test_a_file_may_hold_several_certificates() -> None:
    text = json.dumps([knapsack(), altered(knapsack(), "gap", 0), welfare()])
    assert [verdict.accepted for verdict in check.check_text(text)] == [True, False, True]


def test_values_that_json_does_not_know_are_refused() -> None:
    endless: list[Any] = []
    endless.append(endless)
    for value in (endless, {1, 2}, b"x", (1, 2), 1j, np.float32(1), {3: 4}, object()):
        for path in (
            "created_by/x",
            "evidence",
            "evidence/tree",
            "objective",
            "instance/weight",
            "digest",
            "options",
        ):
            verdict = check.check(altered(knapsack(), path, value))
            assert not verdict.accepted or path.startswith("created_by")
    assert not check.check(altered(knapsack(), "created_by/x", {3: 4})).accepted


JUNK: list[Any] = [
    None, True, False, 0, 1, -1, 2, 10**25, 10**400, 0.5, -0.0, 1e-320, 1e308, -1e308, "", "x", "knapsack", "pair",
    "served", [], [[]], [0], [0.5, "x"], {}, {"x": 1}, {"split": "served", "task": 0}, {"worker": [0], "price": [1.0]},
    math.nan, math.inf,
]  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of every entry of a document."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [path, *(found for key, item in items for found in places(item, (*path, key)))]


@pytest.mark.parametrize("name", STATUS)
@pytest.mark.parametrize("seed", range(8))
def test_no_damage_to_a_document_raises(name: str, seed: int) -> None:
    """Fuzz: entries replaced by junk, removed, doubled; a verdict comes back, and what it accepts is re-derived."""
    rng = random.Random(f"{name} {seed}")
    original = honest()[name]
    for _ in range(150):
        document = copy.deepcopy(original)
        for _ in range(rng.choice([1, 1, 1, 2, 3])):
            *way, last = rng.choice([path for path in places(document) if path])
            place: Any = document
            for step in way:
                place = place[step]
            action = rng.random()
            if action < 0.7:
                place[last] = copy.deepcopy(rng.choice(JUNK))
            elif action < 0.85:
                del place[last]
            elif isinstance(place, list):
                place.insert(last, copy.deepcopy(place[last]))
            else:
                place[f"{last}x"] = place.pop(last)
        verdict = check.check(document)
        if verdict.accepted:
            assert verdict.status == document["status"]
            assert check.canonical_digest(document["instance"]) == document["digest"]
        else:
            assert verdict.reason
            verdict.reason.encode("ascii")


@pytest.mark.parametrize("factor", [1 + 1e-8, 0.5, 800.0])
def test_a_tiny_objective_is_held_to_its_own_magnitude(factor):
    problem = Knapsack(KnapsackInstance([3.0, 4.0], [1e-12, 2e-12], 4.5))
    document = certificate(problem, Packing([1]), {"kind": "dantzig-tree", "tree": [-1]})
    assert check.check(document).accepted, check.check(document).reason
    document["objective"] *= factor
    assert "objective is recorded" in check.check(document).reason


def test_the_gap_of_a_minimisation_is_no_negative_zero():
    assert math.copysign(1.0, checking._gap(2.0, 2.0, -1.0)) == 1.0
