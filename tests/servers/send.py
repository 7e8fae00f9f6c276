"""Servers that record requests, which Python's hmac and hashlib verify."""

import base64
import hashlib
import hmac
import http.client
import http.server
import os
import pathlib
import re
import ssl
import subprocess
import sys
import threading
import time
import types
import urllib.parse

HSUM, WORK = sys.argv[1], pathlib.Path(sys.argv[2])
CA = str(WORK / "ca.pem")
KEY = "a s3cret key of thirty-two bytes or so"
WHSEC = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"name":"Zo\xc3\xab",\r\n "raw":"\xff\x00"}\n\n'
SIGV4 = ["sigv4", "--region", "eu-central-1", "--service", "s3", "--access-key-id", "AKID"]
passed = failed = 0
leaks = []


def check(what, good, detail=""):
    global passed, failed
    if good:
        passed += 1
    else:
        failed += 1
        print(f"FAILED: {what}\n    {detail}")


# The verifiers.

def mac(key, text, kind="sha256"):
    return hmac.new(key, text, kind)


def github(request):
    sent = request.headers["X-Hub-Signature-256"] or ""
    return hmac.compare_digest(sent, "sha256=" + mac(KEY.encode(), request.body).hexdigest())


def stripe(request):
    fields = dict(field.split("=", 1) for field in (request.headers["Stripe-Signature"] or "t=0,v1=").split(","))
    right = mac(KEY.encode(), fields["t"].encode() + b"." + request.body).hexdigest()
    return abs(time.time() - int(fields["t"])) < 60 and hmac.compare_digest(fields["v1"], right)


def webhooks(request):
    ident, at, sent = (request.headers[f"Webhook-{name}"] or "0" for name in ("Id", "Timestamp", "Signature"))
    text = f"{ident}.{at}.".encode() + request.body
    right = "v1," + base64.b64encode(mac(base64.b64decode(WHSEC[6:]), text).digest()).decode()
    return abs(time.time() - int(at)) < 60 and hmac.compare_digest(sent, right)


def sigv4(request):
    """Verifies AWS Signature Version 4 in the Authorization header, as S3 does."""
    form = r"AWS4-HMAC-SHA256 Credential=AKID/(\d+)/eu-central-1/s3/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})"
    found = re.fullmatch(form, request.headers["Authorization"] or "")
    if not found:
        return False
    day, names, sent = found.groups()
    at = request.headers["X-Amz-Date"]
    names = names.split(";")
    path, _, query = request.path.partition("?")
    quote = lambda text: urllib.parse.quote(text, safe="-_.~")
    pairs = sorted((quote(n), quote(v)) for n, v in urllib.parse.parse_qsl(query, keep_blank_values=True))
    digest = hashlib.sha256(request.body).hexdigest()
    lines = [request.command, urllib.parse.quote(urllib.parse.unquote(path), safe="/-_.~"), "&".join(map("=".join, pairs))]
    lines += [f"{name}:{' '.join(request.headers[name].split())}" for name in names] + ["", ";".join(names), digest]
    scope = f"{day}/eu-central-1/s3/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", at, scope, hashlib.sha256("\n".join(lines).encode()).hexdigest()])
    key = b"AWS4" + KEY.encode()
    for part in scope.split("/"):
        key = mac(key, part.encode()).digest()
    covers = {"host", "x-amz-date", "x-amz-content-sha256"} <= set(names) and at.startswith(day)
    return covers and request.headers["X-Amz-Content-SHA256"] == digest and hmac.compare_digest(sent, mac(key, text.encode()).hexdigest())


JUDGES = {"github": github, "stripe": stripe, "standard-webhooks": webhooks, "sigv4": sigv4}


