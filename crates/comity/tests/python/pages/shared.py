"""Flows between two nodes that share an accord: what is worked on together, what is released, mail and addresses."""

import os
import re
import time
import uuid

from .flows import flow
from .hand import DARK, KEYS, VIEWS
from .mailing import deliver
from .samples import STRICT, identity, indicator
from .world import Node

LATER = "2099-01-01T10:00"
STIX = """{"type":"bundle","id":"bundle--5d0092c5-5f74-4287-9642-33f4c354e56d","objects":[{"type":"ipv4-addr",
"spec_version":"2.1","id":"ipv4-addr--%s","value":"%s"}]}"""


def prepare(node):
    """Who works here, and objects to share."""
    node.account("worker", "releaser")
    node.account("second", "releaser")
    house = node.collection("House", "worker", "second")
    numbers = range(0, 20) if node.name == "alpha" else range(100, 120)
    objects = [indicator(number) for number in numbers]
    objects += [indicator(number + 20, object_marking_refs=[STRICT]) for number in numbers]
    node.take(house, objects)


def workers(scene):
    """A person at each of the two nodes, and the nodes."""
    here, there = scene.sides()
    return scene.hand(here, "worker"), scene.hand(there, "worker"), here, there


def own_object(node, number, strict=False):
    first = 0 if node.name == "alpha" else 100
    return identity("indicator", first + number + (20 if strict else 0))


def ask(hand, other, title):
    """Opens a request for a search in logs; the path of its thread."""
    hand.go("/requests").press("a[href='/requests/new']")
    hand.form("form[action='/requests/new']", {"request_type": "log-search"})
    said = {
        "party": other.name,
        "label": "TLP:AMBER",
        "title": title,
        "urgency": "routine",
        "unit": "cyber unit",
        "contact": "duty@alpha.example",
        "facts": "Two hosts <b>called</b> it each night.",
        "asked": "Connections to the address in the window.",
        "use_limits": "intelligence only",
        "window_from": "2026-05-01T00:00",
        "window_until": "2026-05-08T00:00",
        "observables": "198.51.100.7",
    }
    hand.form("form[action='/requests/new'][method=post]", said)
    path = hand.path()
    assert path.startswith("/threads/request--"), path
    return path


def say(hand, path, event, said=()):
    """Says something in a thread by its form, once the form is there."""
    action = f"form[action='{path}/say/{event}']"
    hand.until(path, action)
    hand.form(action, said)
    assert hand.path().rsplit("/")[-1] == path.rsplit("/")[-1], hand.text()


@flow("a request is opened, answered on the other node and closed", VIEWS)
def request(scene):
    ours, theirs, _, there = workers(scene)
    title = f"Control server behind the May intrusion {scene.number}"
    path = ask(ours, there, title)
    theirs.until("/requests", f"a[href='{path}']").press(f"a[href='{path}']").says("<b>called</b>")
    say(theirs, path, "acknowledge", {"number": "B-2026-17"})
    say(theirs, path, "accept", {"scope": "full", "expected": LATER})
    say(theirs, path, "answer", {"scope": "full", "text": "Four connections."})
    ours.until(path, "main", "Four connections.")
    say(ours, path, "feedback", {"useful": "yes", "quality": "5", "acted": True})
    theirs.until(path, ".head .state.ok")
    ours.until("/requests", "td.title", title)
    # A note stays in the house.
    ours.go(path).form(f"{path}/notes", {"text": "ask the analyst"}).says("ask the analyst")
    assert "ask the analyst" not in theirs.go(path).text()


@flow("what needs me now is opened from the first page and done", VIEWS)
def needs_me(scene):
    ours, theirs, _, there = workers(scene)
    path = ask(ours, there, f"Which hosts called {scene.number}")
    theirs.until("/", f"ol.queue a[href='{path}']").press(f"ol.queue .what a[href='{path}']")
    say(theirs, path, "acknowledge", {"number": f"B-2026-{scene.number}"})
    say(theirs, path, "decline", {"reason": "resources"})
    theirs.go("/")
    assert theirs.page.locator(f"ol.queue .actions a[href='{path}']").count() == 0


