"""Run one function in a process of its own: on two cores, after a warm-up, ended when its time is over."""

from __future__ import annotations

import multiprocessing
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from multiprocessing.connection import Connection
from typing import Any

from mcsopt.data import sensing_market
from mcsopt.problems import OfflineWelfare
from mcsopt.solvers import solve

CORES = 2
"""Cores that a run may use, however many the machine has."""
_STARTING = 300.0  # seconds for imports and a first compilation
_LEAVING = 10.0  # seconds to give back what it holds
_SHARE = 0.75  # of the machine's memory: what runs out of it shall be the run, not the machine


class Ended(Exception):
    """The run gave no answer; the text says why."""


def call(
    function: Callable[..., Any], *arguments: Any, seconds: float, warm: str | None = None
) -> tuple[Any, float | None]:
    """Return what ``function(*arguments)`` returns in a fresh process, and the peak memory of that process in GiB.

    The seconds count from when the solver called `warm`, if any, has solved a small market, so that its code is
    compiled and loaded. `function` is found by its name in its module, so it stands on the module's top level.

    Raises
    ------
    Ended
        If it is still running after `seconds`, or its process dies (as for want of memory) or raises.
    """
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_child, args=(sender, function, arguments, warm), daemon=True)
    process.start()
    sender.close()
    try:
        if not receiver.poll(_STARTING):
            raise Ended("did not start")
        receiver.recv()
        if not receiver.poll(seconds):
            raise Ended(f"still running after {seconds:.0f} s")
        answer, error, peak = receiver.recv()
        process.join(_LEAVING)
    except EOFError:
        process.join()
        raise Ended(f"process died, exit status {process.exitcode}") from None
    finally:
        process.kill()
        process.join()
    if error is not None:
        raise Ended(error)
    return answer, peak


def _child(pipe: Connection, function: Callable[..., Any], arguments: tuple[Any, ...], warm: str | None) -> None:
    confine()
    if warm is not None:
        warm_up(warm)
    pipe.send("ready")
    try:
        answer, error = function(*arguments), None
    except Exception as problem:  # whatever a foreign solver raises belongs into the table
        answer, error = None, f"{type(problem).__name__}: {problem}"
    pipe.send((answer, error, peak_memory()))


def peak_memory() -> float | None:
    """Return the most memory that this process has held so far, in GiB; None where the system does not say."""
    try:
        with open("/proc/self/status", encoding="utf-8") as lines:
            return next(int(line.split()[1]) / 2**20 for line in lines if line.startswith("VmHWM"))
    except (OSError, StopIteration):
        return None


def confine() -> None:
    """Keep this process to two cores and three quarters of the memory, where the system knows how."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    if sys.platform == "linux":
        import resource

        most = int(_SHARE * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
        resource.setrlimit(resource.RLIMIT_AS, (most, resource.getrlimit(resource.RLIMIT_AS)[1]))


def warm_up(solver: str) -> None:
    """Compile, or load, what a solver of offline welfare needs."""
    solve(OfflineWelfare(sensing_market(tasks=8, workers=32, seed=0)), solver=solver)


def machine(*packages: str) -> str:
    """Return the machine, the versions, the commit and the command of this run."""
    told = []
    for package in ("numpy", "numba", *packages):
        try:
            told.append(f"{package} {version(package)}")
        except PackageNotFoundError:
            told.append(f"{package} absent")
    name = os.path.splitext(os.path.basename(sys.argv[0]))[0]
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{_processor()}, {usable} cores ({CORES} used), {memory:.0f} GiB, load {os.getloadavg()[0]:.1f} at the start, "
        f"{platform.system()}\nPython {platform.python_version()}, {', '.join(told)}, mcsopt {_commit()}\n"
        f"{' '.join(['python -m', f'benchmarks.{name}', *sys.argv[1:]])}"
    )


def _commit() -> str:
    command = ["git", "describe", "--always", "--dirty"]
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=True, cwd=os.path.dirname(__file__))
    except (OSError, subprocess.CalledProcessError):
        return version("mcsopt")
    return f"at commit {run.stdout.strip()}"


def _processor() -> str:
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            return next(line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.machine()
