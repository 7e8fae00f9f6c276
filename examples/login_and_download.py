"""The requests of login_and_download.rs in Python: PASSWORD=… python3 login_and_download.py SITE USER PATH SHA-256"""

import hashlib
import http.cookiejar
import os
import sys
import urllib.parse
import urllib.request

site, user, path, expected = sys.argv[1:]
# All requests of the opener share the jar.
opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar()))
fields = {"user": user, "password": os.environ["PASSWORD"]}
opener.open(urllib.parse.urljoin(site, "/login"), urllib.parse.urlencode(fields).encode()).close()

name = path.rsplit("/", 1)[-1]
with opener.open(urllib.parse.urljoin(site, path)) as answer, open(name + ".part", "wb") as part:
    while block := answer.read(65536):
        part.write(block)
with open(name + ".part", "rb") as part:
    if hashlib.file_digest(part, "sha256").hexdigest() != expected:
        os.unlink(name + ".part")
        sys.exit(f"{name}: the digest differs")
os.rename(name + ".part", name)
print(f"{name}: {os.path.getsize(name)} bytes, verified")
