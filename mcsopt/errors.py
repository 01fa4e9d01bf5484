"""The exceptions of mcsopt: each is one line that says what is wrong, where, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

_WORDS = {None: "null", True: "true", False: "false"}
_LONGEST = 60


def one_line(text: str) -> str:
    """Return `text` with line breaks and whatever else a terminal would act on written as escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def shown(value: Any) -> str:
    """Return a value for a message: on one line, cut to 60 characters, in the words of JSON."""
    if hasattr(value, "item") and not getattr(value, "shape", ()):
        value = value.item()  # a number of numpy, which would print as its type around the number
    if value is None or isinstance(value, bool):
        return _WORDS[value]
    if isinstance(value, int) and abs(value) >= 10**_LONGEST:
        return f"an integer of more than {_LONGEST} digits"
    text = repr(value)
    return one_line(text if len(text) <= _LONGEST else text[: _LONGEST - 3] + "...")


class McsoptError(Exception):
    """Base of every error that mcsopt raises on purpose; its message is one printable line."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


class InputError(McsoptError, ValueError):
    """Input that cannot be used.

    Parameters
    ----------
    field : str
        Dotted name of the offending field, with its index: ``"tasks.budget[3]"``.
    problem : str
        What is wrong, with the value found.
    remedy : str
        What to do about it.
    file : str, optional
        The file the field was read from; readers add it with :meth:`in_file`.
    """

    def __init__(self, field: str, problem: str, remedy: str, file: str | None = None) -> None:
        self.field, self.problem, self.remedy, self.file = field, problem, remedy, file
        where = ": ".join(part for part in (file, field) if part)
        super().__init__(f"{where}: {problem}; {remedy}")

    def __reduce__(self) -> tuple[Any, ...]:
        """Let it pass from one process to another: an exception is made again from what made it."""
        return type(self), (self.field, self.problem, self.remedy, self.file)

    def in_file(self, file: str) -> InputError:
        """Return the same error, naming the file it came from."""
        return InputError(self.field, self.problem, self.remedy, file)


@contextmanager
def naming(file: str | Path) -> Iterator[None]:
    """Let every `InputError` raised within name the file that is read."""
    try:
        yield
    except InputError as error:
        raise error.in_file(str(file)) from None


class TooLarge(McsoptError):
    """An exact method refuses: it says how large the case is, its limit, and what to use instead."""


class BackendFault(McsoptError):
    """A solver crashed, hung, or said something that re-evaluation refutes.

    Parameters
    ----------
    backend : str
        Name of the solver.
    fault : str
        What it did, with the numbers that show it.
    """

    def __init__(self, backend: str, fault: str) -> None:
        self.backend, self.fault = backend, fault
        super().__init__(f"{backend}: {fault}")

    def __reduce__(self) -> tuple[Any, ...]:
        """See `InputError`."""
        return type(self), (self.backend, self.fault)


class NoSolution(McsoptError):
    """An answer was asked of a result that holds no solution."""
