"""Flows at the own node: coming in, finding and reading, the ledger, accounts. `prepare` makes what they work with."""

import base64
import csv
import hashlib
import hmac
import io
import struct
import time

from .flows import flow
from .hand import BARE, DARK, KEYS, VIEWS
from .samples import AMBER, GREEN, identity, indicator, relation, stix
from .world import PASSWORD, Node



def prepare(node):
    """Accounts of every role and a collection with objects that refer to each other, one of them in two versions."""
    node.account("worker", "releaser")
    node.account("visitor", "viewer")
    node.account("chief", "admin")
    for name in ["factor-0", "factor-1", "sitter-0", "sitter-1", "chooser"]:
        node.account(name, "analyst")
    collection = node.collection("House", "worker", "visitor", "chooser")
    family = stix("malware", 1, name="Loader of May", malware_types=["backdoor"], is_family=True, object_marking_refs=[AMBER])
    actor = stix("intrusion-set", 1, name="Night set", object_marking_refs=[GREEN])
    objects = [indicator(number) for number in range(40)]
    relations = [
        relation(number, one["id"], family["id"], "indicates") for number, one in enumerate(objects[:5])
    ]
    node.take(collection, [family, actor, *objects, *relations, relation(99, actor["id"], family["id"], "uses")])
    newer = indicator(7, modified="2026-04-01T10:00:00.000Z", name="Indicator 7, looked at again", confidence=80)
    node.take(collection, [newer])
    return collection


JOIN = "form[action^='/welcome/']"


@flow("the first account is made by the one-time link", VIEWS)
def first(scene):
    # Before anybody else makes one: the link is void then.
    node = [scene.world["alpha"], scene.world["bravo"]][scene.number]
    name = f"first-{scene.number}"
    hand = scene.hand(node)
    link = node.welcome.removeprefix(node.url)
    hand.go(link)
    with hand.refused(409):
        hand.form(JOIN, {"name": name, "password": "short"}).reads(".notice.fail")
    hand.form(JOIN, {"name": name, "password": PASSWORD})
    assert hand.path() == "/", hand.path()
    hand.place("/admin").reads(f"a[href='/admin/accounts/{name}']")
    # The link is good once.
    other = scene.hand(node)
    with other.refused(404):
        other.go(link).reads(".notice, .head")
    assert other.page.locator("input[name=password]").count() == 0


@flow("a person signs in and out", VIEWS)
def signing(scene):
    node = scene.sides()[0]
    hand = scene.hand(node)
    hand.go("/objects")
    assert hand.path() == "/sign-in?next=%2Fobjects", hand.path()
    with hand.refused(403):
        hand.form("/sign-in", {"name": "worker", "password": "not this one"}).reads("[role=alert]")
    hand.form("/sign-in", {"password": PASSWORD})
    assert hand.path() == "/objects", hand.path()
    hand.press("form[action='/sign-out'] button")
    assert hand.path() == "/sign-in", hand.path()
    hand.go("/objects")
    assert hand.path().startswith("/sign-in"), hand.path()


def code(secret, step=0):
    """A one-time code (RFC 6238) of now, or of some steps later."""
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    digest = hmac.new(key, struct.pack(">Q", int(time.time()) // 30 + step), hashlib.sha1).digest()
    at = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[at : at + 4])[0] & 0x7FFFFFFF) % 1_000_000:06}"