@flow("news are told without moving a row", (KEYS, DARK), scripted=True)
def news(scene):
    ours, theirs, _, there = workers(scene)
    ask(ours, there, f"Before the news {scene.number}")
    theirs.until("/requests", "td.title", f"Before the news {scene.number}")
    with theirs.page.expect_response("**/api/v1/events?of=*"):
        theirs.go("/requests")
    rows = theirs.page.locator("table.list tbody tr").all_inner_texts()
    path = ask(ours, there, f"After the news {scene.number}")
    bar = theirs.page.locator(".live")
    bar.wait_for(timeout=60_000)
    assert theirs.page.locator("table.list tbody tr").all_inner_texts() == rows, "a row moved"
    assert "1" in bar.inner_text(), bar.inner_text()
    theirs.press(bar.locator("button"))
    theirs.reads(f"a[href='{path}']")


@flow("a case gets a note, a task and a status", VIEWS)
def case(scene):
    ours, theirs, here, there = workers(scene)
    ours.go("/cases").press("a[href='/cases/new']")
    said = {"party": there.name, "label": "TLP:AMBER", "title": f"The May intrusion {scene.number}", "summary": "Two hosts.", "number": "A-7"}
    ours.form("form[action='/cases/new']", said)
    path = ours.path().replace("/cases/", "/threads/")
    assert path.startswith("/threads/case--"), path
    say_at = path
    theirs.until("/cases", f"td.title:has-text('May intrusion {scene.number}')")
    say(theirs, say_at, "join", {"number": "B-9"})
    say(ours, say_at, "note", {"text": "The first host is rebuilt."})
    say(ours, say_at, "task", {"text": "Read the proxy's logs.", "owner": there.name})
    theirs.until(path, "main", "Read the proxy's logs.")
    task = theirs.page.locator("form[action$='/say/done'] option").nth(1).get_attribute("value")
    say(theirs, say_at, "done", {"task": task, "result": "Four lines."})
    say(theirs, say_at, "status", {"text": "Contained."})
    ours.until(path, "main", "Contained.").says("Four lines.")
    ours.press("a[href*='/reports/'], main .actions a.button").go(path)
    saved = ours.saves("a[href$='/bundle']")
    assert saved.suggested_filename.endswith(".json"), saved.suggested_filename


@flow("a hotline call is rung and answered", VIEWS)
def call(scene):
    ours, theirs, _, there = workers(scene)
    ours.go("/calls").press("a[href='/calls/new']")
    said = {"party": there.name, "label": "TLP:AMBER", "line": f"A control server is active again {scene.number}", "urgency": "urgent", "channel": "phone", "test": True}
    ours.form("form[action='/calls/new']", said)
    path = ours.path().replace("/calls/", "/threads/")
    theirs.until("/calls", f"td.title:has-text('active again {scene.number}')")
    say(theirs, path, "answered")
    ours.until(path, "form[action$='/say/identify']")
    words = {}
    for hand in [ours, theirs]:
        words[hand] = hand.until(path, ".notice.ok p.mono").page.locator(".notice.ok p.mono").first.inner_text()
    for hand, other in [(ours, theirs), (theirs, ours)]:
        say(hand, path, "identify", {"outcome": "words", "heard": words[other]})
    for hand in [ours, theirs]:
        say(hand, path, "note-sealed", {"text": f"Noted at {hand.node.name}."})
    ours.until(path, "main", f"Noted at {there.name}.")


