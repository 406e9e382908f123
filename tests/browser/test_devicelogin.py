"""The sign-in page, as a person with a browser meets it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from selenium.common.exceptions import WebDriverException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import WebDriverWait

from tests.browser.conftest import Browse
from tests.emulator import Emulator
from tests.emulator.client import Client

FOREIGN_SPKI = "A" * 43 + "="


@pytest.fixture
def entra() -> Iterator[Emulator]:
    """A running emulator."""
    with Emulator(app_name="Report <b>Robot</b> & Co") as emulator:
        yield emulator


@pytest.fixture
def client(entra: Emulator) -> Iterator[Client]:
    """MSAL in front of it."""
    with Client(entra) as made:
        yield made


@pytest.fixture
def browser(entra: Emulator, browse: Browse) -> Chrome:
    """A browser that trusts this emulator."""
    return browse(entra.leaf_spki)


def _click(browser: Chrome, element_id: str) -> None:
    with _next_page(browser):
        browser.find_element(By.ID, element_id).click()


def _press(browser: Chrome, element_id: str, *keys: str) -> None:
    with _next_page(browser):
        browser.find_element(By.ID, element_id).send_keys(*keys)


@contextmanager
def _next_page(browser: Chrome) -> Iterator[None]:
    """Wait until what was done has led to another page, and that is complete."""
    browser.execute_script("window.isThePageBefore = true")
    yield
    # While the page changes the driver may fail in more ways than one; they all mean: not yet.
    WebDriverWait(browser, 10, poll_frequency=0.02, ignored_exceptions=[WebDriverException]).until(
        _is_another_page
    )


def _is_another_page(browser: Chrome) -> bool:
    script = "return !window.isThePageBefore && document.readyState === 'complete'"
    return browser.execute_script(script) is True


def _heading(browser: Chrome) -> str:
    return browser.find_element(By.TAG_NAME, "h1").text


def _enter(browser: Chrome, url: str, user_code: str) -> None:
    browser.get(url)
    field = browser.find_element(By.ID, "user_code")
    assert browser.switch_to.active_element == field, "one can type at once"
    field.send_keys(user_code)
    _click(browser, "next")


def test_a_person_signs_in_with_the_code(client: Client, browser: Chrome) -> None:
    """Code, account, "Are you trying to sign in to …?", Continue: and the poller gets a token."""
    flow = client.begin()
    _enter(browser, flow["verification_uri"], flow["user_code"].lower())
    assert browser.find_element(By.ID, "user-alice").is_selected()
    browser.find_element(By.ID, "user-bob").click()
    _click(browser, "next")
    assert _heading(browser) == "Are you trying to sign in to Report <b>Robot</b> & Co?"
    assert client.poll(flow)["error"] == "authorization_pending"
    _click(browser, "continue")
    assert _heading(browser) == "You have signed in"
    assert "Report <b>Robot</b> & Co" in browser.find_element(By.ID, "result").text
    assert client.poll(flow)["id_token_claims"]["preferred_username"] == "bob@contoso.example"


def test_it_works_with_the_keyboard_alone(client: Client, browser: Chrome) -> None:
    """Enter sends each form, and arrows choose the account."""
    flow = client.begin()
    browser.get(f"{flow['verification_uri']}?otc={flow['user_code']}")
    _press(browser, "user_code", Keys.ENTER)
    _press(browser, "user-alice", Keys.ARROW_DOWN, Keys.ENTER)
    _press(browser, "continue", Keys.ENTER)
    assert _heading(browser) == "You have signed in"
    assert client.poll(flow)["id_token_claims"]["preferred_username"] == "bob@contoso.example"


def test_cancel_declines_the_sign_in(client: Client, browser: Chrome) -> None:
    """The page says so and the poller is told authorization_declined."""
    flow = client.begin()
    _enter(browser, flow["verification_uri"], flow["user_code"])
    _click(browser, "next")
    _click(browser, "cancel")
    assert _heading(browser) == "Sign-in cancelled"
    assert client.poll(flow)["error"] == "authorization_declined"


def test_a_wrong_code_can_be_corrected(client: Client, browser: Chrome) -> None:
    """A message beside what was typed, which is shown again as text; the right code then works."""
    flow = client.begin()
    _enter(browser, flow["verification_uri"], '"><i>X')
    alert = browser.find_element(By.CSS_SELECTOR, "[role=alert]")
    assert alert.text == "That code didn't work. Check the code and try again."
    field = browser.find_element(By.ID, "user_code")
    assert field.get_attribute("value") == '"><I>X'
    assert field.get_attribute("aria-describedby") == alert.get_attribute("id")
    field.clear()
    field.send_keys(flow["user_code"])
    _click(browser, "next")
    assert _heading(browser) == "Pick an account"


def test_a_code_that_expired_meanwhile_is_refused_at_the_last_step(
    entra: Emulator, client: Client, browser: Chrome
) -> None:
    """Every step looks again."""
    flow = client.begin()
    _enter(browser, flow["verification_uri"], flow["user_code"])
    _click(browser, "next")
    entra.expire_codes()
    _click(browser, "continue")
    assert browser.find_elements(By.CSS_SELECTOR, "[role=alert]")
    assert client.poll(flow)["error"] == "expired_token"


@pytest.mark.parametrize(("blocked", "code"), [(False, "AADSTS50020"), (True, "AADSTS53003")])
def test_the_page_says_why_somebody_may_not_sign_in(
    entra: Emulator, client: Client, browser: Chrome, blocked: bool, code: str
) -> None:
    """A user of another tenant, and a policy that blocks the flow; the poller waits on."""
    entra.policy.block_device_code = blocked
    flow = client.begin()
    _enter(browser, flow["verification_uri"], flow["user_code"])
    browser.find_element(By.ID, "user-mallory").click()
    _click(browser, "next")
    assert browser.find_element(By.CSS_SELECTOR, "[role=alert]").text.startswith(code)
    assert client.poll(flow)["error"] == "authorization_pending"


def test_every_field_has_its_label(client: Client, browser: Chrome) -> None:
    """Accessible names as a screen reader hears them, and a language for it to speak."""
    flow = client.begin()
    browser.get(flow["verification_uri"])
    assert browser.find_element(By.ID, "user_code").accessible_name == "Code"
    assert browser.find_element(By.TAG_NAME, "html").get_attribute("lang") == "en"
    _enter(browser, flow["verification_uri"], flow["user_code"])
    radio = browser.find_element(By.ID, "user-alice")
    assert radio.accessible_name == "Alice Adams alice@contoso.example"
    group = browser.find_element(By.TAG_NAME, "fieldset")
    assert group.accessible_name == "Who is signing in on your device?"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1000, 320])
def test_every_page_is_readable(
    client: Client, browser: Chrome, tmp_path: Path, scheme: str, width: int
) -> None:
    """Nothing runs off a narrow screen, and text stands out by 4.5 to 1 (WCAG 2.2, 1.4.3), light and dark."""
    browser.execute_cdp_cmd(
        "Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    )
    browser.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride",
        {"width": width, "height": 800, "deviceScaleFactor": 1, "mobile": False},
    )
    flow = client.begin()
    _enter(browser, flow["verification_uri"], "WRONG")
    _judge(browser, tmp_path / f"{scheme}-{width}-1-code.png")
    _enter(browser, flow["verification_uri"], flow["user_code"])
    _judge(browser, tmp_path / f"{scheme}-{width}-2-account.png")
    _click(browser, "next")
    _judge(browser, tmp_path / f"{scheme}-{width}-3-confirm.png")
    _click(browser, "continue")
    _judge(browser, tmp_path / f"{scheme}-{width}-4-end.png")


def test_the_browser_trusts_only_the_key_it_was_told(entra: Emulator, browse: Browse, client: Client) -> None:
    """Certificate errors are not ignored wholesale: with another key's hash the page does not open."""
    flow = client.begin()
    browser = browse(FOREIGN_SPKI)
    with suppress(WebDriverException):  # some versions show their warning page, some raise
        browser.get(flow["verification_uri"])
    assert browser.find_elements(By.ID, "user_code") == []
    assert entra.count("devicelogin") == 0