@flow("a second factor is set up, used, and stood in for by a recovery code", VIEWS)
def factor(scene):
    node = scene.sides()[0]
    name = f"factor-{scene.number}"
    hand = scene.hand(node, name)
    hand.go("/me").form("/me/factor/begin")
    secret = hand.page.locator("main code").first.inner_text().replace(" ", "")
    with hand.refused(409):
        hand.form("/me/factor/confirm", {"code": "000000"}).reads(".notice.fail")
    hand.go("/me").form("/me/factor/begin")
    secret = hand.page.locator("main code").first.inner_text().replace(" ", "")
    hand.form("/me/factor/confirm", {"code": code(secret)})
    recovery = hand.page.locator("pre.raw").inner_text().split()
    assert len(recovery) == 8, recovery
    # A code counts once: the next sign-in takes that of the next step, which a clock may be ahead by.
    for typed in [code(secret, 1), recovery[0]]:
        other = scene.hand(node)
        other.go("/sign-in").form("/sign-in", {"name": name, "password": PASSWORD})
        other.form("/sign-in", {"password": PASSWORD, "code": typed})
        assert other.path() == "/", other.text()
    again = scene.hand(node)
    again.go("/sign-in").form("/sign-in", {"name": name, "password": PASSWORD})
    with again.refused(403):
        again.form("/sign-in", {"password": PASSWORD, "code": recovery[0]}).reads("[role=alert]")
    hand.go("/me").form("/me/factor/end", {"code": recovery[1]}).reads(".notice.ok")
    hand.reads("form[action='/me/factor/begin']")


@flow("one value is searched", VIEWS)
def one_value(scene):
    node = scene.sides()[0]
    hand = scene.hand(node, "worker")
    hand.go("/").form("/search", {"q": "198.51.100[.]7"}, "button")
    hand.reads(f"main a[href='/objects/{indicator(7)['id']}']").says("Indicator 7")
    hand.press("main td.title a")
    assert hand.path().startswith("/objects/indicator--"), hand.path()
    hand.form("/search", {"q": "no such thing"}, "button").reads(".empty")


@flow("five hundred values are pasted, read as a table and saved as CSV", VIEWS)
def many_values(scene):
    node = scene.sides()[0]
    hand = scene.hand(node, "worker")
    values = [f"203.0.113.{number % 250}" if number > 40 else f"198.51.100[.]{number}" for number in range(500)]
    hand.go("/search").form("form:has(#values)", {"values": "\n".join(values)}, "button.button:not(.plain)")
    rows = hand.page.locator("table.list tbody tr")
    assert rows.count() > 100, rows.count()
    hand.says("198.51.100[.]7").says("Indicator 7")
    saved = hand.saves(hand.page.locator("main form button.plain").last)
    assert saved.suggested_filename.endswith(".csv"), saved.suggested_filename
    with open(saved.path(), encoding="utf-8-sig", newline="") as file:
        table = list(csv.reader(io.StringIO(file.read())))
    assert len(table) > 200, len(table)
    assert any("198.51.100[.]7" in line for line in table), table[:5]


@flow("an object is read on all its tabs", VIEWS)
def tabs(scene):
    node = scene.sides()[0]
    hand = scene.hand(node, "worker")
    collection = scene.world["collections"][node.name]
    hand.go("/objects").press(f"a[href='/objects?collection={collection}']")
    hand.press(f"a[href='/objects/{identity('malware', 1)}']")
    hand.reads(".marking.tlp-amber").reads("dl.facts")
    words = {"relations": "figure.draw svg", "versions": "table.list", "releases": ".empty", "raw": "pre.raw", "summary": "dl.facts"}
    for tab, sign in words.items():
        at = ".tabs li:first-child a" if tab == "summary" else f".tabs a[href$='tab={tab}']"
        hand.press(at).reads(f"{at}[aria-current]").reads(sign)
        assert hand.page.locator(".marking").count() == 2


@flow("a graph is expanded by following it, and says the same as its table", VIEWS)
def graph(scene):
    node = scene.sides()[0]
    hand = scene.hand(node, "worker")
    family = identity("malware", 1)
    hand.go(f"/objects/{family}?tab=relations")
    drawing = hand.page.locator("figure.draw svg.graph")
    drawn = {one for one in drawing.locator("a").evaluate_all("all => all.map(one => one.getAttribute('href'))")}
    table = hand.page.locator("figure.draw table a")
    told = {one for one in table.evaluate_all("all => all.map(one => one.getAttribute('href'))")}
    assert drawn and {one.split("?")[0] for one in drawn} == {one.split("?")[0] for one in told}, (drawn, told)
    assert len(drawn) == 7, drawn
    summary = hand.find("figure.draw summary")
    if scene.view.keys:
        hand.reach(summary)
        hand.page.keyboard.press("Enter")
    else:
        summary.click()
    assert table.first.is_visible()
    # A node leads to the graph around it.
    target = drawing.locator(f"a[href*='{identity('intrusion-set', 1)}']").first
    hand.press(target if scene.view.keys else target.locator(".node"))
    assert hand.path().startswith(f"/objects/{identity('intrusion-set', 1)}"), hand.path()
    assert "tab=relations" in hand.path(), hand.path()
    hand.reads(f"figure.draw a[href*='{family}']")


