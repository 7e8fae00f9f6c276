"""Tests foreign implementations against hsum, in both directions."""

import base64
import hashlib
import hmac
import inspect
import json
import os
import subprocess
import sys
import time
from datetime import datetime, timezone
from urllib.parse import urlsplit

HSUM = os.environ["HSUM"]
TEXT_KEY = "8f742231b10e8888abcd99yyyzzz85a5-and-more-of-it-for-HS512-to-have-its-64"
WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
URL = "https://hooks.example.org/path/to?b=2&a=1%20x"
PARAMS = {"From": "+14158675309", "Body": "a b&c=ü", "Aa": ""}
BODIES = ['{"test": 2432232314}', '{"name":"Zoë ☃","n":[1,2]}', '{\r\n  "a": "b"\r\n}\n']
# Bodies that are not JSON.
RAW_BODIES = BODIES + ["", "plain\n", "\x00\x01"]

passed, failed, used, absent = 0, 0, set(), set()


def check(name, what, good, detail=""):
    global passed, failed
    if good:
        passed += 1
        used.add(name)
    else:
        failed += 1
        print(f"FAILED: {name}: {what}{': ' if detail else ''}{detail}")


def run(verb, scheme, settings, key, body, headers=None, url=None, params=None, extra=()):
    words = [HSUM, verb, "--scheme", scheme, "--key", "env:KEY", *settings, *extra]
    if url:
        words += ["--url", url]
    for name, value in (params or {}).items():
        words += ["--param", f"{name}={value}"]
    for name, value in (headers or {}).items():
        words += ["-H", f"{name}: {value}"]
    return subprocess.run(
        words, input=body.encode(), capture_output=True, env={**os.environ, "KEY": key}, timeout=60
    )


def sign(scheme, settings, key, body, **request):
    ran = run("sign", scheme, settings, key, body, extra=("--format", "json"), **request)
    if ran.returncode:
        raise RuntimeError(ran.stderr.decode())
    signed = json.loads(ran.stdout)
    return signed["headers"], signed["url"] or request.get("url")


def verified(scheme, settings, key, body, headers, **request):
    ran = run("verify-request", scheme, settings, key, body, headers=headers, **request)
    if ran.returncode not in (0, 1):
        raise RuntimeError(ran.stderr.decode())
    return ran.returncode == 0, ran.stdout.decode().strip()


def changed(body):
    for old, new in (("2432232314", "2432232315"), ("[1,2]", "[1,3]"), ('"b"', '"c"')):
        if old in body:
            return body.replace(old, new)
    return body + "x"


def both(name, scheme, key, theirs, *, settings=(), bodies=BODIES, url=None, params=None,
         given=None, detached_body=False):
    """Tests `theirs`, an object with sign(body) -> headers and verify(headers, body, url) -> bool."""
    for body in bodies:
        label = f"{scheme} {body!r:.30}"
        if hasattr(theirs, "sign"):
            try:
                headers = theirs.sign(body)
            except NotInstalled as error:
                absent.add(f"{name}: {error}")
                return
            except Unsupported:
                headers = None
            if headers is not None:
                sent_url = headers.pop(":url", url)
                extra = dict(url=sent_url, params=params)
                seen = "" if detached_body else body
                good, text = verified(scheme, settings, key, seen, headers, **extra)
                check(name, f"{label}: the package signs, hsum verifies", good, text)
                key2 = key[:-2] + ("A" if key[-2] != "A" else "B") + key[-1]
                good, _ = verified(scheme, settings, key2, seen, headers, **extra)
                check(name, f"{label}: hsum refuses another key", not good)
                if not params:
                    good, _ = verified(scheme, settings, key, changed(body), headers, **extra)
                    check(name, f"{label}: hsum refuses another body", not good)
        if hasattr(theirs, "verify"):
            headers, sent_url = sign(scheme, settings, key, body, url=url, params=params, headers=given)
            everything = {**(given or {}), **headers}
            try:
                check(name, f"{label}: hsum signs, the package verifies", theirs.verify(everything, body, sent_url))
            except NotInstalled as error:
                absent.add(f"{name}: {error}")
                return
            except Unsupported:
                continue
            except Exception as error:
                check(name, f"{label}: hsum signs, the package verifies", False, repr(error))
            if not params and not detached_body:
                try:
                    good = theirs.verify(everything, changed(body), sent_url)
                except Exception:
                    good = False
                check(name, f"{label}: the package refuses another body", not good)


class NotInstalled(Exception):
    """The package is not installed."""


class Unsupported(Exception):
    """The package lacks this function."""


