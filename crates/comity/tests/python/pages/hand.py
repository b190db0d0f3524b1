"""A person at a page: goes, types and sends by hand or by keys alone, and every page on the way is looked at.

In every view a page may not move sideways. Once for each kind of page and view, axe-core looks at it: where scripts are off, at the
same page in a second window that has them.
"""

import os
import re
import time
from contextlib import contextmanager
from urllib.parse import urlsplit

from playwright.sync_api import expect

from .browser import LIGHT, WAIT_MS, axe, fits, screenshot

# By keys alone, in English and light; with scripts off, in Chinese, dark and at 200 %.
KEYS = LIGHT.called("keys, en, light", keys=True)
BARE = LIGHT.called("no scripts, zh-Hans, dark, 200 %", language="zh-Hans-CN", theme="dark", zoom=2, script=False)
# For what scripts do: the same as BARE with them.
DARK = BARE.called("zh-Hans, dark, 200 %", script=True)
VIEWS = (KEYS, BARE)

# What the other node does may take this long.
PATIENCE_S = 60
LOOK_MS = 100
STOPS_MAX = 600

# What makes one page another than its like: identities, digests and numbers say nothing of its kind.
NAMED = re.compile(r"[a-z-]+--[0-9a-f-]{36}|[0-9a-f]{16,}|[0-9a-f-]{36}|[A-Za-z0-9_-]{43}")


class Judge:
    """What was looked at already, in all flows of a run."""

    def __init__(self):
        self.seen = set()
        self.told = set()

    def kind(self, page, view):
        parts = urlsplit(page.url)
        tab = re.findall(r"tab=\w+", parts.query)
        forms = page.locator("main form").evaluate_all("all => all.map(one => one.getAttribute('action') ?? '')")
        forms = tuple(sorted({NAMED.sub("*", form) for form in forms}))
        return (view.name, NAMED.sub("*", parts.path), tuple(tab), forms)

    def look(self, hand):
        page, view = hand.page, hand.view
        fits(page)
        kind = self.kind(page, view)
        if kind in self.seen:
            return
        self.seen.add(kind)
        name = re.sub(r"[^a-z]+", "-", f"{kind[1]}-{'-'.join(kind[2])}".lower()).strip("-") or "home"
        screenshot(page, f"{name}-{len(self.seen):03}-{'zh' if view.language != 'en' else 'en'}")
        if view.script:
            rest = axe(page)
        else:
            rest = hand.twin(axe)
        rest = tuple(rest)
        if rest and (kind[1], rest) not in self.told:
            self.told.add((kind[1], rest))
            print(f"        {kind[1]} [{view.name}]: axe-core also says {list(rest)}")


JUDGE = Judge()

# The second window of each view.
TWINS = {}


