"""Whatever the provider says, a terminal gets printable text and a log gets the lines that we wrote."""

from __future__ import annotations

import itertools
import json
import os
import socket
import sys
import threading
import unicodedata
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle, islice
from typing import Any

import pytest

from tests.emulator import Emulator
from tests.emulator.faults import Answer, Exchange, Fault
from tests.emulator.messages import Response
from tests.end_to_end.pod import PATIENCE_SECONDS, Pod, Running, eventually
from tests.end_to_end.test_odd_providers import with_claims
from tests.torture.access.hostile import (
    BIDI,
    FORGED,
    FORGED_CONSOLE,
    HOSTILE,
    LINE_MAX,
    faults_of,
)
from tests.torture.access.shares import share
from tests.torture.figures import count

TEXTS = list(HOSTILE.values())
# Every field gets another text in each round; as many rounds as there are texts is each text everywhere.
ROUNDS = range(len(TEXTS))
FORMATS = ("console", "json")


def texts_from(start: int) -> Iterator[str]:
    """All hostile texts in turn, for ever."""
    count("access", "hostile texts sent", len(TEXTS))
    return islice(cycle(TEXTS), start, None)


def raw_of(running: Running) -> bytes:
    """What it printed, to the byte: `Running.output` has replaced what is no UTF-8."""
    return running._output.read_bytes()


class Terminal:
    """A pseudo-terminal, and all that was written to it."""

    def __init__(self) -> None:
        self._master, self.slave = os.openpty()
        self._parts: list[bytes] = []
        self._thread = threading.Thread(target=self._drain, daemon=True)
        self._thread.start()

    def _drain(self) -> None:
        try:
            while part := os.read(self._master, 1 << 16):
                self._parts.append(part)
        except OSError:  # nobody has it open any more (pty(7))
            pass

    def close(self) -> bytes:
        """The end of our part, and what there was."""
        os.close(self.slave)
        self._thread.join(timeout=10)
        os.close(self._master)
        return b"".join(self._parts)


def refused(fields: dict[str, Any], *, status: int = 400) -> Fault:
    """A fault: an OAuth error with these fields."""

    def fault(exchange: Exchange) -> None:
        exchange.send(Response.of_json(fields, status, error="hostile"))

    return fault


def hostile_error(texts: Iterator[str], *, error: str | None = None) -> dict[str, Any]:
    """Every field of Entra's error answers."""
    names = ("error_description", "suberror", "correlation_id", "trace_id", "timestamp", "error_uri")
    return {
        "error": error or next(texts),
        **{name: next(texts) for name in names},
        "error_codes": [10**300, 50196] * 500,
    }


def check(raw: bytes, *, console: bool, terminal: bool = False) -> None:
    """See `faults_of`."""
    assert faults_of(raw, console=console, terminal=terminal) == []
    count("access", "outputs searched for hostile texts")


def test_python_calls_no_hostile_character_printable() -> None:
    """`str.isprintable`, on which the log relies, is False for all controls, format characters, surrogates,
    private and unassigned ones, and for all that ends a line; bidi overrides among them.
    """
    hidden = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
    wrong = [
        c
        for c in map(chr, range(sys.maxunicode + 1))
        if unicodedata.category(c) in hidden and c.isprintable()
    ]
    assert wrong == []
    assert not any(c.isprintable() for c in BIDI)