@flow("an exercise is agreed, run and reported", VIEWS)
def exercise(scene):
    ours, theirs, here, there = workers(scene)
    scenario = here.cli("exercise", "template").replace("speed = 60", "speed = 3600")
    ours.go("/exercises").press("a[href='/exercises/new']")
    said = {"party": there.name, "label": "TLP:GREEN", "scenario": scenario, "starts": LATER, "ends": "2099-01-01T18:00"}
    ours.form("form[action='/exercises/new']", said)
    path = ours.path().replace("/exercises/", "/threads/")
    # The watermark stands over every page of an exercise.
    ours.reads("body.exercise")
    say(theirs, path, "agree", {"scenario": scenario})
    say(ours, path, "start")
    say(ours, path, "inject")
    theirs.until(path, "main", "hospitals")
    say(ours, path, "stop", {"reason": "enough for today"})
    say(theirs, path, "report", {"text": "We rang within ten minutes."})
    ours.until(path, "main", "We rang within ten minutes.")
    ours.press("a[href$='/report']").reads("main")


@flow("evidence is verified and handed over", VIEWS)
def evidence(scene):
    ours, theirs, here, there = workers(scene)
    file = os.path.join(here.data, "..", f"image-{scene.number}.bin")
    with open(file, "wb") as out:
        out.write(uuid.uuid5(uuid.NAMESPACE_DNS, str(scene.number)).bytes * 4096)
    item = here.cli(
        "evidence", "add", file, "--source", f"mail server {scene.number}", "--acquired", "2026-10-01", "--how", "imaged with a write blocker",
        "--tool", "imager 4", "--legal-basis", "order 7", "--tlp", "amber",
    ).strip()
    ours.go("/evidence").press(f"a[href='/evidence/{item}']")
    act = lambda hand, word, said=(): hand.until(f"/evidence/{item}", f"form[action='/evidence/{item}/{word}']").form(  # noqa: E731
        f"/evidence/{item}/{word}", said
    )
    act(ours, "verify")
    act(ours, "opened", {"purpose": "to list the accounts in it"})
    act(ours, "offer", {"party": there.name})
    theirs.until("/evidence", f"a[href='/evidence/{item}']").press(f"a[href='/evidence/{item}']")
    act(theirs, "take")
    ours.until(f"/evidence/{item}", "main", there.name)


@flow("a contact is checked and answers", VIEWS)
def contact(scene):
    ours, theirs, _, there = workers(scene)
    ours.go("/contacts").form("/contacts", {"party": there.name, "contact": "technical"})
    path = ours.path()
    assert path.startswith("/checks/"), path
    theirs.until(path, "form[action$='/answer']")
    code = re.search(r"\b[0-9a-f]{8}\b", theirs.page.locator("main dl.facts").first.inner_text())[0]
    theirs.form(f"{path}/answer", {"code": code})
    ours.until(path, ".head .state.ok")
    ours.go("/checks").reads(f"a[href='{path}']")


def digits(hand, other):
    return hand.go(f"/parties/{other}").page.locator("main dl.facts code").first.inner_text()


@flow("a party is taken in and verified by its digits", VIEWS)
def party(scene):
    scene.sides()
    here, there = [scene.world["alpha"], scene.world["bravo"]][scene.number], scene.world["charlie"]
    ours, theirs = scene.hand(here, "worker"), scene.hand(there, "worker")
    cards = {hand: hand.go("/parties").page.locator("pre.raw").last.inner_text() for hand in [ours, theirs]}
    ours.form("/parties", {"card": cards[theirs]})
    theirs.form("/parties", {"card": cards[ours]})
    assert ours.path() == f"/parties/{there.name}", ours.path()
    heard = {ours: digits(theirs, here.name), theirs: digits(ours, there.name)}
    with ours.refused(409):
        ours.form(f"/parties/{there.name}/verification", {"typed": "12345"})
    for hand, other in [(ours, there), (theirs, here)]:
        hand.go(f"/parties/{other.name}").form(f"/parties/{other.name}/verification", {"typed": heard[hand]})
    for hand, other in [(ours, there), (theirs, here)]:
        hand.until(f"/parties/{other.name}", ".head .state.ok")
    ours.form(f"/parties/{there.name}/suspend").reads(".head .state.failed")
    ours.form(f"/parties/{there.name}/resume").reads(".head .state.ok")


