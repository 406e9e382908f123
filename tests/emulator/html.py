"""The pages of the sign-in as HTML: no script, readable in light and dark and on a phone."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from html import escape

from tests.emulator.directory import User

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1b1f; --soft: #55555e; --paper: #fff; --ground: #eef1f5;
  --line: #8a8a94; --accent: #0b5cad; --on-accent: #fff; --bad: #a4161a; --hover: #e7eef7; }
@media (prefers-color-scheme: dark) { :root { --ink: #f1f1f4; --soft: #b9b9c3; --paper: #212126;
  --ground: #131316; --line: #83838f; --accent: #8dc2f7; --on-accent: #06233f; --bad: #ffa3a3;
  --hover: #2c333c; } }
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1rem;
  background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { width: 100%; max-width: 27.5rem; padding: 2rem; background: var(--paper); border-radius: .5rem;
  box-shadow: 0 1px 8px rgb(0 0 0 / .2); }
.brand { margin: 0 0 1.25rem; color: var(--soft); font-size: .875rem; }
h1 { margin: 0 0 .75rem; font-size: 1.5rem; line-height: 1.25; font-weight: 600; overflow-wrap: anywhere; }
p { margin: 0 0 1rem; }
label { font-weight: 600; }
input[type=text] { display: block; width: 100%; margin: .25rem 0 1.25rem; padding: .6rem .75rem;
  font: 1.25rem/1.4 ui-monospace, monospace; letter-spacing: .08em; text-transform: uppercase;
  color: inherit; background: transparent; border: 1px solid var(--line); border-radius: .25rem; }
fieldset { margin: 0 0 1.25rem; padding: 0; border: 0; }
legend { padding: 0; margin-bottom: .5rem; font-weight: 600; }
.choice { display: flex; gap: .75rem; align-items: center; margin-inline: -.6rem; padding: .5rem .6rem;
  border-radius: .25rem; font-weight: 400; cursor: pointer; }
.choice:hover { background: var(--hover); }
.choice input { inline-size: 1.1rem; block-size: 1.1rem; margin: 0; flex: none; accent-color: var(--accent); }
.choice small { display: block; color: var(--soft); font-size: .875rem; overflow-wrap: anywhere; }
.buttons { display: flex; flex-wrap: wrap; gap: .75rem; justify-content: flex-end; }
button { min-width: 7rem; padding: .6rem 1rem; font: inherit; font-weight: 600; cursor: pointer;
  color: var(--on-accent); background: var(--accent); border: 1px solid var(--accent);
  border-radius: .25rem; }
button.quiet { color: inherit; background: transparent; border-color: var(--line); }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
.alert { padding: .6rem .75rem; color: var(--bad); border: 1px solid currentcolor; border-radius: .25rem; }
.note { color: var(--soft); font-size: .875rem; }
dl { display: grid; grid-template-columns: auto 1fr; gap: .25rem 1rem; margin: 0 0 1rem; }
dt { color: var(--soft); } dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 27rem) { body { padding: .75rem; } main { padding: 1.25rem; } button { min-width: 0; }
  dl { grid-template-columns: 1fr; gap: 0; } dd + dt { margin-top: .5rem; } }
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

CONTENT_SECURITY_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; img-src data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def code_page(user_code: str = "", *, alert: str = "") -> str:
    """Asks for the code."""
    invalid = ' aria-invalid="true" aria-describedby="alert"' if alert else ""
    return _page(
        "Enter code",
        f"""<p>Enter the code displayed on your app or device.</p>
{_alert(alert)}<form method="post" action="/devicelogin">
<input type="hidden" name="step" value="code">
<label for="user_code">Code</label>
<input type="text" id="user_code" name="user_code" value="{escape(user_code)}" required autofocus
 maxlength="20" autocomplete="off" autocapitalize="characters" spellcheck="false"{invalid}>
<div class="buttons"><button id="next">Next</button></div>
</form>""",
    )


def user_page(user_code: str, users: Iterable[User], *, chosen: str, alert: str = "") -> str:
    """Asks who signs in."""
    choices = "\n".join(
        f"""<label class="choice" for="user-{user.name}">
<input type="radio" id="user-{user.name}" name="user" value="{user.name}" required
{_checked(user.name == chosen)}>
<span>{escape(user.display_name)}<small>{escape(user.username)}</small></span></label>"""
        for user in users
    )
    return _page(
        "Pick an account",
        f"""{_alert(alert)}<form method="post" action="/devicelogin">
<input type="hidden" name="step" value="user">
<input type="hidden" name="user_code" value="{escape(user_code)}">
<fieldset><legend>Who is signing in on your device?</legend>
{choices}
</fieldset>
<div class="buttons"><button id="next">Next</button></div>
</form>""",
    )


def confirm_page(user_code: str, user: User, app_name: str) -> str:
    """Asks whether this is the app."""
    return _page(
        f"Are you trying to sign in to {app_name}?",
        f"""<dl><dt>Account</dt><dd>{escape(user.username)}</dd><dt>Code</dt><dd>{escape(user_code)}</dd></dl>
<p>Only continue if you started this sign-in yourself, on a device or app that you trust.</p>
<form method="post" action="/devicelogin">
<input type="hidden" name="step" value="confirm">
<input type="hidden" name="user_code" value="{escape(user_code)}">
<input type="hidden" name="user" value="{escape(user.name)}">
<div class="buttons"><button class="quiet" id="cancel" name="action" value="cancel">Cancel</button>
<button id="continue" name="action" value="continue">Continue</button></div>
</form>""",
    )


def end_page(title: str, text: str) -> str:
    """The sign-in is over, one way or the other."""
    return _page(title, f'<p id="result" role="status">{escape(text)}</p>')


def _page(title: str, content: str) -> str:
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{escape(title)}</title>
<link rel="icon" href="data:,">
<style>{_STYLE}</style>
</head>
<body>
<main>
<p class="brand">Stand-in for Microsoft Entra ID, for tests only</p>
<h1>{escape(title)}</h1>
{content}
</main>
</body>
</html>
"""


def _alert(text: str) -> str:
    return f'<p class="alert" id="alert" role="alert">{escape(text)}</p>\n' if text else ""


def _checked(checked: bool) -> str:
    return "checked" if checked else ""
