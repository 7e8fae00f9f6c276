"""The client of tls_client.rs in Python: echo hello | python3 tls_client.py localhost 10443 ca.crt client.crt client.key"""

import hashlib
import socket
import ssl
import sys

host, port, authority, *identity = sys.argv[1:]
# Verifies the certificate, and that it is the host's.
context = ssl.create_default_context(cafile=authority)
if identity:
    context.load_cert_chain(*identity)
with socket.create_connection((host, int(port)), timeout=30) as tcp, context.wrap_socket(tcp, server_hostname=host) as server:
    certificate = hashlib.sha256(server.getpeercert(binary_form=True)).hexdigest()
    print(f"{server.cipher()[0]}, certificate {certificate}", file=sys.stderr)
    answers = server.makefile("rb")
    for line in sys.stdin.buffer:
        server.sendall(line)
        answer = answers.readline()
        if not answer:
            sys.exit("the server closed the connection")
        sys.stdout.buffer.write(answer)
    server.unwrap()
