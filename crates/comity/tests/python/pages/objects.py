"""Flows of signing in, searching and reading objects, against a node with thirty indicators and a malware that one indicates."""

import os
from dataclasses import dataclass

from .browser import LIGHT, VIEWS, axe, fits, paper, screenshot, sign_in, tab_through
from .flows import flow, run


@dataclass(frozen=True)
class Node:
    url: str
    user: str
    password: str
    collection: str

    def enter(self, page, path="/"):
        """Signs in and goes to a page."""
        sign_in(page, self.url, self.user, self.password)
        page.goto(self.url + path)


def looked_at(page, name):
    """What holds for every page in every view."""
    screenshot(page, f"{name}-{page.view.name}")
    fits(page)
    if page.view.script:
        rest = axe(page)
        if rest:
            print(f"        {name} [{page.view.name}]: axe-core also says {rest}")


def first_object(page, node):
    """Goes from the list of the collection to the page of its first object."""
    page.goto(f"{node.url}/objects?collection={node.collection}")
    page.locator("table.list .title a").first.click()
    page.wait_for_url("**/objects/*--*")


@flow("a wrong password is told, the right one leads to what needs me now", views=VIEWS)
def signing_in(page, node):
    page.goto(f"{node.url}/objects")
    assert "/sign-in" in page.url, page.url
    looked_at(page, "sign-in")
    page.locator("input[autocomplete~=username]").fill(node.user)
    page.locator("input[autocomplete~=current-password]").fill("not this one")
    # The answer to a wrong password is an error to the console too.
    page.locator("main form button").first.click()
    page.get_by_role("alert").wait_for()
    page.errors.clear()
    node.enter(page)
    language = page.locator("html").get_attribute("lang")
    assert language == ("zh-Hans" if page.view.language.startswith("zh") else "en"), language
    looked_at(page, "home")


@flow("objects are listed and read in every part", views=VIEWS)
def reading(page, node):
    node.enter(page, f"/objects?collection={node.collection}")
    assert page.locator("table.list tbody tr").count() > 5
    looked_at(page, "objects")
    page.goto(f"{node.url}/search?q=malware")
    looked_at(page, "search")
    first_object(page, node)
    for number, tab in enumerate(["summary", "relations", "versions", "releases", "raw"]):
        page.locator(".tabs a").nth(number).click()
        page.wait_for_load_state()
        assert page.locator(".tabs a[aria-current]").count() == 1
        looked_at(page, f"object-{tab}")


@flow("an object is found and read by keys alone")
def by_keys(page, node):
    node.enter(page)
    page.keyboard.press("?")
    assert page.locator("dialog kbd").count() > 5
    axe(page)
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    page.keyboard.type("malware")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search?q=malware*")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    page.wait_for_url("**/objects/*--*")
    page.keyboard.press("2")
    page.wait_for_url("**tab=relations*")


@flow("the focus is seen on every page", views=[LIGHT, LIGHT.called("narrow", width=320, height=700)])
def focus(page, node):
    node.enter(page)
    for path in ["/", "/search", f"/objects?collection={node.collection}"]:
        page.goto(node.url + path)
        assert tab_through(page) > 5, path


@flow("the first page follows what happens")
def live(page, node):
    sign_in(page, node.url, node.user, node.password)
    with page.expect_response("**/api/v1/events?of=*") as followed:
        page.goto(node.url)
    answer = followed.value
    assert answer.status == 200, answer.status
    assert answer.headers["content-type"] == "text/event-stream", answer.headers
    assert page.locator(".live").count() == 0


@flow("language and theme are chosen at the foot of a page and kept")
def choices(page, node):
    node.enter(page)
    page.get_by_role("button", name="中文").click()
    page.wait_for_load_state()
    assert page.locator("html").get_attribute("lang") == "zh-Hans"
    with page.expect_response("**/choices"):
        page.locator("button[name=theme][value=dark]").click()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.reload()
    assert page.locator("html").get_attribute("data-theme") == "dark"
    page.locator("button[name=language][value=en]").click()
    page.wait_for_load_state()
    assert page.locator("html").get_attribute("lang") == "en"


@flow("an object is printed with its marking and no navigation")
def printed(page, node):
    node.enter(page)
    first_object(page, node)
    page.emulate_media(media="print")
    assert not page.locator("header.bar").is_visible()
    assert not page.locator("nav#nav").is_visible()
    assert paper(page, "object").startswith(b"%PDF")


if __name__ == "__main__":
    variable = os.environ.__getitem__
    run(
        Node(
            variable("COMITY_SERVER"),
            variable("COMITY_USER"),
            variable("COMITY_PASSWORD"),
            variable("COMITY_RW"),
        )
    )
