"""``mcsopt doctor``: what is installed, what conflicts, what to do."""

from __future__ import annotations

import argparse
import subprocess
import sys

from mcsopt.commands.tables import print_table
from mcsopt.versions import versions

_ORDERS = (("highspy", "ortools.sat.python.cp_model"), ("ortools.sat.python.cp_model", "highspy"))


def run(args: argparse.Namespace) -> int:
    """Print versions and try what is known to break; return 1 if something does."""
    found = versions()
    print_table(["package", "version"], [[name, version] for name, version in found.items()])
    advice = _missing(found) + _load_orders()
    for line in advice:
        print(line)
    if not advice:
        print("all packages load, in every order")
    try:
        from importlib.metadata import version

        print(f"torch {version('torch')} (optional, extra 'learn')")
    except ImportError:
        print("torch is not installed; only learned heuristics need it (extra 'learn')")
    return 1 if advice else 0


def _missing(found: dict[str, str]) -> list[str]:
    return [f"{name} is missing: install mcsopt again with its constraints file"
            for name, version in found.items() if version == "absent"]  # fmt: skip


def _load_orders() -> list[str]:
    """HiGHS and OR-Tools carry clashing copies of one library in some versions: load them in both orders."""
    advice = []
    for order in _ORDERS:
        script = "; ".join(f"import {module}" for module in order)
        outcome = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
        if outcome.returncode:
            reason = (outcome.stderr.strip().splitlines() or [f"exit status {outcome.returncode}"])[-1]
            advice.append(f"{order[1]} does not load after {order[0]} ({reason}): install 'highspy>=1.12,<1.15' "
                          "beside 'ortools>=9.15,<9.16'")  # fmt: skip
    return advice
