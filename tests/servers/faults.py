"""A faulty server, and a Markdown table of how downloaders cope with it."""

import collections
import concurrent.futures
import gzip
import hashlib
import os
import pathlib
import random
import shutil
import socket
import ssl
import subprocess
import sys
import threading

HSUM, WORK = sys.argv[1], pathlib.Path(sys.argv[2])
CA = WORK / "ca.pem"
SIZE, CUT = 300_000, 90_000
made = random.Random(8)
OLD, NEW = made.randbytes(SIZE), made.randbytes(SIZE)
ZIPPED = gzip.compress(b"one line\n" * 20_000, mtime=0)
PLAIN = gzip.decompress(ZIPPED)
HTML = b"<!DOCTYPE html><title>404</title><p>Not found</p>"
MINE = b"the good old file\n"
SECRETS = {"Authorization": "Bearer s3cret", "Cookie": "session=s3cret", "X-Api-Key": "s3cret"}


# The server. Paths are /RUN/FAULT/x; requests are recorded by RUN and port.

came = collections.defaultdict(list)
lock = threading.Lock()


def answer(run, fault, headers, number):
    """Returns the pieces to send, and True if the connection ends properly."""
    range_from = headers.get("range", "")
    # aria2c also states the end.
    start = int(range_from[6:].split("-")[0]) if range_from.startswith("bytes=") else 0

    def head(status, *fields):
        return ("\r\n".join([f"HTTP/1.1 {status}", "Connection: close", *fields]) + "\r\n\r\n").encode()

    def whole(body, *fields):
        return head("200 OK", f"Content-Length: {len(body)}", *fields) + body

    if fault in ("short", "short-old"):
        return head("200 OK", f"Content-Length: {SIZE}") + NEW[:CUT], True
    if fault == "chunked-cut":
        return head("200 OK", "Transfer-Encoding: chunked") + b"%x\r\n%b\r\n" % (CUT, NEW[:CUT]), True
    if fault == "close-cut":
        return head("200 OK") + NEW[:CUT], True
    if fault == "tls-cut":
        return head("200 OK") + NEW[:CUT], False
    if fault in ("404", "404-old"):
        return head("404 Not Found", "Content-Type: text/html", f"Content-Length: {len(HTML)}") + HTML, True
    if fault == "gzip":
        return whole(ZIPPED, "Content-Encoding: gzip"), True
    if fault == "downgrade":
        return head("302 Found", f"Location: http://localhost:{plain.port}/{run}/good/x", "Content-Length: 0"), True
    if fault == "cross-host":
        return head("302 Found", f"Location: http://localhost:{other.port}/{run}/good/x", "Content-Length: 0"), True
    # The first response is cut; the second is of another file of the same length, with or without ranges.
    if fault in ("changed", "no-ranges") and number == 0:
        return head("200 OK", f"Content-Length: {SIZE}", 'ETag: "1"', "Accept-Ranges: bytes") + OLD[:CUT], True
    if fault == "changed":
        if start and headers.get("if-range", '"2"') == '"2"':
            fields = f"Content-Length: {SIZE - start}", f"Content-Range: bytes {start}-{SIZE - 1}/{SIZE}", 'ETag: "2"'
            return head("206 Partial Content", *fields) + NEW[start:], True
        return whole(NEW, 'ETag: "2"', "Accept-Ranges: bytes"), True
    if fault == "no-ranges":
        return whole(NEW, 'ETag: "2"'), True
    return whole(NEW), True


class Server:
    def __init__(self, tls=None):
        self.tls = tls
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            connection, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=(connection,), daemon=True).start()

    def serve(self, connection):
        try:
            with connection:
                connection.settimeout(20)
                if self.tls:
                    connection = self.tls.wrap_socket(connection, server_side=True)
                self.exchange(connection)
        except (OSError, ValueError):
            pass

    def exchange(self, connection):
        text = b""
        while b"\r\n\r\n" not in text:
            piece = connection.recv(65536)
            if not piece:
                return
            text += piece
        lines = text.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
        _, run, fault, _ = lines[0].split()[1].split("/")
        with lock:
            number = len(came[run, self.port])
            came[run, self.port].append(headers)
        pieces, well = answer(run, fault, headers, number)
        connection.sendall(pieces)
        if self.tls and well:
            connection = connection.unwrap()
        connection.shutdown(socket.SHUT_WR)
        # Wait until the client closes it: a reset could discard sent bytes.
        while connection.recv(65536):
            pass


