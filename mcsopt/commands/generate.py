"""``mcsopt generate``: draw an instance and write it."""

from __future__ import annotations

import argparse
import sys

from mcsopt.data.files import write_instance
from mcsopt.data.generators import generate


def run(args: argparse.Namespace) -> int:
    """Generate the instance and say where it is."""
    instance = generate(args.kind, {**args.options, "seed": args.seed})
    write_instance(instance, args.output)
    print(f"wrote {args.output} ({args.kind}, {instance.digest()})", file=sys.stderr)
    return 0