def _judge(browser: Chrome, screenshot: Path) -> None:
    assert browser.save_screenshot(str(screenshot))
    overflow, faint = browser.execute_script(_LEGIBILITY)
    assert overflow <= 0, screenshot.name
    assert faint == [], screenshot.name


# Of every element with text of its own: its colour against the nearest painted background.
_LEGIBILITY = """
const parse = text => text.match(/[\\d.]+/g).map(Number);
const light = ([r, g, b]) => [r, g, b].map(v => v / 255)
  .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4)
  .reduce((sum, v, i) => sum + v * [.2126, .7152, .0722][i], 0);
const ground = element => {
  for (let e = element; e; e = e.parentElement) {
    const colour = parse(getComputedStyle(e).backgroundColor);
    if (colour.length < 4 || colour[3] > 0) return colour;
  }
  return [255, 255, 255];
};
const faint = [];
for (const e of document.body.querySelectorAll('*')) {
  if (![...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()) && e.type !== 'text') continue;
  const [a, b] = [light(parse(getComputedStyle(e).color)), light(ground(e))].sort((x, y) => y - x);
  if ((a + .05) / (b + .05) < 4.5) faint.push(e.tagName + ' ' + e.className);
}
const root = document.documentElement;
return [root.scrollWidth - root.clientWidth, faint];
"""
