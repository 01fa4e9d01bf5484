"""The checker of coalition structures: its objective, its constraints, its bounds, and what it refuses."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from mcsopt.data import coalition_game
from mcsopt.problems import CoalitionGame, CoalitionStructure
from mcsopt.problems.coalition_game import mask_of
from mcsopt.problems.coalition_structure import every_partition
from mcsopt.seeds import generator
from mcsopt.solvers import solve
from mcsopt.verification import certify, check, verify
from mcsopt.verification.check import coalition_structure as checker
from mcsopt.verification.check.strict import OutOfTime, Refused, Run

TABLE = {"kind": "subset-values"}


def draw(seed: int) -> CoalitionStructure:
    return CoalitionStructure.random_small(generator(seed))


def parsed(problem: CoalitionStructure) -> checker.Game:
    return checker.parse_instance(problem.instance.to_json(), None, Run())


def derive(problem: CoalitionStructure, evidence: dict[str, Any]) -> float | None:
    return check.derive("coalition-structure", {}, problem.instance.to_json(), evidence).dual_bound


def prices(*price: float) -> dict[str, Any]:
    return {"kind": "player-prices", "price": list(price)}


def best(problem: CoalitionStructure) -> Fraction | None:
    """Return the best partition's value in rationals, by trying all."""
    game = problem.instance
    found = []
    for partition in every_partition(game.players):
        masks = [mask_of(block) for block in partition.blocks]
        if game.may_form[masks].all():
            found.append(sum((Fraction(float(game.value[mask])) for mask in masks), Fraction(0)))
    return max(found, default=None)


@pytest.mark.parametrize("seed", range(60))
def test_objective_and_violations_equal_those_of_the_problem(seed: int) -> None:
    problem, rng = draw(seed), generator(seed)
    game, n = parsed(problem), problem.instance.players
    for _ in range(8):
        blocks = [sorted(rng.choice(n, rng.integers(0, n + 1), replace=False).tolist()) for _ in range(3)]
        partition = problem.as_solution(blocks)
        plan = checker.parse_solution(game, problem.solution_document(partition))
        assert checker.objective_of(game, plan) == problem.evaluate(partition)
        found, known = checker.violations_of(game, plan, Run()), problem.violations(partition)
        assert [(b.constraint, b.amount) for b in found] == [(v.constraint, v.amount) for v in known]


