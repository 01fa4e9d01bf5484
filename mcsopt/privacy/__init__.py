"""Randomized response, budgets, memoized reports, attacks, the privacy ledger.

Nothing here is solved or compiled: numpy does.
Equation numbers are those of the two-stage crowdsensing paper ("iParts").
"""

from mcsopt.privacy.attack_rates import (
    expected_frequency_leakage,
    expected_frequency_success,
    expected_one_snapshot_success,
)
from mcsopt.privacy.attacks import frequency_estimate, frequency_leakage, one_snapshot_estimate, success_rate
from mcsopt.privacy.channel import log_channel, privacy_loss
from mcsopt.privacy.distortion import expected_distortion
from mcsopt.privacy.inference_error import Enumeration, enumerate_reports, independent_joint, inference_error
from mcsopt.privacy.ledger import Charge, Ledger, composed_loss
from mcsopt.privacy.mirror import Mirror
from mcsopt.privacy.obstacles import Cause, Obstacle
from mcsopt.privacy.primer import Calibration, primer
from mcsopt.privacy.randomized_response import flip_probability, keep_probability, report, snapshots

__all__ = [
    "Calibration",
    "Cause",
    "Charge",
    "Enumeration",
    "Ledger",
    "Mirror",
    "Obstacle",
    "composed_loss",
    "enumerate_reports",
    "expected_distortion",
    "expected_frequency_leakage",
    "expected_frequency_success",
    "expected_one_snapshot_success",
    "flip_probability",
    "frequency_estimate",
    "frequency_leakage",
    "independent_joint",
    "inference_error",
    "keep_probability",
    "log_channel",
    "one_snapshot_estimate",
    "primer",
    "privacy_loss",
    "report",
    "snapshots",
    "success_rate",
]
