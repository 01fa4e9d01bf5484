"""The exceptions of mcsopt: each is one line that says what is wrong, where, and what to do."""

from __future__ import annotations


class McsoptError(Exception):
    """Base of every error that mcsopt raises on purpose."""


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

    def in_file(self, file: str) -> InputError:
        """Return the same error, naming the file it came from."""
        return InputError(self.field, self.problem, self.remedy, file)


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


class NoSolution(McsoptError):
    """An answer was asked of a result that holds no solution."""
