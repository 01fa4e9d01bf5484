"""The page: its structure, what it says, and that nothing in the data becomes part of it."""

from __future__ import annotations

import html
import re
from collections import Counter
from html.parser import HTMLParser

import numpy as np
import pytest

import mcsopt
from mcsopt.errors import InputError
from mcsopt.problems import (
    Assignment,
    Coalition,
    DataCoalition,
    Knapsack,
    KnapsackInstance,
    OfflineWelfare,
    Packing,
    SensingMarket,
    StableCoalition,
)
from mcsopt.report import report_html, write_report
from mcsopt.result import Termination, conclude
from mcsopt.verification import certify, plain_certificate
from tests.report.browsing import BROWSER, browse
from tests.report.cases import HOSTILE, certified, market, pages

VOID = {"meta", "link", "img", "br", "hr", "input"}


class Reader(HTMLParser):
    """Collects elements, and sees that each is closed where it was opened."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", " ".join(self.words))

    def count(self, tag: str) -> int:
        return sum(name == tag for name, _ in self.elements)


def page_of(name: str, **options: str) -> str:
    problem, certificates = pages()[name]
    return report_html(problem, certificates, **options)


@pytest.fixture(scope="module", params=sorted(pages()))
def page(request) -> tuple[str, str]:
    return request.param, page_of(request.param)


# Every page -----------------------------------------------------------------------------------------------------------


def test_it_is_well_formed_and_complete(page):
    name, text = page
    problem, certificates = pages()[name]
    reader = Reader(text)
    for tag in ("html", "head", "title", "header", "main", "footer", "h1"):
        assert reader.count(tag) == 1, tag
    assert reader.count("details") == len(certificates)
    assert sum("open" in attributes for tag, attributes in reader.elements if tag == "details") == 1
    assert problem.instance.digest() in reader.text
    assert "mcsopt verify FILE" in reader.text
    assert "not proved" in reader.text
    assert mcsopt.versions.versions()["numpy"] in reader.text
    assert reader.count("svg") == reader.count("figure") == reader.count("figcaption") >= 1
    assert "Not drawn" not in reader.text


def test_no_identifier_occurs_twice_and_each_reference_has_its_target(page):
    reader = Reader(page[1])
    found = Counter(attributes["id"] for _, attributes in reader.elements if "id" in attributes)
    assert [name for name, times in found.items() if times > 1] == []
    values = [f"{key}={a[key]}" for _, a in reader.elements for key in a if key in ("href", "clip-path", "style")]
    wanted = {match for value in values for match in re.findall(r"(?:href=|url\()#([^)]*)", value)}
    assert wanted
    assert wanted <= set(found)


def test_nothing_is_loaded_from_anywhere(page):
    reader = Reader(page[1])
    assert "://" not in re.sub(r">[^<]*<", "><", page[1])
    assert reader.count("script") == reader.count("link") == reader.count("iframe") == 0
    for _, attributes in reader.elements:
        for key in ("src", "href"):
            assert (attributes.get(key) or "#").startswith(("#", "data:image/png;"))
    (policy,) = [a["content"] for tag, a in reader.elements if tag == "meta" and "http-equiv" in a]
    assert policy.startswith("default-src 'none'")


def test_every_picture_says_what_it_shows(page):
    reader = Reader(page[1])
    for tag, attributes in reader.elements:
        if tag == "svg":
            assert attributes["role"] == "img"
            assert len(attributes["aria-label"] or "") > 10
            assert "width" not in attributes  # it takes the width of its column


# What it says ---------------------------------------------------------------------------------------------------------


def test_the_gaps_and_how_to_check_them():
    _, certificates = pages()["gaps"]
    text = Reader(page_of("gaps", certificate_file="mine.json")).text
    for certificate in certificates:
        assert f"{certificate.objective:,.4f}" in text
        assert f"{100 * certificate.gap:.4f} %" in text
    best = max(certificates, key=lambda certificate: certificate.objective)
    assert f"{best.plan.method} is worth" in text
    assert f"the gap to the optimum is {100 * best.gap:.2f} %" in text
    assert "mcsopt verify mine.json" in text
    assert "price-tree" in text
    assert "checked" in text


def test_violations_are_listed_and_a_better_plan_is_open():
    _, (broken, kept) = pages()["violations"]
    text = page_of("violations")
    reader = Reader(text)
    first = broken.plan.violations[0]
    assert first.constraint in reader.text
    assert f"{first.amount:.6g}" in reader.text
    assert "so nothing is claimed of it" in reader.text
    assert f"<details open><summary>{kept.plan.method} " in text


def test_equilibria_without_a_bound():
    reader = Reader(page_of("equilibria"))
    assert "certified equilibria" in reader.text
    assert "constrained Nash equilibrium (regret 0)" in reader.text
    assert "How far an equilibrium is from the optimum" in reader.text
    headings = reader.text[reader.text.index("Results") :][:200]
    assert "regret" in headings
    assert "bound" not in headings


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("infeasible", "No feasible plan exists; that is proved."),
        ("none stable", "No feasible solution exists; that is proved, and an answer like any other."),
        ("no plan", "idle holds no plan, so nothing is claimed of it."),
        ("only violations", "No plan here keeps every constraint."),
        ("stable", "costs 1.2700; no feasible plan costs less than 1.2700: it is optimal."),
    ],
)
def test_the_other_outcomes_in_words(name, sentence):
    assert sentence in Reader(page_of(name)).text


def test_a_plan_without_bound_or_equilibrium_claims_its_value_only():
    problem = market()
    text = Reader(report_html(problem, plain_certificate(problem, mcsopt.heuristics.greedy(problem)))).text
    assert "and keeps every constraint; nothing else is claimed." in text
    assert "Nobody was asked for a bound" in text


def test_of_many_plans_the_best_are_drawn():
    problem = market()
    empty = conclude(problem, "idle", problem.empty_solution(), termination=Termination.TIME)
    greedy = mcsopt.heuristics.greedy(problem)
    reader = Reader(report_html(problem, certified(problem, *[empty] * 13, greedy)))
    assert reader.count("svg") == 2 + 8 * 2
    assert reader.text.count("Only the best 8 plans are drawn.") == 6
    assert "The first 12 plans of 14." in reader.text
    assert "The run stopped early: time." in reader.text


def test_a_picture_that_cannot_be_drawn_is_a_sentence(monkeypatch):
    from mcsopt.errors import TooLarge

    def refuse(*_: object) -> None:
        raise TooLarge("a set of <25> workers")

    monkeypatch.setattr("mcsopt.report.pictures.risk_and_budget_figure", refuse)
    assert "Not drawn: a set of &lt;25&gt; workers." in page_of("gaps")


# What could go wrong --------------------------------------------------------------------------------------------------


def test_hostile_names_stay_words():
    text = page_of("violations")
    assert "<script>" not in text
    reader = Reader(text)
    assert reader.count("script") == 0
    assert HOSTILE in html.unescape(text)
    shown = [attributes["aria-label"] for tag, attributes in reader.elements if tag == "svg"]
    assert any("<script>" in (label or "") for label in shown)


def test_control_characters_and_halves_of_letters_are_written_out(tmp_path):
    problem = market(2, 8)
    plan = conclude(problem, "a\nb\x00\ud800", problem.empty_solution(), message="c\x1b[31m\ud800")
    write_report(problem, certified(problem, plan), tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "a\\nb\\x00\\ud800" in text
    assert "c\\x1b[31m\\ud800" in text


def test_a_large_market_stays_a_small_page():
    tasks, each = 10_000, 3
    rng = np.random.default_rng(0)
    task, workers = np.repeat(np.arange(tasks), each), each * tasks
    ones = np.ones(each * tasks)
    crowd = OfflineWelfare(
        SensingMarket(
            budget=np.full(tasks, 150.0), demand=np.full(tasks, 5.0), redundancy=np.full(tasks, 0.1),
            arrival=rng.uniform(0.5, 1, workers), pair_task=task, pair_worker=np.arange(workers), payment=45 * ones,
            cost=10 * ones, quality=12 * ones, task_x=rng.random(tasks), task_y=rng.random(tasks),
            worker_x=rng.random(workers), worker_y=rng.random(workers),
        )
    )  # fmt: skip
    plan = Assignment([range(each * i, each * i + i % 4) for i in range(tasks)])
    page = report_html(crowd, plain_certificate(crowd, conclude(crowd, "thirds", plan)))
    assert len(page) < 2_000_000
    assert "data:image/png" in page


def test_what_does_not_belong_together_is_refused():
    problem, certificates = pages()["gaps"]
    with pytest.raises(InputError, match=r"certificates\[0\]: is about another problem, option or instance"):
        report_html(market(2, 8), certificates)
    with pytest.raises(InputError, match="give one at least"):
        report_html(problem, [])
    players = DataCoalition([1e-3, 2e-3], 0.25, 1.0)
    robust = certify(StableCoalition(players, stability="robust"), Coalition([0, 1]))
    with pytest.raises(InputError, match="another problem, option or instance"):
        report_html(StableCoalition(players, stability="nash"), robust)


@pytest.mark.parametrize(("scale", "worth"), [(1e-6, "9e-06"), (1e99, "9e+99")])
def test_numbers_far_from_one_are_shown_as_they_are(scale, worth):
    sack = Knapsack(KnapsackInstance([3.0, 4.0, 5.0], [4 * scale, 5 * scale, 6 * scale], 7.5))
    page = report_html(sack, certify(sack, Packing([0, 1])))
    assert f"plan is worth {worth}; no feasible plan is worth more than {worth}: it is optimal." in page
    assert "0000" not in re.sub("<svg.*?</svg>", "", page[page.index("<body>") :], flags=re.DOTALL).replace(
        "0.0000 %", ""
    )


def test_the_command_that_checks_survives_any_path():
    problem, certificates = pages()["gaps"]
    page = report_html(problem, certificates, certificate_file="my plans.json")
    assert "<code>mcsopt verify &#x27;my plans.json&#x27;</code>" in page


def test_a_small_gap_is_not_shown_as_none():
    sack = Knapsack(KnapsackInstance([1.0, 1.0], [10_000.0, 10_000.1], 1.0))
    page = report_html(sack, certify(sack, Packing([0])))
    assert "gap 0.001 %" in page


def test_a_page_that_cannot_be_written_leaves_nothing(tmp_path):
    problem, certificates = pages()["gaps"]
    with pytest.raises(InputError, match="no folder"):
        write_report(problem, certificates, tmp_path / "nowhere" / "page.html")
    assert list(tmp_path.iterdir()) == []


# In a browser ---------------------------------------------------------------------------------------------------------

needs_browser = pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")


@needs_browser
@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("name", ["violations", "none stable"])
def test_a_browser_shows_it_whole_and_does_not_complain(name, width):
    text = page_of(name)
    seen = browse(text, width)
    assert seen.complaints == ()
    assert seen.facts["view"] == width
    assert seen.facts["width"] <= width
    assert seen.facts["headings"][1:4] == ["Results", "What is proved, and what is not", "The plans"]
    assert len(seen.facts["drawings"]) == text.count("<svg")
    assert all(0.6 * min(width, 600) < across <= width and high > 50 for across, high in seen.facts["drawings"])


@needs_browser
@pytest.mark.parametrize(
    "planted",
    ["<script>throw new Error('planted')</script>", '<img src="https://example.org/a.png">', "<img src='missing.png'>"],
)
def test_a_browser_does_complain_of_what_does_not_belong_there(planted):
    assert browse(page_of("knapsack").replace("<main>", f"<main>{planted}"), 390).complaints != ()


@needs_browser
def test_a_page_too_wide_for_a_phone_would_be_noticed():
    wide = '<main><div style="width: 600px">wide</div>'
    assert browse(page_of("knapsack").replace("<main>", wide), 390).facts["width"] > 390


def test_the_page_names_its_instance_file_and_the_runs_without_a_trace():
    problem = market(6, 24)
    plan = mcsopt.heuristics.aspire_off(problem)
    plans = (plan, conclude(problem, "by hand", plan.solution))
    page = report_html(problem, certified(problem, *plans), instance_file="my <market>.json")
    assert "<code>my &lt;market&gt;.json</code>" in page
    assert "No trace: by hand." in Reader(page).text
