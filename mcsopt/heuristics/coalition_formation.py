"""The coalition formation algorithm of model owners (Algorithm 4), as printed and repaired; and greedy merging."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from mcsopt.errors import InputError
from mcsopt.problems.coalition_game import mask_of
from mcsopt.problems.coalition_structure import CoalitionStructure, Partition
from mcsopt.problems.partition_games import (
    EqualSurplus,
    Move,
    PartitionGame,
    accepts,
    every_move,
    split,
    swap,
    transfer,
)
from mcsopt.result import Result, Termination, TraceStep, conclude
from mcsopt.seeds import generator

MAX_ROUNDS = 100_000


@dataclass(frozen=True)
class Formation:
    """What a run of coalition formation came to.

    Attributes
    ----------
    partition : Partition
    trace : tuple of TraceStep
        The moves made; the potential is the total payoff.
    termination : Termination
        ``finished``: by its own stopping rule; ``rounds``: at the limit on moves.
    """

    partition: Partition
    trace: tuple[TraceStep, ...]
    termination: Termination


def form_coalitions(
    game: PartitionGame,
    *,
    seed: int = 0,
    variant: str = "repaired",
    rule: str = "pareto",
    start: Partition | None = None,
    max_rounds: int = MAX_ROUNDS,
) -> Formation:
    """Run Algorithm 4 on any game of payoffs by partition, for instance one whose devices choose anew.

    Parameters
    ----------
    game : PartitionGame
        Its payoffs must depend on nothing but the partition; then each move raises the total, and the run ends.
    seed : int
        Draws the moves.
    variant : {"repaired", "printed"}
        ``"printed"`` draws one of transfer, swap and split, and players for it, and stops at the first draw that does
        not improve, or cannot be made. ``"repaired"`` tries all moves in random order and stops when none improves.
    rule : {"pareto", "sum"}
        When a move improves; see `mcsopt.problems.partition_games.accepts`.
    start : Partition, optional
        Everybody alone if not given.
    max_rounds : int
        Limit on moves, >= 0.

    Returns
    -------
    Formation
    """
    if variant not in ("repaired", "printed"):
        raise InputError("variant", f"is {variant!r}", "use 'repaired' or 'printed'")
    if isinstance(max_rounds, bool) or not isinstance(max_rounds, int) or max_rounds < 0:
        raise InputError("max_rounds", f"is {max_rounds!r}", "give an integer >= 0")
    # A stream for each number of players: else one seed would draw the same first move in every game.
    rng, trace = generator(seed, game.players), list[TraceStep]()
    partition = Partition([player] for player in range(game.players)) if start is None else start
    propose = _one_draw if variant == "printed" else _all_moves
    while True:
        move = next((m for m in propose(partition, rng) if accepts(game, partition, m, rule)), None)
        if move is None:
            return Formation(partition, tuple(trace), Termination.FINISHED)
        if len(trace) == max_rounds:
            return Formation(partition, tuple(trace), Termination.ROUNDS)
        partition = move.after(partition)
        trace.append(TraceStep(len(trace), move.mover, math.fsum(game.payoffs(partition))))


def _all_moves(partition: Partition, rng: np.random.Generator) -> Iterator[Move]:
    moves = list(every_move(partition))
    return (moves[k] for k in rng.permutation(len(moves)).tolist())


def _one_draw(partition: Partition, rng: np.random.Generator) -> Iterator[Move]:
    """Yield the one move that lines 3 to 24 of Algorithm 4 draw, if what is drawn is a move."""
    blocks, p = partition.blocks, int(rng.integers(3))
    if p == 2:
        source = blocks[rng.integers(len(blocks))]
        player = source[rng.integers(len(source))]
        if len(source) > 1:
            yield split(source, player)
        return
    if len(blocks) < 2:
        return
    first, second = (blocks[k] for k in rng.choice(len(blocks), 2, replace=False))
    player = first[rng.integers(len(first))]
    if p == 0:
        yield transfer(first, second, player)
    else:
        yield swap(first, second, player, second[rng.integers(len(second))])


def coalition_formation(
    problem: CoalitionStructure,
    *,
    seed: int = 0,
    variant: str = "repaired",
    rule: str = "pareto",
    max_rounds: int = MAX_ROUNDS,
) -> Result:
    """Let owners transfer, swap and split off while it pays (Algorithm 4, repaired), surpluses shared equally.

    Parameters
    ----------
    problem : CoalitionStructure
    seed, variant, rule, max_rounds
        As for :func:`form_coalitions`.

    Returns
    -------
    Result
        The partition reached. When finished, and repaired, it is stable: no transfer, swap or split improves. No
        guarantee on its value. UNKNOWN if players who may not be alone could not be brought together.

    References
    ----------
    Algorithm 4 and Theorem 4 of the appendix on model owners and edge devices (``docs/coalition-structure.md``).
    """
    began = time.perf_counter()
    game = EqualSurplus(problem.instance)
    run = form_coalitions(game, seed=seed, variant=variant, rule=rule, max_rounds=max_rounds)
    method = "coalition-formation" if variant == "repaired" else "coalition-formation-printed"
    return conclude(
        problem, method, run.partition, termination=run.termination, seed=seed, trace=run.trace,
        seconds={"heuristic": time.perf_counter() - began},
    )  # fmt: skip


def coalition_formation_printed(problem: CoalitionStructure, *, seed: int = 0, rule: str = "pareto") -> Result:
    """Run Algorithm 4 to the letter: it ends at the first draw that does not improve; see :func:`form_coalitions`."""
    return coalition_formation(problem, seed=seed, variant="printed", rule=rule)


def greedy_merge(problem: CoalitionStructure, *, seed: int = 0) -> Result:
    """Merge, again and again, the two coalitions that gain most together, while any two gain.

    Parameters
    ----------
    problem : CoalitionStructure
    seed : int
        Not used: the algorithm is deterministic.

    Returns
    -------
    Result
        No guarantee. Of equal gains that of the first two coalitions is taken. UNKNOWN if somebody may not be alone and
        no two coalitions mend that.
    """
    began = time.perf_counter()
    # A coalition that may not form is worth less than any sum, and two of them less than one.
    value = problem.instance.value
    worth = np.where(problem.instance.may_form, value, -4 * problem.instance.players * (np.abs(value).max() + 1))
    masks, trace = [mask_of([player]) for player in range(problem.instance.players)], list[TraceStep]()
    while len(masks) > 1:
        now = np.array(masks)
        gain = worth[now[:, None] | now] - worth[now][:, None] - worth[now]
        gain[np.tril_indices(len(now))] = -np.inf
        i, j = divmod(int(np.argmax(gain)), len(now))
        if not gain[i, j] > 0:
            break
        masks[i] |= masks.pop(j)
        lowest = (masks[i] & -masks[i]).bit_length() - 1
        trace.append(TraceStep(len(trace), lowest, math.fsum(value[masks].tolist())))
    partition = Partition(np.flatnonzero(mask >> np.arange(problem.instance.players) & 1) for mask in masks)
    return conclude(
        problem, "greedy-merge", partition, seed=seed, trace=tuple(trace),
        seconds={"heuristic": time.perf_counter() - began},
    )  # fmt: skip
