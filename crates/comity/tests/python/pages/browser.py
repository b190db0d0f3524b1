"""What every flow needs: a browser, the views in which pages are looked at, axe-core, screenshots, signing in."""

import contextlib
import os
import pathlib
from dataclasses import dataclass, replace

import axe_playwright_python
from playwright.sync_api import sync_playwright

# Nothing is fetched that a page did not ask for.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]

WAIT_MS = 30_000

AXE = (pathlib.Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
AXE_RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
SERIOUS = ("serious", "critical")


@dataclass(frozen=True)
class View:
    """How a page is looked at. A zoom of 2 halves the width in CSS pixels, as the browser's own zoom does."""

    name: str
    width: int = 1280
    height: int = 900
    zoom: int = 1
    theme: str = "light"
    language: str = "en"
    script: bool = True
    keys: bool = False

    def options(self):
        return {
            "viewport": {"width": self.width // self.zoom, "height": self.height // self.zoom},
            "device_scale_factor": self.zoom,
            "color_scheme": self.theme,
            "locale": self.language,
            "timezone_id": "Asia/Shanghai" if self.language.startswith("zh") else "Europe/Paris",
            "reduced_motion": "reduce",
            "java_script_enabled": self.script,
        }

    def called(self, name, **changes):
        return replace(self, name=name, **changes)


LIGHT = View("light")
VIEWS = [
    LIGHT,
    LIGHT.called("dark", theme="dark"),
    LIGHT.called("narrow", width=320, height=700),
    LIGHT.called("zoomed", zoom=2, theme="dark"),
    LIGHT.called("chinese", language="zh-Hans-CN"),
    LIGHT.called("no-script", script=False),
]


@contextlib.contextmanager
def launch():
    """The browser; it ends with the block."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=os.environ["COMITY_TEST_CHROMIUM"], args=ARGUMENTS)
        try:
            yield browser
        finally:
            browser.close()


@contextlib.contextmanager
def look(browser, view=LIGHT):
    """A page in a view, in a profile of its own. What its console calls an error, a broken policy among them, fails the block."""
    context = browser.new_context(**view.options())
    context.set_default_timeout(WAIT_MS)
    page = context.new_page()
    # A flow that provokes an error takes it out of this list.
    page.errors = errors = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    try:
        yield page
        assert not errors, errors
    finally:
        context.close()


def axe(page):
    """Fails when axe-core finds something serious; returns what else it finds."""
    page.evaluate(AXE)
    result = page.evaluate("rules => axe.run(document, {runOnly: rules})", AXE_RULES)
    found = [
        (rule["id"], rule["impact"], [node["target"] for node in rule["nodes"]])
        for rule in result["violations"]
    ]
    serious = [rule for rule in found if rule[1] in SERIOUS]
    assert not serious, serious
    assert result["passes"], "axe-core looked at nothing"
    return [rule[0] for rule in found]


def fits(page):
    """Fails when the page can be moved sideways."""
    wide, there = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
    assert wide <= there, f"{wide} pixels wide in a window of {there}"


def screenshot(page, name):
    """Keeps a picture of the whole page, if somebody wants to look at it."""
    folder = os.environ.get("COMITY_TEST_SHOTS")
    if folder:
        page.screenshot(path=os.path.join(folder, f"{name}.png"), full_page=True)


def paper(page, name):
    """Keeps the page as it is printed."""
    folder = os.environ.get("COMITY_TEST_SHOTS")
    pages = page.pdf(prefer_css_page_size=True)
    if folder:
        pathlib.Path(folder, f"{name}.pdf").write_bytes(pages)
    return pages


def sign_in(page, server, account, password, code=None):
    """Signs in by the form at /sign-in, whose fields are told by what HTML calls them, in any language."""
    page.goto(f"{server}/sign-in")
    page.locator("input[autocomplete~=username]").fill(account)
    page.locator("input[autocomplete~=current-password]").fill(password)
    page.locator("main form button").first.click()
    if code is not None:
        page.locator("input[autocomplete~=current-password]").fill(password)
        page.locator("input[autocomplete~=one-time-code]").fill(code)
        page.locator("main form button").first.click()
    page.wait_for_load_state()
    assert "/sign-in" not in page.url, f"not signed in: {page.locator('main').inner_text()}"


def tab_through(page, most=400):
    """Goes through the page by the tab key; fails where the focus cannot be seen, or never comes round. Returns its stops."""
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    stops = 0
    for _ in range(most):
        page.keyboard.press("Tab")
        stop = page.evaluate(FOCUS)
        if stop is None:
            return stops
        stops += 1
        assert stop["seen"], f"hidden while focused: {stop['what']}"
        assert stop["outline"], f"no mark of focus: {stop['what']}"
    raise AssertionError(f"more than {most} stops")


# Whether any corner or the middle of what has the focus is on top at its place (WCAG 2.2, 2.4.11).
FOCUS = """() => {
  const at = document.activeElement;
  if (!at || at === document.body || at === document.documentElement) return null;
  const drawn = at.querySelector('.node') ?? at;
  const boxes = [...drawn.getClientRects()];
  const seen = boxes.some(({left, right, top, bottom}) =>
    [[(left + right) / 2, (top + bottom) / 2], [left + 2, top + 2], [right - 2, bottom - 2], [left + 2, bottom - 2]]
      .some(([x, y]) => { const top = document.elementFromPoint(x, y); return top && (at.contains(top) || top.contains(at)); }));
  const style = getComputedStyle(at);
  const outline = style.outlineStyle !== 'none' || at.namespaceURI.endsWith('svg');
  return {seen, outline, what: at.outerHTML.slice(0, 120)};
}"""
