"""Verdicts on runs before and now, written by hand."""

from __future__ import annotations

import numpy as np
import pytest

from mcsopt.errors import InputError
from mcsopt.regression.gap_comparison import Verdict, compare, lost_by_chance, pair_runs
from mcsopt.regression.gap_runs import EntryRuns, run_seeds
from mcsopt.result import Sense, relative_gap

BOUND = 100.0


def runs(entry, objectives, *, bound=BOUND, instance="sha256:1", sense=Sense.MAX, heuristic="h"):
    gaps = tuple(relative_gap(objective, bound, sense) for objective in objectives)
    return EntryRuns(heuristic, entry, instance, bound, run_seeds(entry, len(objectives)), tuple(objectives), gaps)


def judged(before, now, *, alpha=0.01, tolerance=1e-6):
    """Compare objectives by entry, bound 100 to be maximised."""
    old = {entry: runs(entry, objectives) for entry, objectives in before.items()}
    new = [runs(entry, objectives) for entry, objectives in now.items()]
    return compare(pair_runs(old, new, dict.fromkeys(now, Sense.MAX)), alpha=alpha, tolerance=tolerance)


def test_a_deterministic_heuristic_is_worse_if_its_mean_gap_grows_beyond_the_tolerance():
    found = judged({"a": [90.0] * 5, "b": [80.0] * 5}, {"a": [85.0] * 5, "b": [82.0] * 5})
    assert found.deterministic
    assert found.p is None
    assert found.verdict is Verdict.WORSE
    assert (found.gap_before, found.gap_now) == (pytest.approx(0.15), pytest.approx(0.165))
    assert found.difference == pytest.approx(0.015)
    assert (found.worst_entry, found.worst_difference) == ("a", pytest.approx(0.05))
    assert (found.worsened, found.improved, found.entries, found.runs) == (1, 1, 2, 10)


@pytest.mark.parametrize(
    ("now", "verdict"),
    [
        ([90.0] * 5, Verdict.UNCHANGED),
        ([90.0 - 1e-5] * 5, Verdict.NO_WORSE),
        ([90.0 - 1e-3] * 5, Verdict.WORSE),
        ([90.0 + 1e-5] * 5, Verdict.NO_WORSE),
        ([91.0] * 5, Verdict.BETTER),
    ],
)
def test_what_the_tolerance_lets_pass(now, verdict):
    assert judged({"a": [90.0] * 5}, {"a": now}).verdict is verdict


def test_few_pairs_that_differ_are_no_alarm_and_said_to_be_few():
    """As they are among many equal ones: a refactoring that moves one run moves it for the worse every other time."""
    same = [90.0, 91.0, 92.0, 93.0, 94.0]
    found = judged({"a": same, "b": [80.0] * 5}, {"a": same, "b": [70.0] * 5})
    assert (found.verdict, found.p) == (Verdict.NO_WORSE, 2**-5)
    assert found.reason == "the mean gap grew, but 5 pairs that differ show nothing at level 0.01"
    assert (found.worst_entry, found.worst_difference) == ("b", pytest.approx(0.1))


def test_one_value_from_few_seeds_is_no_sign_of_determinism():
    before, now = {f"e{k}": [90.0] * 4 for k in range(2)}, {f"e{k}": [80.0] * 4 for k in range(2)}
    found = judged(before, now)
    assert not found.deterministic
    assert found.p == 2**-8
    assert found.verdict is Verdict.WORSE
    assert judged({"a": [90.0] * 4}, {"a": [80.0] * 4}).verdict is Verdict.TOO_FEW


