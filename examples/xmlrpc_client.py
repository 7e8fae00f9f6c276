"""A client of xmlrpc_server.rs and xmlrpc_server.py: python3 xmlrpc_client.py URL ca.crt client.crt client.key

'hsum rpc --cacert ca.crt --cert client.crt --key client.key URL add int:2 int:3' is the same.
"""

import ssl
import sys
import xmlrpc.client

url, authority, certificate, key = sys.argv[1:]
context = ssl.create_default_context(cafile=authority)
context.load_cert_chain(certificate, key)
with xmlrpc.client.ServerProxy(url, context=context) as server:
    print("methods:", *server.system.listMethods())
    print("2 + 3 =", server.add(2, 3))
    print("SHA-256 of abc:", server.digest("sha256", xmlrpc.client.Binary(b"abc")))
    try:
        server.no_such_method()
    except xmlrpc.client.Fault as fault:
        print("fault")
