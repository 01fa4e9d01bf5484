"""Online recruitment on small markets: every way to the optimum, and the heuristics below it."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np

from benchmarks.criteria import Effort, Row
from mcsopt.heuristics import aspire_on, best_response, greedy
from mcsopt.problems import OnlineRecruitment
from mcsopt.result import Result, Status
from mcsopt.solvers import solve
from mcsopt.verification import Certificate, certify, verify
from mcsopt.verification.regret import best_deviation

AGREEMENT = 1e-6
HEURISTICS = (aspire_on, best_response, greedy)
SOLVERS = ("branch-and-price", "highs", "cp-sat")


def online(effort: Effort) -> Iterator[Row]:
    """All solvers agree with every option and either objective, certificates verify, no heuristic exceeds them."""
    markets, differ, exceeded, infeasible, stopped = effort.size(1000), [], [], 0, 0
    refused: list[str] = []
    for k in range(markets):
        if k % 50 == 0:
            effort.report(f"online market {k} of {markets}")
        for problem in _questions(OnlineRecruitment.random_small(np.random.default_rng([5, k]))):
            best = solve(problem, solver="enumeration")
            infeasible += best.status is Status.INFEASIBLE
            what = f"{k} {problem.instance.objective} {problem.restore}"
            for name in SOLVERS:
                answer = solve(problem, solver=name)
                if not _agrees(answer, best):
                    differ.append(f"{what} {name}: {answer.objective} for {best.objective}")
            certificate = certify(problem, aspire_on(problem))
            verdict = verify(certificate)
            if not verdict.accepted or not _tight(certificate, best):
                refused.append(f"{what}: {verdict.reason}")
            for heuristic in HEURISTICS:
                plan = heuristic(problem)
                if plan.feasible and not _below(plan, best):
                    exceeded.append(f"{what} {plan.method}: {plan.objective} above {best.objective}")
                if heuristic is aspire_on and plan.feasible:
                    found = best_deviation(problem, plan.solution)
                    stopped += found is not None and found.regret > AGREEMENT
    cases = markets * 6
    measured = f"{cases - len(set(differ))} of {cases}, {infeasible} infeasible" + _first(differ)
    target = f"{markets} markets x 2 objectives x 3 options, to {AGREEMENT:g}"
    yield Row("online: all solvers agree with enumeration", target, measured, not differ)
    accepted = f"{cases - len(refused)} of {cases}{_first(refused)}"
    yield Row("online: certificates of ASPIRE-On's plans verify, the bound tight", "all", accepted, not refused)
    yield Row("online: no heuristic exceeds the optimum", "none", f"{len(exceeded)}{_first(exceeded)}", not exceeded)
    yield Row("online: fixed points of ASPIRE-On that are no equilibria", "some", f"{stopped} of {cases}", stopped > 0)


def _questions(drawn: OnlineRecruitment) -> Iterator[OnlineRecruitment]:
    for objective in ("increment", "recruits"):
        market = dataclasses.replace(drawn.instance, objective=objective)
        for restore in ("optional", "max", "required"):
            yield OnlineRecruitment(market, restore=restore)


def _agrees(answer: Result, best: Result) -> bool:
    if best.objective is None or answer.objective is None or answer.dual_bound is None:
        return answer.status is best.status is Status.INFEASIBLE
    near = AGREEMENT * max(1.0, abs(best.objective))
    return abs(answer.objective - best.objective) <= near and answer.dual_bound >= best.objective - near


def _tight(certificate: Certificate, best: Result) -> bool:
    """Whether the certificate knows the optimum, or that there is no plan."""
    if best.objective is None or certificate.dual_bound is None:
        return certificate.status is best.status is Status.INFEASIBLE
    return abs(certificate.dual_bound - best.objective) <= AGREEMENT * max(1.0, abs(best.objective))


def _below(plan: Result, best: Result) -> bool:
    if plan.objective is None or best.objective is None:
        return False
    return plan.objective <= best.objective + 1e-9 * max(1.0, abs(best.objective))


def _first(complaints: list[str]) -> str:
    return f"; first: {complaints[0]}" if complaints else ""
