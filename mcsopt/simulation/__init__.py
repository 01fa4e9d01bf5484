"""The two-stage and stagewise executions, their baselines, metrics and figures."""
