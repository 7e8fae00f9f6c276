"""The server of tls_echo_server.rs in Python: python3 tls_echo_server.py 127.0.0.1:10443 server.crt server.key ca.crt"""

import socket
import ssl
import sys
import threading


def echo(connection, address):
    try:
        # The handshake happens in the thread, so that a client that stalls it delays only itself.
        connection.settimeout(10)
        with context.wrap_socket(connection, server_side=True) as client:
            while data := client.recv(4096):
                client.sendall(data)
            client.unwrap()
    except OSError as error:
        print(f"{address}: {error}", file=sys.stderr)


address, certificate, key, *authority = sys.argv[1:]
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
context.load_cert_chain(certificate, key)
if authority:
    context.load_verify_locations(authority[0])
    context.verify_mode = ssl.CERT_REQUIRED
host, port = address.rsplit(":", 1)
with socket.create_server((host, int(port))) as listener:
    print("listening on %s:%d" % listener.getsockname(), file=sys.stderr, flush=True)
    while True:
        threading.Thread(target=echo, args=listener.accept(), daemon=True).start()
