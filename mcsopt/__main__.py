"""``python -m mcsopt``."""

import sys

from mcsopt.cli import main

sys.exit(main())