class Functions:
    """An implementation by two functions."""

    def __init__(self, sign=None, verify=None):
        if sign:
            self.sign = sign
        if verify:
            self.verify = verify


def package(name):
    """Runs a section if its package can be imported."""

    def decorate(section):
        try:
            section()
        except ImportError as error:
            absent.add(f"{name}: {error}")

    return decorate


# Python's own hmac.

def python(scheme, key, name, content, prefix="", encode=lambda mac: mac.hex(), digest="sha256",
           more=None, url=None, settings=(), mac_key=None):
    def mac(body, time):
        return encode(hmac.digest((mac_key or key.encode()), content(body, time), digest))

    def make(body):
        now = str(int(time.time()))
        headers = {k: v.format(time=now) for k, v in (more or {}).items()}
        headers[name] = prefix.format(time=now) + mac(body, now)
        return headers

    def verify(headers, body, _):
        found = headers[name]
        stamp = next((headers[k] for k in (more or {})), "")
        if "{time}" in prefix:
            stamp = found.split("=", 1)[1].split(";")[0].split(",")[0]
        return hmac.compare_digest(found, prefix.format(time=stamp) + mac(body, stamp))

    both("Python hmac", scheme, key, Functions(make, verify), bodies=RAW_BODIES, url=url, settings=settings)


def b64(data):
    return base64.b64encode(data).decode()


def body_only(body, _):
    return body.encode()


python("github", TEXT_KEY, "X-Hub-Signature-256", body_only, "sha256=")
python("dropbox", TEXT_KEY, "X-Dropbox-Signature", body_only)
python("shopify", TEXT_KEY, "X-Shopify-Hmac-SHA256", body_only, encode=b64)
python("square", TEXT_KEY, "x-square-hmacsha256-signature", lambda b, t: (URL + b).encode(), encode=b64, url=URL)
python("slack", TEXT_KEY, "X-Slack-Signature", lambda b, t: f"v0:{t}:{b}".encode(), "v0=",
       more={"X-Slack-Request-Timestamp": "{time}"})
python("zoom", TEXT_KEY, "x-zm-signature", lambda b, t: f"v0:{t}:{b}".encode(), "v0=",
       more={"x-zm-request-timestamp": "{time}"})
python("paddle", TEXT_KEY, "Paddle-Signature", lambda b, t: f"{t}:{b}".encode(), "ts={time};h1=")
python("raw", TEXT_KEY, "X-Signature", body_only, "sha512=", encode=b64, digest="sha512",
       settings=("--alg", "sha512", "--encoding", "base64", "--prefix", "sha512="))


def webhook_of(name, Webhook, scheme, prefix):
    def make(body):
        now = datetime.now(tz=timezone.utc)
        return {
            f"{prefix}-id": "msg_1",
            f"{prefix}-timestamp": str(int(now.timestamp())),
            f"{prefix}-signature": Webhook(WHSEC).sign("msg_1", now, body),
        }

    def verify(headers, body, _):
        Webhook(WHSEC).verify(body, headers)
        return True

    both(name, scheme, WHSEC, Functions(make, verify))


@package("standardwebhooks (PyPI)")
def _():
    from standardwebhooks.webhooks import Webhook
    webhook_of("standardwebhooks (PyPI)", Webhook, "standard-webhooks", "webhook")
    webhook_of("standardwebhooks (PyPI)", Webhook, "gitlab", "webhook")


@package("svix (PyPI)")
def _():
    from svix.webhooks import Webhook
    webhook_of("svix (PyPI)", Webhook, "svix", "svix")


@package("stripe (PyPI)")
def _():
    import stripe

    def make(body):
        now = int(time.time())
        mac = stripe.WebhookSignature._compute_signature(f"{now}.{body}", WHSEC)
        return {"Stripe-Signature": f"t={now},v1={mac}"}

    def verify(headers, body, _):
        return stripe.WebhookSignature.verify_header(body, headers["Stripe-Signature"], WHSEC, 300)

    both("stripe (PyPI)", "stripe", WHSEC, Functions(make, verify))


@package("slack-sdk (PyPI)")
def _():
    from slack_sdk.signature import SignatureVerifier

    def make(body):
        now = str(int(time.time()))
        signature = SignatureVerifier(TEXT_KEY).generate_signature(timestamp=now, body=body)
        return {"X-Slack-Request-Timestamp": now, "X-Slack-Signature": signature}

    def verify(headers, body, _):
        return SignatureVerifier(TEXT_KEY).is_valid_request(body, headers)

    both("slack-sdk (PyPI)", "slack", TEXT_KEY, Functions(make, verify))


