"""Hostile samples: what others could have written, in every field that a page shows, and in a real browser.

The strings go in by the ways by which they would come: imported objects of every type, objects and threads that the other party sends,
mail, files, names, forms and addresses. Every page that shows them is opened with scripts on; nothing of them may run, ask anybody for
anything, change the page's structure, or hide that it is there.
"""

import email.header
import json
import os
import re
import urllib.parse

from .browser import LIGHT
from .flows import flow
from .hand import Hand
from .samples import GREEN, identity, relation, stix
from .mailing import deliver
from .world import Node

MARK = "pwned"
# What is tried, and the plain words of it that have to be seen.
SAMPLES = {
    "script": ("<script>window.pwned=1</script>", "window.pwned=1"),
    "closing": ("</title></textarea></script><script>window.pwned=2</script>", "window.pwned=2"),
    "attribute": ("\" autofocus onfocus=\"window.pwned=3\" x='", "window.pwned=3"),
    "single": ("' onmouseover='window.pwned=4' x='", "window.pwned=4"),
    "image": ("<img src=x onerror=window.pwned=5>", "window.pwned=5"),
    "address": ("javascript:window.pwned=6", "window.pwned=6"),
    "drawing": ("<svg/onload=window.pwned=7><a xlink:href='javascript:window.pwned=7'>", "window.pwned=7"),
    "frame": ("<iframe srcdoc='<script>parent.pwned=8</script>'></iframe>", "parent.pwned=8"),
    "base": ("<base href='https://evil.example/'><link rel=stylesheet href='//evil.example/x.css'>", "evil.example"),
    "form": ("<form action='https://evil.example/'><button>go</button></form>", "evil.example"),
    "template": ("{{7*7}}${7*7}<%= 7*7 %>#{7*7}", "{{7*7}}${7*7}"),
    "turned": ("invoice\u202efdp.exe", "invoice"),
    "header": ("x\r\nSet-Cookie: comity=evil\r\nLocation: https://evil.example/\r\n\r\n<script>window.pwned=9</script>", "Set-Cookie"),
    "formula": ("=HYPERLINK(\"https://evil.example/\",\"x\")", "HYPERLINK"),
    "long": ("<b>" + "A" * 6000, "AAAA"),
}
# A zero byte is no JSON text of STIX's and no word of a command line; forms and addresses can carry it.
ZERO = "zero\x00<script>window.pwned=10</script>"

# A page with scripts on, as wide as most.
OPEN = LIGHT.called("hostile")

MEMBERS = {
    "attack-pattern": {"name": str, "description": str, "aliases": list},
    "campaign": {"name": str, "description": str, "aliases": list, "objective": str},
    "course-of-action": {"name": str, "description": str},
    "grouping": {"name": str, "description": str, "context": str, "object_refs": "refs"},
    "identity": {"name": str, "description": str, "roles": list, "contact_information": str},
    "incident": {"name": str, "description": str},
    "infrastructure": {"name": str, "description": str, "aliases": list},
    "intrusion-set": {"name": str, "description": str, "goals": list, "aliases": list},
    "location": {"name": str, "description": str, "region": "region", "city": str, "street_address": str},
    "malware": {"name": str, "description": str, "is_family": "flag", "aliases": list},
    "malware-analysis": {"product": str, "version": str, "result": "result"},
    "note": {"abstract": str, "content": str, "authors": list, "object_refs": "refs"},
    "observed-data": {"first_observed": "time", "last_observed": "time", "number_observed": "number", "object_refs": "seen"},
    "opinion": {"explanation": str, "authors": list, "opinion": "opinion", "object_refs": "refs"},
    "report": {"name": str, "description": str, "published": "time", "object_refs": "refs"},
    "threat-actor": {"name": str, "description": str, "goals": list, "roles": list},
    "tool": {"name": str, "description": str, "tool_version": str},
    "vulnerability": {"name": str, "description": str},
    "indicator": {"name": str, "description": str, "pattern": "pattern", "pattern_type": "stix", "valid_from": "time"},
    "artifact": {"payload_bin": "bytes", "mime_type": str},
    "autonomous-system": {"number": "number", "name": str, "rir": str},
    "directory": {"path": str},
    "domain-name": {"value": str},
    "email-addr": {"value": str, "display_name": str},
    "email-message": {"is_multipart": "no", "subject": str, "body": str, "message_id": str},
    "file": {"name": str, "mime_type": str},
    "mutex": {"name": str},
    "process": {"command_line": str, "cwd": str, "pid": "number"},
    "software": {"name": str, "vendor": str, "version": str},
    "url": {"value": str},
    "user-account": {"user_id": str, "display_name": str, "account_login": str},
    "windows-registry-key": {"key": str},
    "x509-certificate": {"subject": str, "issuer": str, "serial_number": str},
}
FIXED = {
    "time": "2026-01-01T00:00:00Z",
    "number": 1,
    "flag": True,
    "no": False,
    "region": "western-europe",
    "result": "malicious",
    "opinion": "agree",
    "stix": "stix",
    "bytes": "PGI+",
}