@flow("an accord is drafted, proposed, compared and signed", VIEWS)
def accord(scene):
    scene.sides()
    here, there = [scene.world["alpha"], scene.world["bravo"]][scene.number], scene.world["charlie"]
    ours, theirs = scene.hand(here, "worker"), scene.hand(there, "worker")
    name = f"{here.name}-{there.name}"
    ours.go("/accords").form("/accords/draft", {"party": there.name, "template": "mutual"})
    draft = ours.page.locator("textarea[name=text]").input_value()
    ours.form("form[action='/accords']", {"text": draft})
    assert ours.path() == f"/accords/{name}?version=1", ours.path()

    def signs(version):
        theirs.until("/accords", f"a[href='/accords/{name}?version={version}']").press(f"a[href='/accords/{name}?version={version}']")
        theirs.press(f"a[href='/accords/{name}/sign?version={version}']").form(f"/accords/{name}/sign")
        for hand in [ours, theirs]:
            hand.until(f"/accords/{name}?version={version}", ".head .state.ok")

    signs(1)
    ours.go(f"/accords/{name}")
    draft = ours.page.locator("textarea[name=text]").input_value()
    changed = re.sub(r'(?m)^ceiling = "TLP:\w+"', 'ceiling = "TLP:CLEAR"', draft, count=1)
    assert changed != draft, draft
    ours.form("form[action='/accords']", {"text": changed})
    assert ours.path() == f"/accords/{name}?version=2", ours.text()
    ours.reads("ins").reads("del")
    signs(2)
    ours.go(f"/accords/{name}").form(f"form[action='/accords/{name}']", {"version": "1", "against": "2"}).reads("ins")


@flow("a release is reviewed, done and arrives", VIEWS)
def release(scene):
    ours, theirs, here, there = workers(scene)
    one = own_object(here, 1)
    ours.go(f"/objects/{one}").press(f"a[href='/release?object={one}']")
    ours.form("form[action='/release']", {"party": there.name})
    ours.reads(".two .panel + .panel").says("TLP:GREEN")
    before = here.rows("outbox", "list")
    ours.form("form[action='/release'][method=post]")
    assert ours.path().startswith("/outbox"), ours.path()
    assert len(here.rows("outbox", "list")) > len(before) >= 0

    ours.until(f"/objects/{one}?tab=releases", f"td.title a[href='/parties/{there.name}']")
    arrived(there, here, one)