class Hand:
    """A person's browser in a view, signed in at a node or not."""

    def __init__(self, browser, view, node, cookies=()):
        self.browser, self.view, self.node = browser, view, node
        self.context = browser.new_context(**view.options())
        self.context.set_default_timeout(WAIT_MS)
        if cookies:
            self.context.add_cookies(list(cookies))
        self.page = self.context.new_page()
        self.errors = []
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda said: self.errors.append(said.text) if said.type == "error" else None)
        self.strange = []
        self.page.on("request", self.asked)

    def asked(self, request):
        """Nothing is asked of anybody but the node."""
        if not request.url.startswith((self.node.url, "data:", "about:", "blob:")):
            self.strange.append(request.url)

    def judged(self):
        """What went wrong since it was asked last."""
        errors, self.errors = self.errors, []
        strange, self.strange = self.strange, []
        assert not errors, errors
        assert not strange, strange

    # Going.

    def go(self, path):
        self.page.goto(self.node.url + path)
        JUDGE.look(self)
        return self

    def press(self, what):
        """Presses a link or a button that leads to another page."""
        target = self.find(what)
        with self.page.expect_navigation(wait_until="load"):
            if self.view.keys:
                self.reach(target)
                self.page.keyboard.press("Enter")
            else:
                target.click()
        JUDGE.look(self)
        return self

    def place(self, path):
        """Goes to a place of the navigation, which narrow windows show when it is asked for."""
        link = self.find(f"nav#nav a[href='{path}']")
        if not link.is_visible():
            self.page.locator("button.menu").click()
        return self.press(link)

    def find(self, what):
        target = self.page.locator(what).first if isinstance(what, str) else what
        target.wait_for(state="attached")
        return target

    def reach(self, target):
        """Goes by the tab key until this has the focus; what lies folded away is unfolded on the way."""
        target = target.element_handle()
        key = "Tab" if self.page.evaluate(AHEAD, target) else "Shift+Tab"
        for _ in range(STOPS_MAX):
            at = self.page.evaluate(STANDS, target)
            if at == "here":
                return
            if at == "fold":
                self.page.keyboard.press("Enter")
            self.page.keyboard.press(key)
        raise AssertionError(f"the tab key does not come to {target.evaluate('e => e.outerHTML')[:200]}")

    def unfold(self, target):
        """Opens what holds this, as a hand would."""
        for fold in target.locator("xpath=ancestor::details[not(@open)]").all():
            fold.locator("summary").first.click()

    # Typing.

    def fill(self, what, text):
        target = self.find(what)
        if self.view.keys:
            self.reach(target)
            self.page.keyboard.press("Control+A")
            kind = target.get_attribute("type")
            if kind == "datetime-local":
                # Its parts are typed in the order of the browser's language, which is that of the view: month, day, year.
                year, month, day, hour, minute = re.match(r"(\d+)-(\d+)-(\d+)T(\d+):(\d+)", text).groups()
                self.page.keyboard.type(f"{month}{day}{year}")
                self.page.keyboard.press("ArrowRight")
                twelve = int(hour) % 12 or 12
                self.page.keyboard.type(f"{twelve:02}{minute}{'PM' if int(hour) > 11 else 'AM'}")
                if target.input_value() != text:
                    # The parts are the browser's own: where they stand otherwise, the page is not to blame.
                    print(f"        a time that was typed was not taken: {target.input_value()!r}", flush=True)
                    target.fill(text)
            elif len(text) > 300:
                # A long text is pasted.
                self.page.keyboard.insert_text(text)
            else:
                self.page.keyboard.insert_text(text) if "\n" in text else self.page.keyboard.type(text)
            assert target.input_value() == text, (target.input_value(), text)
        else:
            self.unfold(target)
            target.fill(text)
        return self

    def choose(self, what, value):
        target = self.find(what)
        if self.view.keys:
            self.reach(target)
            values = target.locator("option").evaluate_all("all => all.map(one => one.value)")
            at, to = values.index(target.input_value()), values.index(value)
            for _ in range(abs(to - at)):
                self.page.keyboard.press("ArrowDown" if to > at else "ArrowUp")
        else:
            self.unfold(target)
            target.select_option(value)
        assert target.input_value() == value, (target.input_value(), value)
        return self

    def tick(self, what):
        target = self.find(what)
        if self.view.keys:
            self.reach(target)
            self.page.keyboard.press("Space")
        else:
            self.unfold(target)
            target.check()
        assert target.is_checked()
        return self

    def form(self, action, fields=(), button="button.button"):
        """Fills a form, told by where it sends to, and sends it."""
        form = self.find(f"form[action='{action}'], form[action^='{action}?']") if action.startswith("/") else self.find(action)
        for name, value in dict(fields).items():
            field = form.locator(f"[name='{name}']").first
            tag = field.evaluate("one => one.type")
            if value is True:
                self.tick(field)
            elif tag == "select-one":
                self.choose(field, value)
            elif tag == "radio":
                self.radio(form, name, value)
            else:
                self.fill(field, value)
        send = form.locator(button).last
        if not self.view.keys:
            self.unfold(send)
        return self.press(send)

    def radio(self, form, name, value):
        target = form.locator(f"[name='{name}'][value='{value}']")
        if self.view.keys:
            # One of a group has the focus, which one depends on the side from which the tab key comes; the arrows go through the others.
            first = form.locator(f"[name='{name}']").first
            key = "Tab" if self.page.evaluate(AHEAD, first.element_handle()) else "Shift+Tab"
            for _ in range(STOPS_MAX):
                if self.page.evaluate("name => document.activeElement.name === name", name):
                    break
                self.page.keyboard.press(key)
            else:
                raise AssertionError(f"the tab key does not come to {name}")
            self.page.keyboard.press("Space")
            for _ in range(60):
                if target.is_checked():
                    return
                self.page.keyboard.press("ArrowDown")
        target.check()

    def saves(self, what):
        """Presses what gives a file, and returns the file."""
        target = self.find(what)
        if self.view.keys:
            self.reach(target)
        with self.page.expect_download() as saved:
            if self.view.keys:
                self.page.keyboard.press("Enter")
            else:
                target.click()
        return saved.value

    # Reading.

    def reads(self, what):
        """Fails where this is not on the page: a selector, or words."""
        expect(self.page.locator(what).first).to_be_attached()
        return self

    def says(self, text):
        assert text in self.text(), f"no {text!r} on {self.page.url}: {self.text()}"
        return self

    def text(self):
        return self.page.locator("main").inner_text()

    def path(self):
        return self.page.url.removeprefix(self.node.url).split("#")[0]

    def until(self, path, what, text=None):
        """Looks at a page until this is on it."""
        end = time.monotonic() + PATIENCE_S
        while True:
            answer = self.page.goto(self.node.url + path)
            found = self.page.locator(what).filter(has_text=text) if text else self.page.locator(what)
            if answer.status == 200 and found.count():
                # Another node's word may come between: what a page of the way looks like is of no interest.
                self.errors = [error for error in self.errors if "404" not in error]
                JUDGE.look(self)
                return self
            if time.monotonic() > end:
                raise AssertionError(f"waited in vain for {what} {text or ''} on {path}: {self.page.locator('main').inner_text()}")
            self.page.wait_for_timeout(LOOK_MS)

    def expects(self, status):
        """What is refused on purpose is an error to the console too."""
        self.errors = [error for error in self.errors if str(status) not in error]
        return self

    @contextmanager
    def refused(self, status):
        before = len(self.errors)
        yield self
        self.errors[before:] = [error for error in self.errors[before:] if str(status) not in error]

    def twin(self, look):
        """Looks at this very page in a window that runs scripts."""
        page = TWINS.get(self.view.name)
        if page is None:
            options = self.view.options() | {"java_script_enabled": True}
            context = self.browser.new_context(**options)
            context.set_default_timeout(WAIT_MS)
            page = TWINS[self.view.name] = context.new_page()
        body = self.page.content()

        def answer(route):
            if route.request.is_navigation_request():
                route.fulfill(body=body, content_type="text/html; charset=utf-8")
            elif "/api/" in route.request.url:
                # News are of no interest here.
                route.abort()
            else:
                route.continue_()

        page.route("**/*", answer)
        try:
            page.goto(self.page.url)
            return look(page)
        finally:
            page.unroute("**/*", answer)


# Where the focus stands: on the target, on what folds it away, or elsewhere.
STANDS = """target => {
  const at = document.activeElement;
  if (at === target) return 'here';
  if (at?.matches('summary') && !at.parentElement.open && at.parentElement.contains(target)) return 'fold';
  return 'elsewhere';
}"""

# Whether the tab key comes to the target sooner forwards than backwards, around the end of the page. What lies folded away is come to
# forwards, past what unfolds it.
AHEAD = """target => {
  if (target.closest('details:not([open])')) return true;
  const stops = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]')]
    .filter(one => one.checkVisibility() && !one.disabled);
  const way = stops.indexOf(target) - stops.indexOf(document.activeElement);
  return (way + stops.length) % stops.length <= stops.length / 2;
}"""