# The servers.

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body=b"", fields=()):
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def do(self):
        self.body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        # A copy: the handler serves the next request of the connection too.
        seen = types.SimpleNamespace(command=self.command, path=self.path, headers=self.headers, body=self.body)
        self.server.seen.append(seen)
        path = self.path.split("?")[0]
        word = path.split("/")[-1]
        if path.startswith("/judge/"):
            right = JUDGES[word](self)
            self.answer(200 if right else 401, b"welcome\n" if right else b"forged\n")
        elif path.startswith("/status/"):
            self.answer(int(word), b"words\n")
        elif path == "/same":
            self.answer(307, fields=[("Location", "/judge/sigv4")])
        elif path == "/away":
            self.answer(307, fields=[("Location", f"{elsewhere}/judge/sigv4")])
        elif path == "/login":
            self.answer(200, b"welcome\n", [("Set-Cookie", "session=31d4d96e; Path=/")])
        elif path == "/members":
            self.answer(200 if self.headers["Cookie"] == "session=31d4d96e" else 403)
        elif path == "/basic":
            right = self.headers["Authorization"] == "Basic " + base64.b64encode(b"alice:opensesame").decode()
            self.answer(200 if right else 401, fields=[] if right else [("WWW-Authenticate", 'Basic realm="r"')])
        elif path == "/digest":
            right = self.digest()
            ask = 'Digest realm="r", nonce="n0nce", qop="auth", algorithm=SHA-256'
            self.answer(200 if right else 401, fields=[] if right else [("WWW-Authenticate", ask)])
        elif path == "/s3/a.iso":
            self.answer(*((200, FILE) if sigv4(self) else (403, b"<Error>SignatureDoesNotMatch</Error>")))
        else:
            self.answer(404)

    do_GET = do_POST = do_PUT = do_DELETE = do

    def digest(self):
        """Returns True if the request answers the digest challenge (RFC 7616, section 3.4.1)."""
        sent = dict(re.findall(r'(\w+)="?([^",]+)', self.headers["Authorization"] or ""))
        hashed = lambda text: hashlib.sha256(text.encode()).hexdigest()
        first, second = hashed("alice:r:opensesame"), hashed(f"{self.command}:{self.path}")
        middle = ":".join(sent.get(name, "") for name in ("nonce", "nc", "cnonce", "qop"))
        return sent.get("response") == hashed(f"{first}:{middle}:{second}")


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_):
        """Ignores failed handshakes, which the tests cause."""


