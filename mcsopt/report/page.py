"""The report: one HTML file that needs no network, to look at certificates on a desk or on a phone."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from string import Template
from typing import Any

from mcsopt.data.files import write_text
from mcsopt.display import escaped
from mcsopt.errors import InputError
from mcsopt.problems import Problem
from mcsopt.report import sections
from mcsopt.report.style import check_matplotlib
from mcsopt.report.words import verdict
from mcsopt.verification import Certificate


def report_html(
    problem: Problem[Any],
    certificates: Certificate | Sequence[Certificate],
    *,
    certificate_file: str | None = None,
    instance_file: str | None = None,
) -> str:
    """Return a page about plans and what was shown of them.

    Parameters
    ----------
    problem : Problem
    certificates : Certificate or sequence of Certificate
        Of plans for this problem: from :func:`mcsopt.certify` or :func:`mcsopt.certify_equilibrium`.
    certificate_file : str, optional
        Where they were saved, named in the command that checks them.
    instance_file : str, optional
        Where the instance came from, as a reader of the page would find it.

    Returns
    -------
    str
        A whole HTML document: style and pictures inside, no script, nothing loaded from anywhere (a policy in its
        head forbids it), for light and dark screens from 320 pixels up. Two runs with equal certificates and seconds
        give equal pages but for identifiers.

    Raises
    ------
    InputError
        If there is no certificate, one is about another question, or matplotlib is not installed.

    Notes
    -----
    Pages stay at a few megabytes: of many plans the best eight are drawn, crowds as bitmaps, long curves by some of
    their points.
    """
    check_matplotlib("report")
    shown = [certificates] if isinstance(certificates, Certificate) else list(certificates)
    if not shown:
        raise InputError("certificates", "is empty", "give one at least")
    asked = (problem.name, problem.options, problem.instance.digest())
    for position, certificate in enumerate(shown):
        if tuple(certificate.document[key] for key in ("problem", "options", "digest")) != asked:
            raise InputError(f"certificates[{position}]", "is about another problem, option or instance",
                             "leave it out")  # fmt: skip
    about = "gaps" if any(certificate.bound is not None for certificate in shown) else "equilibria"
    template = files("mcsopt.report").joinpath("page.html").read_text(encoding="utf-8")
    parts = (
        sections.results(shown),
        sections.proof(problem, shown, certificate_file),
        sections.plans(problem, shown),
        sections.instance_pictures(problem),
    )
    return Template(template).substitute(
        title=escaped(f"{problem.name}: certified {about}"), verdict=escaped(verdict(shown)),
        instance=sections.instance_facts(problem, instance_file), sections="\n".join(filter(None, parts)),
        footer=sections.provenance(shown),
    )  # fmt: skip


def write_report(
    problem: Problem[Any],
    certificates: Certificate | Sequence[Certificate],
    path: str | Path,
    *,
    certificate_file: str | None = None,
    instance_file: str | None = None,
) -> None:
    """Write the page of :func:`report_html` whole or not at all; `InputError` if the place cannot be written."""
    page = report_html(problem, certificates, certificate_file=certificate_file, instance_file=instance_file)
    write_text(path, page)