def test_a_randomized_heuristic_is_worse_beyond_noise_only():
    rng = np.random.default_rng(3)
    before = {f"e{k}": (90 + rng.normal(0, 2, 5)).tolist() for k in range(8)}
    noise = {entry: (90 + rng.normal(0, 2, 5)).tolist() for entry in before}
    shifted = {entry: [value - 4 for value in values] for entry, values in noise.items()}
    assert judged(before, noise).verdict is Verdict.NO_WORSE
    worse = judged(before, shifted)
    assert worse.verdict is Verdict.WORSE
    assert worse.p is not None
    assert worse.p < 0.01
    assert "p = " in worse.reason
    better = judged(shifted, before)
    assert (better.verdict, better.worst_entry) == (Verdict.NO_WORSE, None)


def test_noise_that_raises_the_mean_is_named_as_such():
    before = {"a": [90.0, 91.0, 92.0, 93.0], "b": [90.0, 91.0, 92.0, 93.0]}
    now = {"a": [89.0, 92.5, 91.0, 92.0], "b": [91.0, 89.0, 92.5, 92.5]}
    found = judged(before, now)
    assert found.difference > 0
    assert found.verdict is Verdict.NO_WORSE
    assert "no more than noise may" in found.reason


def test_a_change_within_the_tolerance_is_let_pass_however_sure():
    before = {"a": [90.0 + 0.1 * k for k in range(12)]}
    now = {"a": [value - 1e-3 for value in before["a"]]}
    assert judged(before, now).verdict is Verdict.WORSE
    assert judged(before, now, tolerance=1e-4).verdict is Verdict.NO_WORSE


def test_unchanged_runs_are_never_flagged_even_where_too_few_could_be():
    assert judged({"a": [90.0, 80.0]}, {"a": [90.0, 80.0]}).verdict is Verdict.UNCHANGED


def test_too_few_pairs_are_named_with_how_many_it_takes():
    found = judged({"a": [90.0, 80.0, 70.0]}, {"a": [50.0, 40.0, 30.0]})
    assert found.verdict is Verdict.TOO_FEW
    assert found.reason == "3 pairs of runs cannot show a change at level 0.01, 7 can"
    assert judged({"a": [90.0, 80.0, 70.0]}, {"a": [50.0, 40.0, 30.0]}, alpha=0.2).verdict is Verdict.WORSE


def test_a_run_that_became_infeasible_is_for_the_worse_whatever_the_rest_did():
    found = judged({"a": [90.0] * 5, "b": [80.0] * 5}, {"a": [95.0, 95.0, None, 95.0, 95.0], "b": [99.0] * 5})
    assert found.verdict is Verdict.WORSE
    assert [(pair.entry, pair.seed) for pair in found.lost] == [("a", run_seeds("a", 5)[2])]
    assert found.lost[0].difference is None
    assert found.difference < 0


CHANCE = [90.0, None, 91.0, 92.0, None, 93.0, 94.0, 95.0]


def test_where_feasibility_is_a_matter_of_chance_a_lost_run_is_noise():
    now = [90.0, 89.0, None, 92.0, None, 93.0, 94.0, 95.0]
    found = judged({"a": CHANCE, "b": [None] * 8}, {"a": now, "b": [None] * 8})
    assert (len(found.lost), len(found.gained)) == (1, 1)
    assert found.verdict is Verdict.NO_WORSE


def test_more_lost_runs_than_chance_explains_are_for_the_worse():
    now = [None] * 8
    before = {"a": CHANCE, "b": [80.0] * 8}
    found = judged(before, {"a": now, "b": [80.0] * 7 + [None]})  # 7 lost, none gained: 2^-7 < 0.01
    assert found.verdict is Verdict.WORSE
    assert found.reason == "runs that were feasible and are infeasible now: 7"
    found = judged(before, {"a": now, "b": [80.0] * 8})  # 6 lost: 2^-6 > 0.01
    assert found.verdict is not Verdict.WORSE


def test_always_infeasible_on_one_entry_is_no_excuse_on_another():
    found = judged({"a": [90.0, 91.0] * 4, "b": [None] * 8}, {"a": [90.0, 91.0] * 3 + [90.0, None], "b": [None] * 8})
    assert found.verdict is Verdict.WORSE


