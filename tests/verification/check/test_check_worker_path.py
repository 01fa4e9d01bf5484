"""The checker of worker paths: its two searches agree, and planted errors are caught."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from mcsopt.data.worker_paths import worker_path
from mcsopt.problems import Route, WorkerPath
from mcsopt.solvers import solve
from mcsopt.verification import certify, check
from mcsopt.verification.check import path_compiled, path_kernel
from mcsopt.verification.check import worker_path as checker
from mcsopt.verification.check.strict import Refused, Run
from tests.solvers.path_cases import drawn

SUBSETS = {"kind": "subset-program"}


def bound(problem: WorkerPath, evidence: Any, run: Run | None = None) -> float:
    place = checker.parse_instance(problem.instance.to_json(), None, run or Run())
    found = checker.derive_bound(place, evidence, run or Run())
    assert found is not None
    return found


def optimum(problem: WorkerPath) -> float:
    best = solve(problem, solver="enumeration").objective
    assert best is not None
    return best


def label_bounds(problem: WorkerPath, claim: float | None, price: float = 0.0, step: float = 0.25) -> dict[str, Any]:
    return {"kind": "label-bounds", "step": step, "price": [price] * problem.instance.num_nodes, "bound": claim}


@pytest.mark.kernel
def test_integers_and_doubles_derive_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    for seed in range(60):
        problem = drawn(seed, most=5)
        best = optimum(problem)
        every = [
            label_bounds(problem, claim, price)
            for claim in (None, -1.0, 0.5 * best, best, 2 * best)
            for price in (0.0, 1.3)
        ]
        if all(len(table) == 1 for table in problem.instance.tables):
            every.append(SUBSETS)
        for evidence in every:
            monkeypatch.setattr(checker, "EXACT_TASKS", 7)
            exact = bound(problem, evidence)
            monkeypatch.setattr(checker, "EXACT_TASKS", -1)
            rounded = bound(problem, evidence)
            assert exact >= best * (1 - 1e-15), seed
            assert rounded >= best * (1 - 1e-15), seed
            if evidence.get("bound") is not None or evidence is SUBSETS:
                sharp = max(best, evidence.get("bound", 0.0), 0.0)
                assert exact <= sharp * (1 + 1e-15), seed
                assert rounded <= sharp * (1 + 1e-12), seed
            elif not isinstance(problem.instance.profit, tuple) and np.any(problem.instance.profit % 1):
                assert rounded == pytest.approx(exact, rel=1e-12), seed


@pytest.mark.kernel
def test_a_claim_below_the_optimum_is_raised_to_it() -> None:
    problem = WorkerPath(worker_path(30, 0.2, seed=3))
    found = solve(problem, solver="label-setting")
    assert found.evidence is not None
    for share in (0.0, 0.9, 1 - 1e-9):
        raised = bound(problem, {**found.evidence, "bound": share * found.objective})
        assert found.objective * (1 - 1e-14) <= raised <= found.objective * (1 + 1e-12)
    # Wrong prices, or cells of another width: a longer search, the same bound.
    rng = np.random.default_rng(0)
    for price in (rng.uniform(0, 3, 31).tolist(), [0.0] * 31):
        run = Run()
        weak = {"kind": "label-bounds", "step": 2.0, "price": price, "bound": found.dual_bound}
        assert bound(problem, weak, run) == found.dual_bound
        assert run.work["labels"] > 0


@pytest.mark.kernel
def test_sums_are_rounded_outward_where_they_are_not_exact() -> None:
    assert path_kernel.down(1.0, 2.0) == path_kernel.up(1.0, 2.0) == 3.0
    low, high = path_kernel.down(0.1, 0.2), path_kernel.up(0.1, 0.2)
    assert np.nextafter(low, 1.0) == high
    assert path_kernel.down(np.inf, 1.0) == np.inf


def test_evidence_out_of_form_is_refused() -> None:
    problem = WorkerPath(worker_path(25, 0.2))
    good = label_bounds(problem, None)
    bad: list[tuple[dict[str, Any], str]] = [
        ({"kind": "labels"}, "not 'label-bounds'"),
        (good | {"step": 0.3}, "power of two"),
        (good | {"step": 2.0**-30}, "cells"),
        (good | {"step": 2.0**-299}, "cells"),
        (good | {"price": [0.0]}, "entries"),
        (good | {"price": [-1.0] * 26}, "outside"),
        (good | {"bound": "10"}, "not a number"),
        (good | {"more": 1}, "unknown key"),
        (SUBSETS | {"bound": 1}, "unknown key"),
        (SUBSETS, "25 tasks"),
    ]
    for evidence, word in bad:
        with pytest.raises(Refused, match=word):
            bound(problem, evidence)
    with pytest.raises(Refused, match="depend on time"):
        bound(WorkerPath(worker_path(5, 0.2, tables=True)), SUBSETS)


def test_a_search_that_is_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = WorkerPath(worker_path(25, 1.0))
    monkeypatch.setattr(path_compiled, "MOST_BYTES", 1)
    with pytest.raises(Refused, match="labels"):
        bound(problem, label_bounds(problem, 0.0, step=4.0))
    with pytest.raises(Refused, match="time limit"):
        bound(problem, label_bounds(problem, 0.0, step=4.0), Run(time_limit=0.0))


def sealed() -> dict[str, Any]:
    problem = WorkerPath(worker_path(6, 0.4, return_to_start=True, seed=1))
    return dict(certify(problem, solve(problem, solver="label-setting").solution).document)


def test_each_constraint_is_seen() -> None:
    problem = WorkerPath(worker_path(6, 0.4, return_to_start=True, seed=1))
    place = checker.parse_instance(problem.instance.to_json(), None, Run())
    broken = set()
    for seed in range(200):
        path = np.random.default_rng(seed).permutation(6)[: 1 + seed % 6] + 1
        ours = checker.violations_of(place, path.tolist(), Run())
        theirs = problem.violations(Route(path))
        assert [(b.constraint, b.where) for b in ours] == [(v.constraint, v.where) for v in theirs]
        assert checker.objective_of(place, path.tolist()) == problem.evaluate(Route(path))
        broken |= {breach.constraint for breach in ours}
    assert {"time window", "return to start"} <= broken


@pytest.mark.parametrize(
    ("key", "value", "word"),
    [
        ("profit", [1.0] * 7, "the start is worth nothing"),
        ("close", [0.0] * 7, "before the window opens"),
        ("return_to_start", 1, "not true or false"),
        ("horizon", -1.0, "outside"),
        ("travel", [[0.0]] * 7, "entries"),
        ("profit", [0.0, [2.0, 1.0], *[1.0] * 5], "not all times are integers"),
    ],
)
def test_instances_out_of_form_are_refused(key: str, value: Any, word: str) -> None:
    document = sealed()
    document["instance"] = document["instance"] | {key: value}
    verdict = check.check(document | {"digest": check.canonical_digest(document["instance"])})
    assert not verdict.accepted
    assert word in verdict.reason


def test_tables_are_read_over_windows_and_over_the_horizon() -> None:
    instance = worker_path(3, 0.2, tables=True).to_json()
    for change, word in (([1.0, 2.0], "fit neither"), (None, "rises")):
        table = change or instance["profit"][1][::-1]
        with pytest.raises(Refused, match=word):
            checker.parse_instance(instance | {"profit": [0.0, table, 1.0, 1.0]}, None, Run())
    whole = list(np.linspace(1, 0, 101))
    place = checker.parse_instance(instance | {"profit": [0.0, whole, 1.0, 1.0]}, None, Run())
    first = int(instance["open"][1])
    assert place.profit[1] == whole[first : first + 21]


def test_a_path_through_the_start_is_refused() -> None:
    document = sealed()
    document["solution"] = document["solution"] | {"path": [0, 1]}
    assert "0, the start" in check.check(document).reason
