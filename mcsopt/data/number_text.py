"""Text files of bare numbers, as classical libraries have them: read one by one, every error with its line."""

from __future__ import annotations

import itertools
import re
from pathlib import Path
from typing import NamedTuple

import numpy as np

from mcsopt.data.files import read_text
from mcsopt.errors import InputError, shown
from mcsopt.problems.fields import LARGEST

EXACT_INTEGER = 2**53
"""Integers up to here are doubles."""
# Python alone would also take 1_000, nan and the digits of other scripts.
_INTEGER = re.compile(r"[+-]?[0-9]+")
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")


class Word(NamedTuple):
    """What stands between two blanks, and the line it stands on, from 1."""

    text: str
    line: int


class NumberText:
    """The words of a text file, taken one after the other.

    Parameters
    ----------
    path : str or Path
    what : str
        What the file should hold, for messages: "an OR-Library file".
    separators : str
        Characters that separate numbers as blanks do.

    Raises
    ------
    InputError
        If the file is missing, a directory, empty or not UTF-8.
    """

    def __init__(self, path: str | Path, what: str, separators: str = "") -> None:
        self.path, self.what = str(path), what
        blanks = str.maketrans(dict.fromkeys(separators, " "))
        lines = read_text(path, what, "plain text").splitlines()
        self._words = [Word(word, k) for k, line in enumerate(lines, 1) for word in line.translate(blanks).split()]
        self._next = 0

    @property
    def left(self) -> int:
        """Number of words not yet taken."""
        return len(self._words) - self._next

    def peek(self) -> Word | None:
        """Return the next word without taking it; None at the end."""
        return self._words[self._next] if self.left else None

    def word(self, name: str) -> Word:
        """Take the next word; `name` says what it should be."""
        if not self.left:
            last = self._words[-1]
            raise self.error(last, f"is the last, and {name} is missing", "complete the file")
        self._next += 1
        return self._words[self._next - 1]

    def keyword(self, wanted: str) -> None:
        """Take the word `wanted`."""
        word = self.word(f"the word {wanted!r}")
        if word.text != wanted:
            raise self.error(word, f"has {shown(word.text)} in place of the word {wanted!r}", f"give {self.what}")

    def rule(self, purpose: str) -> None:
        """Take a word of dashes; `purpose` says what it is for."""
        word = self.word(f"the line of dashes that {purpose}")
        if set(word.text) != {"-"}:
            raise self.error(word, f"has {shown(word.text)} in place of the line of dashes that {purpose}",
                             "give as many items as n says, then dashes")  # fmt: skip

    def on_line(self) -> int:
        """Return how many words are left on the line of the next one; 0 at the end."""
        line = self._words[self._next].line if self.left else 0
        rest = itertools.islice(self._words, self._next, None)
        return sum(1 for _ in itertools.takewhile(lambda word: word.line == line, rest))

    def skip_letters(self) -> None:
        """Leave out the words of a heading, up to the next word that is a number."""
        while self.left and not _NUMBER.fullmatch(self._words[self._next].text):
            self._next += 1

    def number(self, name: str, low: float = 0.0) -> float:
        """Take a number from `low`, the double nearest to what is written; an integer has to be a double itself."""
        word = self.word(name)
        remedy = f"{name} is a number from {low:g} to {LARGEST:g}"
        if not _NUMBER.fullmatch(word.text):
            raise self.error(word, f"has {shown(word.text)} for {name}, not a number", remedy)
        value = float(word.text)
        if not low <= value <= LARGEST:
            raise self.error(word, f"has {shown(word.text)} for {name}", remedy)
        if _INTEGER.fullmatch(word.text) and value >= EXACT_INTEGER and int(word.text) != value:
            raise self.error(word, f"has {shown(word.text)} for {name}, which is no double", "scale the numbers down")
        return value + 0.0  # -0 is 0

    def integer(self, name: str, low: int = 0, high: int = EXACT_INTEGER) -> int:
        """Take an integer from `low` to `high`."""
        word = self.word(name)
        remedy = f"{name} is an integer from {low} to {'2^53' if high == EXACT_INTEGER else high}"
        if not _INTEGER.fullmatch(word.text):
            raise self.error(word, f"has {shown(word.text)} for {name}, not an integer", remedy)
        if not low <= float(word.text) <= high:  # as a float: Python refuses integers of thousands of digits
            raise self.error(word, f"has {shown(word.text)} for {name}", remedy)
        return int(word.text)

    def count(self, name: str, each: int = 1, low: int = 0) -> int:
        """Take how many of something follow, each of at least `each` words; refused where the file is too short."""
        word = self.peek()
        found = self.integer(name, low)
        if word is not None and found * each > self.left:
            what = f"says that {name} is {found:,}: at least {found * each:,} numbers, and {self.left:,} follow"
            raise self.error(word, what, "correct the number, or complete the file")
        return found

    def integers(self, shape: tuple[int, int], name: str) -> np.ndarray:
        """Take a matrix of integers >= 0, row by row."""
        rows, columns = shape
        values = [self.integer(f"{name} [{k // columns}][{k % columns}]") for k in range(rows * columns)]
        return np.array(values, dtype=np.int64).reshape(shape)

    def end(self, remedy: str) -> None:
        """Refuse words that are left over."""
        if self.left:
            word = self._words[self._next]
            raise self.error(word, f"goes on with {shown(word.text)} where the file should end", remedy)

    def error(self, word: Word, problem: str, remedy: str) -> InputError:
        """Return the error to raise about a word."""
        return InputError(f"line {word.line}", problem, remedy, self.path)
