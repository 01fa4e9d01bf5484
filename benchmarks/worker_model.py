"""What the stochastic worker model shows: Markov's tests against exact risks, and plans against propagated delays.

python -m benchmarks.worker_model            # about a minute
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator

import numpy as np

from benchmarks.tables import show
from mcsopt.data.sensing_workers import CHANNEL, SensingWorker, draw_task, draw_worker, sensing_worker
from mcsopt.problems.worker_model import (
    InverseAge,
    Legs,
    MarketConstants,
    PathSurrogate,
    admissible,
    cents_up,
    completion_chance,
    expected_cost,
    expected_quality,
    expected_realized_utility,
    expected_utility,
    failure_risk,
    judge_path,
    legs_to,
    markov_accepts,
    planned_departure,
    quality_risk_bounds,
    rational_floor,
    utility_risk,
)
from mcsopt.seeds import generator

CONSTANTS = MarketConstants()
SHARE = 0.2
Price = Callable[[Legs, int, float, float], float]
"""Of a leg, its departure, the share of the compensation, and the cap on the risk."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pairs", type=int, default=4000)
    parser.add_argument("--sets", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=200)
    parser.add_argument("--tasks", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    print_pair_tests(args.pairs, args.seed)
    print_task_test(args.sets, args.seed)
    print_sunk_costs(args.pairs, args.seed)
    print_paths(args.workers, args.tasks, args.seed)


def drawn_pairs(number: int, seed: int, *, direct: bool) -> Iterator[tuple[Legs, int]]:
    """Yield legs and departures: slot 0, or a slot that, without delay, has the worker in time inside the window."""
    rng = generator(seed, 80)
    for _ in range(number):
        leg = legs_to(draw_worker(rng), [draw_task(rng)], CONSTANTS, CHANNEL)[0]
        latest = max(0, int(leg.closing - leg.sensing - leg.travel))
        first = max(0, int(leg.opening - leg.travel))
        later = int(rng.integers(first, max(first, latest) + 1))
        yield leg, 0 if direct else later


def print_pair_tests(number: int, seed: int) -> None:
    """Count what (40) and (50) accept, over prices that an ask takes on its way down."""
    rows = []
    for start in ("slot 0", "later"):
        pairs = list(drawn_pairs(number, seed, direct=start == "slot 0"))
        for title, share, caps in TESTS:
            for name, price in PRICES.items():
                rows.append((title, start, name, *counts(pairs, price, share, *caps)))
    show(
        f"Markov's tests of a worker's risk, {number} pairs",
        ("test", "departure", "price", "pairs", "accepted", "violate R1", "violate R1 but not R2", "refused, R1 kept"),
        rows,
        markdown=True,
    )


def counts(
    pairs: list[tuple[Legs, int]], price: Price, share: float, cap: float, failure_cap: float
) -> tuple[str, ...]:
    """Return how many pairs have such a price, are accepted, violate all the same, and are refused without need."""
    counted = accepted = violating = in_time = refused = 0
    for leg, depart in pairs:
        payment = price(leg, depart, share, cap)
        if np.isfinite(payment):
            mean = expected_utility(leg, depart, payment, share * payment)
            exact = utility_risk(leg, depart, payment, CONSTANTS.least_utility)
            accepts = bool(markov_accepts(mean, CONSTANTS.least_utility, cap))
            counted += 1
            accepted += accepts
            violating += accepts and bool(exact > cap)
            in_time += accepts and bool(exact > cap) and bool(failure_risk(leg, depart) <= failure_cap)
            refused += not accepts and bool(exact <= cap)
    return str(counted), str(accepted), share_of(violating, accepted), share_of(in_time, accepted), str(refused)


def _first_ask(leg: Legs, depart: int, share: float, cap: float) -> float:
    return float(cents_up(3 * expected_cost(leg)) / 100)


def _one_and_a_half(leg: Legs, depart: int, share: float, cap: float) -> float:
    return float(cents_up(1.5 * expected_cost(leg)) / 100)


def _least_accepted(leg: Legs, depart: int, share: float, cap: float) -> float:
    """Return the least price that the test accepts: E[u] = (1 - rho) u_min."""
    needed = expected_cost(leg) + (1 - cap) * CONSTANTS.least_utility
    completed = completion_chance(leg, depart)
    return float(cents_up(rational_floor(completed, needed, compensation_share=share)) / 100)


PRICES: dict[str, Price] = {
    "first ask, 3 E[c]": _first_ask,
    "1.5 E[c]": _one_and_a_half,
    "least that it accepts": _least_accepted,
}


TESTS = (
    ("(40), q = 0.2 p", SHARE, (CONSTANTS.utility_risk_cap, CONSTANTS.failure_risk_cap)),
    ("(50), q = 0", 0.0, (CONSTANTS.spot_utility_risk_cap, CONSTANTS.spot_failure_risk_cap)),
)


def print_task_test(number: int, seed: int) -> None:
    """Count what (44) accepts, over sets of two to four workers whose own risks are within their caps."""
    rng, quality, cap = generator(seed, 81), InverseAge(CONSTANTS.quality_scale), CONSTANTS.task_risk_cap
    accepted = violating = refused = undecided = 0
    widest = 0.0
    for draw in range(number):
        task, legs = draw_task(rng), []
        while len(legs) < 2 + draw % 3:
            leg = legs_to(draw_worker(rng), [task], CONSTANTS, CHANNEL)[0]
            if admissible(leg, 0, _first_ask(leg, 0, SHARE, cap), CONSTANTS):
                legs.append(leg)
            elif rng.random() < 0.05:  # some tasks nobody reaches in time
                task, legs = draw_task(rng), []
        mean = sum(float(expected_quality(leg, 0, quality)) for leg in legs)
        lower, upper = quality_risk_bounds(legs, [0] * len(legs), task.demanded_quality, quality)
        widest = max(widest, upper - lower)
        accepts = bool(markov_accepts(mean, task.demanded_quality, cap))
        accepted += accepts
        violating += accepts and lower > cap
        undecided += lower <= cap < upper
        refused += not accepts and upper <= cap
    show(
        f"Markov's test of a task's risk (44), {number} sets of 2 to 4 admissible workers",
        ("accepted", "of these violate", "refused though within the cap", "undecided by the bounds", "widest bounds"),
        [(str(accepted), share_of(violating, accepted), str(refused), str(undecided), f"{widest:.4f}")],
        markdown=True,
    )


def print_sunk_costs(number: int, seed: int) -> None:
    """Compare the expectation of (9), exact sunk cost, with (10), conservative."""
    rows = []
    for start in ("slot 0", "later"):
        every, kept = [], []
        for leg, depart in drawn_pairs(number, seed, direct=start == "slot 0"):
            payment = _first_ask(leg, depart, SHARE, 0.0)
            exact = expected_realized_utility(leg, depart, payment, SHARE * payment)
            every.append(float(exact - expected_utility(leg, depart, payment, SHARE * payment)))
            if admissible(leg, depart, payment, CONSTANTS):
                kept.append(every[-1])
        rows += [(start, name, *spread(v)) for name, v in (("all", every), ("within both caps", kept))]
    show("E[(9)] - (10), first asks", ("departure", "pairs", *SPREAD), rows, markdown=True)


def print_paths(workers: int, tasks: int, seed: int) -> None:
    """Compare planned with exact utility on the best planned path of each worker, and the plan with its relaxation."""
    performed, given_up, plans, looseness, same = [], [], [], [], 0
    for number in range(workers):
        market = sensing_worker(tasks, seed=seed + number)
        planned, path = best_planned(market)
        relaxed, relaxed_path = best_relaxed(market.surrogate())
        same += path == relaxed_path
        plans.append(planned)
        looseness.append(relaxed - planned)
        if path:
            payments = market.payments[path]
            judged = judge_path(market.path_legs(path), payments, SHARE * payments, missed="performed")
            performed.append(judged.exact - judged.surrogate)
            judged = judge_path(market.path_legs(path), payments, SHARE * payments, missed="given-up")
            given_up.append(judged.exact - judged.surrogate)
    show(
        f"Best planned paths of {workers} workers, {tasks} tasks",
        ("utility", *SPREAD),
        [
            ("planned", *spread(plans)),
            ("exact, missed tasks performed - planned", *spread(performed)),
            ("exact, missed tasks given up - planned", *spread(given_up)),
            ("optimum of the worker-path relaxation - planned optimum", *spread(looseness)),
        ],
        markdown=True,
    )
    print(f"{same} of {workers} best paths are those of the relaxation")


def best_planned(market: SensingWorker) -> tuple[float, list[int]]:
    """Return the best planned path by trying all whose legs keep both caps."""
    best: tuple[float, list[int]] = (0.0, [])

    def extend(path: list[int], depart: int, total: float) -> None:
        nonlocal best
        best = max(best, (total, path), key=lambda found: found[0])
        row = market.legs[path[-1] + 1 if path else 0]
        kept = admissible(row, np.array(depart), market.payments, CONSTANTS)
        gained = expected_utility(row, depart, market.payments, SHARE * market.payments)
        leaving = planned_departure(row, depart)
        for task in np.flatnonzero(kept).tolist():
            if task not in path:
                extend([*path, task], int(leaving[task]), total + float(gained[task]))

    extend([], 0, 0.0)
    return best


def best_relaxed(surrogate: PathSurrogate) -> tuple[float, list[int]]:
    """Return the best path of the relaxation by trying all."""
    best: tuple[float, list[int]] = (0.0, [])

    def extend(path: list[int], time: int, total: float) -> None:
        nonlocal best
        best = max(best, (total, path), key=lambda found: found[0])
        place = path[-1] + 1 if path else 0
        for node in range(1, len(surrogate.open)):
            begin = max(time + int(surrogate.travel[place, node]), int(surrogate.open[node]))
            if node - 1 not in path and begin <= surrogate.close[node]:
                gained = float(surrogate.profit[node][begin - surrogate.open[node]])
                extend([*path, node - 1], begin + int(surrogate.service[node]), total + gained)

    extend([], 0, 0.0)
    return best


SPREAD = ("cases", "mean", "least", "median", "largest", "below 0", "above 0")


def spread(values: list[float]) -> tuple[str, ...]:
    """Return the columns of `SPREAD`."""
    v = np.array(values)
    figures = (v.mean(), v.min(), float(np.median(v)), v.max())
    counts = (int((v < -1e-9).sum()), int((v > 1e-9).sum()))
    return (str(len(v)), *(f"{figure:.3f}" for figure in figures), *map(str, counts))


def share_of(count: int, total: int) -> str:
    """Return a count and its share."""
    return f"{count} ({100 * count / max(1, total):.1f} %)"


if __name__ == "__main__":
    main()