@package("twilio (PyPI)")
def _():
    from twilio.request_validator import RequestValidator

    validator = RequestValidator(TEXT_KEY)

    def make(body):
        return {"X-Twilio-Signature": validator.compute_signature(URL, PARAMS)}

    def verify(headers, body, url):
        return validator.validate(url, PARAMS, headers["X-Twilio-Signature"])

    both("twilio (PyPI)", "twilio", TEXT_KEY, Functions(make, verify), bodies=BODIES[:1], url=URL, params=PARAMS)

    def make_json(body):
        url = f"{URL}&bodySHA256={hashlib.sha256(body.encode()).hexdigest()}"
        return {":url": url, "X-Twilio-Signature": validator.compute_signature(url, {})}

    def verify_json(headers, body, url):
        return validator.validate(url, body, headers["X-Twilio-Signature"])

    both("twilio (PyPI)", "twilio", TEXT_KEY, Functions(make_json, verify_json), url=URL)


@package("squareup (PyPI)")
def _():
    try:
        from square.utils.webhooks_helper import verify_signature as check_signature
    except ImportError:
        from square.utilities.webhooks_helper import is_valid_webhook_event_signature

        def check_signature(request_body, signature_header, signature_key, notification_url):
            return is_valid_webhook_event_signature(
                request_body, signature_header, signature_key, notification_url)

    def verify(headers, body, url):
        return check_signature(
            request_body=body, signature_header=headers["x-square-hmacsha256-signature"],
            signature_key=TEXT_KEY, notification_url=url)

    both("squareup (PyPI)", "square", TEXT_KEY, Functions(verify=verify), url=URL)


@package("botocore (PyPI)")
def _():
    from botocore.auth import S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth, SigV4QueryAuth
    from botocore.awsrequest import AWSRequest
    from botocore.credentials import Credentials

    credentials = Credentials("AKID", TEXT_KEY)
    aws = ("--region", "us-east-1", "--access-key-id", "AKID")
    hooks = "https://hooks.example.org/path/to/%20x//y/?b=2&a=1%20x&empty="
    for cls, service, more in [
        (SigV4Auth, "execute-api", ()), (S3SigV4Auth, "s3", ()),
    ]:
        def make(body, cls=cls, service=service):
            request = AWSRequest("POST", hooks, headers={"Content-Type": "text/plain"}, data=body.encode())
            cls(credentials, service, "us-east-1").add_auth(request)
            return {**dict(request.headers.items()), "Host": "hooks.example.org"}

        def verify(headers, body, url, cls=cls, service=service):
            headers = dict(headers)
            authorization = headers.pop("Authorization")
            request = AWSRequest("POST", hooks, headers=headers, data=body.encode())
            request.context["timestamp"] = headers["X-Amz-Date"]
            auth = cls(credentials, service, "us-east-1")
            text = auth.string_to_sign(request, auth.canonical_request(request))
            # botocore trusts this header; S3 compares it.
            shown = headers.get("X-Amz-Content-SHA256", hashlib.sha256(body.encode()).hexdigest())
            if shown != hashlib.sha256(body.encode()).hexdigest():
                return False
            return authorization.endswith("Signature=" + auth.signature(text, request))

        both("botocore (PyPI)", "sigv4", TEXT_KEY, Functions(make, verify), url=hooks,
             settings=(*aws, "--service", service), given={"Content-Type": "text/plain"})
    for cls, service in [(SigV4QueryAuth, "execute-api"), (S3SigV4QueryAuth, "s3")]:
        def make(body, cls=cls, service=service):
            request = AWSRequest("POST", hooks, data=body.encode())
            cls(credentials, service, "us-east-1", expires=60).add_auth(request)
            return {":url": request.url}

        # botocore moves a body into the query before it presigns.
        both("botocore (PyPI)", "sigv4", TEXT_KEY, Functions(make), url=hooks, bodies=[""],
             settings=(*aws, "--service", service, "--presign", "60"))


@package("PyJWT (PyPI)")
def _():
    import jwt
    from jwt.api_jws import PyJWS

    for alg in ("HS256", "HS384", "HS512"):
        def make(body, alg=alg):
            return {"Authorization": "Bearer " + PyJWS().encode(body.encode(), TEXT_KEY, algorithm=alg)}

        def verify(headers, body, _, alg=alg):
            token = headers["Authorization"].removeprefix("Bearer ")
            good = PyJWS().decode(token, TEXT_KEY, algorithms=[alg]) == body.encode()
            return good and jwt.decode(token, TEXT_KEY, algorithms=[alg]) == json.loads(body)

        both("PyJWT (PyPI)", "jws", TEXT_KEY, Functions(make, verify), settings=("--alg", alg))


