"""Sends the file for the right query, form, header or cookie, and reports other requests."""

import http.server
import pathlib
import sys
import urllib.parse


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, status, body, fields=()):
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def judge(self, right, came):
        if right:
            self.answer(200, FILE)
        else:
            self.answer(400, repr(came).encode())

    def do_GET(self):
        url = urllib.parse.urlsplit(self.path)
        if url.path == "/find/a.iso":
            pairs = urllib.parse.parse_qsl(url.query, keep_blank_values=True)
            self.judge(pairs == [("name", "a & b"), ("lang", "de")], url.query)
        elif url.path == "/headers/a.iso":
            self.judge(self.headers["X-Token"] == "abc" and self.headers["Accept"] == "application/x-iso", self.headers.items())
        elif url.path == "/members/a.iso":
            cookies = (self.headers["Cookie"] or "").split("; ")
            self.judge("session=31d4d96e" in cookies, cookies)
        elif url.path == "/bearer/a.iso":
            self.judge(self.headers["Authorization"] == "Bearer opensesame", "no")
        else:
            self.answer(404, b"<!DOCTYPE html>")

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        kind = self.headers["Content-Type"] or ""
        if self.path == "/form/a.iso":
            pairs = urllib.parse.parse_qsl(body.decode(), keep_blank_values=True)
            right = kind == "application/x-www-form-urlencoded" and pairs == [("version", "1.0"), ("arch", "x86 64")]
            self.judge(right, body)
        elif self.path == "/upload/a.iso":
            right = kind.startswith("multipart/form-data; boundary=") and all(
                part in body
                for part in (b'name="title"\r\n\r\nA list\r\n', b'name="list"; filename="list.txt"\r\n', b"\r\n\r\none\ntwo\n\r\n--")
            )
            self.judge(right, body)
        elif self.path == "/login":
            pairs = urllib.parse.parse_qsl(body.decode())
            if pairs == [("user", "alice"), ("password", "opensesame")]:
                self.answer(200, b"welcome\n", [("Set-Cookie", "session=31d4d96e; Path=/members; HttpOnly")])
            else:
                self.answer(403, b"no\n")
        else:
            self.answer(404, b"<!DOCTYPE html>")


FILE = pathlib.Path(sys.argv[2], "a.iso").read_bytes()
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
