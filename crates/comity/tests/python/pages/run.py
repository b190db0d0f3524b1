"""Runs a module of flows between nodes: `python -m pages.run own [WORD...]`, with the flows that have a word in their name."""

import importlib
import sys

from .world import run

if __name__ == "__main__":
    module, *words = sys.argv[1:]
    given = importlib.import_module(f"pages.{module}").world()
    failed = run(given, words)
    if failed:
        sys.exit(f"{failed} flows failed")
    print("passed")
