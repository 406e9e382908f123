"""The status page in a real browser: `serve` as a process, over files as the other roles leave them."""

from __future__ import annotations

import io
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver import ActionChains, Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from sidecar.core.journal import Journal
from sidecar.core.schedule import Attempts
from tests.browser.conftest import Browse
from tests.emulator import Emulator
from tests.end_to_end.pod import Pod, Running, eventually
from tests.leaks import Leaks
from tests.oidc_provider.node import install_packages, node_or_skip
from tests.page import scenes
from tests.page.scene import Scene
from tests.page.scenes import SCENES

NO_KEY = "A" * 43 + "="
HERE = Path(__file__).parents[1] / "page"
ICON = "return document.querySelector('link[rel=icon]').href"
INSERTED = """
document.body.insertAdjacentHTML('beforeend', `<img src=x onerror='window.evil=1'>`);
const script = document.createElement('script');
script.text = 'window.evil=1';
document.body.append(script);
setTimeout(arguments[0], 300);
"""


@dataclass
class Served:
    """A pod whose files a test writes, what answers over them, and a browser."""

    pod: Pod
    browser: Chrome
    role: Running
    url: str

    def write(self, scene: Scene) -> None:
        """From now on this is what the page shows."""
        scene.write(self.pod.tokens, self.pod.state)

    def show(self, scene: Scene) -> None:
        """Write it, and open the page."""
        self.write(scene)
        self.browser.get(self.url)

    def text(self, selector: str) -> str:
        """What people read there; nothing while the page changes."""
        try:
            found = self.browser.find_elements(By.CSS_SELECTOR, selector)
            return found[0].text if found else ""
        except StaleElementReferenceException:
            return ""

    def run(self, script: str) -> Any:
        """In the page."""
        return self.browser.execute_script(script)


def answering(pod: Pod) -> tuple[Running, str]:
    """`serve` on a free port."""
    role = pod.start("serve", SIDECAR_SERVE_ADDRESS="127.0.0.1:0")
    return role, f"http://{role.wait_for('serve.started')['address']}/"


@pytest.fixture
def served(new_pod: Callable[..., Pod], browse: Browse, leaks: Leaks) -> Served:
    """Empty directories, and a page about them."""
    leaks.issued({scenes.SECRET})
    pod = new_pod()
    role, url = answering(pod)
    return Served(pod, browse(NO_KEY), role, url)


def without_scripts(browser: Chrome) -> None:
    """As people may have set it; tests look from outside."""
    browser.execute_cdp_cmd("Emulation.setScriptExecutionDisabled", {"value": True})