def test_lost_by_chance_is_the_tail_of_a_fair_coin():
    draws = np.random.default_rng(0).binomial(9, 0.5, 200_000)
    for lost in range(10):
        assert lost_by_chance(lost, 9 - lost) == pytest.approx(np.mean(draws >= lost), abs=0.006)


def test_runs_that_became_feasible_or_stayed_infeasible_are_not_held_against_it():
    gained = judged({"a": [None] * 5, "b": [80.0] * 5}, {"a": [50.0] * 5, "b": [80.0] * 5})
    assert gained.verdict is Verdict.NO_WORSE
    assert len(gained.gained) == 5
    assert gained.difference == 0
    none = judged({"a": [None] * 5}, {"a": [None] * 5})
    assert (none.verdict, none.difference, none.gap_now, none.worst_entry) == (Verdict.UNCHANGED, None, None, None)
    assert none.to_json()["verdict"] == "unchanged"


def test_every_entry_counts_alike():
    """Entry a has one feasible pair, b five: the mean is over entries."""
    before = {"a": [None] * 4 + [90.0], "b": [90.0] * 5}
    now = {"a": [None] * 4 + [80.0], "b": [91.0] * 5}
    assert judged(before, now).difference == pytest.approx((0.10 - 0.01) / 2)


def test_a_better_bound_moves_both_sides():
    """The baseline was written when the bound was 120; now it is 100."""
    old = {"a": runs("a", [90.0] * 5, bound=120.0)}
    new = [runs("a", [90.0] * 5)]
    pairs = pair_runs(old, new, {"a": Sense.MAX})
    assert [pair.gap_before for pair in pairs] == [pytest.approx(0.1)] * 5
    assert compare(pairs, alpha=0.01, tolerance=1e-6).verdict is Verdict.UNCHANGED


def test_costs_are_minimised():
    old = {"a": runs("a", [110.0] * 5, sense=Sense.MIN)}
    new = [runs("a", [120.0] * 5, sense=Sense.MIN)]
    assert compare(pair_runs(old, new, {"a": Sense.MIN}), alpha=0.01, tolerance=0).verdict is Verdict.WORSE


def test_fewer_seeds_are_paired_with_the_first():
    old = {"a": runs("a", [90.0, 80.0, 70.0])}
    pairs = pair_runs(old, [runs("a", [60.0, 50.0])], {"a": Sense.MAX})
    assert [(pair.objective_before, pair.objective_now) for pair in pairs] == [(90.0, 60.0), (80.0, 50.0)]


@pytest.mark.parametrize(
    ("old", "message"),
    [
        (runs("a", [90.0], instance="sha256:2"), "instance of a: is sha256:1…, in the baseline sha256:2…"),
        (runs("b", [90.0]), r"seeds of h on a: are \(\d+,\), in the baseline \(\d+,\)"),
        (runs("a", [130.0], bound=140.0), "objectives of h on a: a feasible solution worth 130.0 beats the bound"),
    ],
)
def test_what_cannot_be_compared_is_refused(old, message):
    with pytest.raises(InputError, match=message):
        pair_runs({"a": old}, [runs("a", [90.0])], {"a": Sense.MAX})


def test_an_equal_heuristic_with_other_random_streams_is_left_in_peace():
    """2,000 comparisons of 3 entries x 4 seeds of one distribution: false alarms at most at the level, 4 errors up."""
    rng, trials, alpha, flagged = np.random.default_rng(5), 2000, 0.05, 0
    for _ in range(trials):
        draws = 90 - 10 * rng.exponential(1, (2, 3, 4))
        before, now = ({f"e{k}": row.tolist() for k, row in enumerate(half)} for half in draws)
        flagged += judged(before, now, alpha=alpha).verdict is Verdict.WORSE
    assert flagged / trials <= alpha + 4 * np.sqrt(alpha * (1 - alpha) / trials)
