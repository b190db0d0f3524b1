"""The gallery in a browser: every part of the pages' look in every view, and each small module at work.

Serves the folder COMITY_GALLERY on a loopback port of its own, with the policy that pages have (COMITY_POLICY).
"""

import http.server
import json
import os
import pathlib
import sys
import threading
import urllib.parse

from pages.browser import LIGHT, VIEWS, axe, fits, paper, screenshot, sign_in, tab_through
from pages.flows import flow, run

FOLDER = pathlib.Path(os.environ["COMITY_GALLERY"])
POLICY = os.environ["COMITY_POLICY"]
TYPES = {".html": "text/html; charset=utf-8", ".css": "text/css", ".js": "text/javascript"}
SAMPLES = ["gallery", "exercise", "sign-in"]
# The samples have a language of their own.
LOOKS = [view for view in VIEWS if view.language == "en"]


class Server(http.server.ThreadingHTTPServer):
    """The files, what was posted, and events by stream or by question."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.posted = []
        self.asked = []
        self.streams = True
        self.over = threading.Event()

    def handle_error(self, request, client_address):
        """A browser that leaves a page takes its connections with it; anything else is said."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        path = urllib.parse.urlsplit(self.path).path
        if path == "/events":
            self.events()
            return
        file = FOLDER / (path[1:] if "." in path else f"{path[1:]}.html")
        if not file.is_file():
            file = FOLDER / "sign-in.html"
        self.reply(200, TYPES[file.suffix], file.read_bytes())

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"])).decode()
        self.server.posted.append((self.path, dict(urllib.parse.parse_qsl(body))))
        self.send_response(303)
        self.send_header("location", "/gallery")
        self.send_header("content-length", "0")
        self.end_headers()

    def events(self):
        if "event-stream" in self.headers["accept"]:
            if not self.server.streams:
                # A refusal that an EventSource takes as final: it is not a stream.
                self.reply(200, "text/plain", b"no stream here")
                return
            self.send_response(200)
            self.send_header("content-type", "text/event-stream")
            self.end_headers()
            for number, change in [(1, "a"), (2, "b"), (3, "a")]:
                body = json.dumps({"id": change, "version": str(number)})
                self.wfile.write(f"event: changed\nid: {number}\ndata: {body}\n\n".encode())
            self.wfile.flush()
            self.server.over.wait(30)
            return
        self.server.asked.append(self.path)
        changes = [{"id": "c", "version": "4"}] if "after=" in self.path else []
        self.reply(200, "application/json", json.dumps({"changes": changes, "last": "4"}).encode())

    def reply(self, status, kind, body):
        self.send_response(status)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.send_header("content-security-policy", POLICY)
        self.send_header("x-content-type-options", "nosniff")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


# What is no link has the colour of the page's text.
PLAIN = "getComputedStyle(document.querySelector('main dd, main p')).color === getComputedStyle(document.body).color"


@flow("every part can be read and used in every view", views=LOOKS)
def parts(page, server):
    for sample in SAMPLES:
        page.goto(f"{server.url}/{sample}")
        screenshot(page, f"{sample}-{page.view.name}")
        fits(page)
        if page.view.script:
            assert page.evaluate(PLAIN), "text looks like a link"
            rest = axe(page)
            assert set(rest) <= {"region"}, rest


@flow("the marking and the number of the page are on paper")
def printed(page, server):
    for sample in SAMPLES:
        page.goto(f"{server.url}/{sample}")
        page.emulate_media(media="print")
        assert page.locator(".marking").first.is_visible()
        for gone in ["header.bar", "nav#nav", ".tabs"]:
            assert not page.locator(gone).first.is_visible() if page.locator(gone).count() else True, gone
        assert paper(page, sample).startswith(b"%PDF")


@flow("the focus is always seen", views=[LIGHT, LIGHT.called("narrow", width=320, height=700)])
def focus(page, server):
    for sample in SAMPLES:
        page.goto(f"{server.url}/{sample}")
        assert tab_through(page) >= 4


@flow("keys go where links go, and rest while somebody types")
def keys(page, server):
    page.goto(f"{server.url}/gallery")
    active = lambda what: page.evaluate(f"document.activeElement.{what}")
    page.keyboard.press("/")
    assert active("id") == "q"
    page.keyboard.type("jx?")
    assert page.locator("#q").input_value() == "jx?"
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    assert active("hash") == "#q1"
    page.keyboard.press("j")
    assert active("hash") == "#q2"
    page.keyboard.press("k")
    assert active("hash") == "#q1"
    page.keyboard.press("e")
    assert page.url.endswith("#a1"), page.url
    for _ in range(4):
        page.keyboard.press("j")
    assert active("hash") == "#c9"
    page.keyboard.press("x")
    assert page.locator("input[value='9']").is_checked()
    page.keyboard.press("Enter")
    assert page.url.endswith("#c9"), page.url
    page.keyboard.press("?")
    text = page.locator("dialog").inner_text()
    assert "Needs me now" in text and "Next row" in text and "Keys of this page" in text, text
    axe(page)
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    assert active("id") == "q"
    page.keyboard.press("Escape")
    page.evaluate("document.documentElement.dataset.keys = 'off'")
    page.keyboard.press("j")
    assert active("tagName") == "BODY"
    page.evaluate("document.documentElement.dataset.keys = 'on'")
    page.keyboard.press("g")
    page.keyboard.press("c")
    page.wait_for_url(f"{server.url}/cases")