@pytest.mark.kernel
@pytest.mark.parametrize("seed", range(80))
def test_the_table_is_the_best_partition_whatever_the_arithmetic(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = draw(seed)
    exact, truth = derive(problem, TABLE), best(problem)
    monkeypatch.setattr(checker, "EXACT", 0)
    doubles = derive(problem, TABLE)
    if truth is None:
        assert exact is doubles is None
        return
    assert exact is not None
    assert doubles is not None
    assert 0 <= Fraction(exact) - truth <= Fraction(1, 10**15) * max(1, abs(truth))
    assert 0 <= Fraction(doubles) - truth <= Fraction(1, 10**13) * max(1, abs(truth))


@pytest.mark.parametrize("seed", range(80))
def test_any_prices_prove_a_bound_in_any_arithmetic(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    problem, rng = draw(seed), generator(seed)
    n, truth = problem.instance.players, best(problem)
    for scale in (0.0, 1.0, 1e6):
        evidence = prices(*np.round(rng.normal(0, scale, n), int(rng.integers(0, 3))).tolist())
        bounds = []
        for exact, near in ((12, 100_000), (0, 100_000), (0, 0)):
            monkeypatch.setattr(checker, "EXACT", exact)
            monkeypatch.setattr(checker, "NEAR_TIES", near)
            bounds.append(derive(problem, evidence))
        if not problem.instance.may_form.any():
            assert bounds == [None] * 3
            continue
        first, near, loose = (Fraction(bound or 0.0) for bound in bounds)
        assert first == near <= loose <= first + Fraction(1, 10**12) * max(1, Fraction(scale))
        assert truth is None or truth <= first


def test_prices_by_hand() -> None:
    # Any two of three gain 1, the whole nothing more: halves are least, and any shift of all of them is the same.
    majority = CoalitionStructure(CoalitionGame(3, [0, 0, 0, 1, 0, 1, 1, 1]))
    assert derive(majority, prices(0.5, 0.5, 0.5)) == 1.5
    assert derive(majority, prices(8, 8, 8)) == derive(majority, prices(-3, -3, -3)) == 1.5
    assert derive(majority, prices(1, 0, 0)) == 2.5
    assert derive(majority, TABLE) == 1.0


def test_a_table_in_doubles_is_exact_on_a_grid_and_only_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checker, "EXACT", 0)
    assert derive(CoalitionStructure(CoalitionGame(3, [0, 0.5, -0.25, 1, -0.25, 0, 0, 0])), TABLE) == 0.75
    assert derive(CoalitionStructure(CoalitionGame(2, [0, 0, 0, 0])), TABLE) == 0.0
    # On their own 1e100 and 1e-300 are on some grid; together on none that leaves them 52 bits.
    mixed = derive(CoalitionStructure(CoalitionGame(2, [0, 1e100, 1e-300, 0])), TABLE)
    assert mixed is not None
    assert mixed > 1e100
    far = derive(CoalitionStructure(CoalitionGame(3, [0, 1.0, 2.0**-60, 0, -1.0, 0, 0, 0])), TABLE)
    assert far is not None
    assert far >= 2.0**-60


@pytest.mark.parametrize("players", [13, 14])
@pytest.mark.parametrize("threshold", [None, 0.3])
def test_the_compiled_table_agrees_with_the_plain_one(players: int, threshold: float | None) -> None:
    problem = CoalitionStructure(coalition_game(players, "normal", seed=players, threshold=threshold))
    game = parsed(problem)
    scaled = [int(v * 2**40) if may else None for v, may in zip(game.value.tolist(), game.forms, strict=True)]
    plain, compiled = checker.exact_best(scaled, Run()), derive(problem, TABLE)
    assert plain is not None
    assert compiled == pytest.approx(plain / 2**40, abs=1e-10)
    certificate = certify(problem, solve(problem))
    verdict = verify(certificate)
    assert verdict.accepted, verdict.reason
    assert verdict.work in ({"splits compared": (3 ** (players - 1) - 1) // 2 + 2 ** (players - 1)},
                            {"coalitions priced": int(game.forms.sum())})  # fmt: skip


def test_infeasibility_is_the_table_s_word() -> None:
    pairs = CoalitionStructure(CoalitionGame(3, np.arange(8), [1, 0, 0, 1, 0, 1, 1, 0]))
    derivation = check.derive("coalition-structure", {}, pairs.instance.to_json(), TABLE)
    assert (derivation.infeasible, derivation.dual_bound) == (True, None)
    assert derive(pairs, prices(0, 0, 0)) == 9.0  # prices bound what the relaxation has: d = 6/2
    nobody = CoalitionStructure(CoalitionGame(1, [0, 1], [1, 0]))
    assert derive(nobody, prices(0)) is None


def test_the_clock_is_heeded() -> None:
    for players in (11, 13):
        game = CoalitionGame(players, np.zeros(1 << players))
        for evidence in (TABLE, prices(*[0.0] * players)):
            with pytest.raises(OutOfTime):
                check.derive("coalition-structure", {}, game.to_json(), evidence, time_limit=0)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"players": 2.5}, "instance.players is 2.5, not an integer"),
        ({"players": 25}, "instance.players is 25, outside"),
        ({"players": 3}, "instance.value has 4 entries instead of 8"),
        ({"value": [1, 0, 0, 0]}, r"instance.value\[0\] is 1.0"),
        ({"value": [0, 0, 0, True]}, r"instance.value\[3\] is true"),
        ({"feasible": [1, 1, 1]}, "instance.feasible has 3 entries"),
        ({"feasible": [1, 1, 0.5, 1]}, "neither 0 nor 1"),
        ({"feasible": [0, 1, 1, 1]}, r"instance.feasible\[0\] is not 1"),
        ({"extra": 1}, "unknown key 'extra'"),
    ],
)
def test_bad_instances(change: dict[str, Any], complaint: str) -> None:
    document = CoalitionGame(2, [0, 1, 1, 3]).to_json() | change
    with pytest.raises(Refused, match=complaint):
        check.derive("coalition-structure", {}, document, TABLE)


@pytest.mark.parametrize(
    ("evidence", "complaint"),
    [
        ({"kind": "closed-form"}, "evidence.kind"),
        ({"kind": "subset-values", "value": []}, "unknown key"),
        ({"kind": "player-prices"}, "lacks the key 'price'"),
        (prices(1), "has 1 entries instead of 2"),
        (prices(1, 1e201), "outside"),
        (prices(1, math.inf), "outside|finite"),
    ],
)
def test_bad_evidence(evidence: dict[str, Any], complaint: str) -> None:
    with pytest.raises(Refused, match=complaint):
        check.derive("coalition-structure", {}, CoalitionGame(2, [0, 1, 1, 3]).to_json(), evidence)


@pytest.mark.parametrize(
    "partition", [[[0, 0], [1]], [[0], [2]], [[0], 1], "01", [[0], [True]], [[0]], [[0, 1], [1]], [[0, 1]]]
)
def test_planted_errors_in_a_plan_are_caught(partition: Any) -> None:
    problem = CoalitionStructure(CoalitionGame(2, [0, 1, 1, 3], [1, 1, 1, 0]))
    document = dict(certify(problem, solve(problem)).document)
    assert check.check(document).accepted
    document["solution"] = document["solution"] | {"partition": partition}
    assert not check.check(document).accepted


def test_a_plan_in_other_order_and_with_empty_coalitions_is_the_same() -> None:
    problem = CoalitionStructure(CoalitionGame(3, [0, 1, 1, 3, 1, 1, 1, 1]))
    document = dict(certify(problem, solve(problem)).document)
    document["solution"] = document["solution"] | {"partition": [[2], [], [1, 0]]}
    assert check.check(document).accepted
