"""The sections of the report page, as HTML. Everything that comes from data or people is escaped here."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from mcsopt.display import UNKNOWN, escaped, number, percent
from mcsopt.errors import InputError, TooLarge
from mcsopt.problems import Problem
from mcsopt.report.gap_figures import outcome
from mcsopt.report.pictures import Picture, of_instance, of_plan, overview
from mcsopt.report.svg import inline_svg
from mcsopt.report.words import best_of, how_to_check, not_shown, shown_of, why_believe
from mcsopt.result import Termination
from mcsopt.verification import Certificate

MOST_PLANS = 8
"""Of more plans, the best so many are drawn."""
MOST_VIOLATIONS = 12


def table(caption: str, columns: Sequence[str], rows: Sequence[Sequence[object]], *, words: int = 1) -> str:
    """Return a table in a box of its own to scroll; the columns from `words` on hold numbers."""
    kinds = [' class="number"' if position >= words else "" for position in range(len(columns))]
    head = "".join(f'<th scope="col"{kind}>{escaped(name)}</th>' for name, kind in zip(columns, kinds, strict=True))
    body = ""
    for row in rows:
        cells = "".join(f"<td{kind}>{escaped(cell)}</td>" for cell, kind in zip(row[1:], kinds[1:], strict=True))
        body += f'<tr><th scope="row">{escaped(row[0])}</th>{cells}</tr>\n'
    return (
        f'<p class="soft">{escaped(caption)}</p>'
        f'<div class="scroll" role="region" tabindex="0" aria-label="{escaped(caption)}">'
        f"<table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table></div>"
    )


def definitions(rows: Mapping[str, str]) -> str:
    """Return terms and their explanations; these are HTML already."""
    return "<dl>" + "".join(f"<dt>{escaped(term)}</dt><dd>{text}</dd>\n" for term, text in rows.items()) + "</dl>"


def instance_facts(problem: Problem[Any], file: str | None = None) -> str:
    """Return problem, options, file, sizes, numbers and digest of the instance."""
    instance = problem.instance
    sizes: dict[str, int] = {}
    scalars: list[str] = []
    for field in instance.FIELDS:
        value = getattr(instance, field.name)
        if field.scalar and value is not None:
            said = {True: "yes", False: "no"}.get(value) if isinstance(value, bool) else None
            shown = said or (value if isinstance(value, str) else f"{value:.6g}")
            scalars.append(f"{field.path.replace('_', ' ')} {shown}")
        elif value is not None:
            sizes.setdefault(field.group or f"numbers of {field.path.replace('_', ' ')}", len(value))
    options = ", ".join(f"{name}={value}" for name, value in problem.options.items())
    option_words = f"; option {options}" if options else ""
    question = (type(problem).__doc__ or problem.name).partition("\n")[0]
    rows = {
        "question": escaped(question.rstrip(".") + option_words),
        "instance": escaped(f"{instance.kind}: " + ", ".join(f"{size:,} {name}" for name, size in sizes.items())),
        **({"from": f"<code>{escaped(file)}</code>"} if file else {}),
        **({"with": escaped(", ".join(scalars))} if scalars else {}),
        "digest": f"<code>{escaped(instance.digest())}</code>",
    }
    return definitions(rows)


def results(certificates: Sequence[Certificate]) -> str:
    """Return the table of gaps and the pictures of all plans together."""
    game = any(certificate.regret is not None for certificate in certificates)
    bounded = any(certificate.dual_bound is not None for certificate in certificates)
    columns = ["plan", "objective", *(["bound", "gap"] if bounded else []), "status", *(["regret"] if game else []),
               "seconds"]  # fmt: skip
    rows = [_row(c.plan.method, c.status.value, c.plan.objective, c.dual_bound, c.gap, c.regret, c.plan.seconds,
                 bounded=bounded, game=game) for c in certificates]  # fmt: skip
    first = certificates[0]
    if first.optimum is not None and first.bound is not None:
        rows.append(_row("optimum", "PROVED", first.optimum, first.dual_bound, 0.0, None, first.bound.seconds,
                         bounded=bounded, game=game))  # fmt: skip
    goal = f"The objective is to be {first.plan.problem.sense}imised"
    caption = goal + ("; the gap is |bound - objective| / max(|bound|, |objective|)." if bounded else ".")
    faults = "".join(f"<li>{escaped(fault)}</li>" for fault in first.faults)
    caught = f"<p>A solver claimed what the evidence refutes:</p><ul>{faults}</ul>" if faults else ""
    shown = table(caption, columns, rows)
    return f"<section><h2>Results</h2>\n{shown}\n{caught}{figures(overview(certificates), 'all')}</section>"


def _row(
    name: str,
    status: str,
    objective: float | None,
    bound: float | None,
    gap: float | None,
    regret: float | None,
    seconds: Mapping[str, float],
    *,
    bounded: bool,
    game: bool,
) -> list[str]:
    cells = [name, number(objective), *([number(bound), percent(gap)] if bounded else []), status]
    cells += [number(regret)] if game else []
    return [*cells, f"{math.fsum(seconds.values()):.3f}" if seconds else UNKNOWN]


def proof(problem: Problem[Any], certificates: Sequence[Certificate], certificate_file: str | None) -> str:
    """Return what the certificates prove, why to believe it, how to check it, and what they do not prove."""
    first = best_of(certificates) or certificates[0]
    evidence, assurance = first.document["evidence"], first.assurance
    saved = "" if certificate_file else " on the file that <code>certify --certificate FILE</code> writes"
    missing = "".join(f"<li>{escaped(line)}</li>" for line in not_shown(problem, certificates))
    rows = {
        "status": escaped(f"{first.status.value}, assurance {assurance.value if assurance else 'none'}"),
        "evidence": escaped(evidence["kind"] if evidence else "none"),
        "why believe it": escaped(why_believe(first)),
        "check it": f"<code>{escaped(how_to_check(certificate_file))}</code>{saved}",
        "not proved": f"<ul>{missing}</ul>",
    }
    return f"<section><h2>What is proved, and what is not</h2>\n{definitions(rows)}</section>"


def plans(problem: Problem[Any], certificates: Sequence[Certificate]) -> str:
    """Return one part to fold out for each plan, that of the best open."""
    best = best_of(certificates) or certificates[0]
    drawn = sorted(range(len(certificates)), key=lambda position: _rank(certificates[position]))[:MOST_PLANS]
    parts = []
    for position, certificate in enumerate(certificates):
        pictures = of_plan(problem, certificate.plan.solution) if certificate.plan.solution is not None else []
        left_out = ""
        if position not in drawn:
            pictures, left_out = [], f"<p>Only the best {MOST_PLANS} plans are drawn.</p>"
        parts.append(
            f"<details{' open' if certificate is best else ''}><summary>{escaped(certificate.plan.method)} "
            f'<span class="outcome">{escaped(outcome(certificate))}</span></summary>\n'
            f"<p>{escaped(shown_of(certificate))}</p>{_remarks(certificate)}{left_out}"
            f"{figures(pictures, f'plan-{position}')}</details>"
        )
    return "<section><h2>The plans</h2>\n" + "\n".join(parts) + "</section>"


def _rank(certificate: Certificate) -> tuple[bool, float]:
    plan = certificate.plan
    worth = 0.0 if plan.objective is None else plan.objective
    return not plan.feasible, -worth if plan.problem.sense == "max" else worth


def _remarks(certificate: Certificate) -> str:
    """Return what the run said of itself, and what its plan breaks."""
    plan = certificate.plan
    said = f"<p>{escaped(plan.message)}</p>" if plan.message else ""
    if plan.termination is not Termination.FINISHED:
        said += f"<p>The run stopped early: {escaped(plan.termination.value)}.</p>"
    if not plan.violations:
        return said
    rows = [(v.constraint, v.where, f"{v.amount:.6g}") for v in plan.violations[:MOST_VIOLATIONS]]
    more = len(plan.violations) - len(rows)
    rest = f"<p>And {more:,} more.</p>" if more else ""
    broken = table("Constraints that the plan breaks", ["constraint", "where", "by"], rows, words=2)
    return said + broken + rest


def instance_pictures(problem: Problem[Any]) -> str:
    """Return the section of pictures that no plan changes; empty if there is none."""
    pictures = of_instance(problem)
    return f"<section><h2>The instance</h2>\n{figures(pictures, 'instance')}</section>" if pictures else ""


def figures(pictures: Sequence[Picture], name: str) -> str:
    """Return pictures side by side, or below each other on a phone; one that cannot be drawn says why."""
    shown = []
    for position, picture in enumerate(pictures):
        try:
            drawing = inline_svg(picture.draw(), f"{name}-{position}", picture.label)
        except (TooLarge, InputError) as refusal:
            drawing = f"<p>Not drawn: {escaped(refusal)}.</p>"
        shown.append(f"<figure>{drawing}<figcaption>{escaped(picture.caption)}</figcaption></figure>")
    return '<div class="figures">' + "\n".join(shown) + "</div>" if shown else ""


def provenance(certificates: Sequence[Certificate]) -> str:
    """Return versions and seeds."""
    made = certificates[0].document["created_by"]
    seeds = sorted({str(certificate.plan.seed) for certificate in certificates if certificate.plan.seed is not None})
    versions = ", ".join(f"{name} {version}" for name, version in made["versions"].items())
    rows = {"seed": escaped(", ".join(seeds) or "none: nothing was drawn at random"), "versions": escaped(versions)}
    return f"<h2>Made with</h2>\n{definitions(rows)}"
