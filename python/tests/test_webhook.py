"""Signed requests, against signatures that hmac makes."""

import base64
import hmac
import time
from typing import Any

import hsum
import pytest

BODY = b'{"event": "push"}'
KEY = "It's a Secret to Everybody"
NOW = 1_700_000_000


def github(body: bytes = BODY, key: str = KEY) -> dict[str, str]:
    return {"x-hub-signature-256": "sha256=" + hmac.new(key.encode(), body, "sha256").hexdigest()}


def stripe(timestamp: int = NOW) -> dict[str, str]:
    tag = hmac.new(KEY.encode(), f"{timestamp}.".encode() + BODY, "sha256").hexdigest()
    return {"Stripe-Signature": f"t={timestamp},v1={tag}"}


def test_headers_of_any_type() -> None:
    [(name, value)] = github().items()
    for headers in (
        github(),
        [(name, value)],
        [(name.encode(), value.encode())],
        iter([("Other", "x"), (name.upper(), value)]),
    ):
        verified = hsum.verify_webhook("github", headers, BODY, KEY)
        assert (verified.scheme, verified.key_index, verified.timestamp) == ("github", 0, None)
        assert (verified.covers_body, verified.coverage, verified.id) == (True, "body", None)
        assert len(verified.replay_keys) == 1 and len(verified.replay_keys[0]) == 32
    for body in (bytearray(BODY), memoryview(BODY)):
        assert hsum.verify_webhook("github", github(), body, KEY.encode()).covers_body


def test_one_of_several_keys() -> None:
    verified = hsum.verify_webhook("github", github(), BODY, ["another key", KEY])
    assert verified.key_index == 1
    assert len(set(verified.replay_keys)) == 2


@pytest.mark.parametrize(
    ("headers", "body", "reason"),
    [
        (github(), BODY + b" ", "mismatch"),
        (github(key="forged"), BODY, "mismatch"),
        ({}, BODY, "missing-header"),
        ({"X-Hub-Signature-256": "sha256=00"}, BODY, "malformed"),
        ([*github().items(), *github(b"other").items()], BODY, "duplicate-header"),
    ],
)
def test_refusals(headers: dict[str, str], body: bytes, reason: str) -> None:
    with pytest.raises(hsum.BadSignature) as raised:
        hsum.verify_webhook("github", headers, body, KEY)
    assert raised.value.reason == reason
    expected = hmac.new(KEY.encode(), body, "sha256").hexdigest()
    for shown in (str(raised.value), repr(raised.value), repr(vars(raised.value))):
        assert expected not in shown
        assert KEY not in shown


def test_the_signed_time_must_be_near() -> None:
    for now in (NOW, NOW + 300, NOW - 300.0):
        verified = hsum.verify_webhook("stripe", stripe(), BODY, KEY, now=now)
        assert (verified.timestamp, verified.fresh_until) == (NOW, NOW + 300)
    refused: list[tuple[float | None, str]] = [(NOW + 301, "stale"), (NOW - 301, "future"), (None, "stale")]
    for late, reason in refused:
        with pytest.raises(hsum.BadSignature) as raised:
            hsum.verify_webhook("stripe", stripe(), BODY, KEY, now=late)
        assert raised.value.reason == reason
    assert hsum.verify_webhook("stripe", stripe(), BODY, KEY, now=NOW + 301, tolerance=301).timestamp == NOW
    assert hsum.verify_webhook("stripe", stripe(int(time.time())), BODY, KEY).covers_body


def test_keys_are_in_the_format_of_the_scheme() -> None:
    secret = b"0123456789abcdefghijklmn"
    signed = f"msg_1.{NOW}.".encode() + BODY
    tag = base64.b64encode(hmac.digest(secret, signed, "sha256")).decode()
    headers = {"webhook-id": "msg_1", "webhook-timestamp": str(NOW), "webhook-signature": f"v1,{tag}"}
    key = "whsec_" + base64.b64encode(secret).decode()
    verified = hsum.verify_webhook("standard-webhooks", headers, BODY, key, now=NOW)
    assert (verified.id, verified.coverage) == ("msg_1", "id, timestamp, body")
    with pytest.raises(ValueError, match="not base64") as raised:
        hsum.verify_webhook("standard-webhooks", headers, BODY, "whsec_!", now=NOW)
    assert "whsec_!" not in str(raised.value)


def test_schemes_that_sign_the_url_or_a_form() -> None:
    url, form = "https://example.org/hook", {"From": "+1", "Body": "hi"}
    signed = url + "".join(name + form[name] for name in sorted(form))
    tag = base64.b64encode(hmac.digest(KEY.encode(), signed.encode(), "sha1")).decode()
    body = b"From=%2B1&Body=hi"
    headers = {"X-Twilio-Signature": tag, "Content-Type": "application/x-www-form-urlencoded"}
    assert hsum.verify_webhook("twilio", headers, body, KEY, url=url, params=form).scheme == "twilio"
    with pytest.raises(hsum.BadSignature):
        hsum.verify_webhook("twilio", headers, body, KEY, url=url + "?", params=form.items())


def test_wrong_arguments() -> None:
    with pytest.raises(ValueError, match="unknown scheme .githup.; expected one of github, slack"):
        hsum.verify_webhook("githup", {}, b"", KEY)
    wrong_keys: list[str | list[str]] = [[], "", "line\n"]
    for keys in wrong_keys:
        with pytest.raises(ValueError):
            hsum.verify_webhook("github", github(), BODY, keys)
    for now in (-1, float("nan"), float("inf")):
        with pytest.raises(ValueError):
            hsum.verify_webhook("github", github(), BODY, KEY, now=now)
    wrong: list[tuple[Any, Any, Any]] = [
        ({"a": 1}, BODY, KEY),
        (1, BODY, KEY),
        (github(), "text", KEY),
        (github(), BODY, 1),
    ]
    for arguments in wrong:
        with pytest.raises(TypeError):
            hsum.verify_webhook("github", *arguments)