@flow("what cannot be taken back is asked for first")
def confirm(page, server):
    page.goto(f"{server.url}/gallery")
    server.posted.clear()
    page.get_by_role("button", name="Revoke").click()
    axe(page)
    page.get_by_role("button", name="No, back").click()
    assert page.locator("dialog").count() == 0
    page.get_by_role("button", name="Revoke").click()
    page.get_by_role("button", name="Yes, do it").click()
    page.wait_for_load_state()
    assert server.posted == [("/revoke", {"confirmed": "yes"})], server.posted


@flow("a form that asks first is sent without script too", views=[LIGHT.called("no-script", script=False)])
def confirm_without_script(page, server):
    page.goto(f"{server.url}/gallery")
    server.posted.clear()
    page.get_by_role("button", name="Revoke").click()
    page.wait_for_load_state()
    assert server.posted == [("/revoke", {})], server.posted


@flow("the menu opens without script", views=[LIGHT.called("no-script", width=320, height=700, script=False)])
def menu(page, server):
    page.goto(f"{server.url}/gallery")
    cases = page.locator("nav#nav a", has_text="Cases")
    assert not cases.is_visible()
    page.get_by_role("button", name="Menu").click()
    cases.click()
    page.wait_for_url(f"{server.url}/cases")


@flow("the theme changes at once, and the node is told")
def theme(page, server):
    page.goto(f"{server.url}/gallery")
    server.posted.clear()
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    with page.expect_response("**/choices"):
        page.get_by_role("button", name="Dark").click()
    dark = page.evaluate(ground)
    assert dark != light and page.evaluate("document.documentElement.dataset.theme") == "dark"
    with page.expect_response("**/choices"):
        page.get_by_role("button", name="Light").click()
    assert page.evaluate(ground) == light
    assert server.posted == [("/choices", {"theme": "dark"}), ("/choices", {"theme": "light"})], server.posted


@flow("how long ago stands beside the time, not instead of it", views=[LIGHT, LIGHT.called("chinese", language="zh-Hans-CN")])
def times(page, server):
    page.clock.install(time="2026-03-10T09:00:00Z")
    page.goto(f"{server.url}/gallery")
    said = page.locator(".queue li").first.locator(".when").inner_text()
    assert said == "2026-03-09 13:00 +01:00 (21 hours ago)", said
    assert page.locator(".queue time").first.get_attribute("title") == "2026-03-09T12:00:00.000Z"


@flow("news are told by the stream and move nothing")
def live(page, server):
    server.streams = True
    page.goto(f"{server.url}/gallery")
    page.get_by_text("2 new rows").wait_for()
    rows = page.locator("table.list tbody tr").count()
    assert rows == 3
    with page.expect_navigation():
        page.get_by_role("button", name="Show").click()


@flow("without a stream, news are asked for every fifteen seconds")
def polled(page, server):
    server.streams = False
    server.asked.clear()
    try:
        page.clock.install(time="2026-03-10T09:00:00Z")
        with page.expect_response(lambda answer: "json" in answer.headers.get("content-type", "")):
            page.goto(f"{server.url}/gallery")
        # The browser says that the stream is none.
        assert len(page.errors) == 1 and "EventSource" in page.errors[0], page.errors
        page.errors.clear()
        page.clock.run_for(5_000)
        assert server.asked == ["/events"], server.asked
        page.clock.run_for(11_000)
        page.get_by_text("1 new row").wait_for()
        assert server.asked == ["/events", "/events?after=4"], server.asked
    finally:
        server.streams = True


@flow("the form for signing in is found by what its fields are for")
def signing_in(page, server):
    server.posted.clear()
    sign_in(page, server.url, "duty", "a long sentence")
    assert server.posted == [("/session", {"account": "duty", "password": "a long sentence"})], server.posted


if __name__ == "__main__":
    SERVER = Server()
    THREAD = threading.Thread(target=SERVER.serve_forever)
    THREAD.start()
    try:
        run(SERVER)
    finally:
        SERVER.over.set()
        SERVER.shutdown()
        THREAD.join()
        SERVER.server_close()