def filled(kind, text, number):
    """An object of a type with the text in every field that takes text, and in one that the standard does not know."""
    members = {}
    for name, way in MEMBERS[kind].items():
        if way is str:
            members[name] = text
        elif way is list:
            members[name] = [text]
        elif way == "refs":
            members[name] = [identity("indicator", 0)]
        elif way == "seen":
            members[name] = [identity("domain-name", 0)]
        elif way == "pattern":
            quoted = text.replace("\\", "\\\\").replace("'", "\\'")
            members[name] = f"[file:name = '{quoted}']"
        else:
            members[name] = FIXED[way]
    members["x_made_up"] = text
    members["labels"] = [text]
    members["external_references"] = [{"source_name": text, "description": text, "url": text, "external_id": text}]
    made = stix(kind, number, object_marking_refs=[GREEN], **members)
    if kind in OBSERVABLES:
        for name in ["created", "modified", "labels", "external_references"]:
            made.pop(name)
    return made


OBSERVABLES = {
    "artifact", "autonomous-system", "directory", "domain-name", "email-addr", "email-message", "file", "mutex", "process", "software",
    "url", "user-account", "windows-registry-key", "x509-certificate",
}


class Watch:
    """A person's browser that notes all that hostile text could bring about."""

    def __init__(self, scene, node, account):
        self.node = node
        # Nothing ran before it is asked for: this is set in every frame before a page's own scripts.
        self.hand = Hand(scene.program, OPEN, node, node.session(account))
        scene.stack.callback(self.hand.context.close)
        self.page = self.hand.page
        self.happened = []
        self.page.on("dialog", lambda dialog: (self.happened.append(f"dialog {dialog.message}"), dialog.dismiss()))
        self.page.on("popup", lambda _: self.happened.append("popup"))
        self.page.on("download", lambda _: self.happened.append("download"))
        self.page.add_init_script(
            "window.broken = []; addEventListener('securitypolicyviolation', e => window.broken.push(e.violatedDirective + ' ' + e.blockedURI));"
        )

    def look(self, path, words=(), status=200):
        answer = self.page.goto(self.node.url + path, wait_until="load")
        assert answer.status == status, (path, answer.status)
        self.judge(answer, path, words)

    def judge(self, answer, path, words=()):
        page = self.page
        ran = page.evaluate("window.pwned")
        broken = page.evaluate("window.broken")
        assert ran is None, (path, ran)
        assert not broken, (path, broken)
        assert not self.happened, (path, self.happened)
        errors, strange = self.hand.errors, self.hand.strange
        assert not [error for error in errors if "status of 4" not in error], (path, errors)
        assert not strange, (path, strange)
        # What a page consists of, and where it leads.
        odd = page.evaluate(STRUCTURE)
        assert not odd, (path, odd)
        assert answer is None or "evil" not in str(answer.headers), answer.headers
        cookies = self.hand.context.cookies()
        assert all("evil" not in one["value"] for one in cookies), cookies
        shown = page.locator("body").inner_text() + " ".join(page.locator("textarea, input").evaluate_all("all => all.map(one => one.value)"))
        for word in words:
            assert word in shown, (path, word, shown[:2000])


