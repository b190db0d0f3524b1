"""Flows: what a person does with pages, one function each, done in every view that it names.

A module of flows decorates its functions and at its end calls `run(globals of what they need)`:

    @flow("a request is opened and answered", views=VIEWS)
    def request(page, node): ...
"""

import sys
import time
import traceback
from dataclasses import dataclass
from typing import Callable

from . import browser
from .browser import LIGHT, View


@dataclass(frozen=True)
class Flow:
    """A flow: its sentence, what it does with a page and with what the script gives it, and how it is looked at."""

    name: str
    act: Callable
    views: tuple[View, ...]
    # What it does needs scripts.
    scripted: bool = False


FLOWS: list[Flow] = []


def flow(name, views=(LIGHT,), scripted=False):
    """Adds a function to the list of flows."""

    def add(act):
        assert all(other.name != name for other in FLOWS), f"two flows are called {name!r}"
        FLOWS.append(Flow(name, act, tuple(views), scripted))
        return act

    return add


def run(given):
    """Runs all flows with `given`, or those with a word of the command line in their name; exits 1 when one failed."""
    words = sys.argv[1:]
    chosen = [one for one in FLOWS if not words or any(word in one.name for word in words)]
    assert chosen, f"no flow is called {words}"
    failed = 0
    with browser.launch() as program:
        for one in chosen:
            for view in one.views:
                start = time.monotonic()
                try:
                    with browser.look(program, view) as page:
                        page.view = view
                        one.act(page, given)
                    verdict = "ok"
                except Exception:  # Every flow is tried: the list says which failed.
                    traceback.print_exc()
                    failed += 1
                    verdict = "FAILED"
                print(f"{verdict:7} {one.name} [{view.name}] {time.monotonic() - start:.1f} s", flush=True)
    if failed:
        sys.exit(f"{failed} flows failed")
    print("passed")
