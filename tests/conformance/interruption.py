"""Ctrl-C at a chosen line of a solver's own module."""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


class Strike:
    """Run a call, and raise `KeyboardInterrupt` at the line numbered `at`, from 0, that a source file executes.

    Parameters
    ----------
    file : str
        Source file whose lines are counted, compiled code excepted.
    at : int, optional
        None: count only.
    """

    def __init__(self, file: str, at: int | None = None) -> None:
        self.file, self.at, self.lines = file, at, 0

    def __call__(self, call: Callable[[], Any]) -> Any:
        """Return what the call returns."""
        before = sys.gettrace()
        sys.settrace(self._enter)
        try:
            return call()
        finally:
            sys.settrace(before)

    @property
    def struck(self) -> bool:
        """Whether the line was reached."""
        return self.at is not None and self.lines > self.at

    def _enter(self, frame: FrameType, event: str, argument: Any) -> Any:
        return self._line if frame.f_code.co_filename == self.file else None

    def _line(self, frame: FrameType, event: str, argument: Any) -> Any:
        if event == "line":
            self.lines += 1
            if self.lines - 1 == self.at:
                raise KeyboardInterrupt
        return self._line
