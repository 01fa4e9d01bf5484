"""``mcsopt generate``: every kind, both file formats, options as text."""

from __future__ import annotations

import pytest

from mcsopt.data import GENERATORS, read_instance
from mcsopt.data.generators import generator_of
from tests.commands.running import run

CASES = {
    "data-coalition": ({"--players": "5", "--costs": "two-cluster", "--variance": "0.3", "--alpha": "-0.5"},),
    "coalition-structure": ({"--players": "4", "--values": "distance", "--threshold": "0.35"},),
    "knapsack": ({"--items": "7", "--family": "subset-sum", "--fraction": "0.3", "--integer": "true"},),
    "sensing-market": (
        {"--tasks": "3", "--workers": "9", "--variant": "hard", "--candidates": "4", "--service": "required"},
    ),
}
TRIED = [(kind, options) for kind in GENERATORS for options in ({}, *CASES.get(kind, ()))]


@pytest.mark.parametrize("ending", ["json", "parquet"])
@pytest.mark.parametrize(("kind", "options"), TRIED)
def test_what_is_written_is_what_the_function_draws(capsys, tmp_path, kind, options, ending):
    target = tmp_path / f"drawn.{ending}"
    words = [word for pair in options.items() for word in pair]
    outcome = run(capsys, "generate", "--kind", kind, "--seed", 4, "-o", target, *words)
    assert outcome.status == 0
    assert outcome.out == ""
    assert f"wrote {target}" in outcome.err
    arguments = {name[2:]: _value(text) for name, text in options.items()}
    drawn = generator_of(kind)(seed=4, **arguments)
    assert read_instance(target).digest() == drawn.digest()
    assert drawn.digest() in outcome.err


def _value(text: str) -> object:
    if text in ("true", "false"):
        return text == "true"
    try:
        return float(text) if "." in text else int(text)
    except ValueError:
        return text


def test_equals_signs_and_dashes(capsys, tmp_path):
    spaced, equal = tmp_path / "a.json", tmp_path / "b.json"
    run(capsys, "generate", "--kind", "knapsack", "--seed", 1, "-o", spaced, "--items", 5, "--integer", "TRUE")
    run(capsys, "generate", "--items=5", "--integer=true", "--kind=knapsack", "--seed=1", f"--output={equal}")
    assert spaced.read_bytes() == equal.read_bytes()


def test_seeds_matter(capsys, tmp_path):
    digests = set()
    for seed in ("0", "1", "2"):
        target = tmp_path / f"{seed}.json"
        run(capsys, "generate", "--kind", "sensing-market", "--tasks", 2, "--workers", 6, "--seed", seed, "-o", target)
        digests.add(read_instance(target).digest())
    assert len(digests) == 3


@pytest.mark.parametrize("ending", ["json", "parquet"])
@pytest.mark.parametrize(
    ("kind", "problem", "heuristic"),
    [("sensing-market", "offline-welfare", "greedy"), ("knapsack", "knapsack", "density-greedy")],
)
def test_a_generated_file_is_certified(capsys, tmp_path, kind, problem, heuristic, ending):
    target, certificate = tmp_path / f"i.{ending}", tmp_path / "c.json"
    size = ("--tasks", 3, "--workers", 9) if kind == "sensing-market" else ("--items", 9)
    assert run(capsys, "generate", "--kind", kind, "--seed", 0, "-o", target, *size).status == 0
    words = ("--problem", problem, "--heuristic", heuristic, "--certificate", certificate)
    assert run(capsys, "certify", target, *words).status == 0
    assert run(capsys, "verify", certificate, "--instance", target).status == 0