@flow("two versions of an object are held against each other", VIEWS)
def versions(scene):
    node = scene.sides()[0]
    hand = scene.hand(node, "worker")
    hand.go(f"/objects/{identity('indicator', 7)}?tab=versions")
    assert hand.page.locator("main table.list tbody tr").count() == 2
    hand.reads("ins").reads("del")
    assert any("looked at again" in line for line in hand.page.locator("ins").all_inner_texts())
    hand.form("form[action^='/objects/']:has(select)", {"before": "2", "after": "1"}, "button")
    assert any("looked at again" in line for line in hand.page.locator("del").all_inner_texts())


@flow("the ledger is verified and an entry proved", VIEWS)
def ledger(scene):
    node = scene.sides()[0]
    hand = scene.hand(node, "worker")
    hand.go("/").place("/ledger")
    hand.form("/ledger/verification").reads(".notice.ok")
    hand.form("/ledger/proof", {"what": "0"}).reads("pre.raw")
    assert '"' in hand.page.locator("pre.raw").first.inner_text()


@flow("an account is invited, gets another role and is removed", VIEWS)
def account(scene):
    node = scene.sides()[0]
    name = f"dora-{scene.number}"
    chief = scene.hand(node, "chief")
    chief.go("/admin/invitations").form("/admin/invitations", {"name": name, "role": "analyst"})
    link = chief.page.locator("pre.raw").first.inner_text().strip()
    assert link.startswith(("/welcome/", node.url)), link
    link = link.removeprefix(node.url)
    dora = scene.hand(node)
    dora.go(link).form(JOIN, {"password": PASSWORD})
    assert dora.path() == "/", dora.path()
    chief.go("/admin").press(f"a[href='/admin/accounts/{name}']")
    chief.form(f"/admin/accounts/{name}/steps/role", {"role": "viewer"})
    # Another role ends the sessions.
    dora.go("/")
    assert dora.path().startswith("/sign-in"), dora.path()
    chief.press(f"a[href='/admin/accounts/{name}/remove']").form(f"/admin/accounts/{name}/remove")
    assert chief.page.locator(f"a[href='/admin/accounts/{name}']").count() == 0
    with dora.refused(403):
        dora.go("/sign-in").form("/sign-in", {"name": name, "password": PASSWORD}).reads("[role=alert]")
    chief.go("/admin/audit").says(name)


@flow("a token is made and ended", VIEWS)
def token(scene):
    node = scene.sides()[0]
    chief = scene.hand(node, "chief")
    name = f"nightly import {scene.number}"
    chief.go("/admin/tokens").form("/admin/tokens", {"user": "worker", "name": name, "scope": "read", "days": "30"})
    made = chief.page.locator("pre.raw").first.inner_text().strip()
    header = {"Authorization": f"Bearer {made}", "Accept": "application/json"}
    ask = chief.context.request
    asked = f"{node.url}/api/v1/parties"
    assert ask.get(asked, headers=header).status == 200
    chief.go("/admin/tokens").press(f"tr:has-text('{name}') a[href^='/admin/tokens/']")
    chief.form(chief.path())
    assert chief.path() == "/admin/tokens", chief.path()
    assert chief.page.locator(f"tr:has-text('{name}')").count() == 0
    assert ask.get(asked, headers=header).status == 401


