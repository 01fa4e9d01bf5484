"""``mcsopt verify``: check a certificate with code that trusts nobody."""

from __future__ import annotations

import argparse
from typing import Any

from mcsopt.commands.common import print_json
from mcsopt.data.load import read_named
from mcsopt.errors import one_line
from mcsopt.verification import check
from mcsopt.verification.certificate import load_documents


def run(args: argparse.Namespace) -> int:
    """Check every certificate of the file; return 0 if all hold, 1 if one is refused."""
    documents = load_documents(args.certificate)
    digest = read_named(args.instance).digest() if args.instance else None
    verdicts = [check.check(d, instance_digest=digest, time_limit=args.time_limit) for d in documents]
    accepted = all(verdict.accepted for verdict in verdicts)
    if args.json:
        parts = [_document(document, verdict) for document, verdict in zip(documents, verdicts, strict=True)]
        print_json(parts[0] if len(parts) == 1 else {"accepted": accepted, "certificates": parts})
        return 0 if accepted else 1
    for document, verdict in zip(documents, verdicts, strict=True):
        name = _problem(document) + _plan(document)
        if verdict.accepted:
            print(f"ACCEPTED {name}: {verdict.reason}")
            print(f"  arithmetic: {verdict.arithmetic}")
        else:
            print(f"REFUSED {name}: {verdict.reason}")
    return 0 if accepted else 1


def _problem(document: Any) -> str:
    problem = document.get("problem") if isinstance(document, dict) else None
    # Nothing in the file is trusted, not even to be a name that a terminal survives.
    return one_line(problem[:40]) if isinstance(problem, str) else "certificate"


def _plan(document: Any) -> str:
    """Return which plan a certificate says it is about, where it does."""
    made = document.get("created_by") if isinstance(document, dict) else None
    plan = made.get("plan") if isinstance(made, dict) else None
    return f", plan {one_line(plan[:60])}" if isinstance(plan, str) else ""


def _document(document: Any, verdict: check.Verdict) -> dict[str, Any]:
    return {
        "problem": _problem(document),
        "accepted": verdict.accepted,
        "reason": verdict.reason,
        "status": verdict.status,
        "objective": verdict.objective,
        "dual_bound": verdict.dual_bound,
        "gap": verdict.gap,
        "regret": verdict.regret,
        "arithmetic": verdict.arithmetic,
        "work": dict(verdict.work),
    }
