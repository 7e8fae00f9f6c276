"""The site of docs/course.md, with forms, cookies and passwords, and a proxy: on http.server, for tests only.

    python3 examples/course_site.py PORT          serves the files of this folder
    python3 examples/course_site.py --proxy PORT
"""

import base64
import hashlib
import http.server
import json
import pathlib
import re
import select
import socket
import sys
import threading
import urllib.parse
import urllib.request

USER, PASSWORD = "alice", "opensesame"
REALM, NONCE = "course", "dcd98b7102dd2f0e8b11d0f600bfb0c093"
BASIC = "Basic " + base64.b64encode(f"{USER}:{PASSWORD}".encode()).decode()


def listen(handler, port=0, context=None, **attributes):
    """Returns a server, with TLS if there is a context; it has the given attributes."""
    server = Server(("127.0.0.1", port), handler)
    vars(server).update(attributes, context=context, seen=[])
    return server


def start(handler, **options):
    """Starts a server in a thread, and returns it."""
    server = listen(handler, **options)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, request, address):
        """Prints nothing: many clients must fail here."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def setup(self):
        # In the connection's thread: a failed handshake ends that connection only.
        if self.server.context:
            self.request.settimeout(30)
            self.request = self.server.context.wrap_socket(self.request, server_side=True)
        super().setup()

    def log_message(self, *_):
        pass

    def answer(self, status, body, *fields):
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)


class Site(Handler):
    """Files, forms, cookies and passwords. `server.files` has the contents of the files by path."""

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        self.server.seen.append(self.headers)
        if url.path == "/form":
            return self.answer(200, describe(urllib.parse.parse_qsl(url.query)))
        if url.path == "/headers":
            return self.answer(200, json.dumps(dict(self.headers)).encode())
        if url.path.startswith("/members/") and "session=31d4d96e" not in (self.headers["Cookie"] or ""):
            return self.answer(403, b"log in first\n")
        if url.path.startswith("/basic/") and self.headers["Authorization"] != BASIC:
            return self.answer(401, b"", ("WWW-Authenticate", f'Basic realm="{REALM}"'))
        if url.path.startswith("/digest/") and not self.has_digest():
            challenge = f'Digest realm="{REALM}", qop="auth", algorithm=MD5, nonce="{NONCE}"'
            return self.answer(401, b"", ("WWW-Authenticate", challenge))
        body = self.server.files.get(url.path.rsplit("/", 1)[-1])
        self.answer(404, b"no such file\n") if body is None else self.answer(200, body)

    do_HEAD = do_GET

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path == "/form":
            boundary = re.fullmatch("multipart/form-data; boundary=(.*)", self.headers["Content-Type"])
            fields = multipart(body, boundary[1]) if boundary else urllib.parse.parse_qsl(body.decode())
            self.answer(200, describe(fields))
        elif self.path == "/login" and urllib.parse.parse_qsl(body.decode()) == [("user", USER), ("password", PASSWORD)]:
            self.answer(200, b"welcome\n", ("Set-Cookie", "session=31d4d96e; Path=/members; HttpOnly"))
        else:
            self.answer(403, b"no\n")

    def has_digest(self):
        """Verifies a response of RFC 7616, section 3.4.1."""
        scheme, _, text = (self.headers["Authorization"] or "").partition(" ")
        if scheme != "Digest":
            return False
        given = {name: quoted or bare for name, quoted, bare in re.findall(r'(\w+)=(?:"([^"]*)"|([^\s,]+))', text)}
        md5 = lambda *parts: hashlib.md5(":".join(parts).encode()).hexdigest()
        secret = md5(USER, REALM, PASSWORD)
        expected = md5(
            secret, NONCE, given.get("nc", ""), given.get("cnonce", ""), "auth", md5(self.command, self.path)
        )
        return (given.get("username"), given.get("uri"), given.get("response")) == (USER, self.path, expected)


class Proxy(Handler):
    """A proxy that requires a password if `server.credentials` is set."""

    def is_allowed(self):
        expected = self.server.credentials
        if not expected or self.headers["Proxy-Authorization"] == expected:
            self.server.seen.append(f"{self.command} {self.path}")
            return True
        self.answer(407, b"", ("Proxy-Authenticate", 'Basic realm="proxy"'))
        return False

    def do_GET(self):
        if self.is_allowed():
            # The proxy of the environment would be this one.
            direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
            with direct.open(self.path) as answer:
                self.answer(answer.status, answer.read())

    do_HEAD = do_GET

    def do_CONNECT(self):
        if not self.is_allowed():
            return
        host, port = self.path.rsplit(":", 1)
        with socket.create_connection((host, int(port))) as server:
            self.send_response(200)
            self.end_headers()
            ends = {self.connection: server, server: self.connection}
            while True:
                for source in select.select(list(ends), [], [], 30)[0] or [None]:
                    data = source and source.recv(65536)
                    if not data:
                        self.close_connection = True
                        return
                    ends[source].sendall(data)


def describe(fields):
    return "; ".join(f"{name}={value!r}" for name, value in fields).encode()


def multipart(body, boundary):
    """Returns the fields of RFC 7578; a file's value has its name and content."""
    fields = []
    for part in body.split(b"--" + boundary.encode())[1:-1]:
        head, _, value = part.removeprefix(b"\r\n").removesuffix(b"\r\n").partition(b"\r\n\r\n")
        name = re.search(rb' name="([^"]*)"', head)[1].decode()
        file = re.search(rb' filename="([^"]*)"', head)
        fields.append((name, (f"{file[1].decode()}: " if file else "") + value.decode()))
    return fields


def main():
    *option, port = sys.argv[1:]
    if option:
        listen(Proxy, int(port), credentials=None).serve_forever()
    files = {path.name: path.read_bytes() for path in pathlib.Path().iterdir() if path.is_file()}
    listen(Site, int(port), files=files).serve_forever()


if __name__ == "__main__":
    main()
