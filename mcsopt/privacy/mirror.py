"""MIRROR (Algorithm 2): one permanent report for each worker and epoch, repeated however often it is asked for."""

from __future__ import annotations

import dataclasses
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any

import numpy as np

from mcsopt.errors import InputError, shown
from mcsopt.privacy import inputs
from mcsopt.privacy.ledger import Charge, Ledger
from mcsopt.privacy.random_bits import Simulated, as_generator
from mcsopt.privacy.randomized_response import report
from mcsopt.privacy.report_file import Entry, ReportFile, lock, read_reports, write_reports
from mcsopt.seeds import generator


class Mirror:
    """Memoized reports in a file: within an epoch nobody is answered twice with fresh noise (Algorithm 2, MIRROR).

    Open it with :meth:`create`, for a market that nobody has reported to, or :meth:`open`; close it with ``with``. The
    two are apart on purpose: a mistyped path must not begin a new file and draw noise that was drawn before.

    Notes
    -----
    A report is on the disk before it is returned. A call that fails, or is interrupted, has told nothing; after a crash
    the file is that of the last call that returned, or of the one that was cut short. Only one `Mirror` has a file open
    at a time, threads take turns, and a forked child is refused. What cannot be noticed: a file that was deleted and
    created anew, or an older copy put in its place.

    Guarantee: the reports of an epoch, taken together and however many, satisfy Definition 2 with the worker's eps:
    they are all the same (Proposition 1). Epochs add up, see :meth:`ledger`.

    Examples
    --------
    >>> import tempfile
    >>> from pathlib import Path
    >>> folder = tempfile.TemporaryDirectory()
    >>> path = Path(folder.name) / "reports.json"
    >>> with Mirror.create(path, market="sha256:0", num_tasks=4) as mirror:
    ...     first = mirror.report(epoch=0, bits=[[1, 0, 1, 1]], epsilon=0.8)
    >>> with Mirror.open(path, market="sha256:0") as mirror:            # after a restart
    ...     again = mirror.report(epoch=0, bits=[[1, 0, 1, 1]], epsilon=0.8)
    ...     print(bool((first == again).all()), mirror.ledger(), sep="; ")
    True; worker 0: 1 drawn, loss 0.8 per entry, 3.2 for the whole vector
    >>> folder.cleanup()
    """

    def __init__(self, path: str | Path, content: ReportFile, held: IO[str], seed: int | None) -> None:
        self._path, self._content, self._held, self._seed = path, content, held, seed
        self._written = _bytes_of(path)
        self._turn = threading.Lock()
        self._process = os.getpid()

    @classmethod
    def create(cls, path: str | Path, *, market: str, num_tasks: int, simulated: int | None = None) -> Mirror:
        """Begin a file of reports.

        Parameters
        ----------
        path : str or Path
            A file that does not exist yet, in a folder that does.
        market : str
            Digest of the market, ``instance.digest()``: no other market will be served from this file.
        num_tasks : int
            Entries I >= 1 of a report.
        simulated : int, optional
            Seed, for simulations only: the noise of a worker and epoch follows from it alone, in whatever order they
            ask. By default the noise is cryptographically secure.

        Raises
        ------
        InputError
            If the file exists, is in use or cannot be written.
        """
        seed, num_tasks = _seed(simulated), inputs.integer(num_tasks, "num_tasks", 1)
        if not isinstance(market, str):
            raise InputError("market", f"is {shown(market)}", "give the digest of a market, instance.digest()")
        held = lock(path)
        try:
            if os.path.lexists(path):
                raise InputError("", "exists already", "open it, or give another path", str(path))
            content = ReportFile(market, num_tasks, seed is not None, {})
            write_reports(content, path)
        except BaseException:
            held.close()
            raise
        return cls(path, content, held, seed)

    @classmethod
    def open(cls, path: str | Path, *, market: str, simulated: int | None = None) -> Mirror:
        """Go on with a file of reports.

        Parameters
        ----------
        path : str or Path
        market : str
            Digest of the market; it must be the one the file was created for.
        simulated : int, optional
            As in :meth:`create`; a file with secure noise is not continued with a seed, nor the other way round.

        Raises
        ------
        InputError
            If the file is missing, damaged, in use, or of another market; it is left as it is.
        """
        seed = _seed(simulated)
        held = lock(path)
        try:
            content = read_reports(path)
            if content.market != market:
                raise InputError(
                    "market", f"is {shown(content.market)}, not {shown(market)}",
                    "each market has a file of its own", str(path),
                )  # fmt: skip
            if content.simulated != (seed is not None):
                kind, remedy = ("simulated", "give the seed") if content.simulated else ("secure", "give no seed")
                raise InputError("simulated", f"the noise of this file is {kind}", remedy, str(path))
        except BaseException:
            held.close()
            raise
        return cls(path, content, held, seed)

    def close(self) -> None:
        """Let others open the file."""
        self._held.close()

    def __enter__(self) -> Mirror:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def report(self, *, epoch: int, bits: Any, epsilon: Any, workers: Sequence[int] | None = None) -> np.ndarray:
        """Return the reports of workers for an epoch: those stored, or, the first time, new ones that are stored.

        Parameters
        ----------
        epoch : int
            Index >= 0. Once a worker has reported for a later epoch, earlier ones are over: their reports were
            discarded, and drawing again would give the platform a second sample.
        bits : array of {0, 1}, shape (J, I)
            True intents. **Where a report is stored they are not looked at**: intents that change within an epoch show
            from the next one on.
        epsilon : float or array of float, shape (J,)
            Finite budgets ``eps_j > 0``, per entry; the same all epoch.
        workers : sequence of int, optional
            Indices >= 0 of the rows of `bits`, none twice; by default 0, 1, ..., J - 1.

        Returns
        -------
        array of uint8, shape (J, I)

        Raises
        ------
        InputError
            For input out of range; an epoch that is over; a budget other than that of the stored report; a file that
            cannot be written, or is closed. Then nothing is told and nothing changes.
        """
        rows = inputs.matrix(inputs.bits(bits, "bits"), "bits")
        if rows.shape[1] != self._content.num_tasks:
            raise InputError("bits", f"has {rows.shape[1]} tasks", f"give {self._content.num_tasks}, as the file has")
        budget = inputs.per_worker(inputs.budgets(epsilon, infinite=False), len(rows), "epsilon")
        keys = [(worker, inputs.integer(epoch, "epoch")) for worker in _workers(workers, len(rows))]
        with self._turn:
            self._check_own()
            new = self._not_stored(keys, budget)
            if new:
                self._store([keys[row] for row in new], rows[new], budget[new])
            told = [self._content.entries[key].bits() for key in keys]
            return np.array(told, dtype=np.uint8).reshape(rows.shape)  # of nobody, too

    def ledger(self) -> Ledger:
        """Return what the reports drawn so far have cost each worker."""
        content = self._content
        return Ledger(
            tuple(
                Charge(entry.worker, entry.epoch, entry.epsilon, content.num_tasks)
                for _, entry in sorted(content.entries.items())
            )
        )

    def _check_own(self) -> None:
        if self._held.closed:
            raise InputError("", "is closed", "open it again", str(self._path))
        if os.getpid() != self._process:
            raise InputError("", "was opened by another process", "open it there only", str(self._path))

    def _not_stored(self, keys: Sequence[tuple[int, int]], budget: np.ndarray) -> list[int]:
        """Return the rows without a report yet; raise where the stored one may not be given, or none drawn."""
        last = dict(sorted(self._content.entries))  # of the epochs of a worker, the last one stays
        new = []
        for row, (worker, epoch) in enumerate(keys):
            if last.get(worker, epoch) > epoch:
                raise InputError(
                    "epoch", f"{epoch} is over for worker {worker}, who has reported for epoch {last[worker]}",
                    "ask for that one or a later one", str(self._path),
                )  # fmt: skip
            stored = self._content.entries.get((worker, epoch))
            if stored is None:
                new.append(row)
            elif stored.epsilon != budget[row]:
                raise InputError(
                    f"epsilon[{row}]", f"is {shown(budget[row])}, not {stored.epsilon!r} of the report of this epoch",
                    "keep the budget until the next epoch", str(self._path),
                )  # fmt: skip
        return new

    def _store(self, keys: Sequence[tuple[int, int]], rows: np.ndarray, budget: np.ndarray) -> None:
        """Draw reports, write them to the disk, and only then let them be seen."""
        entries = dict(self._content.entries)
        for key, bits, eps in zip(keys, self._draw(keys, rows, budget), budget, strict=True):
            entries[key] = Entry(*key, float(eps), "".join(map(str, bits.tolist())))
        entered = dict(keys)
        for key, entry in entries.items():
            if entry.report is not None and entry.epoch < entered.get(entry.worker, 0):
                entries[key] = Entry(entry.worker, entry.epoch, entry.epsilon, None)
        if _bytes_of(self._path) != self._written:
            raise InputError("", "was changed by somebody else", "close it, and see what happened", str(self._path))
        content = dataclasses.replace(self._content, entries=entries)
        write_reports(content, self._path)
        self._content, self._written = content, _bytes_of(self._path)

    def _draw(self, keys: Sequence[tuple[int, int]], rows: np.ndarray, budget: np.ndarray) -> np.ndarray:
        if self._seed is None:
            return report(rows, budget)
        # A stream for each worker and epoch: a restart must not repeat the noise of an earlier epoch.
        noise: list[Simulated] = [generator(self._seed, *key) for key in keys]
        return np.stack([report(*case[:2], simulated=case[2]) for case in zip(rows, budget, noise, strict=True)])


def _bytes_of(path: str | Path) -> bytes | None:
    """Return what is in the file, None if it cannot be read any more."""
    try:
        return Path(path).read_bytes()
    except OSError:
        return None


def _seed(simulated: Any) -> int | None:
    if isinstance(simulated, np.random.Generator):
        raise InputError("simulated", "is a generator, which a restart cannot continue", "give a seed")
    as_generator(simulated)
    return simulated


def _workers(workers: Sequence[int] | None, count: int) -> list[int]:
    given = range(count) if workers is None else workers
    indices = [inputs.integer(worker, f"workers[{row}]") for row, worker in enumerate(given)]
    if len(indices) != count:
        raise InputError("workers", f"has length {len(indices)}", f"give one index for each of {count} rows of bits")
    if len(set(indices)) < count:
        repeated = next(worker for worker in indices if indices.count(worker) > 1)
        raise InputError("workers", f"has {repeated} twice", "ask once for each worker")
    return indices