# Elements that no page of ours has, addresses that lead elsewhere, and handlers in attributes.
STRUCTURE = """() => {
  const odd = [];
  for (const one of document.querySelectorAll('iframe, object, embed, base, img, meta[http-equiv], style, audio, video, script:not([src])')) {
    odd.push(one.outerHTML.slice(0, 200));
  }
  for (const one of document.querySelectorAll('*')) {
    for (const {name, value} of one.attributes) {
      if (/^on/i.test(name)) odd.push(`${name}=${value}`);
      if (/^(href|src|action|formaction|xlink:href)$/i.test(name)) {
        const to = new URL(value, location.href);
        if (to.origin !== location.origin && to.protocol !== 'data:') odd.push(`${name}=${value}`);
      }
    }
  }
  return odd;
}"""


def tried(names=SAMPLES):
    return [(number, name, *SAMPLES[name]) for number, name in enumerate(SAMPLES) if name in names]


@flow("objects of every type from an import", [OPEN])
def objects(scene):
    node = scene.world["alpha"]
    house = scene.world["house"]
    all_text = " ".join(text for name, (text, _) in SAMPLES.items() if name not in ("header", "long"))
    watch = Watch(scene, node, "worker")
    made = [filled(kind, all_text, 0) for kind in MEMBERS]
    made += [filled("indicator", text, 100 + number) for number, _, text, _ in tried()]
    made += [filled("malware", text, 100 + number) for number, _, text, _ in tried()]
    made.append(relation(7000, made[0]["id"], made[1]["id"], "uses"))
    made[-1]["description"] = all_text
    node.take(house, made)
    held = node.cli("export", "--format", "jsonl", "--collection", house)
    ids = [one["id"] for one in made]
    missing = [one for one in ids if one not in held]
    assert not missing, missing
    for kind, one in zip(MEMBERS, ids):
        watch.look(f"/objects/{one}", ["x_made_up", "window.pwned=1", "{{7*7}}"])
        watch.look(f"/objects/{one}?tab=relations")
    watch.look(f"/objects/{ids[0]}?tab=raw", ["window.pwned=5"])
    watch.look(f"/objects/{ids[0]}?tab=versions")
    watch.look(f"/objects?collection={house}", ["window.pwned=1"])
    for number, _, _, word in tried():
        watch.look(f"/objects/{identity('indicator', 100 + number)}", [word])
        watch.look(f"/objects/{identity('malware', 100 + number)}", [word])
    watch.look(f"/objects/{identity('malware', 100 + list(SAMPLES).index('turned'))}", ["U+202E"])
    for object_id in [ids[0], identity("indicator", 100)]:
        watch.look(f"/release?object={object_id}&party=bravo", ["window.pwned=1"])


REFLECTED = [
    "/search?q={}", "/sign-in?next={}", "/release?object={}&party={}&person={}", "/recalls/review?object={}&from={}&reason={}",
    "/objects?collection={}", "/objects/{}", "/threads/{}", "/cases/{}", "/parties/{}", "/accords/{}?version={}", "/evidence/{}",
    "/checks/{}", "/mail/{}", "/addresses/{}", "/requests/new?request_type={}", "/requests/new?request_type=log-search&title={}&party={}",
    "/cases/new?exercise={}", "/outbox?party={}", "/inbox?party={}", "/admin/audit?account={}&operation={}", "/nothing/{}", "/welcome/{}",
    "/parties/bravo/scorecards/{}", "/parties/bravo/reports/{}", "/mail?party={}&before={}", "/requests?after={}&party={}",
    "/objects/{}?tab={}", "/assets/{}", "/evidence/new?source={}&tool={}&derived_from={}", "/mail/letters/new?party={}&to={}&subject={}&text={}",
]


