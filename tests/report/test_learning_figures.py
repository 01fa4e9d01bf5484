from __future__ import annotations

import numpy as np
import pytest

from mcsopt.errors import InputError
from mcsopt.heuristics.dqn_training import Checkpoint
from mcsopt.report.learning_figures import error_map_figure, learning_curve_figure
from mcsopt.solvers.policy_errors import PolicyErrors

CURVE = (Checkpoint(0, 0, 0.1, -2.0), Checkpoint(5, 50, 1.0, 3.0), Checkpoint(9, 90, 2.0, 1.0))


def errors(*cost: float) -> PolicyErrors:
    array = np.array(cost)
    return PolicyErrors(np.array([1.0, 0.5, 0.5, 0.0]), array, array, 10.0, 10.0 - array.sum())


def test_a_curve_is_drawn_as_it_went_and_as_the_best_so_far() -> None:
    axis = learning_curve_figure({"seed 0": CURVE}, 4.0, {"myopic": -1.0}).axes[0]
    drawn = [line.get_ydata() for line in axis.lines]
    assert [list(y) for y in drawn] == [[4.0, 4.0], [-1.0, -1.0], [-2.0, 3.0, 1.0], [-2.0, 3.0, 3.0]]
    assert [text.get_text() for text in axis.texts] == ["myopic"]
    assert [text.get_text() for text in axis.figure.legends[0].get_texts()] == ["proved optimum", "seed 0"]


def test_without_checkpoints_it_says_so() -> None:
    assert [text.get_text() for text in learning_curve_figure({"a": ()}, 1.0).axes[0].texts] == ["nothing was judged"]


def test_errors_stand_out_by_what_they_cost() -> None:
    place = np.arange(4.0)
    axis = error_map_figure(errors(0.0, 2.0, 1.0, 0.0), place, -place, across_label="slot", upward_label="task").axes[0]
    visited, wrong = axis.collections
    assert visited.get_offsets().tolist() == [[0.0, 0.0]]
    assert wrong.get_offsets().tolist() == [[1.0, -1.0], [2.0, -2.0]]
    assert wrong.get_sizes()[0] > wrong.get_sizes()[1]
    assert axis.get_title() == "errors cost 3, 30 % of the optimum"
    assert (axis.get_xlabel(), axis.get_ylabel()) == ("slot", "task")


def test_a_policy_without_errors() -> None:
    place = np.arange(4.0)
    axis = error_map_figure(errors(0, 0, 0, 0), place, place, across_label="x", upward_label="y").axes[0]
    assert len(axis.collections) == 1
    assert axis.get_title() == "errors cost 0, 0 % of the optimum"


def test_a_place_for_each_state() -> None:
    with pytest.raises(InputError, match="upward"):
        error_map_figure(errors(0, 0, 0, 0), np.arange(4.0), np.arange(3.0), across_label="x", upward_label="y")
