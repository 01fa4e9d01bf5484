"""Randomized response, budgets, memoized reports, attacks, the privacy ledger."""