@package("http-message-signatures (PyPI)")
def _():
    import requests
    from http_message_signatures import (
        HTTPMessageSigner, HTTPMessageVerifier, HTTPSignatureKeyResolver, algorithms)

    class Keys(HTTPSignatureKeyResolver):
        def resolve_private_key(self, key_id):
            return TEXT_KEY.encode()

        resolve_public_key = resolve_private_key

    covered = ("@method", "@authority", "@target-uri", "@path", "@query", "content-digest")

    def make(body):
        request = requests.Request("POST", URL, data=body.encode()).prepare()
        digest = b64(hashlib.sha256(body.encode()).digest())
        request.headers["Content-Digest"] = f"sha-256=:{digest}:"
        signer = HTTPMessageSigner(signature_algorithm=algorithms.HMAC_SHA256, key_resolver=Keys())
        words = {"use_existing_digest": True}
        if "use_existing_digest" not in inspect.signature(signer.sign).parameters:
            words = {}
        signer.sign(request, key_id="k1", covered_component_ids=covered, label="sig1", **words)
        names = ("Content-Digest", "Signature-Input", "Signature")
        return {name: request.headers[name] for name in names}

    def verify(headers, body, url):
        request = requests.Request("POST", url, data=body.encode(), headers=headers).prepare()
        verifier = HTTPMessageVerifier(signature_algorithm=algorithms.HMAC_SHA256, key_resolver=Keys())
        results = verifier.verify(request)
        digest = b64(hashlib.sha256(body.encode()).digest())
        return len(results) == 1 and headers["Content-Digest"] == f"sha-256=:{digest}:"

    both("http-message-signatures (PyPI)", "rfc9421", TEXT_KEY, Functions(make, verify), url=URL,
         settings=("--cover", ",".join(covered), "--keyid", "k1"))


# The npm packages, in one process.

try:
    node = subprocess.Popen(["node", "foreign.mjs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
except FileNotFoundError:
    node = None
    absent.add("npm packages: no node")


class Npm:
    def __init__(self, package, key, **more):
        self.request = {"package": package, "key": key, **more}

    def ask(self, **more):
        node.stdin.write(json.dumps({**self.request, **more}) + "\n")
        node.stdin.flush()
        answer = json.loads(node.stdout.readline())
        if answer.get("missing"):
            raise Unsupported()
        if answer.get("absent"):
            raise NotInstalled(answer["error"])
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["value"]

    def sign(self, body):
        return self.ask(op="sign", text=body)

    def verify(self, headers, body, url):
        return self.ask(op="verify", text=body, headers=headers, **({"url": url} if url else {}))


if node:
    both("standardwebhooks (npm)", "standard-webhooks", WHSEC, Npm("standardwebhooks", WHSEC))
    both("svix (npm)", "svix", WHSEC, Npm("svix", WHSEC))
    both("stripe (npm)", "stripe", WHSEC, Npm("stripe", WHSEC))
    both("@slack/bolt (npm)", "slack", TEXT_KEY, Npm("@slack/bolt", TEXT_KEY))
    both("@octokit/webhooks-methods (npm)", "github", TEXT_KEY, Npm("@octokit/webhooks-methods", TEXT_KEY))
    both("twilio (npm)", "twilio", TEXT_KEY, Npm("twilio", TEXT_KEY, url=URL, params=PARAMS),
         bodies=BODIES[:1], url=URL, params=PARAMS)
    for alg in ("HS256", "HS384", "HS512"):
        jws = ("--alg", alg)
        both("jsonwebtoken (npm)", "jws", TEXT_KEY, Npm("jsonwebtoken", TEXT_KEY, alg=alg), settings=jws)
        both("jose (npm)", "jws", TEXT_KEY, Npm("jose", TEXT_KEY, alg=alg), settings=jws)
    aws = ("--region", "us-east-1", "--service", "execute-api", "--access-key-id", "AKID")
    for body in BODIES:
        given = {
            "Host": urlsplit(URL).netloc,
            "Content-Type": "application/json",
            "Content-Length": str(len(body.encode())),
        }
        both("aws4 (npm)", "sigv4", TEXT_KEY, Npm("aws4", TEXT_KEY, url=URL, headers=given),
             bodies=[body], url=URL, settings=aws, given=given)
    both("square (npm)", "square", TEXT_KEY, Npm("square", TEXT_KEY), url=URL)
    node.stdin.close()
    node.wait(timeout=30)

for name in sorted(absent):
    print(f"skipped: {name}")
print(f"{len(used)} foreign implementations: {', '.join(sorted(used))}")
print(f"{passed} passed, {failed} failed")
sys.exit(1 if failed else 0)
