"""The requests of forms.rs in Python: python3 forms.py http://127.0.0.1:8080/form"""

import sys
import urllib.parse
import urllib.request
import uuid

URL = sys.argv[1]
FIELDS = {"name": "a & b", "city": "Köln"}


def show(request):
    with urllib.request.urlopen(request) as answer:
        print(request.get_method(), answer.status, answer.read().decode().rstrip())


# A search: the fields are part of the URL, so that the page can be bookmarked.
show(urllib.request.Request(URL + "?" + urllib.parse.urlencode(FIELDS)))

# A change: the fields are the body.
show(urllib.request.Request(URL, data=urllib.parse.urlencode(FIELDS).encode()))

# An upload: each field and file is a part of the body, which urllib leaves to the caller.
boundary = uuid.uuid4().hex
parts = [f'Content-Disposition: form-data; name="{name}"\r\n\r\n{value}' for name, value in FIELDS.items()]
parts.append('Content-Disposition: form-data; name="list"; filename="list.txt"\r\nContent-Type: text/plain\r\n\r\none\ntwo\n')
body = "".join(f"--{boundary}\r\n{part}\r\n" for part in parts) + f"--{boundary}--\r\n"
headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
show(urllib.request.Request(URL, data=body.encode(), headers=headers))