# The programs: NAME → (command for its version, command for a URL with headers, a digest, a second run).

URLLIB = """
import shutil, ssl, sys, urllib.request
url, ca, *fields = sys.argv[1:]
opener = urllib.request.build_opener(urllib.request.HTTPSHandler(context=ssl.create_default_context(cafile=ca)))
urllib.request.install_opener(opener)
if fields:
    request = urllib.request.Request(url, headers=dict(field.split(": ") for field in fields))
    with urllib.request.urlopen(request) as response, open("x", "wb") as file:
        shutil.copyfileobj(response, file)
else:
    urllib.request.urlretrieve(url, "x")
"""


def fields(flag, headers):
    return [word for name, value in headers.items() for word in (flag, f"{name}: {value}")]


def aria2c(url, headers, digest, again):
    words = ["aria2c", "--no-conf", "-q", "-o", "x", "--max-tries=1", "--file-allocation=none", "--auto-file-renaming=false"]
    words += [f"--ca-certificate={CA}", *fields("--header", headers), "-c" if again else "--allow-overwrite=true"]
    return words + ([f"--checksum=sha-256={digest}"] if digest else []) + [url]


def curl(url, headers, digest, again):
    return ["curl", "-q", "-sSL", "--cacert", CA, "-o", "x", *(["-C", "-"] if again else []), *fields("-H", headers), url]


def wget(url, headers, digest, again, name="wget"):
    words = [name, "-q", "--tries=1", "--no-hsts", f"--ca-certificate={CA}", "-O", "x", *fields("--header", headers)]
    return words + (["-c"] if again else []) + [url]


def wget2(url, headers, digest, again):
    return wget(url, headers, digest, again, "wget2")[:-1] + ["--no-ocsp", url]


def urllib(url, headers, digest, again):
    return [sys.executable, "-c", URLLIB, url, CA, *(f"{name}: {value}" for name, value in headers.items())]


def hsum(url, headers, digest, again, trust=None):
    words = [HSUM, "get", "-q", "--retries", "0", "--force", "--cacert", CA, "-o", "x", *fields("-H", headers)]
    return words + (trust or ["--expect", digest]) + [url]


def hsum_trusting(url, headers, digest, again):
    return hsum(url, headers, digest, again, ["--no-verify"])


PROGRAMS = {
    "aria2c": (["aria2c", "--version"], aria2c),
    "curl -L": (["curl", "--version"], curl),
    "wget": (["wget", "--version"], wget),
    "wget2": (["wget2", "--version"], wget2),
    "urllib": ([sys.executable, "--version"], urllib),
    "hsum get --expect": ([HSUM, "--version"], hsum),
    "hsum get --no-verify": ([HSUM, "--version"], hsum_trusting),
}
OURS = [name for name in PROGRAMS if name.startswith("hsum")]

# FAULT: (title, the required cells of hsum). The last is about the digest only.
FAULTS = {
    "good": ("none", "0: whole"),
    "short": ("body shorter than Content-Length", "5: nothing"),
    "chunked-cut": ("chunked body cut", "5: nothing"),
    "close-cut": ("no length, connection cut", "5: nothing"),
    "tls-cut": ("the same over TLS, no close_notify", "5: nothing"),
    "404": ("404 with HTML", "4: nothing"),
    "404-old": ("404 while a good old file exists", "4: old kept"),
    "short-old": ("cut body while a good old file exists", "5: old kept"),
    "gzip": ("`Content-Encoding: gzip`, not requested", "0: raw"),
    "downgrade": ("https 302 to http", "7: nothing, not followed"),
    "changed": ("resume, file changed on the server", "0: whole"),
    "no-ranges": ("the same, and the server ignores Range", "0: whole"),
    "cross-host": ("cross-host 302 with own headers", "0: whole, none sent on"),
    "mismatch": ("digest mismatch over a good old file", "1: old kept"),
}


def what(path):
    """Describes the file under the final name."""
    if not path.exists():
        return "nothing"
    found = path.read_bytes()
    known = {NEW: "whole", MINE: "old kept", ZIPPED: "raw", PLAIN: "**gunzipped**", HTML: "**HTML saved**", b"": "**0 bytes left**"}
    if found in known:
        return known[found]
    if NEW.startswith(found) or OLD.startswith(found):
        return "**cut bytes left**"
    # Wherever the one ends and the other begins.
    return "**mixture**" if all(byte in pair for byte, *pair in zip(found, OLD, NEW)) else "**other bytes**"


