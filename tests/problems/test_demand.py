"""Whether a demand is met, against rational arithmetic, exact ties and ties of the tolerance among them."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcsopt.problems.demand import demand_missed, demand_slack, demands_met

qualities = st.lists(st.floats(0, 30) | st.integers(0, 60).map(lambda n: n / 4), max_size=6)
redundancies = st.floats(0, 0.99) | st.integers(0, 7).map(lambda n: n / 8)
nudges = st.sampled_from([0.0, 0.5e-12, 1e-12, 1.5e-12, 1e-9])


def definition(terms, count, redundancy, demand):
    needed = Fraction(demand) * (1 + (count - 1) * Fraction(redundancy))
    return sum(map(Fraction, terms), Fraction(0)) >= needed - Fraction(1, 10**12)


@given(qualities, st.integers(0, 6), redundancies, st.floats(0, 30), nudges, st.booleans())
def test_the_demand_is_met_as_rationals_say(terms, count, redundancy, demand, nudge, tied):
    if tied:  # a demand within rounding of what is delivered
        demand = max(0.0, sum(terms) / (1 + (count - 1) * redundancy) + nudge)
    met = definition(terms, count, redundancy, demand)
    assert (demand_slack(terms, count, redundancy, demand) >= 0) == met
    missed = demand_missed(terms, count, redundancy, demand)
    assert (missed == 0.0) == met
    assert met or missed > 0.9e-12
    total = float(sum(map(Fraction, terms), Fraction(0)))
    several = demands_met(*(np.array([v, v]) for v in (total, count, redundancy, demand)))
    assert several.tolist() == [definition([total], count, redundancy, demand)] * 2


def test_the_amount_is_what_the_sum_lacks():
    # Two workers at zeta 0.25: 20 * 1.25 are needed.
    assert demand_missed([9.0, 12.0], 2, 0.25, 20.0) == pytest.approx(4.0)
    assert demand_missed([0.1, 0.2], 2, 0.0, 0.3) == 0.0