@flow("sessions are listed and ended", VIEWS)
def sessions(scene):
    node = scene.sides()[0]
    name = f"sitter-{scene.number}"
    here, there = scene.hand(node), scene.hand(node)
    for hand in [here, there]:
        hand.go("/sign-in").form("/sign-in", {"name": name, "password": PASSWORD})
    here.go("/me")
    here.form("/me/sessions")
    there.go("/me")
    assert there.path().startswith("/sign-in"), there.path()
    here.go("/me")
    assert here.path() == "/me" and here.page.locator("form[action='/me/sessions']").count() == 0


@flow("language, theme and keys are switched", (KEYS, BARE, DARK))
def choices(scene):
    node = scene.sides()[0]
    hand = scene.hand(node, "chooser")
    own = "zh-Hans" if scene.view.language.startswith("zh") else "en"
    other = "en" if own == "zh-Hans" else "zh-Hans"
    page = hand.go("/objects").page
    assert page.locator("html").get_attribute("lang") == own
    hand.press(f"footer button[name=language][value={other}]")
    assert page.locator("html").get_attribute("lang") == other and hand.path() == "/objects", hand.path()
    theme = page.locator("footer button[name=theme][value=light]")
    if scene.view.script:
        with page.expect_response("**/choices"):
            hand.reach(theme) if scene.view.keys else None
            page.keyboard.press("Enter") if scene.view.keys else theme.click()
    else:
        hand.press(theme)
    assert page.locator("html").get_attribute("data-theme") == "light"
    hand.go("/me").form("/choices", {"language": own, "zone": "Asia/Tokyo", "theme": "dark", "keys": "off"}, "button.button:not(.plain)")
    html = page.locator("html")
    assert (html.get_attribute("lang"), html.get_attribute("data-theme"), html.get_attribute("data-keys")) == (own, "dark", "off")
    assert "+09:00" in page.locator("time").first.inner_text()
    if scene.view.script:
        page.keyboard.press("?")
        assert page.locator("dialog").count() == 0
        hand.go("/me").form("form[action='/choices']:has(select)", {"keys": "on"}, "button.button:not(.plain)")
        page.keyboard.press("?")
        assert page.locator("dialog kbd").count() > 3
        page.keyboard.press("Escape")


PLACES = [
    "/", "/search", "/objects", "/requests", "/cases", "/calls", "/exercises", "/evidence", "/contacts", "/checks", "/parties",
    "/accords", "/review", "/recalls", "/outbox", "/inbox", "/addresses", "/mail", "/mail/outgoing", "/mail-keys", "/ledger", "/me",
]
ANYBODY = ("/sign-out", "/choices", "/search", "/ledger/", "/me/", "/me")


@flow("a viewer sees no form and is refused", VIEWS)
def viewer(scene):
    node = scene.sides()[0]
    hand = scene.hand(node, "visitor")
    for place in PLACES:
        hand.go(place)
        actions = hand.page.locator("form").evaluate_all("all => all.filter(one => one.method === 'post').map(one => one.getAttribute('action'))")
        others = [one for one in actions if not one.startswith(ANYBODY)]
        assert not others, (place, others)
    for place in ["/requests/new", "/release", "/admin", "/evidence/new", "/mail/letters/new"]:
        with hand.refused(403):
            hand.go(place)
        hand.reads("main .head")
        assert hand.page.locator("main form").count() == 0, place
    token = hand.page.locator("input[name=csrf]").first.get_attribute("value")
    headers = {"Origin": node.url, "Content-Type": "application/x-www-form-urlencoded"}
    given = "party=bravo&purpose=request&days=3&label=TLP:GREEN&card=x&object=x&reason=x&name=x&role=admin&password=x"
    for place in ["/parties", "/release", "/recalls", "/addresses", "/admin"]:
        body = f"csrf={token}&{given}"
        answer = hand.context.request.post(node.url + place, headers=headers, data=body, max_redirects=0)
        assert answer.status == 403, (place, answer.status)


def world():
    """Both nodes; what these flows need is made when the first of them is there."""
    both = {name: Node.given(name) for name in ["alpha", "bravo"]}
    made = {}

    def ready():
        for node in both.values():
            if node.name not in made:
                made[node.name] = prepare(node)

    return both | {"ready": ready, "collections": made}
