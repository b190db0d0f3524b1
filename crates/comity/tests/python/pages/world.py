"""Nodes under test and who works at them: what the test command made, accounts of every role, objects to work with."""

import contextlib
import json
import os
import subprocess
import time
import traceback
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from http.cookiejar import CookieJar

from . import browser
from .flows import FLOWS
from .hand import Hand

PASSWORD = "correct horse 7 battery"
PROGRAM_S = 60


@dataclass
class Node:
    """A node: where it serves, its folder, and the link by which its first account is made."""

    name: str
    url: str
    data: str
    welcome: str
    cookies: dict = field(default_factory=dict)

    @staticmethod
    def given(name):
        return Node(**json.loads(os.environ[f"COMITY_{name.upper()}"]))

    def cli(self, *words, text=""):
        """What a command of the program says on this node's folder."""
        command = [os.environ["COMITY_PROGRAM"], *words, "--data", self.data]
        done = subprocess.run(command, input=text, capture_output=True, text=True, timeout=PROGRAM_S, check=False)
        assert done.returncode == 0, (words, done.stdout, done.stderr)
        return done.stdout

    def rows(self, *words):
        return json.loads(self.cli(*words, "--json"))

    def account(self, name, role):
        self.cli("user", "add", name, "--role", role, "--password-stdin", text=PASSWORD)

    def collection(self, title, *readers):
        """A collection with who may read and write it."""
        made = json.loads(self.cli("collection", "create", "--title", title, "--json"))["id"]
        for reader in readers:
            self.cli("collection", "grant", made, "--user", reader, "--read", "--write")
        return made

    def take(self, collection, objects):
        """Takes objects in."""
        path = os.path.join(self.data, "..", f"{self.name}-import.json")
        with open(path, "w", encoding="utf-8") as file:
            json.dump({"objects": objects}, file)
        self.cli("import", path, "--collection", collection)

    def session(self, name):
        """The cookie of a session of an account; one for all flows."""
        if name not in self.cookies:
            jar = CookieJar()
            opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(jar), Stay())
            body = urllib.parse.urlencode({"name": name, "password": PASSWORD, "next": "/"}).encode()
            asked = urllib.request.Request(f"{self.url}/sign-in", body, {"Origin": self.url})
            with contextlib.suppress(urllib.error.HTTPError):
                opener.open(asked, timeout=PROGRAM_S)
            cookie = next(one for one in jar if one.name == "comity")
            self.cookies[name] = [{"name": "comity", "value": cookie.value, "url": self.url, "httpOnly": True}]
        return self.cookies[name]


class Stay(urllib.request.HTTPRedirectHandler):
    """Follows nothing."""

    def redirect_request(self, *_):
        return None


class Scene:
    """A flow in a view: who works at which node, by hands that are closed with it."""

    def __init__(self, program, view, number, world, stack):
        self.program, self.view, self.number, self.world, self.stack = program, view, number, world, stack

    def hand(self, node, account=None):
        """A person's browser at a node."""
        if account is None:
            hand = Hand(self.program, self.view, node)
            self.stack.callback(hand.context.close)
        else:
            # One window serves all flows of a view in which this person works.
            known = self.world.setdefault("hands", {})
            key = (self.view.name, node.name, account)
            hand = known.get(key)
            if hand is None or hand.page.is_closed():
                hand = known[key] = Hand(self.program, self.view, node, node.session(account))
        self.hands = [*getattr(self, "hands", []), hand]
        return hand

    def sides(self):
        """The two nodes with what the flows need, the other way round in each view."""
        self.world["ready"]()
        both = [self.world["alpha"], self.world["bravo"]]
        return both if self.number % 2 == 0 else both[::-1]


def run(world, words=()):
    """Runs every flow in one of its views, or in each where `COMITY_TEST_VIEWS` is `all`; how many failed."""
    chosen = [one for one in FLOWS if not words or any(word in one.name for word in words)]
    assert chosen, f"no flow is called {words}"
    every = words or os.environ.get("COMITY_TEST_VIEWS") == "all"
    failed = 0
    with browser.launch() as program:
        for place, one in enumerate(chosen):
            views = list(enumerate(one.views))
            if not every:
                # Two neighbours share a view: one may need what the other did.
                views = [views[place // 2 % len(views)]]
            for number, view in views:
                start = time.monotonic()
                try:
                    with contextlib.ExitStack() as stack:
                        scene = Scene(program, view, number, world, stack)
                        one.act(scene)
                        for hand in getattr(scene, "hands", []):
                            hand.judged()
                    verdict = "ok"
                except Exception:  # Every flow is tried: the list says which failed.
                    traceback.print_exc()
                    failed += 1
                    # The next flow begins with windows of its own.
                    for hand in world.pop("hands", {}).values():
                        hand.context.close()
                    verdict = "FAILED"
                print(f"{verdict:7} {one.name} [{view.name}] {time.monotonic() - start:.1f} s", flush=True)
    return failed
