"""Gaps guarded in CI: the pytest plugin and sweeps."""