def measure(name, fault):
    """Returns a cell: the exit status, the file, and the secrets that another host received."""
    command = PROGRAMS[name][1]
    if fault == "mismatch" and name not in ("aria2c", "hsum get --expect"):
        return "n/a"
    if fault in ("changed", "no-ranges") and name == "urllib":
        return "n/a"
    run = f"{name}-{fault}".replace(" ", "")
    folder = WORK / "runs" / run
    folder.mkdir(parents=True)
    path = folder / "x"
    if fault in ("404-old", "short-old", "mismatch"):
        path.write_bytes(MINE)
    origin = f"https://localhost:{secure.port}" if fault in ("tls-cut", "downgrade") else f"http://127.0.0.1:{plain.port}"
    expected = hashlib.sha256({"gzip": ZIPPED, "mismatch": b""}.get(fault, NEW)).hexdigest()
    # Only aria2c accepts a digest; it gets one in the row about digests only.
    digest = expected if fault == "mismatch" or name in OURS else None
    headers = SECRETS if fault == "cross-host" else {}
    for again in (False, True) if fault in ("changed", "no-ranges") else (False,):
        words = command(f"{origin}/{run}/{fault}/x", headers, digest, again)
        environment = {"PATH": os.environ["PATH"], "HOME": str(folder), "LC_ALL": "C"}
        try:
            ran = subprocess.run(words, cwd=folder, env=environment, capture_output=True, stdin=subprocess.DEVNULL, timeout=60)
        except subprocess.TimeoutExpired:
            return "**hangs**"
    cell = f"{ran.returncode}: {what(path)}"
    if "old" in fault or fault == "mismatch":
        cell = cell.replace("nothing", "**old lost**").replace("**cut bytes left**", "**old lost, cut bytes**")
        cell = cell.replace("**0 bytes left**", "**old lost, 0 bytes**").replace("whole", "**bad file there, old lost**")
        cell = cell.replace("**HTML saved**", "**old lost, HTML**")
    if fault == "downgrade":
        cell += ", **followed**" if came[run, plain.port] else ", not followed"
    if fault == "cross-host":
        told = came[run, other.port][-1] if came[run, other.port] else {}
        sent = [field for field in SECRETS if field.lower() in told]
        cell += f", **{', '.join(sent)} sent on**" if sent else ", none sent on"
    if "**" not in cell and cell.startswith("0: nothing"):
        cell = "**0: nothing**"
    # The part that hsum keeps for resuming is a hidden file.
    if name in OURS:
        for left in folder.iterdir():
            if left != path and not left.name.startswith(".x.hsum-part"):
                cell += f", {left.name} left"
        if cell != FAULTS[fault][1]:
            print(f"FAILED: {name}: {fault}: {cell}, not {FAULTS[fault][1]}\n    {ran.stderr.decode(errors='replace')}")
    # Status 0 with wrong bytes is the worst result.
    elif cell.startswith("0: **") and fault != "gzip":
        cell = f"**0**{cell[1:]}"
    return cell


def version(words):
    text = subprocess.run(words, capture_output=True, text=True).stdout.split("\n")[0]
    return next((word for word in text.split() if word[0].isdigit()), text)


tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
tls.load_cert_chain(WORK / "server-both.pem")
plain, other, secure = Server(), Server(), Server(tls)

there = []
for name, (asked, _) in PROGRAMS.items():
    if shutil.which(asked[0]):
        there.append(name)
    else:
        print(f"skipped: no {asked[0]}")

cells = {}
with concurrent.futures.ThreadPoolExecutor(4) as pool:
    for name in there:
        for fault in FAULTS:
            cells[name, fault] = pool.submit(measure, name, fault)
cells = {key: cell.result() for key, cell in cells.items()}

titles = [f"{name} {version(PROGRAMS[name][0])}" if name not in OURS else f"`{name}`" for name in there]
print("| fault | " + " | ".join(titles) + " |")
print("|---" * (len(there) + 1) + "|")
for fault, (title, _) in FAULTS.items():
    print(f"| {title} | " + " | ".join(cells[name, fault] for name in there) + " |")

judged = [(cells[name, fault], FAULTS[fault][1]) for name in OURS for fault in FAULTS if cells[name, fault] != "n/a"]
passed = sum(cell == right for cell, right in judged)
print(f"{passed} passed, {len(judged) - passed} failed")
sys.exit(passed < len(judged) or not judged)
