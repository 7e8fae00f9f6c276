"""The server of xmlrpc_server.rs in Python: python3 xmlrpc_server.py 127.0.0.1:10443 server.crt server.key ca.crt"""

import hashlib
import socketserver
import ssl
import sys
import xmlrpc.server


class SSLSimpleXMLRPCServer(socketserver.ThreadingMixIn, xmlrpc.server.SimpleXMLRPCServer):
    daemon_threads = True

    def __init__(self, address, context):
        self.context = context
        super().__init__(address, logRequests=False)

    def finish_request(self, request, address):
        # In the connection's thread, so that a client that stalls its handshake delays only itself.
        request.settimeout(10)
        with self.context.wrap_socket(request, server_side=True) as client:
            super().finish_request(client, address)

    def handle_error(self, request, address):
        print(f"{address}: {sys.exc_info()[1]}", file=sys.stderr)


address, certificate, key, authority = sys.argv[1:]
context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority)
context.verify_mode = ssl.CERT_REQUIRED
context.load_cert_chain(certificate, key)
host, port = address.rsplit(":", 1)
server = SSLSimpleXMLRPCServer((host, int(port)), context)
server.register_function(lambda a, b: a + b, "add")
server.register_function(lambda name, data: hashlib.new(name, data.data).hexdigest(), "digest")
server.register_introspection_functions()
print("listening on https://%s:%d/RPC2" % server.server_address, file=sys.stderr, flush=True)
server.serve_forever()
