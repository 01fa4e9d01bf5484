"""``mcsopt simulate``: the two-stage execution beside its baselines and what is proved, figure by figure."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from mcsopt.commands.common import print_json, progress_bar
from mcsopt.commands.pictures import save_picture
from mcsopt.commands.tables import print_table
from mcsopt.data.tables import write_table
from mcsopt.display import number, percent
from mcsopt.errors import BackendFault, InputError, McsoptError
from mcsopt.report.simulation_figures import simulation_figure
from mcsopt.report.style import check_matplotlib
from mcsopt.simulation.execution import Policy
from mcsopt.simulation.experiment import Job, perform
from mcsopt.simulation.figure_tables import FIGURES, FigurePlan, figure_plan, figure_table, jobs, proof_table
from mcsopt.simulation.run_store import Key, RunStore
from mcsopt.versions import versions

RUNS = "runs.jsonl"


def run(args: argparse.Namespace) -> int:
    """Simulate what is not there yet, and write tables and pictures of what is; Ctrl-C keeps every finished seed."""
    check_matplotlib("simulate")
    policy = _policy(args)
    plans = [figure_plan(k) for k in dict.fromkeys(args.figure)] if args.figure else list(FIGURES.values())
    began = time.perf_counter()
    source = _source(args, plans)
    folder = _folder(args.output)
    # Another version may decide otherwise, or draw other markets.
    experiment = {"mcsopt": versions()["mcsopt"], "policy": asdict(policy), "source": source}
    store = RunStore(folder / RUNS, experiment, resume=args.resume)
    complete = _simulate(args, plans, policy, store)
    if not store.rows:
        print("mcsopt: interrupted before there was anything to keep", file=sys.stderr)
        return 3
    found = {plan.number: rows for plan in plans if (rows := _rows(plan, store, args))}
    try:
        files = [
            RUNS,
            *(name for plan in plans if plan.number in found for name in _write(plan, found[plan.number], folder)),
        ]
    except KeyboardInterrupt:
        print(f"mcsopt: interrupted; {folder / RUNS} keeps the runs, and --resume draws the figures", file=sys.stderr)
        return 3
    seconds = time.perf_counter() - began
    if args.json:
        print_json({
            "output": str(folder), "files": files, "complete": complete, "runs": args.runs, "source": source,
            "policy": asdict(policy), "figures": sorted(found), "proved": _proof(found), "seconds": round(seconds, 6),
            "versions": versions(),
        })  # fmt: skip
        return 0
    for plan in plans:
        if plan.number in found:
            _print(plan, found[plan.number])
    for name in files:
        print(f"wrote {folder / name}")
    return 0


def _policy(args: argparse.Namespace) -> Policy:
    return Policy(
        objective=args.objective, restore=args.restore, mismatch=args.mismatch,
        mismatch_risk=args.mismatch_risk, service=args.service, open_cost=args.open_cost,
        samples=args.samples, search=args.primer, time_limit=args.time_limit, gap=args.gap,
    )  # fmt: skip


def _folder(path: str) -> Path:
    folder = Path(path)
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise InputError("--output", f"{path}: {error.strerror}", "name a folder, in one that exists") from None
    return folder


def _source(args: argparse.Namespace, plans: Sequence[FigurePlan]) -> dict[str, Any]:
    """Return what identifies the source of markets; `InputError` if the trips cannot be read, or are too few."""
    if args.trips is None:
        if args.area is not None:
            raise InputError("--area", "is given without --trips", "drop it")
        return {"kind": "generated"}
    import hashlib

    from mcsopt.data.taxi_market import trips_inside
    from mcsopt.data.trips import read_trips

    trips_inside(read_trips(args.trips), args.area, max(workers for plan in plans for _, workers in plan.sizes))
    digest = hashlib.sha256(Path(args.trips).read_bytes()).hexdigest()
    return {"kind": "trips", "digest": f"sha256:{digest}", "area": args.area}


def _simulate(args: argparse.Namespace, plans: Sequence[FigurePlan], policy: Policy, store: RunStore) -> bool:
    """Do the jobs that are not in the store; return whether all of them are now."""
    wanted: dict[Key, Job] = {}
    for plan in plans:
        seeds = range(args.seed, args.seed + args.runs)
        wanted |= jobs(plan, seeds, policy, trips=args.trips, area=args.area)
    rest = {key: job for key, job in wanted.items() if key not in store.rows}
    keys = {(job[0], job[1], job[2]): key for key, job in rest.items()}
    done, faults = 0, []
    try:
        with progress_bar(len(rest), quiet=args.json) as step:
            # The seeds first: whatever interrupts, every size has about as many.
            work = sorted(rest.values(), key=lambda job: job[2])
            for job, found in perform(work, processes=args.jobs):
                if isinstance(found, BackendFault):
                    faults.append(f"seed {job[2]} of {job[1].tasks}/{job[1].workers}: {found}")
                else:
                    store.add(keys[job[0], job[1], job[2]], found)
                    done += 1
                step()
    except KeyboardInterrupt:
        note = f"keeping {done:,} of {len(rest):,} runs; --resume goes on"
        print(f"mcsopt: interrupted; {note}", file=sys.stderr)
        return False
    if faults and not store.rows:
        raise McsoptError(f"all of {len(faults):,} runs failed; first: {faults[0]}")
    if faults:
        print(f"mcsopt: {len(faults):,} of {len(rest):,} runs failed and are left out; --resume tries them again; "
              f"first: {faults[0]}", file=sys.stderr)  # fmt: skip
    return not faults


def _rows(plan: FigurePlan, store: RunStore, args: argparse.Namespace) -> list[dict[str, Any]]:
    """Return the rows of a figure, of the seeds asked for, in the order of sizes and seeds."""
    seeds = range(args.seed, args.seed + args.runs)
    found = []
    for tasks, workers in plan.sizes:
        for seed in seeds:
            with suppress(KeyError):
                found += store.rows[plan.kind, tasks, workers, seed]
    return found


def _write(plan: FigurePlan, rows: Sequence[Mapping[str, Any]], folder: Path) -> list[str]:
    """Write table and picture of a figure and return their names."""
    table = figure_table(plan, rows)
    names = [f"figure{plan.number}.csv", f"figure{plan.number}.parquet", f"figure{plan.number}.png"]
    for name in names[:2]:
        write_table(table, folder / name)
    save_picture(simulation_figure(plan.number, table), str(folder / names[2]))
    if plan.number == 3:
        names.append("proved.csv")
        write_table(proof_table(rows), folder / names[-1])
    return names


def _proof(found: Mapping[int, Sequence[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    return proof_table(found[3]) if 3 in found else []


_SHOWN = {
    3: ("SW", "TU", "WU", "TCR", "SW/bound", "planned/plan_bound", "repair/repair_bound", "over_risk"),
    4: ("RT", "RT_online", "NI", "NI_online", "IL", "IEC"),
}


def _print(plan: FigurePlan, rows: Sequence[Mapping[str, Any]]) -> None:
    table = figure_table(plan, rows)
    title = f"Figure {plan.number}: {plan.title} (means)"
    if plan.kind == "welfare":
        shown = _SHOWN[plan.number]
        lines: dict[tuple[Any, ...], dict[str, Any]] = {}
        for row in table:
            lines.setdefault((f"{row['tasks']}/{row['workers']}", row["method"]), {})[row["metric"]] = row["mean"]
        cells = [[*key, *(_cell(name, of.get(name)) for name in shown)] for key, of in lines.items()]
        print_table(["tasks/workers", "method", *shown], cells, title=title, numbers=True)
    else:
        beside = "expected" if plan.kind == "attacks" else "limit"
        limits = {(row["metric"], row["method"], row["x"]): row["mean"] for row in table if row["of"] == beside}
        cells = [[row["metric"], row["method"], _place(row), number(row["mean"]),
                  number(limits[row["metric"], row["method"], row["x"]]), number(row["min"]), number(row["max"])]
                 for row in table if row["of"] == "value" and _place(row)]  # fmt: skip
        print_table(["metric", "method", "of", "mean", beside, "min", "max"], cells, title=title, numbers=True)
    if plan.number == 3:
        for line in proof_table(rows):
            print(
                f"{line['tasks']}/{line['workers']}: proved optimal {line['contracts_proved']} of {line['runs']} plans "
                f"of contracts, {line['wait_and_see_proved']} of {line['runs']} wait-and-see bounds, "
                f"{line['repairs_proved']} of {line['repairs']} repairs; widest gaps "
                f"{percent(line['contracts_worst_gap'])}, {percent(line['wait_and_see_worst_gap'])} and "
                f"{percent(line['repairs_worst_gap'])}"
            )


def _place(row: Mapping[str, Any]) -> str:
    """Say what a row of Figures 5 and 6 is of; nothing for those that only the table shows."""
    if row["metric"] in ("MFL", "MSR"):
        return f"T = {row['x']}" if row["x"] in (1, 10, 100) else ""
    if row["x"] >= 0:
        return ""
    return "all" if row["metric"] in ("OeIE", "OSR") else "worst"


def _cell(name: str, value: float | None) -> str:
    if value is None:
        return number(None)
    return f"{100 * value:.2f} %" if "/" in name or name == "TCR" else number(value, 2)
