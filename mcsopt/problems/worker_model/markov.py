"""The paper's tests of risk by Markov's inequality (40), (44), (50), kept to be measured, not to be relied on.

Their formulas are lost; the prose says that Markov's inequality bounds the left-hand side of ``Pr(u < u_min) <= rho``
from above. **Reading:** ``Pr(u >= u_min) <= E[u] / u_min`` is put into ``Pr(u < u_min) = 1 - Pr(u >= u_min)``, and the
test is ``1 - E[u] / u_min <= rho``. For u >= 0 that is a LOWER bound of the risk, so that it accepts laws that violate;
for u that may be negative, as here, it is no bound at all. The risks themselves are `utility_risk` and
`quality_risk_bounds`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from mcsopt import tolerances


def markov_accepts(mean: ArrayLike, least: float, risk_cap: float) -> np.ndarray:
    """Return whether ``1 - mean / least <= rho``.

    With the expected utility (10), `u_min` and rho2 it is (40); with the expected quality, the demanded one and rho1,
    (44); with the expected utility of a spot contract, which has no compensation, and rho4, (50).

    Parameters
    ----------
    mean : array of float
        ``E[u]`` or ``E[Q]``.
    least : float
        ``u_min`` or ``Qd``, > 0.
    risk_cap : float

    Examples
    --------
    A utility of -1 or 2, equally likely, falls short of 0.01 half of the time; the test sees no risk above 0.3.

    >>> bool(markov_accepts(0.5 * -1 + 0.5 * 2, 0.01, 0.3))
    True
    """
    return np.asarray(1.0 - np.asarray(mean) / least <= risk_cap + tolerances.RISK)