@flow("what an address says comes back as text", [OPEN])
def reflected(scene):
    node = scene.world["alpha"]
    watch = Watch(scene, node, "chief")
    texts = [text for name, (text, _) in SAMPLES.items() if name != "long"] + [ZERO]
    together = urllib.parse.quote("".join(texts), safe="")
    for place in REFLECTED:
        for text in [together, urllib.parse.quote(SAMPLES["header"][0], safe=""), urllib.parse.quote(ZERO, safe="")]:
            path = place.replace("{}", text)
            answer = watch.page.goto(node.url + path, wait_until="load")
            assert answer.status < 500, (place, answer.status)
            kind = answer.headers.get("content-type", "")
            if kind.startswith("text/html"):
                watch.judge(answer, place)


@flow("what a form was given comes back as text", [OPEN])
def given_back(scene):
    node = scene.world["alpha"]
    watch = Watch(scene, node, "worker")
    text = " ".join(text for name, (text, _) in SAMPLES.items() if name != "long") + ZERO
    for place in ["/requests/new?request_type=log-search", "/cases/new", "/calls/new", "/exercises/new", "/mail/letters/new"]:
        watch.page.goto(node.url + place)
        form = watch.page.locator("main form[method=post]")
        # A line of a form loses its line ends in the browser; the node gets them all the same from whoever means harm.
        fields = form.evaluate(
            "form => [...new FormData(form)].map(([name, value]) => [name, value])"
        )
        said = {name: (value if name in ("csrf", "request_type") else text) for name, value in fields}
        answer = watch.hand.context.request.post(
            node.url + place.split("?")[0], form=said, headers={"Origin": node.url}, max_redirects=0
        )
        assert answer.status < 500, (place, answer.status)
        assert "evil" not in str(answer.headers), answer.headers
        show(watch, node.url + place, answer.text())
        watch.judge(None, place, ["window.pwned=1"])
    # The sign-in says nothing of what was typed but the name, as text.
    stranger = scene.hand(node)
    answer = stranger.context.request.post(
        f"{node.url}/sign-in", form={"name": text, "password": text, "next": text}, headers={"Origin": node.url}, max_redirects=0
    )
    assert answer.status < 500 and "evil" not in str(answer.headers), answer.status
    show(watch, f"{node.url}/sign-in", answer.text())
    watch.judge(None, "/sign-in", ["window.pwned=1"])


def show(watch, url, body):
    """Shows a body in the browser as if the node had answered with it, under no policy at all."""
    page = watch.page

    def answer(route):
        if route.request.is_navigation_request():
            route.fulfill(body=body, content_type="text/html; charset=utf-8")
        else:
            route.continue_()

    page.route("**/*", answer)
    page.goto(url, wait_until="load")
    page.unroute("**/*", answer)