def seen_in(browser: Chrome, scheme: str, width: int, *, zoom: float = 1) -> None:
    """Colours and size of a screen."""
    media = {"features": [{"name": "prefers-color-scheme", "value": scheme}]}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", media)
    size = {"width": int(width / zoom), "height": 800, "deviceScaleFactor": zoom, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def _there(browser: Chrome, element_id: str) -> Any:
    """An element that comes."""
    return eventually(lambda: browser.find_elements(By.ID, element_id), element_id)[0]


def test_times_run_and_files_that_change_are_shown_without_a_reload(served: Served) -> None:
    """The countdown, the title, the icon, the tokens; what was focused and selected stays so."""
    now = time.time()
    served.show(scenes.prompt_open(now))
    assert served.browser.title.startswith("Sign-in needed")
    served.run("window.isTheSamePage = true; document.getElementById('copy').focus()")
    served.run("getSelection().selectAllChildren(document.querySelector('#signin dd'))")
    first, icon = (
        served.text("[role=timer]"),
        served.run("return document.querySelector('link[rel=icon]').href"),
    )
    eventually(lambda: served.text("[role=timer]") != first, "the countdown runs")
    served.write(replace(scenes.prompt_early(now), prompt=replace(scenes.asked(now), user_code="NEWC-ODE77")))
    eventually(lambda: served.text("#code") == "NEWC-ODE77", "the new code is there")
    assert served.text("#tokens .count") == "3"
    assert served.run("return document.activeElement.id") == "copy"
    assert served.run("return String(getSelection())") == "finance/nightly-report-7d4b9c6f5d-x2x9z"
    served.write(scenes.all_well(now))
    eventually(lambda: served.browser.title.startswith("All 3 tokens are live"), "the title follows")
    assert served.text("h1") == "All 3 tokens are live"
    assert served.run(ICON) != icon
    assert served.run("return document.getElementById('signin').hidden")
    assert served.run("return window.isTheSamePage") is True


def test_code_is_copied_or_else_selected(served: Served) -> None:
    """The button is there only where it works; what it did is said."""
    served.show(scenes.prompt_open(time.time()))
    origin = served.url.rstrip("/")
    grant = {"origin": origin, "permissions": ["clipboardReadWrite", "clipboardSanitizedWrite"]}
    served.browser.execute_cdp_cmd("Browser.grantPermissions", grant)
    served.browser.find_element(By.ID, "copy").click()
    eventually(lambda: served.text("#copied") == "Copied", "it is said")
    script = "const done = arguments[0]; navigator.clipboard.readText().then(done, e => done(String(e)))"
    assert served.browser.execute_async_script(script) == "HKV7-Q2ZN4"
    served.run("navigator.clipboard.writeText = () => Promise.reject(new Error('not allowed'))")
    served.browser.find_element(By.ID, "copy").click()
    eventually(lambda: served.text("#copied") == "Selected", "it is said")
    assert served.run("return String(getSelection())") == "HKV7-Q2ZN4"


def test_qr_code_leads_to_the_address(served: Served) -> None:
    """A reader takes it from the screen, dark scheme or not: the address with the code if there is one."""
    complete = "https://login.example/device?user_code=HKV7-Q2ZN4"
    prompt = replace(scenes.asked(time.time()), verification_uri_complete=complete)
    for scheme in ("light", "dark"):
        seen_in(served.browser, scheme, 1280)
        served.show(Scene(prompt=prompt))
        picture = served.browser.find_element(By.CSS_SELECTOR, ".qr").screenshot_as_png
        (found,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(picture)))
        assert found.text == complete


def test_focus_is_seen(served: Served) -> None:
    """Who has no mouse reaches the link and the button, and sees where they are."""
    served.show(scenes.prompt_open(time.time()))
    for element_id in ("open", "copy"):
        ActionChains(served.browser).send_keys(Keys.TAB).perform()
        assert served.run("return document.activeElement.id") == element_id
        width, style = served.run(
            "const s = getComputedStyle(document.activeElement); return [s.outlineWidth, s.outlineStyle]"
        )
        assert (width, style) == ("3px", "solid")


def test_lost_server_is_told_and_found_again(served: Served) -> None:
    """What is shown may be old, and the page says so; a process at the same address mends it."""
    served.show(scenes.prompt_open(time.time()))
    served.role.stop()
    eventually(lambda: served.text("#stale").startswith("No answer since"), "the page says that it is old")
    served.pod.start("serve", SIDECAR_SERVE_ADDRESS=served.url.removeprefix("http://").rstrip("/"))
    eventually(lambda: not served.text("#stale"), "it is current again")


def test_it_works_without_scripts(served: Served) -> None:
    """Everything is there but the button; the page loads itself anew."""
    without_scripts(served.browser)
    served.show(scenes.prompt_early(time.time()))
    assert served.text("#code") == "HKV7-Q2ZN4"
    assert served.text("#tokens .count") == "3"
    assert not served.browser.find_element(By.ID, "copy").is_displayed()
    link = served.browser.find_element(By.ID, "open")
    assert link.get_attribute("href") == "https://microsoft.com/devicelogin"
    shown = served.text("header time")
    eventually(lambda: served.text("header time") not in ("", shown), "the page came anew", 40)


def test_viewers_zone_stands_beside_utc(served: Served) -> None:
    """Where scripts run: a person in Kolkata need not reckon."""
    served.browser.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Kolkata"})
    served.show(scenes.one_token(time.time()))
    local = served.text("#tokens .local")
    expires_on = served.pod.document()["expires_on"]
    clock = time.gmtime(expires_on + 5 * 3600 + 1800)
    assert (
        f"{clock.tm_hour % 12 or 12:02}:{clock.tm_min:02}" in local or time.strftime("%H:%M", clock) in local
    )


