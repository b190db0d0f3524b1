"""Flows of passkeys, with the browser's virtual authenticator (WebAuthn Level 2 section 11), against a node without TLS at localhost."""

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass

from .browser import LIGHT, axe, fits, screenshot, sign_in
from .flows import flow, run


@dataclass(frozen=True)
class Node:
    url: str
    user: str
    password: str


AUTHENTICATOR = {
    "protocol": "ctap2",
    "ctap2Version": "ctap2_1",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}

# Asks the browser as the node's own script does, but for what the second argument changes.
ASK = """async ([told, changes]) => {
  const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
  const written = (buffer) =>
    btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
  const publicKey = {...told, ...changes, challenge: bytes(told.challenge)};
  const {rawId, response} = await navigator.credentials.get({publicKey});
  return {
    credential: written(rawId), client: written(response.clientDataJSON), authenticator: written(response.authenticatorData),
    signature: written(response.signature), user_handle: written(response.userHandle),
  };
}"""


class NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_):
        return None


def post(node, path, fields):
    """What the node answers to a post that says it comes from one of its pages: status, body, place of a redirect."""
    request = urllib.request.Request(
        node.url + path,
        data=urllib.parse.urlencode(fields).encode(),
        headers={"Origin": node.url, "Content-Type": "application/x-www-form-urlencoded"},
    )
    try:
        answer = urllib.request.build_opener(NoRedirect).open(request, timeout=20)
    except urllib.error.HTTPError as error:
        answer = error
    with answer:
        return answer.status, answer.read(), answer.headers


def challenge(node):
    status, body, _ = post(node, "/sign-in/passkey/challenge", {})
    assert status == 200, (status, body)
    return json.loads(body)


def answered(page, node, **changes):
    """The node's answer to what the authenticator says to a page that this browser shows."""
    said = page.evaluate(ASK, [challenge(node), changes])
    status, _, headers = post(node, "/sign-in/passkey", said)
    return status, headers.get_all("set-cookie"), said


def device(page):
    """A browser with an authenticator: its commands and its name."""
    commands = page.context.new_cdp_session(page)
    commands.send("WebAuthn.enable", {"enableUI": False})
    made = commands.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})
    return commands, made["authenticatorId"]


def add(page, node, name):
    """Signs in by password and adds a passkey."""
    sign_in(page, node.url, node.user, node.password)
    page.goto(f"{node.url}/me")
    form = page.locator("form[data-passkey=create]")
    form.locator("input[name=name]").fill(name)
    with page.expect_navigation():
        form.locator("button").click()
    assert page.locator(".notice.ok").count() == 1, page.locator("main").inner_text()
    assert name in page.locator("main").inner_text()


def sign_out(page, node):
    page.goto(node.url)
    page.locator("form[action='/sign-out'] button").click()
    page.wait_for_url("**/sign-in*")


def remove_all(page, node):
    page.goto(f"{node.url}/me")
    while page.locator("form[action='/me/passkeys/remove']").count():
        page.locator("form[action='/me/passkeys/remove'] button").click()
        page.wait_for_load_state()


@flow("a passkey is added, signs in without a password, and is removed", views=[LIGHT, LIGHT.called("chinese", language="zh-Hans-CN")])
def whole_life(page, node):
    commands, name = device(page)
    add(page, node, "desk key")
    fits(page)
    axe(page)
    screenshot(page, f"me-passkeys-{page.view.name}")
    held = commands.send("WebAuthn.getCredentials", {"authenticatorId": name})["credentials"]
    assert [one["rpId"] for one in held] == ["localhost"] and held[0]["isResidentCredential"], held
    sign_out(page, node)
    axe(page)
    screenshot(page, f"sign-in-passkey-{page.view.name}")
    before = {one["name"]: one["value"] for one in page.context.cookies()}
    with page.expect_request("**/sign-in/passkey") as sent:
        page.locator("form[data-passkey=get] button").click()
    page.wait_for_url(f"{node.url}/")
    assert node.user in page.locator("header").inner_text()
    after = {one["name"]: one["value"] for one in page.context.cookies()}
    assert after["comity"] and after["comity"] != before.get("comity")
    # The same device is told that it holds one already.
    page.goto(f"{node.url}/me")
    page.locator("form[data-passkey=create] button").click()
    page.locator("form[data-passkey=create] [role=alert]").wait_for()
    # What was sent signs nobody in again.
    said = dict(urllib.parse.parse_qsl(sent.value.post_data))
    status, _, headers = post(node, "/sign-in/passkey", said)
    assert status == 403 and headers.get("set-cookie") is None, (status, headers)
    remove_all(page, node)
    sign_out(page, node)
    page.locator("form[data-passkey=get] button").click()
    page.get_by_role("alert").wait_for()
    assert page.locator("header form[action='/sign-out']").count() == 0
    page.errors.clear()


@flow("what an authenticator says elsewhere, or without its person, signs nobody in")
def refused(page, node):
    commands, name = device(page)
    add(page, node, "laptop")
    sign_out(page, node)
    status, cookies, _ = answered(page, node)
    assert status == 303 and cookies, (status, cookies)
    # The person was there and was not told apart from others.
    commands.send("WebAuthn.setUserVerified", {"authenticatorId": name, "isUserVerified": False})
    status, cookies, said = answered(page, node, userVerification="discouraged")
    assert status == 403 and not cookies, (status, cookies, said)
    # The button asks for it, and the browser says that there was none.
    page.locator("form[data-passkey=get] button").click()
    page.locator("form[data-passkey=get] [role=alert]").wait_for()
    commands.send("WebAuthn.setUserVerified", {"authenticatorId": name, "isUserVerified": True})
    # A page of another program on this machine has the same host name, and another origin.
    page.route("http://localhost:7999/**", lambda route: route.fulfill(body="<p>another</p>", content_type="text/html"))
    page.goto("http://localhost:7999/")
    status, cookies, said = answered(page, node)
    assert status == 403 and not cookies, (status, cookies, said)
    page.goto(f"{node.url}/sign-in")
    sign_in(page, node.url, node.user, node.password)
    remove_all(page, node)
    page.errors.clear()


@flow("without scripts there is the password", views=[LIGHT.called("no-script", script=False)])
def without_scripts(page, node):
    page.goto(f"{node.url}/sign-in")
    assert not page.locator("form[data-passkey]").is_visible()
    sign_in(page, node.url, node.user, node.password)
    page.goto(f"{node.url}/me")
    assert not page.locator("form[data-passkey]").is_visible()


@flow("at an address without a name there is no passkey, and the page says why")
def by_number(page, node):
    number = Node(node.url.replace("localhost", "127.0.0.1"), node.user, node.password)
    page.goto(f"{number.url}/sign-in")
    assert page.locator("form[data-passkey]").count() == 0
    sign_in(page, number.url, node.user, node.password)
    page.goto(f"{number.url}/me")
    assert page.locator("form[data-passkey]").count() == 0
    assert "localhost" in page.locator("main").inner_text()


if __name__ == "__main__":
    variable = os.environ.__getitem__
    url = variable("COMITY_SERVER").replace("127.0.0.1", "localhost")
    run(Node(url, variable("COMITY_USER"), variable("COMITY_PASSWORD")))
