"""The open prompt: what to do, who asks, and by what to recognise it."""

from __future__ import annotations

from functools import lru_cache

from sidecar.core.half_blocks import QUIET_MODULES, Matrix
from sidecar.core.time_words import utc
from sidecar.serve.page.html import Html, Part, element, foreign, joined, moment, name_of
from sidecar.serve.page.seen import Prompt, Seen

ENGLISH = "To sign in, "
"""So Entra's own words begin where no other language was asked for: they say what the page says."""

QR_CHARACTERS_MAX = 500
"""As in the banner: a code of more is hard to scan."""


def signin(seen: Seen) -> Html:
    """Hidden while nobody is asked: the parts of the page keep their places."""
    prompt = seen.prompt
    if prompt is None:
        return element("section", id="signin", hidden=True)
    scan = _scan(prompt)
    return element(
        "section",
        element("div", *_heading(prompt), _steps(prompt), _valid(prompt, seen.now), _details(prompt)),
        element("div", scan) if scan else "",
        element("p", _warning(prompt), class_="warning"),
        id="signin",
        class_="card",
        aria_labelledby="signin-title",
    )


def _heading(prompt: Prompt) -> list[Part]:
    phrase = element("p", foreign(prompt.phrase), class_="phrase") if prompt.phrase else ""
    return [element("div", element("h2", "Sign in here", id="signin-title"), phrase, class_="row")]


def _steps(prompt: Prompt) -> Html:
    safe = prompt.link.startswith(("https://", "http://"))
    address = (
        element(
            "a",
            name_of(prompt.verification_uri),
            href=prompt.link,
            target="_blank",
            rel="noopener noreferrer",
            id="open",
        )
        if safe
        else name_of(prompt.verification_uri)
    )
    code = element("code", prompt.user_code, id="code", translate="no")
    copy = element("button", "Copy", type="button", id="copy", aria_label="Copy the code", hidden=True)
    return element(
        "ol",
        element("li", element("span", "Open", class_="label"), element("p", address)),
        element(
            "li",
            element("span", "Enter the code", class_="label", id="code-label"),
            element("p", code, " ", copy, element("span", id="copied", role="status"), class_="copy"),
        ),
        class_="steps",
    )


def _valid(prompt: Prompt, now: float) -> Html:
    if prompt.expires_on is None:
        return Html("")
    minutes, seconds = divmod(max(int(prompt.expires_on - now), 0), 60)
    timer = element("span", f"{minutes}:{seconds:02}", role="timer", data_timer=prompt.expires_on)
    local = element("span", class_="local", data_on=prompt.expires_on)
    until = moment(utc(prompt.expires_on), prompt.expires_on)
    return element("p", "Valid for ", timer, ", until ", until, local, ".", class_="muted")


def _details(prompt: Prompt) -> Html:
    told = (
        ("Sign in as", prompt.awaited),
        ("Asked by", prompt.host),
        ("For", prompt.purpose),
        ("Why now", prompt.reason),
    )
    rows: list[tuple[str, Html]] = [(label, foreign(text)) for label, text in told if text]
    identifiers = (("App", prompt.client_id), ("Tenant", prompt.tenant_id))
    rows += [(label, name_of(text)) for label, text in identifiers if text]
    if prompt.scopes:
        scopes = [element("span", name_of(scope), class_="line") for scope in prompt.scopes]
        rows.append(("Scopes", joined(scopes)))
    if prompt.message and not prompt.message.startswith(ENGLISH):
        rows.append(("It says", foreign(prompt.message)))
    return element("dl", *(joined([element("dt", label), element("dd", value)]) for label, value in rows))


def _warning(prompt: Prompt) -> Html:
    words: list[Part] = ["Sign in only if you expected this."]
    if prompt.phrase:
        words += [
            " Wherever this request is shown, it says ",
            element("strong", foreign(prompt.phrase)),
            "; if the words differ, do nothing.",
        ]
    return joined(words)


def _scan(prompt: Prompt) -> Html:
    if not prompt.link.startswith(("https://", "http://")) or len(prompt.link) > QR_CHARACTERS_MAX:
        return Html("")
    picture = drawn(_matrix(prompt.link))
    return element("figure", picture, element("figcaption", "Or scan this"), class_="qr")


def drawn(matrix: Matrix) -> Html:
    """Dark on light in either scheme, with the quiet zone of ISO/IEC 18004: a row is as many strokes as it
    has runs of dark modules.
    """
    size = len(matrix) + 2 * QUIET_MODULES
    strokes: list[str] = []
    for y, row in enumerate(matrix):
        x = 0
        while x < len(row):
            run = 0
            while x + run < len(row) and row[x + run]:
                run += 1
            if run:
                strokes.append(f"M{x + QUIET_MODULES} {y + QUIET_MODULES}h{run}v1h-{run}z")
            x += run or 1
    # Longer than any text of the page, and nobody else's: made of numbers.
    path = Html(f'<path d="{"".join(strokes)}"/>')
    ground = element("rect", width=size, height=size)
    return element(
        "svg",
        ground,
        path,
        viewBox=f"0 0 {size} {size}",
        role="img",
        aria_label="QR code of the address",
        shape_rendering="crispEdges",
    )


@lru_cache(maxsize=2)
def _matrix(uri: str) -> Matrix:
    import segno  # 20 ms, and only needed where one is drawn

    code = segno.make(uri, error="l", boost_error=False, micro=False)
    return tuple(tuple(row) for row in code.matrix)