def arrived(there, here, one):
    """Waits until a node holds what another one sent."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        said = there.cli("collection", "list", "--json")
        if f"from-{here.name}" in said and one in there.cli("export", "--format", "jsonl", "--collection", f"from-{here.name}"):
            return
    raise AssertionError(f"{one} did not come to {there.name}")


@flow("a release waits for a second person", VIEWS)
def four_eyes(scene):
    ours, _, here, there = workers(scene)
    one = own_object(here, 2, strict=True)
    ours.go(f"/release?object={one}&party={there.name}").form("form[action='/release'][method=post]")
    assert ours.path() == "/review", ours.path()
    # Who asked does not decide.
    section = f"section:has(a[href='/objects/{one}'])"
    assert ours.page.locator(f"{section} form").count() == 0
    second = scene.hand(here, "second")
    second.go("/").press("ol.queue .what a[href='/review']")
    second.form(f"{section} form[action$='/yes']")
    arrived(there, here, one)
    three = own_object(here, 3, strict=True)
    ours.go(f"/release?object={three}&party={there.name}").form("form[action='/release'][method=post]")
    second.go("/review").form(f"section:has(a[href='/objects/{three}']) form[action$='/no']", button="button")
    second.reads("table.list .state.failed")


@flow("a recall is asked and answered", VIEWS)
def recall(scene):
    ours, theirs, here, there = workers(scene)
    one = own_object(here, 4)
    ours.go(f"/release?object={one}&party={there.name}").form("form[action='/release'][method=post]")
    arrived(there, here, one)
    ours.go("/recalls").form("/recalls/review", {"object": one, "reason": "named the wrong host"})
    ours.reads(f"a[href='/objects/{one}']").says(there.name)
    ours.form("form[action='/recalls'][method=post]", button="button")
    theirs.until("/recalls", "tr", "named the wrong host")
    # The other node answers by itself once what it held is gone.
    ours.until("/recalls", "tr:has(.state.ok)", "named the wrong host")


@flow("an envelope is followed until it is delivered", VIEWS)
def envelope(scene):
    ours, theirs, here, there = workers(scene)
    one = own_object(here, 5)
    ours.go(f"/release?object={one}&party={there.name}").form("form[action='/release'][method=post]")
    ours.until(f"/outbox?party={there.name}", "table.list tbody tr:first-child .state.ok")
    theirs.until(f"/inbox?party={here.name}", "table.list tbody tr:first-child .state.ok")
    ours.go("/outbox").press(".tabs a[href^='/inbox'], a[href^='/inbox']")


def mail_to(address, number, value, words):
    head = (
        f"From: The duty officer <duty@bravo.example>\r\nTo: {address}\r\nSubject: what we see {number}\r\n"
        f"Date: Tue, 03 Nov 2026 09:00:00 +0100\r\nMessage-ID: <{number}-{uuid.uuid4()}@bravo.example>\r\n"
        "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
    )
    object_id = uuid.uuid5(uuid.UUID("00abedb4-aa42-466c-9c01-fed23315a9b7"), f'{{"value":"{value}"}}')
    body = (
        f"--x\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n{words}\r\n"
        "--x\r\nContent-Type: application/json\r\nContent-Disposition: attachment; filename=bundle.json\r\n\r\n"
        + (STIX % (object_id, value)).replace("\n", "\r\n")
        + "\r\n--x--\r\n"
    )
    return (head + body).encode(), f"ipv4-addr--{object_id}"


@flow("a mail is read as text and its proposal accepted", VIEWS)
def mail(scene):
    scene.sides()
    here = scene.world["alpha"]
    ours = scene.hand(here, "worker")
    ours.go("/addresses").form("/addresses", {"party": "bravo", "purpose": "reports", "days": "3"})
    address = ours.page.locator("h1").inner_text()
    sent, held = mail_to(address, scene.number, f"198.51.100.{200 + scene.number}", "[TLP:GREEN] see <i>the file</i>")
    deliver(address, sent)
    ours.until("/mail", "tr:has(.state.due)", "duty@bravo.example")
    ours.press("tr:has(.state.due) a[href^='/mail/']").says("[TLP:GREEN] see <i>the file</i>").says(f"what we see {scene.number}")
    ours.says("bundle.json")
    ours.form("form[action$='/confirm']")
    arrived(here, scene.world["bravo"], held)


@flow("an address is given and becomes permanent", VIEWS)
def address(scene):
    scene.sides()
    here, there = scene.world["alpha"], scene.world["bravo"]
    ours, theirs, second = scene.hand(here, "worker"), scene.hand(there, "worker"), scene.hand(here, "second")
    given = {"party": there.name, "purpose": "case" if scene.number else "request", "days": "3", "remark": "by day"}
    ours.go("/addresses").form("/addresses", given)
    path = ours.path()
    step = lambda hand, word: hand.until(path, f"form[action='{path}/steps/{word}']").form(f"{path}/steps/{word}")  # noqa: E731
    theirs.until(path, "main", "by day")
    step(ours, "promote")
    step(theirs, "answer")
    step(second, "approve")
    step(theirs, "confirm")
    for hand in [ours, theirs]:
        hand.until(path, ".head .state.ok")
    ours.press(f"a[href='{path}/revoke']").form(f"{path}/revoke", {"reason": "no need any more"}, "button").reads(".head .state.failed")


def world():
    three = {name: Node.given(name) for name in ["alpha", "bravo", "charlie"]}
    made = []

    def ready():
        if not made:
            for name, node in three.items():
                prepare(node) if name != "charlie" else node.account("worker", "releaser")
            made.append(True)

    return three | {"ready": ready}
