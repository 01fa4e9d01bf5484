"""Tables, plots and the HTML page."""

from mcsopt.report.burden_figures import coalition_burden_figure
from mcsopt.report.coalition_figures import equilibrium_size_figure, growth_figure, stability_map
from mcsopt.report.gap_figures import gap_figure, trace_figure
from mcsopt.report.market_figures import market_map, risk_and_budget_figure
from mcsopt.report.packing_figures import packing_figure
from mcsopt.report.page import report_html, write_report
from mcsopt.report.path_figures import path_comparison, path_map, path_schedule

__all__ = [
    "coalition_burden_figure",
    "equilibrium_size_figure",
    "gap_figure",
    "growth_figure",
    "market_map",
    "packing_figure",
    "path_comparison",
    "path_map",
    "path_schedule",
    "report_html",
    "risk_and_budget_figure",
    "stability_map",
    "trace_figure",
    "write_report",
]