def server(tls=None):
    made = Server(("127.0.0.1", 0), Handler)
    made.seen = []
    if tls:
        # The thread of the connection does the handshake.
        made.socket = tls.wrap_socket(made.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    return made, f"http{'s' if tls else ''}://localhost:{made.server_address[1]}"


def context(clients=False):
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(WORK / "server-both.pem")
    if clients:
        tls.load_verify_locations(CA)
        tls.verify_mode = ssl.CERT_REQUIRED
    return tls


def hsum(*words, stdin=BODY, **environment):
    environment = {"PATH": os.environ["PATH"], "KEY": KEY, "WHSEC": WHSEC, "PASSWORD": "opensesame", **environment}
    ran = subprocess.run([HSUM, *map(str, words)], input=stdin, env=environment, cwd=WORK, capture_output=True, timeout=60)
    said = (ran.stdout + ran.stderr).decode(errors="replace")
    leaks.extend(said for secret in (KEY, WHSEC, "opensesame") if secret in said)
    return ran


def send(*words, **more):
    return hsum("send", "--cacert", CA, "--retry-delay", "0.01", *words, **more)


def signing(scheme):
    return ["--sign", *(SIGV4 if scheme == "sigv4" else [scheme]), "--key", "env:WHSEC" if scheme == "standard-webhooks" else "env:KEY"]


def verify(request, scheme, body=None):
    """Returns the status of `hsum verify-request`."""
    lines = [f"{request.command} {request.path} HTTP/1.1", *(f"{n}: {v}" for n, v in request.headers.items()), "", ""]
    (WORK / "request").write_bytes("\r\n".join(lines).encode() + (request.body if body is None else body))
    words = ["--scheme" if word == "--sign" else word for word in signing(scheme)]
    return hsum("verify-request", *words, "--http", "request").returncode


FILE = (WORK / "files/a.iso").read_bytes()
FILE_DIGEST = hashlib.sha256(FILE).hexdigest()
(WORK / "body").write_bytes(BODY)
(own, url), (other, elsewhere), (plain, plainly), (strict, strictly) = server(context()), server(context()), server(), server(context(True))

for scheme in JUDGES:
    for words, stdin, body in (["body"], b"", BODY), (["-"], BODY, BODY), (["-"], b"", b""):
        own.seen.clear()
        ran = send(*signing(scheme), f"{url}/judge/{scheme}?a=1&b=%20x", *words, stdin=stdin)
        request = own.seen[0]
        check(f"{scheme}: Python takes it", (ran.returncode, ran.stdout) == (0, b"welcome\n"), ran)
        check(f"{scheme}: what was signed is what came", request.body == body, request.body)
        check(f"{scheme}: hsum verify-request takes it", verify(request, scheme) == 0)
        check(f"{scheme}: hsum verify-request refuses a byte more", verify(request, scheme, body + b"x") == 1)
    key = "env:OTHER"
    ran = send(*signing(scheme)[:-1], key, f"{url}/judge/{scheme}", "body", OTHER="whsec_" + "A" * 32)
    check(f"{scheme}: under another key it is a forgery", (ran.returncode, ran.stdout) == (4, b"forged\n"), ran)
    ran = send(f"{url}/judge/{scheme}", "body")
    check(f"{scheme}: so it is without a signature", ran.returncode == 4, ran)

for kind, words in ("form", ["--data", "a=1 2", "--data", "b=@body"]), ("multipart", ["--form", "f=@body"]), ("query", ["--query", "q=a&b c", "-X", "PUT"]):
    (WORK / "body").write_bytes(b"text" if kind == "form" else BODY)
    ran = send(*signing("sigv4"), f"{url}/judge/sigv4", *words)
    check(f"a {kind} is signed", ran.returncode == 0, ran)
(WORK / "body").write_bytes(BODY)

for status, code in (200, 0), (201, 0), (204, 0), (300, 3), (400, 4), (404, 4), (500, 5), (503, 5):
    ran = send("--retries", "0", f"{url}/status/{status}", "body")
    check(f"{status} ends with {code}", ran.returncode == code, ran)
check("nobody there ends with 1", send("https://localhost:1/", "body").returncode == 1)
check("a certificate that is not trusted ends with 1", hsum("send", f"{url}/status/200", "body", SSL_CERT_FILE="/dev/null").returncode == 1)

own.seen.clear()
ran = send(*signing("sigv4"), f"{url}/same", "body")
check("a redirect to the same origin is signed anew", (ran.returncode, ran.stdout) == (0, b"welcome\n"), ran)
check("both are good", [verify(request, "sigv4") for request in own.seen] == [0, 0])
for scheme in JUDGES:
    own.seen.clear(), other.seen.clear()
    ran = send(*signing(scheme), f"{url}/away", "body", "-H", "X-Token: t0k", "-H", "Cookie: a=b")
    told = {name.lower() for name in other.seen[0].headers}
    check(f"{scheme}: the first server is told", {"x-token", "cookie"} < {name.lower() for name in own.seen[0].headers})
    check(f"{scheme}: another origin is told nothing", told <= {"host", "user-agent", "accept", "accept-encoding", "content-length"}, told)

ran = send("--cookie-jar", "jar", f"{url}/login", "body")
check("a login", ran.returncode == 0, ran)
check("leaves a cookie for the next", send("--cookie-jar", "jar", f"{url}/members", "body").returncode == 0)
who = ["-u", "alice", "--password", "env:PASSWORD"]
for way in "basic", "digest":
    own.seen.clear()
    ran = send(*signing("github"), *who, f"{url}/{way}?a=b", "body")
    check(f"{way} authentication", ran.returncode == 0, ran)
    check(f"{way}: both requests are signed", [github(request) for request in own.seen] == [True, True])
    ran = send(*who[:2], "--password", "env:WRONG", f"{url}/{way}", "body", WRONG="wrong")
    check(f"{way}: a wrong password ends with 4", ran.returncode == 4, ran)
check("without a client certificate there is no answer", send(f"{strictly}/judge/github", "body").returncode == 1)
ran = send(*signing("github"), "--cert", "client.pem", "--cert-key", "client-key.pem", f"{strictly}/judge/github", "body")
check("with one there is", ran.returncode == 0, ran)

for name, proxy in ("a proxy", os.environ["PROXY"]), ("a proxy with a password", os.environ["PROXY_AUTH"].replace("//", "//alice:opensesame@")):
    if not proxy:
        print(f"skipped: {name}: no squid")
        continue
    for scheme in "http", "https":
        to = plainly if scheme == "http" else url
        ran = send(*signing("sigv4"), f"{to}/judge/sigv4", "body", **{f"{scheme}_proxy": proxy})
        check(f"{name} on the way to {scheme}", ran.returncode == 0, ran)
if os.environ["PROXY_AUTH"]:
    ran = send("--proxy", os.environ["PROXY_AUTH"], f"{url}/status/200", "body")
    check("without the password the proxy refuses", ran.returncode == 4 and b"407" in ran.stderr, ran)

# A store that requires signed requests.
own.seen.clear()
ran = hsum("get", "--cacert", CA, *signing("sigv4"), "--expect", FILE_DIGEST, f"{url}/s3/a.iso")
check("get --sign sigv4", ran.returncode == 0 and (WORK / "a.iso").read_bytes() == FILE, ran)
check("get: hsum verify-request takes it", verify(own.seen[0], "sigv4") == 0)
(WORK / "a.iso").unlink(missing_ok=True)
ran = hsum("get", "--cacert", CA, *signing("sigv4")[:-1], "env:WHSEC", "--expect", FILE_DIGEST, f"{url}/s3/a.iso")
check("get: a forgery gets nothing", ran.returncode == 4 and not (WORK / "a.iso").exists(), ran)

if os.environ["WEBHOOKS"]:
    hook = os.environ["WEBHOOKS"] + "/hook"
    ran = send(*signing("standard-webhooks"), "--id", "msg_7", hook, "body")
    check("axum takes it", (ran.returncode, ran.stdout) == (0, b"msg_7: %d bytes\n" % len(BODY)), ran)
    ran = send("--sign", "standard-webhooks", "--key", "env:OTHER", hook, "body", OTHER="whsec_" + "A" * 32)
    check("axum refuses another key", (ran.returncode, ran.stdout) == (4, b"mismatch"), ran)
    ran = send(hook, "body")
    check("axum refuses what is not signed", (ran.returncode, ran.stdout) == (4, b"missing-header"), ran)
    # The request that Python recorded is forwarded to axum.
    own.seen.clear()
    send(*signing("standard-webhooks"), f"{url}/judge/standard-webhooks", "body")
    headers = {name: value for name, value in own.seen[0].headers.items() if name.lower().startswith("webhook-")}
    told = []
    for body in BODY + b"x", BODY, BODY:
        connection = http.client.HTTPConnection(urllib.parse.urlsplit(hook).netloc)
        connection.request("POST", "/hook", body, headers)
        response = connection.getresponse()
        told.append((response.status, response.read()))
    check("axum refuses a forged body", told[0] == (401, b"mismatch"), told)
    check("axum takes the right one once", told[1][0] == 200 and told[2] == (401, b"replay"), told)
else:
    print("skipped: no webhook_server; cargo build --features http --example webhook_server")

check("no key and no password in anything that was printed", not leaks, leaks)
print(f"{passed} passed, {failed} failed")
sys.exit(failed > 0)