@flow("titles, texts and names that the other party sends", [OPEN])
def threads(scene):
    alpha, bravo = scene.world["alpha"], scene.world["bravo"]
    ours = Watch(scene, alpha, "worker")
    theirs = Watch(scene, bravo, "worker")
    text = " ".join(text for name, (text, _) in SAMPLES.items() if name not in ("header", "long"))
    line = " ".join(SAMPLES[name][0] for name in ["script", "attribute", "image", "turned"])
    theirs.hand.view = OPEN
    hand = theirs.hand
    hand.page.goto(f"{bravo.url}/requests/new?request_type=log-search")
    form = hand.page.locator("main form[method=post]")
    for name, value in {"party": "alpha", "label": "TLP:AMBER", "urgency": "routine"}.items():
        form.locator(f"[name={name}]").select_option(value)
    for name in ["title", "unit", "contact", "use_limits"]:
        form.locator(f"[name={name}]").fill(line)
    for name in ["facts", "asked"]:
        form.locator(f"[name={name}]").fill(text)
    for name in ["window_from", "window_until"]:
        form.locator(f"[name={name}]").fill("2026-05-01T00:00")
    form.locator("[name=observables]").fill("https://evil.example/<script>")
    form.locator("button").last.click()
    hand.page.wait_for_url("**/threads/request--*")
    path = hand.path()
    theirs.judge(None, path, ["window.pwned=1"])
    ours.hand.until(path, ".head h1")
    for place in [path, "/requests", "/"]:
        ours.look(place, ["window.pwned=1"])
    ours.hand.go(path).form(f"{path}/say/acknowledge", {"number": line, "note": text})
    ours.judge(None, path, ["window.pwned=5"])
    theirs.hand.until(path, "main", "window.pwned=5")
    theirs.look(path, ["window.pwned=7"])
    ours.hand.form(f"{path}/notes", {"text": text})
    ours.judge(None, path)
    # A case, a call and an accord's name; a file by its name and source.
    hand.page.goto(f"{bravo.url}/cases/new")
    form = hand.page.locator("main form[method=post]")
    for name, value in {"party": "alpha", "label": "TLP:GREEN"}.items():
        form.locator(f"[name={name}]").select_option(value)
    for name in ["title", "summary", "number", "legal_basis"]:
        form.locator(f"[name={name}]").fill(line)
    form.locator("button").last.click()
    hand.page.wait_for_url(re.compile("/(cases|threads)/case--"))
    case = hand.path()
    ours.hand.until(case, ".head h1")
    for place in [case, "/cases"]:
        ours.look(place, ["window.pwned=1"])
    name = "\" onfocus=window.pwned=11 <script>window.pwned=12<script>.bin".replace("/", "")
    file = os.path.join(bravo.data, "..", name)
    with open(file, "wb") as out:
        out.write(b"<script>window.pwned=13</script>")
    item = bravo.cli(
        "evidence", "add", file, "--source", line, "--acquired", "2026-10-01", "--how", line, "--tool", line, "--legal-basis", line, "--tlp", "green"
    ).strip()
    bravo.cli("evidence", "transfer", item, "--to", "alpha")
    ours.hand.until(f"/evidence/{item}", ".head h1")
    for place in [f"/evidence/{item}", "/evidence"]:
        ours.look(place, ["window.pwned=1"])
    # Objects that the other party releases.
    one = identity("threat-actor", 0)
    bravo.take(scene.world["theirs"], [filled("threat-actor", text, 0)])
    bravo.cli("share", one, "--to", "alpha")
    # Where it arrived nobody reads yet who was not given the right.
    ours.hand.until("/inbox?party=bravo", "tbody tr")
    arrived = next(row["id"] for row in alpha.rows("collection", "list") if row.get("alias") == "from-bravo")
    alpha.cli("collection", "grant", arrived, "--user", "worker", "--read")
    ours.hand.until(f"/objects/{one}", ".head h1")
    ours.look(f"/objects/{one}", ["window.pwned=1"])
    ours.look("/inbox?party=bravo")