@pytest.mark.parametrize(
    ("start", "format", "terminal"), share(itertools.product(ROUNDS, FORMATS, (False, True)), 3)
)
def test_hostile_sign_in_is_shown_in_print(
    pod: Pod, entra: Emulator, start: int, format: str, terminal: bool
) -> None:
    """Prompt, trouble, user and scope: on a terminal and a pipe, in the banner, the probes' line, `status`
    and `prompt.json`; the sign-in goes on all the same.
    """
    texts = texts_from(start)
    pod.settings["SIDECAR_LOG_FORMAT"] = format
    entra.faults.next("token:device_code", refused(hostile_error(texts)))
    # What has no printable character would be no code and no address at all.
    prompt = {name: f"x{next(texts)}" for name in ("user_code", "verification_uri")}
    more = {name: next(texts) for name in ("verification_uri_complete", "message")}
    entra.faults.next("devicecode", Answer(put={**prompt, **more}))
    claims = {"preferred_username": next(texts), "name": next(texts)}
    granted = Answer(put={"scope": next(texts)}, mutate=lambda answer: with_claims(answer, **claims))
    entra.faults.always("token", granted)
    device = Terminal()
    output = b""
    try:
        if terminal:
            process = pod.start_writing_to(device.slave, "signin")
        else:
            running = pod.start("signin")
            process = running.process
        eventually((pod.private / "prompt").exists, "the prompt")
        questions = [("probe", "startup"), ("probe", "readiness"), ("status",), ("status", "--json")]
        check_answers(pod, questions)
        record = json.loads((pod.private / "prompt.json").read_bytes())
        assert all(text is None or str(text).isprintable() for text in record.values())
        assert max(len(str(text)) for text in record.values()) <= 500
        entra.wait_for("token:device_code", 1)
        entra.approve()
        assert process.wait(PATIENCE_SECONDS) == 0
        if not terminal:
            output = raw_of(running)
    finally:
        shown = device.close()
    check(shown if terminal else output, console=format == "console", terminal=terminal)
    check_answers(pod, questions)
    loop = pod.start("refresh", "--now")
    eventually((pod.private / "due").exists, "a turn")
    eventually(lambda: entra.count("token:refresh_token"), "a renewal")
    eventually(lambda: "refresh.scheduled" in loop.output, "its end")
    assert loop.stop()[0] == 0
    check(raw_of(loop), console=format == "console")
    assert pod.token() == pod.document()["access_token"] != ""


def check_answers(pod: Pod, questions: list[tuple[str, ...]]) -> None:
    """One line of each probe, a table, and one line of JSON; all of it printable and of a bounded length."""
    for question in questions:
        running = pod.start(*question)
        running.end()
        text = raw_of(running).decode("utf-8")
        lines = text.removesuffix("\n").split("\n")
        assert [line for line in lines if not line.isprintable()] == []
        limit = LINE_MAX * 40 if question[-1] == "--json" else 1000
        assert max(map(len, lines)) < limit
        assert len(lines) == 1 or question == ("status",)
        assert not any(line.startswith((FORGED, FORGED_CONSOLE)) for line in lines)
        count("access", "outputs searched for hostile texts")


@pytest.mark.parametrize(("start", "format"), share(itertools.product(ROUNDS, FORMATS), 2))
def test_hostile_refusals_are_told_in_print(pod: Pod, entra: Emulator, start: int, format: str) -> None:
    """Error answers, gateways, endpoints at hosts of hostile names: the log's lines are ours, and so is what
    `status` tells of them later.
    """
    texts = texts_from(start)
    pod.settings["SIDECAR_LOG_FORMAT"] = format
    for error in ("invalid_grant", "invalid_client", "temporarily_unavailable", None):
        entra.faults.next("devicecode", refused(hostile_error(texts, error=error)))
        check(one_turn(pod), console=format == "console")
        entra.faults.clear()
    entra.faults.next("discovery", refused(hostile_error(texts, error="invalid_tenant")))
    (pod.private / "discovery.json").unlink(missing_ok=True)
    check(pod.run("signin")[1].encode(), console=format == "console")
    for scheme in ("https://{}/x", "http://{}/x", "{}"):
        (pod.private / "discovery.json").unlink(missing_ok=True)
        endpoint = {"device_authorization_endpoint": scheme.format(next(texts))}
        entra.faults.next("discovery", Answer(put=endpoint))
        check(one_turn(pod), console=format == "console")
    check_answers(pod, [("status",), ("status", "--json")])


