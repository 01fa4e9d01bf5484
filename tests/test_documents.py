"""Every shell line of README and docs is one that the command line takes; the recipes are run as they stand."""

from __future__ import annotations

import io
import re
import shlex
import tomllib
from contextlib import redirect_stdout
from pathlib import Path

import pytest

from mcsopt.cli import parse
from mcsopt.commands.arguments import COMMANDS
from tests.commands.running import run

ROOT = Path(__file__).resolve().parents[1]
BESIDE_LAYERS = {"__init__", "__main__", "__pycache__"}
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def lines(page: Path) -> list[str]:
    """Return the mcsopt commands in the shell blocks of a page."""
    blocks = re.findall(r"^```sh\n(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    commands = [command for line in "".join(blocks).splitlines() for command in line.split(" && ")]
    return [command for command in commands if command.startswith("mcsopt ")]


LINES = [(page.name, line) for page in PAGES for line in lines(page)]


def test_there_are_lines_to_take():
    assert len(LINES) > 40
    assert {"README.md", "recipes.md", "guarding.md", "formats.md"} <= {page for page, _ in LINES}


@pytest.mark.parametrize(("page", "line"), LINES)
def test_every_line_is_taken(page, line):
    words = shlex.split(line, comments=True)[1:]
    assert parse(words).command == words[0]


def test_the_commands_that_print_json_are_those_of_the_readme():
    said = re.search(r"With `--json`, (.*?) print", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL)
    assert said is not None
    named = set(re.findall(r"`([a-z ]+)`", said.group(1)))
    actions = {"library": {"list", "verify", "build", "export"}}
    takes = set()
    for command in COMMANDS:
        words = [f"{command} {action}" for action in sorted(actions.get(command, ()))] or [command]
        takes |= {word for word in words if "--json" in help_of(word)}
    assert named - {"library", "library export"} == {word for word in takes if " " not in word}
    assert {word for word in takes if " " in word} == {"library list", "library verify", "library build"}


def help_of(command: str) -> str:
    """Return what ``mcsopt COMMAND --help`` prints."""
    text = io.StringIO()
    with redirect_stdout(text), pytest.raises(SystemExit):
        parse([*command.split(), "--help"])
    return text.getvalue()


def test_the_recipes_run(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ten = [line for page, line in LINES if page == "recipes.md"]
    assert len(ten) == 10
    for line in ten:
        outcome = run(capsys, *shlex.split(line, comments=True)[1:])
        assert outcome.status == 0, f"{line}\n{outcome}"
    made = {path.name for path in tmp_path.iterdir()}
    assert made == {"market.json", "plan.json", "proof.json", "report.html", "market.lp", "growth.csv"}


def test_links_between_pages_lead_somewhere():
    for page in PAGES:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_pages_show_every_layer():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    layers = next(contract["layers"] for contract in settings["contracts"] if contract["type"] == "layers")
    names = {name for layer in layers for name in layer.split(" | ")}
    assert names == {path.stem for path in (ROOT / "mcsopt").iterdir() if path.suffix in ("", ".py")} - BESIDE_LAYERS
    for page in ("CONTRIBUTING.md", "docs/architecture.md"):
        diagram = re.search(r"\n\n```\n(.*?)\n```\n", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)
        assert diagram is not None
        assert names <= set(re.findall(r"[a-z]+", diagram.group(1))), page
