"""Compiled inner loops shared by solvers and heuristics; each is held to `problems` or a pure oracle by a test."""