def one_turn(pod: Pod) -> bytes:
    """What a turn of the loop prints; fewer tries than `signin` makes."""
    loop = pod.start("refresh", SIDECAR_SIGNIN_TIMEOUT="2s")
    eventually(lambda: "refresh.scheduled" in loop.output or loop.process.poll() is not None, "a turn")
    loop.stop()
    return raw_of(loop)


@pytest.mark.parametrize("format", share(FORMATS, 1))
def test_hostile_headers_are_told_in_print(pod: Pod, entra: Emulator, format: str) -> None:
    """Retry-After, Content-Type and a proxy's reason phrase, with all bytes that a header can carry."""
    pod.settings["SIDECAR_LOG_FORMAT"] = format
    for text in (C for C in TEXTS if not set("\r\n") & set(C)):
        value = text.encode("latin-1", errors="ignore").decode("latin-1")[:60_000]
        page = Response(503, b"busy", value, headers={"Retry-After": value})
        entra.faults.next("devicecode", lambda exchange, page=page: exchange.send(page))
        entra.faults.next("devicecode", lambda exchange, page=page: exchange.send(replace(page, status=200)))
    check(pod.run("signin", SIDECAR_SIGNIN_TIMEOUT="20s")[1].encode(), console=format == "console")


@pytest.mark.parametrize("format", share(FORMATS, 1))
def test_hostile_reason_of_a_proxy_is_told_in_print(pod: Pod, format: str) -> None:
    """What it says in the place of a tunnel."""
    pod.settings["SIDECAR_LOG_FORMAT"] = format
    phrases = cycle(text.encode("utf-8", "surrogatepass") for text in TEXTS)
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            while True:
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                with connection:
                    connection.recv(4096)
                    connection.sendall(b"HTTP/1.1 403 " + next(phrases)[:60_000] + b"\r\n\r\n")

        threading.Thread(target=refuse, daemon=True).start()
        proxy = f"http://127.0.0.1:{listener.getsockname()[1]}"
        code, output = pod.run("signin", HTTPS_PROXY=proxy, NO_PROXY="", no_proxy="")
    assert code == 69
    check(output.encode(), console=format == "console")


@pytest.mark.parametrize("format", share(FORMATS, 1))
def test_output_that_takes_only_ascii_loses_no_event(pod: Pod, entra: Emulator, format: str) -> None:
    """A name in another script is escaped where it cannot be encoded; the event is not left out."""
    pod.settings |= {"SIDECAR_LOG_FORMAT": format, "PYTHONIOENCODING": "ascii"}
    entra.policy.approve_after = 0
    named = Answer(mutate=lambda answer: with_claims(answer, preferred_username="Łukasz@contoso.example"))
    entra.faults.next("token:device_code", named)
    code, output = pod.run("signin")
    assert code == 0, output
    assert "signin.completed" in output
    code, output = pod.run("status")
    assert (code, "Traceback" in output) == (0, False)
    assert "ukasz@contoso.example" in output


def test_status_of_hostile_documents_is_printed(pod: Pod) -> None:
    """Whoever can write the token directory decides what is in it, and not what a terminal does."""
    generation = pod.tokens / "..2030_01_01_00_00_00.0"
    generation.mkdir()
    (pod.tokens / "..data").symlink_to(generation.name)
    for number, text in enumerate(TEXTS):
        raw = text.encode("utf-8", "surrogatepass").replace(b"\0", b"").replace(b"/", b"")[:200]
        folder = os.fsencode(generation) + b"/" + raw + str(number).encode()
        os.mkdir(folder)  # noqa: PTH102 # a Path cannot hold all of these
        odd: Any = [text, None, [], -(10**400), 1e400, True, {"a": text}][number % 7]
        document = {"access_token": "x", "expires_on": odd, "username": text, "scope": text}
        with open(folder + b"/token.json", "w") as file:  # noqa: PTH123
            json.dump(document, file)
    check_answers(pod, [("status",), ("status", "--json")])