def test_hostile_files_run_nothing(served: Served) -> None:
    """Markup in every field stays text, and the policy would stop what did not."""
    evil = "<img src=x onerror='window.evil=1'><script>window.evil=1</script>"
    now = time.time()
    document = {**scenes.token(now, left=900), "resource": evil, "username": evil, "tenant_id": evil}
    prompt = replace(scenes.asked(now), user_code=evil, where=evil, purpose=evil, phrase=evil, scopes=(evil,))
    failed = Attempts(failures=1, failed_on=int(now), error=evil)
    served.show(Scene(documents={"": document}, journal=Journal(tokens={"": failed}), prompt=prompt))
    assert served.text("#code") == evil
    assert served.run("return document.querySelectorAll('img').length") == 0
    assert served.run("return document.scripts.length") == 1
    assert served.browser.execute_async_script(INSERTED) is None
    assert served.run("return window.evil === undefined")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_scene_fits(served: Served, scheme: str) -> None:
    """On a phone of 320, on a tablet, on a desktop and at 200 %: nothing runs off sideways."""
    for name, scene in SCENES.items():
        served.write(scene(time.time()))
        for width, zoom in ((320, 1.0), (768, 1.0), (1280, 2.0), (1280, 1.0)):
            seen_in(served.browser, scheme, width, zoom=zoom)
            served.browser.get(served.url)
            root = served.run("const r = document.documentElement; return [r.scrollWidth, r.clientWidth]")
            assert root[0] <= root[1], (name, width, zoom)


@pytest.mark.parametrize(("scheme", "width"), [("light", 320), ("dark", 1280)])
def test_axe_finds_nothing(served: Served, scheme: str, width: int) -> None:
    """Deque's rules of WCAG 2.2 A and AA and of good practice, over every scene."""
    _, npm = node_or_skip()
    install_packages(npm, HERE)
    axe = (HERE / "node_modules" / "axe-core" / "axe.min.js").read_text()
    served.browser.set_script_timeout(60)
    seen_in(served.browser, scheme, width)
    for name, scene in SCENES.items():
        served.show(scene(time.time()))
        served.run(axe)
        found = served.browser.execute_async_script(
            "axe.run(document).then(arguments[0], e => arguments[0]({violations: [{id: String(e)}]}))"
        )
        told = [
            (violation["id"], [node["html"][:200] for node in violation.get("nodes", [])])
            for violation in found["violations"]
        ]
        assert told == [], name
        assert len(found["passes"]) > 10


def test_a_person_signs_in_from_the_page(
    new_pod: Callable[..., Pod], entra: Emulator, browse: Browse
) -> None:
    """The prompt appears by itself, its link leads to the authority's page, and once the person has signed in
    there the page says who it was: nobody reloads anything.
    """
    pod = new_pod(
        AZURE_AUTHORITY_HOST=entra.authority_host,
        AZURE_TENANT_ID=entra.tenant_id,
        AZURE_CLIENT_ID=entra.client_id,
        SIDECAR_CA_FILE=str(entra.ca_file),
        SIDECAR_SCOPES="https://graph.microsoft.com/.default",
    )
    _, url = answering(pod)
    browser = browse(entra.leaf_spki)
    page = Served(pod, browser, pod.start("refresh"), url)
    browser.get(url)
    ours = browser.current_window_handle
    eventually(lambda: page.text("#code"), "the prompt appears")
    code = page.text("#code")
    browser.find_element(By.ID, "open").click()
    eventually(lambda: len(browser.window_handles) == 2, "the link opens a window of its own")
    browser.switch_to.window(next(handle for handle in browser.window_handles if handle != ours))
    field = _there(browser, "user_code")
    if not field.get_attribute("value"):
        field.send_keys(code)
    for step in ("next", "user-bob", "next", "continue"):
        _there(browser, step).click()
    eventually(lambda: page.text("h1") == "You have signed in", "the authority says so")
    browser.close()
    browser.switch_to.window(ours)
    eventually(lambda: "bob@contoso.example" in page.text("#facts"), "the page says who signed in")
    eventually(lambda: page.text("h1") == "The token is live", "and that all is well")
    eventually(lambda: "Signed in" in page.text("#history"), "and the history")
    assert not page.text("#code")
    assert pod.token() not in browser.page_source
