"""How it is stated: one file per problem, found by the problem's name. Nothing is solved here.

``mcsopt.models.<problem_name>`` offers ``build_pyomo``, ``read_pyomo``, ``build_cp_sat``, ``read_cp_sat`` and
``describe``.
"""

from mcsopt.models.export import write_model
from mcsopt.models.statements import model, statement

__all__ = ["model", "statement", "write_model"]
