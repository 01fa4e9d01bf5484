"""``mcsopt certify --report``: the page beside the certificate."""

from __future__ import annotations

import pytest

from tests.commands.refusing import refused
from tests.commands.running import ITEMS, KNAPSACK, MARKET, PLAN, WELFARE, changed, impossible, run, write


def test_the_page_names_plans_and_certificate(capsys, market, tmp_path):
    page, certificate = tmp_path / "page.html", tmp_path / "c.json"
    words = ("--heuristic", "greedy", "best-response", "--certificate", certificate, "--report", page)
    outcome = run(capsys, "certify", market, *WELFARE, *words)
    assert outcome.status == 0
    assert f"wrote {page}; open it in a browser" in outcome.out
    text = page.read_text()
    for word in ("<!DOCTYPE html>", "greedy", "best-response", f"mcsopt verify {certificate}"):
        assert word in text


def test_json_names_the_page_in_each_run_and_together(capsys, market, tmp_path):
    page = tmp_path / "page.html"
    several = run(
        capsys, "certify", market, *WELFARE, "--heuristic", "greedy", "greedy", "--report", page, "--json"
    ).json
    assert [several["report"], *(part["report"] for part in several["runs"])] == [str(page)] * 3
    assert run(capsys, "certify", market, *WELFARE, "--heuristic", "greedy", "--json").json["report"] is None


@pytest.mark.parametrize(
    ("document", "words", "status", "sentence"),
    [
        (changed(MARKET, {}), ("--equilibrium", "--heuristic", "best-response"), 0, "constrained Nash equilibrium"),
        (impossible("poor"), ("--heuristic", "greedy"), 3, "No feasible plan exists; that is proved."),
    ],
)
def test_other_answers_have_a_page_too(capsys, tmp_path, document, words, status, sentence):
    page = tmp_path / "page.html"
    outcome = run(capsys, "certify", write(tmp_path / "m.json", document), *WELFARE, *words, "--report", page)
    assert outcome.status == status
    assert sentence in page.read_text()


def test_a_plan_that_breaks_a_constraint_has_a_page(capsys, market, tmp_path):
    page = tmp_path / "page.html"
    plan = write(tmp_path / "plan.json", changed(PLAN, {("assignment",): [[1], [1]]}))
    assert run(capsys, "certify", market, *WELFARE, "--plan", plan, "--report", page).status == 3
    assert "one task per worker (25a)" in page.read_text()


def test_none_stable_is_an_answer_with_a_page(capsys, tmp_path):
    players = {
        "format": "mcsopt-instance/1",
        "kind": "data-coalition",
        "cost": [5.0, 6.0],
        "variance": 0.1,
        "alpha": 1.0,
    }
    page = tmp_path / "page.html"
    words = ("--problem", "stable-coalition", "--heuristic", "greedy-coalition", "--report", page)
    assert run(capsys, "certify", write(tmp_path / "p.json", players), *words).status == 0
    assert "No feasible solution exists; that is proved, and an answer like any other." in page.read_text()


@pytest.mark.parametrize(
    ("target", "what"),
    [("nowhere/page.html", "there is no folder"), (".", "is a directory"), ("market.json", "which is read here")],
)
def test_a_page_that_cannot_be_written_is_refused_before_the_work(capsys, monkeypatch, market, tmp_path, target, what):
    monkeypatch.setattr("mcsopt.commands.certify.read_problem", lambda args: pytest.fail("the work began"))
    words = ("--heuristic", "greedy", "--report", tmp_path / target)
    assert what in refused(capsys, tmp_path, "certify", market, *WELFARE, *words)


@pytest.mark.parametrize("second", ["out", "./out"])
def test_certificate_and_page_cannot_be_one_file(capsys, market, tmp_path, monkeypatch, second):
    monkeypatch.chdir(tmp_path)
    words = ("--heuristic", "greedy", "--certificate", "out", "--report", second)
    line = refused(capsys, tmp_path, "certify", market, *WELFARE, *words)
    assert f"--report: names {second}, as --certificate does" in line


def test_without_matplotlib_it_is_refused_before_the_work(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("mcsopt.report.style.find_spec", lambda name: None)
    monkeypatch.setattr("mcsopt.commands.certify.read_problem", lambda args: pytest.fail("the work began"))
    knapsack = write(tmp_path / "k.json", KNAPSACK)
    words = ("--heuristic", "density-greedy", "--report", tmp_path / "page.html")
    line = refused(capsys, tmp_path, "certify", knapsack, *ITEMS, *words)
    assert line == "mcsopt: --report: needs matplotlib, which is not installed; pip install matplotlib\n"


def test_without_a_page_matplotlib_is_not_needed(capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("mcsopt.report.style.find_spec", lambda name: None)
    knapsack = write(tmp_path / "k.json", KNAPSACK)
    assert run(capsys, "certify", knapsack, *ITEMS, "--heuristic", "density-greedy").status == 0