@flow("mail in every part", [OPEN])
def mail(scene):
    node = scene.world["alpha"]
    watch = Watch(scene, node, "worker")
    given = json.loads(node.cli("address", "create", "bravo", "--purpose", "reports", "--json"))["address"]
    coded = lambda text: email.header.Header(text.replace("\r\n", " "), "utf-8", maxlinelen=70).encode(linesep="\r\n")  # noqa: E731
    for number, name, text, word in tried():
        if name == "long":
            continue
        quoted = text.replace("\r\n", " ").replace("\\", "\\\\").replace('"', '\\"')
        body = (
            f"From: {coded(text)} <duty@bravo.example>\r\nTo: {coded(text)} <{given}>\r\nSubject: {coded(text)}\r\n"
            f"Reply-To: {coded(text)} <other@elsewhere.example>\r\nDate: Tue, 03 Nov 2026 09:00:00 +0100\r\n"
            f"Message-ID: <{number}@bravo.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
            f"--x\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}\r\n"
            f"--x\r\nContent-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n<p>{text}</p><script>window.pwned=20</script>\r\n"
            f"--x\r\nContent-Type: application/octet-stream; name=\"{quoted}\"\r\n"
            f"Content-Disposition: attachment; filename=\"{quoted}\"\r\n\r\n{text}\r\n--x--\r\n"
        )
        deliver(given, body.encode())
        hand = watch.hand
        hand.page.goto(f"{node.url}/mail")
        newest = hand.page.locator("table.list tbody tr a[href^='/mail/']").first.get_attribute("href")
        hand.until(newest, ".head .state")
        # What was hidden in a mail is taken out and told.
        watch.look(newest, [word] if name != "turned" else [word, "Subject had hidden characters"])
    watch.look("/mail", ["duty@bravo.example"])


@flow("titles of collections, names of accounts and tokens, remarks", [OPEN])
def house(scene):
    node = scene.world["alpha"]
    watch = Watch(scene, node, "chief")
    line = " ".join(SAMPLES[name][0] for name in ["script", "attribute", "image", "drawing"])
    node.cli("collection", "create", "--title", line, "--description", line)
    node.cli("token", "create", "--user", "worker", "--name", line[:60])
    watch.look("/admin/collections", ["window.pwned=1"])
    watch.look("/admin/tokens", ["window.pwned=1"])
    watch.look("/admin/audit")
    watch.look("/admin")


@flow("a table of values opens as no formula", [OPEN])
def table(scene):
    node = scene.world["alpha"]
    watch = Watch(scene, node, "worker")
    watch.page.goto(f"{node.url}/search")
    token = watch.page.locator("input[name=csrf]").first.get_attribute("value")
    values = ["=HYPERLINK(\"https://evil.example/\",\"x\")", "+1+1", "-1", "@SUM(A1)", "\t=1", "198.51.100.100"]
    answer = watch.hand.context.request.post(
        f"{node.url}/search", form={"csrf": token, "values": "\n".join(values), "file": "csv"}, headers={"Origin": node.url}
    )
    assert answer.status == 200 and "attachment" in answer.headers["content-disposition"], answer.headers
    for line in answer.text().splitlines()[1:]:
        for cell in re.findall(r'(?:^|,)("(?:[^"]|"")*"|[^,]*)', line):
            assert not cell.strip('"').startswith(("=", "+", "-", "@", "\t")), line


@flow("no page is framed, and none is opened from elsewhere", [OPEN])
def framed(scene):
    node = scene.world["alpha"]
    watch = Watch(scene, node, "worker")
    page = watch.page

    def answer(route):
        frame = f"<iframe src='{node.url}/me'></iframe><form method=post action='{node.url}/sign-out'><button>win</button></form>"
        route.fulfill(body=f"<!DOCTYPE html><title>x</title>{frame}", content_type="text/html")

    page.route("http://evil.example/**", answer)
    page.goto("http://evil.example/")
    inside = page.frames[1]
    page.wait_for_timeout(100)
    assert "worker" not in inside.content(), "a page of the node stands in a frame"
    # A form of another site: the session goes on.
    page.locator("button").click()
    page.wait_for_load_state()
    page.goto(f"{node.url}/me")
    assert page.url.endswith("/me"), page.url


def world():
    both = {name: Node.given(name) for name in ["alpha", "bravo"]}
    for node in both.values():
        node.account("worker", "releaser")
        node.account("chief", "admin")
    houses = {name: node.collection("House", "worker") for name, node in both.items()}
    return both | {"house": houses["alpha"], "theirs": houses["bravo"], "ready": lambda: None}
